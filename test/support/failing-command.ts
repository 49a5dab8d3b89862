// What holds for every error of every command.

import { expect } from 'vitest';
import type { Person, RunOptions } from './command.ts';

export type Failing = readonly [args: string | readonly string[], sentence: string, options?: FailingOptions];

interface FailingOptions extends RunOptions {
  /** The exit code; 1 if not said. */
  readonly status?: number;
}

/** Runs each, and expects its one sentence. A string is a command without quotes in it. */
export async function fail(who: Person, ...table: readonly Failing[]): Promise<void> {
  for (const [command, sentence, { status = 1, ...options } = {}] of table) {
    const args = typeof command === 'string' ? command.split(' ') : command;
    const ran = await who.run(args, options);
    const shown = args.join(' ').slice(0, 100);
    expect([shown, ran.stderr, ran.status]).toEqual([shown, `cliquet: ${sentence}\n`, status]);
    expect(ran.stdout, shown).toBe('');
    // What is said to one person does not tell who another is, nor anything that is secret.
    const typed = [...args, String(options.input ?? '')].join(' ');
    const ids = ran.stderr.match(/[\w-]{43}/g)?.filter((id) => !typed.includes(id)) ?? [];
    expect([shown, ids]).toEqual([shown, []]);
    expect(ran.stderr, shown).not.toContain(who.env.CLIQUET_PASSPHRASE);
  }
}
