// Asking before what cannot be taken back.

import type { Context } from './context.ts';
import { type Safe, text } from './escape.ts';
import { Failure, usage } from './failure.ts';

/**
 * Goes on if the person says yes.
 * @param consequence  what will be so, as a sentence
 * @param command      what --yes does without being asked
 * @throws Failure if the answer is another one, or there is nobody to be asked
 */
export async function confirm({ prompt }: Context, consequence: Safe, command: string): Promise<void> {
  const answer = prompt.isTyped ? await prompt.ask(text`${consequence} Go on? Type yes: `) : undefined;
  if (answer === undefined) throw usage(text`Say --yes to ${command} without being asked.`);
  if (answer?.trim().toLowerCase() !== 'yes') throw new Failure(text`Nothing was changed.`);
}
