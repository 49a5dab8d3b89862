// What went wrong, and what to do next, as one sentence.

import { CliquetError } from '../../index.ts';
import { gateMessages } from './language.ts';

export function sentenceOf(error: unknown): string {
  const { errors } = gateMessages.value;
  return error instanceof CliquetError ? errors[error.code] : errors.unexpected;
}
