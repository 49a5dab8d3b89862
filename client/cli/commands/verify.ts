// verify: safety numbers.

import type { Command } from 'commander';
import type { Group } from '../../index.ts';
import { type Context, examples, type Run } from '../context.ts';
import { bold, dim, green, text } from '../escape.ts';
import { usage } from '../failure.ts';
import { findGroup, groupName } from '../names.ts';
import { openClient } from '../session.ts';

interface VerifyOptions {
  readonly number?: string;
  readonly confirm?: boolean;
  readonly undo?: boolean;
  readonly json?: boolean;
}

const digits = 60;

export function declareVerify(program: Command, run: Run): void {
  program
    .command('verify')
    .helpGroup('People:')
    .summary("compare a group's safety number")
    .description(
      "Shows a group's safety number, as digits and as a QR code. If all members see the same, nobody stands in the middle: compare it when you meet, or on the telephone. It changes only with who is in the group.",
    )
    .argument('<group>', 'its name, or at least 4 characters of its id')
    .option(
      '--number <digits>',
      'compare with the number that another member sees, and mark all members as verified if it is the same',
    )
    .option('--confirm', 'you have compared it yourself, and it is the same')
    .option('--undo', 'take the marks back')
    .option('--json', 'number and marks as a JSON object')
    .addHelpText(
      'after',
      examples(
        ['cliquet verify Holidays', 'show it'],
        ["cliquet verify Holidays --number '12345 67890 …'", 'compare it'],
        ['cliquet verify Holidays --confirm', 'it is the same'],
      ),
    )
    .action((group: string, options: VerifyOptions) => run((context) => verify(context, group, options)));
}

async function verify(context: Context, wanted: string, options: VerifyOptions): Promise<void> {
  const { number, confirm = false, undo = false } = options;
  if ([number !== undefined, confirm, undo].filter(Boolean).length > 1) {
    throw usage(text`Say one of --number, --confirm and --undo.`);
  }
  if (number !== undefined && number.replace(/[\s-]/g, '').replace(/^\d+$/, (all) => `${all.length}`) !== `${digits}`) {
    throw usage(text`That is no safety number: write its ${digits} digits.`);
  }
  const { terminal } = context;
  const group = findGroup(await openClient(context), wanted);
  if (number !== undefined) await group.verify(number);
  if (confirm) await group.verify(group.safetyNumber());
  if (undo) await group.unverify();
  if (options.json) {
    const members = group.members.map(({ hrid, name, isVerified }) => ({ hrid, name, isVerified }));
    return terminal.printJson({
      group: group.id,
      groupName: group.name,
      safetyNumber: group.safetyNumber(),
      isVerified: group.isVerified,
      members,
    });
  }
  if (number !== undefined || confirm)
    return terminal.print(green(text`The numbers are the same: all members of ${groupName(group)} are verified.`));
  if (undo) return terminal.print(text`The marks of the members of ${groupName(group)} are taken back.`);
  await show(context, group);
}

async function show({ terminal }: Context, group: Group): Promise<void> {
  const number = group.safetyNumber();
  await terminal.print(
    text`Safety number of ${bold(groupName(group))}, the same on the screens of all ${group.members.length} members:\n`,
  );
  const groups = number.split(' ');
  for (let i = 0; i < groups.length; i += 4) await terminal.print(text`    ${bold(groups.slice(i, i + 4).join('  '))}`);
  if (terminal.isScreen) {
    const { qrCode } = await import('../qr.ts');
    const { columns, picture } = qrCode(number.replaceAll(' ', ''), terminal.hasColour);
    if (columns <= terminal.columns) await terminal.print(text`\n${picture}`);
  }
  await terminal.print(
    group.isVerified
      ? text`\n${green('You have verified all members.')}`
      : dim(
          text`\nCompare it when you meet, or on the telephone. If it is the same, type: cliquet verify ${group.id.slice(0, 6)} --confirm`,
        ),
  );
}
