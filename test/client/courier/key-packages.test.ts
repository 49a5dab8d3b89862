import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { KeyPackages } from '../../../client/courier/key-packages.ts';
import { tables } from '../../../client/state/records.ts';
import type { Relay } from '../../../client/transport/relay.ts';
import { CliquetError } from '../../../client/wire/errors.ts';
import type { KeyPackageUpload } from '../../../client/wire/key-package.ts';
import { createPerson, curves, startOfTime } from '../../support/group.ts';
import { seededRandom } from '../../support/random.ts';
import { loadState } from '../../support/state.ts';

const day = 24 * 3600;
const empty = { oneTime: 0, lastResortFresh: false };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A client at a mailbox that holds what was uploaded last. */
async function start(seed: string) {
  const random = seededRandom(`key packages ${seed}`);
  const { identity, hrid } = await createPerson(random, 'owner');
  const state = await loadState();
  const uploads: KeyPackageUpload[] = [];
  let refusal: Error | undefined;
  const uploadKeyPackages: Relay['uploadKeyPackages'] = async (_, upload) => {
    if (refusal) throw refusal;
    uploads.push(upload);
    return { oneTime: upload.oneTime.length, lastResortFresh: true };
  };
  const wake = vi.fn();
  let now = startOfTime;
  const pass = (seconds: number) => {
    now += seconds;
  };
  /** As a program that was started again: what is not in the store is forgotten. */
  const restart = () =>
    new KeyPackages(
      {
        self: { identity, hrid },
        state,
        relay: { uploadKeyPackages } as Relay,
        as: { hrid, sign: (message) => curves.sign(identity.seed, message) },
        curves,
        random: random.bytes,
        now: () => now,
      },
      wake,
    );
  const refuse = (error?: Error) => {
    refusal = error;
  };
  return { state, packages: restart(), uploads, wake, refuse, pass, restart };
}

describe('replenish()', () => {
  it('uploads what is missing, once, and again when it is used up', async () => {
    const { state, packages, uploads } = await start('missing');
    packages.set(empty);
    await packages.replenish();
    await packages.replenish();
    expect(uploads.map(({ oneTime }) => oneTime.length)).toEqual([20]);
    expect(state.all(tables.keyPackages)).toHaveLength(21);
    packages.used(Array.from({ length: 10 }, () => 'one-time' as const));
    await packages.replenish();
    expect(uploads).toHaveLength(1);
    packages.used(['one-time']);
    await packages.replenish();
    expect(uploads).toHaveLength(2);
  });

  it('stores the secrets before anything leaves, and tries again by itself what the relay could not take', async () => {
    const { state, packages, uploads, wake, refuse } = await start('again');
    refuse(new CliquetError('unreachable'));
    packages.set(empty);
    await packages.replenish();
    expect(state.all(tables.keyPackages)).toHaveLength(21);
    await packages.replenish(); // too soon
    expect(uploads).toEqual([]);
    refuse();
    vi.advanceTimersByTime(500);
    expect(wake).toHaveBeenCalledTimes(1);
    await packages.replenish();
    expect(uploads).toHaveLength(1);
    expect(state.all(tables.keyPackages)).toHaveLength(21);
    packages.stop();
  });

  it('piles nothing up at a relay that takes none: an unsure batch stays the same, a refused one goes', async () => {
    const { state, packages, refuse } = await start('piles');
    packages.set(empty);
    for (const code of ['key-package-invalid', 'unreachable', 'rate-limited'] as const) {
      refuse(new CliquetError(code));
      for (let i = 0; i < 3; i++) {
        await packages.replenish();
        vi.advanceTimersByTime(3_600_000);
      }
      expect(state.all(tables.keyPackages)).toHaveLength(code === 'key-package-invalid' ? 0 : 21);
    }
    packages.stop();
  });

  it('keeps the secrets of a batch that may have arrived, whatever the relay says of it later', async () => {
    const { state, packages, uploads, refuse } = await start('unsure');
    packages.set(empty);
    for (const code of ['unreachable', 'not-found', 'not-found'] as const) {
      refuse(new CliquetError(code));
      await packages.replenish();
      vi.advanceTimersByTime(3_600_000);
      expect(state.all(tables.keyPackages)).toHaveLength(21);
    }
    refuse();
    await packages.replenish();
    expect(uploads).toHaveLength(1);
    expect(state.all(tables.keyPackages)).toHaveLength(21);
  });

  it('renews what ends, also where an earlier renewal was stored and never uploaded', async () => {
    const { packages, uploads, pass, restart, refuse } = await start('renewal');
    packages.set(empty);
    await packages.replenish();
    const full = { oneTime: 20, lastResortFresh: true };
    pass(59 * day);
    packages.set(full);
    await packages.replenish();
    expect(uploads).toHaveLength(1);
    pass(2 * day);
    refuse(new CliquetError('unreachable'));
    await packages.replenish();
    packages.stop();
    const next = restart();
    refuse();
    next.set(full);
    await next.replenish();
    expect(uploads.map(({ replace }) => replace)).toEqual([true, true]);
    await next.replenish();
    expect(uploads).toHaveLength(2);
  });

  it('throws what the store throws', async () => {
    const { packages, uploads, refuse } = await start('store');
    packages.set(empty);
    refuse(new CliquetError('store-unwritable'));
    await expect(packages.replenish()).rejects.toMatchObject({ code: 'store-unwritable' });
    expect(uploads).toEqual([]);
  });
});

describe('stop()', () => {
  it('sets no timer any more, also while an upload is on its way', async () => {
    const { state, packages, uploads, refuse } = await start('stop');
    packages.set(empty);
    refuse(new CliquetError('unreachable'));
    const replenishing = packages.replenish();
    packages.stop();
    await replenishing;
    expect(vi.getTimerCount()).toBe(0);
    await state.close();
    await packages.replenish();
    expect(vi.getTimerCount()).toBe(0);
    expect(uploads).toEqual([]);
  });
});
