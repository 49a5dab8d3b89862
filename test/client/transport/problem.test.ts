import { describe, expect, it } from 'vitest';
import { RelayProblem } from '../../../client/transport/problem.ts';

describe('new RelayProblem()', () => {
  it('carries what the relay adds to the code', () => {
    const problem = new RelayProblem({ code: 'out-of-order', expected: 7, time: 1_800_000_000, retryAfter: 30 });
    expect(problem).toMatchObject({ code: 'out-of-order', expected: 7, time: 1_800_000_000, retryAfter: 30 });
    expect(problem.retry).toBe(true);
  });

  it('does not believe numbers that make no sense, and waits an hour at most', () => {
    for (const nonsense of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60]) {
      const problem = new RelayProblem({
        code: 'rate-limited',
        expected: nonsense,
        time: nonsense,
        retryAfter: nonsense,
      });
      expect(problem).toMatchObject({ expected: undefined, time: undefined, retryAfter: undefined });
    }
    expect(new RelayProblem({ code: 'out-of-order', expected: 0 }).expected).toBeUndefined();
    expect(new RelayProblem({ code: 'rate-limited', retryAfter: 1e9 }).retryAfter).toBe(3600);
    expect(new RelayProblem({ code: 'stale-signature', time: Number.MAX_SAFE_INTEGER }).time).toBeUndefined();
  });

  it('does not let a relay speak of what goes on in the client', () => {
    for (const code of ['store-unwritable', 'client-closed', 'store-damaged', 'replaced', 'rolled-back'] as const) {
      expect(new RelayProblem({ code }).code).toBe('relay-misbehaved');
    }
    expect(new RelayProblem({ code: 'not-registered' }).code).toBe('not-registered');
  });
});
