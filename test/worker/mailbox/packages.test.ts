import { describe, expect, test } from 'vitest';
import { unwrap } from '../../../worker/errors.ts';
import { claimWindowMs, maxClaimsPerWindow } from '../../../worker/limits.ts';
import { problemOf, Town } from '../../support/town.ts';

const uploaded = (mark: number) => ({ signed: Uint8Array.of(mark), kem: new Uint8Array(1216).fill(mark) });
const id = (mark: number) => new Uint8Array(16).fill(mark);
const upload = (oneTime: number[], lastResort: number | null, replace = false) => ({
  replace,
  oneTime: oneTime.map(uploaded),
  lastResort: lastResort === null ? null : uploaded(lastResort),
});

function populate() {
  const town = new Town();
  const [owner, first, second] = town.populate(3);
  if (owner === undefined || first === undefined || second === undefined) throw new Error('three');
  return { town, owner, first, second };
}

type Results = readonly { readonly package: { signed: Uint8Array } | null; code: string | null }[];
const marks = (results: Results) => results.map(({ package: claimed, code }) => code ?? claimed?.signed[0]);

describe('Mailbox.uploadPackages()', () => {
  test('adds to what is there, replaces the last-resort one, and counts', async () => {
    const { town, owner, first } = populate();
    expect(await owner.upload(upload([1, 2], 100))).toEqual({ value: { oneTime: 2, lastResortFresh: true } });
    town.clock.advance(1000);
    expect(await owner.upload(upload([3], 101))).toEqual({ value: { oneTime: 3, lastResortFresh: true } });
    expect(marks(await first.claim([owner], id(1)))).toEqual([1]);
    expect(marks(await first.claim([owner], id(2)))).toEqual([101]);
  });

  test('with replace drops what was there', async () => {
    const { town, owner, first } = populate();
    await owner.upload(upload([1, 2], 100));
    town.clock.advance(1000);
    expect(await owner.upload(upload([3], null, true))).toEqual({ value: { oneTime: 1, lastResortFresh: false } });
    expect(marks(await first.claim([owner], id(1)))).toEqual([3]);
    expect(marks(await first.claim([owner], id(2)))).toEqual(['no-key-package']);
  });

  test('refuses more than 50, and keeps what is there', async () => {
    const { town, owner } = populate();
    await owner.upload(upload(Array(40).fill(1), null));
    town.clock.advance(1000);
    expect(problemOf(await owner.upload(upload(Array(11).fill(2), null)))).toEqual({ code: 'too-many-key-packages' });
    town.clock.advance(1000);
    expect(await owner.upload(upload([], null))).toEqual({ value: { oneTime: 40, lastResortFresh: false } });
  });

  test('replayed brings no claimed package back', async () => {
    const { town, owner, first, second } = populate();
    const created = Math.floor(town.clock.time / 1000);
    const replayed = upload([1], 100, true);
    await owner.upload(replayed, created);
    expect(marks(await first.claim([owner], id(1)))).toEqual([1]);
    expect(await owner.upload(replayed, created)).toEqual({ value: { oneTime: 0, lastResortFresh: true } });
    expect(marks(await second.claim([owner], id(2)))).toEqual([100]);

    town.clock.advance(1000);
    await owner.upload(upload([2], 101));
    expect(problemOf(await owner.upload(replayed, created))).toMatchObject({ code: 'stale-signature' });
  });

  test('costs the more of the budget, the more rows it writes', async () => {
    const { town, owner } = populate();
    Object.assign(town.requests, { burst: 8, perSecond: 0 });
    owner.restart();
    const many = Array.from({ length: 50 }, (_, i) => i + 1);
    unwrap(await owner.upload(upload(many, 100)));
    expect(problemOf(await owner.upload(upload(many, 100, true)))).toMatchObject({ code: 'rate-limited' });
    unwrap(await owner.upload(upload([], 101)));
  });
});

describe('Mailbox.claimPackages()', () => {
  test('is answered alike for an hour under one id, even after the package was replaced', async () => {
    const { town, owner, first } = populate();
    await owner.upload(upload([1, 2], 100));
    expect(marks(await first.claim([owner], id(1)))).toEqual([1]);
    town.clock.advance(claimWindowMs - 1);
    await owner.upload(upload([3], 101, true));
    owner.restart();
    expect(marks(await first.claim([owner], id(1)))).toEqual([1]);
  });

  test('gives one claimer one one-time package an hour, others theirs', async () => {
    const { town, owner, first, second } = populate();
    await owner.upload(upload([1, 2, 3], 100));
    expect(marks(await first.claim([owner], id(1)))).toEqual([1]);
    expect(marks(await first.claim([owner], id(2)))).toEqual([100]);
    expect(marks(await second.claim([owner], id(3)))).toEqual([2]);
    town.clock.advance(claimWindowMs + 1);
    expect(marks(await first.claim([owner], id(4)))).toEqual([3]);
  });

  test('tells the owner once the last-resort package has served', async () => {
    const { owner, first } = populate();
    await owner.upload(upload([], 100));
    expect((await owner.page()).hello).toMatchObject({ keyPackages: 0, lastResortFresh: true });
    await first.claim([owner], id(1));
    expect((await owner.page()).hello).toMatchObject({ keyPackages: 0, lastResortFresh: false });
  });

  test('is limited a claimer and mailbox', async () => {
    const { owner, first, second } = populate();
    await owner.upload(upload([1], 100));
    for (let i = 0; i < maxClaimsPerWindow; i++) await first.claim([owner], id(i));
    expect(marks(await first.claim([owner], id(99)))).toEqual(['rate-limited']);
    expect(marks(await first.claim([owner], id(0)))).toEqual([1]);
    expect(marks(await second.claim([owner], id(1)))).toEqual([100]);
  });

  test('answers for each HRID by itself', async () => {
    const { owner, first, second } = populate();
    const stranger = new Town().add();
    await owner.upload(upload([1], null));
    expect(marks(await first.claim([second, stranger, owner], id(1)))).toEqual(['no-key-package', 'unregistered', 1]);
  });

  test('leaves no answer behind after an hour', async () => {
    const { town, owner, first } = populate();
    await owner.upload(upload([1], 100));
    await first.claim([owner], id(1));
    town.clock.advance(claimWindowMs + 1);
    await town.fireAlarms();
    expect(owner.host.sql.query('select * from claim')).toEqual([]);
  });
});
