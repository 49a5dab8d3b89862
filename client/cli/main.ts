// Runs one command: what it says, how it ends, and what the process answers.

import { type Command, CommanderError } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import type { Context } from './context.ts';
import { bold, join, lines, red, type Safe, text } from './escape.ts';
import { exitCodeOf, exitCodes, Interrupted, sentenceOf } from './failure.ts';
import { createProgram, markOperands, type Written } from './program.ts';
import { Prompt } from './prompt.ts';
import { OutputClosed, Terminal } from './terminal.ts';

const maxColumns = 100;
/** Whoever pressed Ctrl-C does not wait longer than this for the store to be closed. */
const closeMs = 3000;
const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** @returns the exit code */
export async function main(argv: readonly string[]): Promise<number> {
  const terminal = new Terminal();
  const closers: (() => Promise<void>)[] = [];
  const interrupted = new Promise<never>((_, reject) => {
    for (const [signal, code] of Object.entries(signals)) {
      process.once(signal, () => {
        // The terminal has shown ^C.
        if (signal === 'SIGINT' && terminal.isInteractive) terminal.ask(text`\n`);
        reject(new Interrupted(code));
        process.once(signal, () => process.exit(code));
      });
    }
  });
  interrupted.catch(() => undefined);
  // What nobody waits for must not end the process with a stack on the screen.
  const unexpected = new Promise<never>((_, reject) => process.on('uncaughtException', reject));
  unexpected.catch(() => undefined);
  const written: Written = { out: '', err: '' };
  const columns = Math.min(terminal.columns, maxColumns);
  const program = createProgram(packageJson.version, (work) => work(context), written, columns);
  const context: Context = {
    terminal,
    prompt: new Prompt(terminal),
    env: process.env,
    get globals() {
      return program.opts();
    },
    atEnd: (close) => closers.unshift(close),
  };
  const work = async () => {
    const marked = markOperands(argv);
    const { operands, unknown } = program.parseOptions(marked);
    if (operands.length > 0 || unknown.length > 0) await program.parseAsync(marked, { from: 'user' });
    else await (await import('./commands/status.ts')).overview(context);
  };
  let exitCode = 0;
  try {
    await Promise.race([work(), interrupted, unexpected]);
  } catch (error) {
    const say = (reason: unknown) => tell(terminal, reason, program, argv, written);
    exitCode = await say(error).catch(say);
  }
  terminal.clear();
  await Promise.race([close(closers), new Promise((resolve) => setTimeout(resolve, closeMs).unref())]);
  return exitCode;
}

/** Says why it ended. @returns the exit code */
async function tell(
  terminal: Terminal,
  error: unknown,
  program: Command,
  argv: readonly string[],
  written: Written,
): Promise<number> {
  terminal.clear();
  if (error instanceof OutputClosed) return 0;
  if (error instanceof Interrupted) return error.exitCode;
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) {
      await terminal.print(help(written.out.trimEnd()));
      return 0;
    }
    await terminal.note(text`${red('cliquet:')} ${usageSentence(error, program, argv)}`);
    return exitCodes.usage;
  }
  await terminal.note(text`${red('cliquet:')} ${sentenceOf(error)}`);
  if (process.env.CLIQUET_DEBUG && error instanceof Error) await terminal.note(lines(error.stack ?? ''));
  return exitCodeOf(error);
}

/** "error: unknown option '--x'\n(Did you mean …?)" as a sentence that says where help is. */
function usageSentence({ code, message }: CommanderError, program: Command, argv: readonly string[]): Safe {
  const { command, path, next } = deepestCommand(program, argv);
  const hint = [...path, '--help'].join(' ');
  if (code === 'commander.help') return text`There is no command '${argv[1] ?? ''}'; see: ${hint}`;
  if (code === 'commander.excessArguments' && command.commands.length > 0) {
    return text`There is no command '${[...path.slice(1), next].join(' ')}'; see: ${hint}`;
  }
  const [first = '', ...rest] = message
    .replace(/^error: /, '')
    .replaceAll('\0', '')
    .split('\n');
  const sentence = `${first.charAt(0).toUpperCase()}${first.slice(1).replace(/\.$/, '')}`;
  const behind = code === 'commander.unknownOption' ? ' (what is no option goes behind --)' : '';
  return text`${[sentence, ...rest].join(' ')}${behind}; see: ${hint}`;
}

/** The command that was meant, as far as it exists, and the word behind it. */
function deepestCommand(program: Command, argv: readonly string[]) {
  let command = program;
  const path = [program.name()];
  const words = argv.filter((word) => !word.startsWith('-'));
  for (;;) {
    const next = words.shift() ?? '';
    const child = command.commands.find((each) => each.name() === next);
    if (child === undefined) return { command, path, next };
    command = child;
    path.push(next);
  }
}

/** Help, with its headings in bold. */
function help(written: string): Safe {
  return join(written.split('\n').map((line) => (/^\S.*:$/.test(line) ? bold(line) : text`${line}`)));
}

async function close(closers: readonly (() => Promise<void>)[]): Promise<void> {
  // What cannot be closed was told when it failed.
  for (const closer of closers) await closer().catch(() => undefined);
}
