import { describe, expect, test } from 'vitest';
import { CliquetError, errorCodes } from '../../client/wire/errors.ts';
import { problemResponse, Refusal, settle, unwrap } from '../../worker/errors.ts';

describe('problemResponse()', () => {
  test('is the table’s entry, with what the refusal adds', async () => {
    const response = problemResponse(new Refusal('challenge-too-soon', { retryAfter: 30 }));
    expect(response.status).toBe(429);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(response.headers.get('retry-after')).toBe('30');
    expect(await response.json()).toEqual({
      type: 'urn:cliquet:problem:challenge-too-soon',
      title: errorCodes['challenge-too-soon'].title,
      status: 429,
      code: 'challenge-too-soon',
      retryAfter: 30,
    });
  });

  test('of an error that nobody meant says nothing about it', async () => {
    const response = problemResponse(new Error('secret: no such column'));
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('secret');
  });

  test('of a code that only clients have is an internal error', () => {
    expect(problemResponse(new CliquetError('clone')).status).toBe(500);
    expect(problemResponse(new CliquetError('malformed')).status).toBe(400);
  });
});

describe('settle()', () => {
  test('makes data of refusals, which unwrap() throws again; everything else passes through', async () => {
    const result = await settle(() => {
      throw new Refusal('out-of-order', { expected: 5 });
    });
    expect(structuredClone(result)).toEqual({ problem: { code: 'out-of-order', expected: 5 } });
    expect(() => unwrap(result)).toThrow(Refusal);
    await expect(settle(() => Promise.reject(new RangeError('x')))).rejects.toThrow(RangeError);
    expect(unwrap(await settle(() => 3))).toBe(3);
  });
});
