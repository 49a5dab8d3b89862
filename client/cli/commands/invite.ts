// invite.

import type { Command } from 'commander';
import { type Context, examples, type Run } from '../context.ts';
import { bold, dim, text } from '../escape.ts';
import { Failure, usage } from '../failure.ts';
import { openClient } from '../session.ts';

interface InviteOptions {
  readonly qr?: boolean;
  readonly link?: boolean;
  readonly text?: boolean;
}

export function declareInvite(program: Command, run: Run): void {
  program
    .command('invite')
    .helpGroup('People:')
    .summary('show your invite: what others need to reach you')
    .description(
      'Shows your invite: what somebody else needs to reach you. It is no secret, but whoever can change it on its way could stand in the middle: compare safety numbers afterwards (cliquet verify). In a pipe only the text is printed.',
    )
    .option('--qr', 'only the QR code')
    .option('--link', 'only a link; the invite stands behind its #, which browsers do not send')
    .option('--text', 'only the text')
    .addHelpText(
      'after',
      examples(
        ['cliquet invite', 'QR code, text and link'],
        ['cliquet invite --text | wl-copy', 'only the text, into the clipboard'],
        ['cliquet invite --qr', 'to be photographed'],
      ),
    )
    .action((options: InviteOptions) => run((context) => invite(context, options)));
}

async function invite(context: Context, options: InviteOptions): Promise<void> {
  const { terminal } = context;
  if (Object.keys(options).length > 1) throw usage(text`Say one of --qr, --link and --text, or none for all of them.`);
  const client = await openClient(context);
  const invite = client.invite();
  const link = `${client.relay}/#${invite}`;
  if (options.text) return terminal.print(text`${invite}`);
  if (options.link) return terminal.print(text`${link}`);
  if (!options.qr && !terminal.isScreen) return terminal.print(text`${invite}`);

  const { qrCode } = await import('../qr.ts');
  const { columns, picture } = qrCode(invite, terminal.hasColour);
  const fits = !terminal.isScreen || columns <= terminal.columns;
  if (options.qr && !fits)
    throw new Failure(
      text`The QR code needs a terminal of ${columns} columns, this one has ${terminal.columns}; make it wider, or say --text.`,
    );
  if (fits) await terminal.print(picture);
  else await terminal.note(text`(A QR code would need ${columns} columns.)`);
  if (options.qr) return;
  await terminal.print(text`\n${bold('Invite')}  ${invite}\n${bold('Link')}    ${link}`);
  await terminal.print(dim(text`\nWhoever has it types:  cliquet contacts add INVITE --name YOU`));
}
