// What every command is given: the screen, the person, the options that all commands share, and how to end.

import type { Prompt } from './prompt.ts';
import type { Terminal } from './terminal.ts';

interface Globals {
  readonly store?: string;
  readonly passphraseFile?: string;
}

export interface Context {
  readonly terminal: Terminal;
  readonly prompt: Prompt;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly globals: Globals;
  /** What is to be done before the process ends, also after Ctrl-C; the last one first. */
  atEnd(close: () => Promise<void>): void;
}

/** Runs a command with its context; program.ts hands this to each of them. */
export type Run = (work: (context: Context) => Promise<void>) => Promise<void>;

/** The shell shows these as they stand: one example a line, with what it does. */
export function examples(...lines: readonly (readonly [command: string, what: string])[]): string {
  const width = Math.max(...lines.map(([command]) => command.length));
  const shown = lines.map(([command, what]) => `  $ ${command.padEnd(width)}   ${what}`.trimEnd());
  return ['', 'Examples:', ...shown].join('\n');
}
