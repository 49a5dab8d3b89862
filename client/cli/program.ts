// The tree of commands. Each file in commands/ declares its own.

import { Command } from 'commander';
import { declareBackup } from './commands/backup.ts';
import { declareCompletion } from './commands/completion.ts';
import { declareContacts } from './commands/contacts.ts';
import { declareGroup } from './commands/group.ts';
import { declareHistory } from './commands/history.ts';
import { declareInvite } from './commands/invite.ts';
import { declareListen } from './commands/listen.ts';
import { declareRegister } from './commands/register.ts';
import { declareSave } from './commands/save.ts';
import { declareSend } from './commands/send.ts';
import { declareStatus } from './commands/status.ts';
import { declareVerify } from './commands/verify.ts';
import { brief } from './completion.ts';
import { examples, type Run } from './context.ts';

/** Where commander writes: the caller decides what becomes of it. */
export interface Written {
  out: string;
  err: string;
}

/** @param run  gives a command its context @param columns  how wide help may be */
export function createProgram(version: string, run: Run, written: Written, columns: number): Command {
  const program = new Command('cliquet')
    .description('Small groups that share something private, end-to-end encrypted.')
    .version(version, '--version', 'show the version')
    .helpOption('--help', 'show help; each command has its own')
    .helpCommand('help [command]', 'show the help of a command')
    .option('--store <file>', 'where everything is kept (or CLIQUET_STORE)')
    .option('--passphrase-file <file>', 'the passphrase is the first line of this file (or CLIQUET_PASSPHRASE)')
    .configureHelp({ showGlobalOptions: true, subcommandTerm: nameAndArguments, subcommandDescription: brief })
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        written.out += text;
      },
      writeErr: (text) => {
        written.err += text;
      },
      outputError: () => undefined,
      getOutHelpWidth: () => columns,
      getErrHelpWidth: () => columns,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .addHelpText(
      'after',
      examples(
        ['cliquet register you@example.org', 'begin'],
        ['cliquet invite', 'let others reach you'],
        ["cliquet contacts add 'cliquet:…' --name Bob", 'add somebody'],
        ['cliquet group create Holidays Bob', 'found a group'],
        ['cliquet send Holidays hello', 'say something'],
        ['cliquet listen', 'hear what comes'],
      ),
    );
  declareRegister(program, run);
  declareStatus(program, run);
  declareSend(program, run);
  declareListen(program, run);
  declareHistory(program, run);
  declareSave(program, run);
  declareInvite(program, run);
  declareContacts(program, run);
  declareGroup(program, run);
  declareVerify(program, run);
  declareBackup(program, run);
  declareCompletion(program, run);
  program.hook('preAction', (_program, command) => unmarkOperands(command));
  return program;
}

/** Every command has options, so that is not said of each: a list of commands fits 80 columns. */
function nameAndArguments(command: Command): string {
  const words = command.registeredArguments.map((argument) => {
    const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
    return argument.required ? `<${name}>` : `[${name}]`;
  });
  return [command.name(), ...words].join(' ');
}

/** No argument of a process contains it. */
const mark = '\0';

/**
 * One id in 64 begins with a dash. So that it passes for an argument and not for an option, it is marked here, and
 * unmarked before the command runs.
 */
export function markOperands(argv: readonly string[]): string[] {
  const end = argv.indexOf('--');
  return argv.map((word, i) => {
    const isId = /^-[A-Za-z0-9_][\w-]{2,}$/.test(word) || /^--([\w-]{20}|[\w-]{41})$/.test(word);
    return isId && (end < 0 || i < end) ? mark + word : word;
  });
}

function unmarkOperands(command: Command): void {
  const unmark = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(unmark);
    return typeof value === 'string' && value.startsWith(mark) ? value.slice(1) : value;
  };
  command.processedArgs = command.processedArgs.map(unmark);
  for (const [name, value] of Object.entries(command.opts())) {
    if (unmark(value) !== value) command.setOptionValue(name, unmark(value));
  }
}
