import { expect, test } from 'vitest';
import { text } from '../../../client/cli/escape.ts';
import { exitCodeOf, Failure, Interrupted, sentenceOf, usage } from '../../../client/cli/failure.ts';
import { CliquetError, type ErrorCode } from '../../../client/index.ts';
import { errorCodes } from '../../../client/wire/errors.ts';

const codes = Object.keys(errorCodes) as ErrorCode[];

test.each(codes)('sentenceOf() %s is one sentence or two, on one line', (code) => {
  const sentence = String(sentenceOf(new CliquetError(code)));
  expect(sentence).toMatch(/^[A-Z'][^\n]{10,180}[.A-Za-z]$/);
  // Headers are nothing to a person.
  expect(sentence).not.toMatch(/Retry-After|HTTP|undefined/);
});

/** What a sentence tells a person to do, or that there is nothing. */
const nextStep =
  /\b(type|try again|ask|see|wait|check|compare|send|register|restore|update|use|end|name|found|stay connected|set|add|accept|nothing has to be done|trust|answer|change|connected)\b/i;

test.each(codes)('sentenceOf() %s says what to do next', (code) => {
  const sentence = String(sentenceOf(new CliquetError(code)));
  expect(sentence).toMatch(nextStep);
  // Words of the protocol.
  expect(sentence).not.toMatch(/agreement|key package|\bopener\b|generation|recipient|queue|roster/i);
});

test('sentenceOf() the system’s refusals name the file', () => {
  const refusal = (code: string) => String(sentenceOf(Object.assign(new Error(code), { code, path: '/x/\x1by' })));
  expect(refusal('ENOENT')).toBe('There is no /x/\\u{1b}y; check the path.');
  for (const code of ['EEXIST', 'EISDIR', 'ENOTDIR', 'EACCES', 'EPERM', 'EROFS', 'ENOSPC'])
    expect(refusal(code)).toContain('/x/\\u{1b}y');
});

test('sentenceOf() never shows a stack, nor passes a message on unescaped', () => {
  const sentence = String(sentenceOf(new Error('boom\x1b[31m\nat x')));
  expect(sentence).toBe('Something unexpected happened (boom\\u{1b}[31m⏎at x); CLIQUET_DEBUG=1 shows where.');
  expect(String(sentenceOf('thrown'))).toContain('(thrown)');
});

test('exitCodeOf() 1 for errors, 2 for usage, 130 for Ctrl-C', () => {
  expect(
    [new Error('x'), new Failure(text`x`), usage(text`x`), new Interrupted(), new CliquetError('duplicate')].map(
      exitCodeOf,
    ),
  ).toEqual([1, 1, 2, 130, 1]);
});
