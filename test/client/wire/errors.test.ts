import { describe, expect, test } from 'vitest';
import { CliquetError, type ErrorCode, errorCodes, isErrorCode } from '../../../client/wire/errors.ts';

const entries = Object.entries(errorCodes) as [ErrorCode, { title: string; retry: boolean; status?: number }][];

describe('errorCodes', () => {
  test.each(entries)('%s has a sentence for a title', (_, { title }) => {
    expect(title).toMatch(/^[A-Z][^\n]*\.$/);
    expect(title.length).toBeGreaterThan(20);
    expect(title.length).toBeLessThan(140);
  });

  test.each(entries)('%s is a code in lower case with a status that is an error or none', (code, { status }) => {
    expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
    if (status !== undefined)
      expect([400, 401, 403, 404, 408, 409, 410, 413, 415, 421, 429, 500, 502]).toContain(status);
  });

  test('no title stands twice', () => {
    expect(new Set(entries.map(([, { title }]) => title)).size).toBe(entries.length);
  });

  test('what passes by itself says so', () => {
    const retried = entries.flatMap(([code, { retry }]) => (retry ? [code] : []));
    expect(retried).toEqual([
      'too-slow',
      'internal-error',
      'rate-limited',
      'challenge-too-soon',
      'challenge-undeliverable',
      'stale-signature',
      'ticket-invalid',
      'out-of-order',
      'mailbox-full',
      'no-key-package',
      'unreachable',
      'replaced',
      'relay-misbehaved',
      'too-far-ahead',
      'behind',
      'undeliverable',
      'store-in-use',
      'store-unwritable',
      'not-loaded',
    ]);
  });
});

describe('CliquetError', () => {
  test.each(entries)('%s carries its title and whether to try again', (code, { title, retry }) => {
    const error = new CliquetError(code);
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe('CliquetError');
    expect(error.code).toBe(code);
    expect(error.message).toBe(title);
    expect(error.retry).toBe(retry);
  });

  test('a detail follows the title in brackets', () => {
    expect(new CliquetError('malformed', 'expected send').message).toBe(
      `${errorCodes.malformed.title} (expected send)`,
    );
  });

  test('a cause is kept', () => {
    const cause = new Error('inner');
    expect(new CliquetError('unreachable', undefined, { cause }).cause).toBe(cause);
  });
});

test('isErrorCode() knows the table and nothing that an object inherits', () => {
  for (const [code] of entries) expect(isErrorCode(code)).toBe(true);
  for (const other of ['', 'toString', '__proto__', 'constructor', 'Malformed', 1, null, undefined, ['malformed']]) {
    expect(isErrorCode(other)).toBe(false);
  }
});
