// The passphrase: from a file, the environment or the person, and never from the command line, which other programs
// and the shell's history can read.

import type { Context } from './context.ts';
import { type Safe, text } from './escape.ts';
import { Failure, Interrupted } from './failure.ts';
import { readNamed } from './named-file.ts';

/** A passphrase that can be guessed in an afternoon protects nothing. */
const minLength = 8;

export interface GivenPassphrase {
  readonly value: string;
  /** Whether a person typed it, and may try again. */
  readonly isTyped: boolean;
}

/** The passphrase of something that exists. @param question what the person is asked */
export async function readPassphrase(context: Context, question: Safe = text`Passphrase: `): Promise<GivenPassphrase> {
  const given = await givenPassphrase(context);
  if (given !== null) return { value: given, isTyped: false };
  return { value: await typedPassphrase(context, question), isTyped: true };
}

/**
 * The passphrase of something new, twice if a person types it.
 * @param file  where it stands, if not where the shared options say
 */
export async function newPassphrase(
  context: Context,
  question: Safe = text`New passphrase: `,
  file?: string,
): Promise<string> {
  const given = file === undefined ? await givenPassphrase(context) : await passphraseIn(file);
  if (given !== null) return longEnough(given);
  for (;;) {
    const first = await typedPassphrase(context, question);
    if (isLongEnough(first)) {
      if ((await typedPassphrase(context, text`The same again: `)) === first) return first;
      await context.terminal.note(text`These were two different ones; once more.`);
    } else await context.terminal.note(text`That is too short: at least ${minLength} characters, better four words.`);
  }
}

/** From the file or the environment, or null if neither was given. @throws Failure for an empty one */
async function givenPassphrase({ globals, env }: Context): Promise<string | null> {
  if (globals.passphraseFile !== undefined) return passphraseIn(globals.passphraseFile);
  if (env.CLIQUET_PASSPHRASE === undefined) return null;
  if (env.CLIQUET_PASSPHRASE === '')
    throw new Failure(text`CLIQUET_PASSPHRASE is empty; set it, or unset it to be asked.`);
  return env.CLIQUET_PASSPHRASE;
}

/** The first line of a file, without the marks that editors on Windows put at its ends. */
async function passphraseIn(file: string): Promise<string> {
  const [line = ''] = new TextDecoder().decode(await readNamed(file)).split(/\r?\n/);
  if (line === '') throw new Failure(text`The first line of ${file} is empty; write the passphrase there.`);
  return line;
}

async function typedPassphrase({ prompt, terminal }: Context, question: Safe): Promise<string> {
  for (;;) {
    const answer = await prompt.ask(question, { hidden: true });
    if (answer === null) throw new Interrupted();
    if (answer === undefined) {
      throw new Failure(
        text`There is no terminal to ask for the passphrase; set CLIQUET_PASSPHRASE, or say --passphrase-file FILE.`,
      );
    }
    if (answer !== '') return answer;
    await terminal.note(text`It cannot be empty.`);
  }
}

const isLongEnough = (passphrase: string) => Array.from(passphrase).length >= minLength;

function longEnough(passphrase: string): string {
  if (isLongEnough(passphrase)) return passphrase;
  throw new Failure(text`The passphrase is too short: choose at least ${minLength} characters, better four words.`);
}
