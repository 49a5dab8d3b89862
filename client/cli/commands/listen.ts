// listen: follows what happens. chat: the same, and what is typed is sent.

import type { Command } from 'commander';
import type { Group } from '../../index.ts';
import { type Context, examples, type Run } from '../context.ts';
import { assertCompany, findNewGroup } from '../delivery.ts';
import { cyan, text } from '../escape.ts';
import { usage } from '../failure.ts';
import { groupName } from '../names.ts';
import { openClient, settle } from '../session.ts';

interface ListenOptions {
  readonly json?: boolean;
  readonly receipts: boolean;
  readonly once?: boolean;
  readonly after?: number;
}

export function declareListen(program: Command, run: Run): void {
  program
    .command('listen')
    .helpGroup('Talk:')
    .summary('follow what comes, one line a message')
    .description(
      'Shows what has come and what comes, one line a message, until Ctrl-C. Every event is told once. Authors who asked are told that their message was read.',
    )
    .argument('[group]', 'only this group; messages of others stay in their history')
    .option('--json', 'one JSON object a line, of everything that happens')
    .option('--once', 'end when all that is there has been told')
    .option('--no-receipts', 'tell nobody that their message was read')
    .option(
      '--after <number>',
      'the number of the last event that you have dealt with (with --json): it and those before are dropped',
      parseNumber,
    )
    .addHelpText(
      'after',
      examples(
        ['cliquet listen', 'until Ctrl-C'],
        ['cliquet listen Holidays', 'one group'],
        ['cliquet listen --once', 'what is there'],
        ['cliquet listen --json --after 41 | my-program', 'each event once'],
      ),
    )
    .action((group: string | undefined, options: ListenOptions) => run((context) => listen(context, group, options)));

  program
    .command('chat')
    .helpGroup('Talk:')
    .summary('listen and send at once, in one group')
    .description(
      'Shows what comes in a group and sends each line that you type, until Ctrl-D. Only one program can use a store, so this is the way to do both at once.',
    )
    .argument('<group>', 'its name, or at least 4 characters of its id')
    .option('--no-receipts', 'tell nobody that their message was read')
    .addHelpText('after', examples(['cliquet chat Holidays', 'until Ctrl-D']))
    .action((group: string, options: { receipts: boolean }) => run((context) => chat(context, group, options)));
}

function parseNumber(value: string): number {
  if (!/^\d{1,15}$/.test(value))
    throw usage(text`'${value}' is no number of an event; write the one that --json shows.`);
  return Number(value);
}

async function listen(context: Context, wanted: string | undefined, options: ListenOptions): Promise<void> {
  const client = await openClient(context, { connect: true });
  // Who is not registered is told so, and does not wait for ever.
  client.invite();
  const group = wanted === undefined ? null : await findNewGroup(context, client, wanted, true);
  const { follow } = await import('../follow.ts');
  const { json = false, once = false, receipts, after } = options;
  if (!once && context.terminal.isScreen) {
    const where = group === null ? text`all groups` : text`${groupName(group)}`;
    await context.terminal.note(text`Listening in ${where}; Ctrl-C ends it.`);
  }
  await follow(context, client, { group, json, once, receipts, ...(after === undefined ? {} : { after }) });
}

const waitSeconds = 30;

async function chat(context: Context, wanted: string, { receipts }: { receipts: boolean }): Promise<void> {
  const client = await openClient(context, { connect: true });
  client.invite();
  const group = await findNewGroup(context, client, wanted, true);
  const { follow } = await import('../follow.ts');
  assertCompany(group);
  const isHeldUp = group.status === 'lost' || group.heldUpSince !== null;
  const waits = isHeldUp ? text` What you say may wait until a member has let you in again.` : text``;
  await context.terminal.note(text`You are in ${groupName(group)}; Ctrl-D ends it.${waits}`);
  const following = follow(context, client, { group, json: false, once: false, receipts });
  following.catch(() => undefined);
  await Promise.race([following, sendLines(context, group)]);
  await settle(context, client, waitSeconds);
}

async function sendLines({ prompt }: Context, group: Group): Promise<void> {
  for await (const line of prompt.lines(cyan('> '))) if (line.trim() !== '') await group.send(line);
}
