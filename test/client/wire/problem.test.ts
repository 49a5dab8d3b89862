import { expect, test } from 'vitest';
import { errorCodes } from '../../../client/wire/errors.ts';
import { parseJson } from '../../../client/wire/json.ts';
import { ProblemSchema } from '../../../client/wire/problem.ts';
import { codeOf } from '../../support/struct.ts';

const problem = { type: 'about:blank', title: 'A sentence.', status: 409, code: 'out-of-order', expected: 7 };

test('ProblemSchema takes every code of the table', () => {
  for (const code of Object.keys(errorCodes)) {
    expect(parseJson(ProblemSchema, JSON.stringify({ ...problem, code }))).toEqual({ ...problem, code });
  }
});

test.each([
  { code: 'toString' },
  { code: '__proto__' },
  { code: 'unknown' },
  { code: 1 },
  { status: '409' },
  { title: undefined },
  { expected: '7' },
])('ProblemSchema refuses %j', (change) => {
  expect(codeOf(() => parseJson(ProblemSchema, JSON.stringify({ ...problem, ...change })))).toBe('malformed');
});
