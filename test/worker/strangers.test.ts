import { describe, expect, test } from 'vitest';
import { Refusal } from '../../worker/errors.ts';
import { admittedMs, maxAdmittedCallers, refusedPrefixMs } from '../../worker/limits.ts';
import { Strangers } from '../../worker/strangers.ts';
import { TestClock } from '../support/host.ts';
import { randomBytes } from '../support/request.ts';

const limit = 3;
const [here, elsewhere] = ['192.0.2.1', '192.0.2.2'];
const hrid = randomBytes(32);

function setUp() {
  const clock = new TestClock();
  const asked: string[] = [];
  const allow = async (key: string) => asked.push(key) <= limit;
  const strangers = new Strangers(allow, () => clock.time);
  const refuse = (code: 'not-registered' | 'bad-signature' | 'malformed' = 'not-registered', prefix = here) =>
    strangers.count(prefix, () => {
      throw new Refusal(code);
    });
  const spend = async () => {
    for (let i = 0; i <= limit; i++) await expect(refuse()).rejects.toThrow('not-registered');
  };
  const isHeard = (caller = hrid, prefix = here) => {
    try {
      strangers.check(prefix, caller);
      return true;
    } catch (error) {
      expect(error).toMatchObject({ problem: { code: 'rate-limited' } });
      return false;
    }
  };
  return { clock, asked, strangers, refuse, spend, isHeard };
}

describe('Strangers', () => {
  test('lets a prefix be refused as often as its limit allows, and then no more for a minute', async () => {
    const { clock, asked, refuse, isHeard, strangers } = setUp();
    for (let i = 0; i < limit; i++) {
      await expect(refuse(i % 2 ? 'bad-signature' : 'not-registered')).rejects.toThrow();
      expect(isHeard()).toBe(true);
    }
    await expect(refuse()).rejects.toThrow('not-registered');
    expect(isHeard()).toBe(false);
    expect(isHeard(hrid, elsewhere)).toBe(true);
    expect(new Set(asked)).toEqual(new Set([`refused ${here}`]));
    clock.advance(refusedPrefixMs - 1500);
    expect(() => strangers.check(here, hrid)).toThrow(
      expect.objectContaining({ problem: { code: 'rate-limited', retryAfter: 2 } }),
    );
    clock.advance(1500);
    expect(isHeard()).toBe(true);
  });

  test('holds no refusal longer against a prefix because the clock is set back', async () => {
    const { clock, spend, isHeard } = setUp();
    await spend();
    expect(isHeard()).toBe(false);
    clock.time -= 24 * 3_600_000;
    expect(isHeard()).toBe(true);
  });

  test('counts neither what succeeds nor strangers that are not of the caller', async () => {
    const { asked, refuse, strangers } = setUp();
    expect(await strangers.count(here, () => 1)).toBe(1);
    await expect(refuse('malformed')).rejects.toThrow('malformed');
    await expect(strangers.count(here, () => Promise.reject(new RangeError('x')))).rejects.toThrow(RangeError);
    expect(asked).toEqual([]);
  });

  test('hears who was admitted from there within the hour, and only from there', async () => {
    const { clock, strangers, spend, isHeard } = setUp();
    strangers.admit(here, hrid);
    strangers.admit(elsewhere, randomBytes(32));
    await spend();
    expect(isHeard()).toBe(true);
    expect(isHeard(randomBytes(32))).toBe(false);
    clock.advance(admittedMs);
    await spend();
    expect(isHeard()).toBe(false);
  });

  test('remembers a bounded number of callers, those of late', async () => {
    const { strangers, spend, isHeard } = setUp();
    const late = randomBytes(32);
    strangers.admit(here, hrid);
    strangers.admit(here, late);
    for (let i = 1; i < maxAdmittedCallers; i++) strangers.admit(elsewhere, Uint8Array.of(i >> 8, i & 255));
    await spend();
    expect(isHeard()).toBe(false);
    expect(isHeard(late)).toBe(true);
  });
});
