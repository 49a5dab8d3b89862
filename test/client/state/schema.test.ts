import { describe, expect, it } from 'vitest';
import { receiveEntry } from '../../../client/courier/inbox.ts';
import { readEnvelope, sealContent } from '../../../client/courier/outbox.ts';
import { identityOf } from '../../../client/protocol/identity.ts';
import { archives, type Outgoing, tables } from '../../../client/state/records.ts';
import { beginStore, loadState } from '../../../client/state/schema.ts';
import type { State } from '../../../client/state/state.ts';
import { encryptedStore } from '../../../client/store/encrypted.ts';
import { type MemoryStore, memoryStore } from '../../../client/store/memory.ts';
import { type Bytes, decodeBase64, sameBytes } from '../../../client/wire/bytes.ts';
import { CliquetError } from '../../../client/wire/errors.ts';
import { failingStore, StoreFailure } from '../../support/failing-store.ts';
import { curves, textContent } from '../../support/group.ts';
import { seededRandom } from '../../support/random.ts';
import { readVectors } from '../../support/vectors.ts';

type Entries = { readonly [key: string]: string };
const { stores } = readVectors<{ stores: { readonly [name: string]: Entries } }>('store-1');
const newest = 2;
const now = 1_800_000_000;

/** A store as version 1 of the schema had it. */
const oldStore = (name: string) =>
  memoryStore(new Map(Object.entries(stores[name] ?? {}).map(([key, value]) => [key, decodeBase64(value)])));

function selfOf(state: State) {
  const record = state.get(tables.identity, '');
  if (!record?.hrid) throw new Error('this client is not registered');
  return { identity: identityOf(record.seed), hrid: record.hrid };
}

const outgoingOf = (state: State) => state.all(tables.outgoing).map(({ value }) => value);

/** Another client takes in what one has sealed. */
async function deliver(from: State, outgoing: Outgoing, to: State): Promise<void> {
  const { body, to: recipients } = await readEnvelope(from, outgoing);
  const self = selfOf(to);
  const header = recipients.find(({ hrid }) => sameBytes(hrid, self.hrid))?.header as Bytes;
  const entry = { type: 'message' as const, seq: 0, from: selfOf(from).hrid, header, body };
  await to.transact((tx) => receiveEntry(tx, curves, self, entry, now));
}

async function say(state: State, text: string): Promise<Outgoing> {
  const random = seededRandom(`schema ${text}`);
  const group = state.all(tables.groups)[0]?.value;
  if (group === undefined) throw new Error('there is no group');
  const by = { curves, random: random.bytes, self: selfOf(state), now: () => now };
  await state.transact((tx) => sealContent(tx, by, group, textContent(random, text)));
  return outgoingOf(state).at(-1) as Outgoing;
}

const told = (state: State) => state.all(tables.events).map(({ value }) => value.type);

describe('loadState()', () => {
  it('leaves an empty store empty, and one that has begun as it is', async () => {
    const store = memoryStore();
    const state = await loadState(store, now);
    expect(store.entries().size).toBe(0);
    await state.transact((tx) => beginStore(tx, { relay: 'http://relay.test', seed: new Uint8Array(32), hrid: null }));
    const before = store.entries();
    expect((await loadState(store, now)).get(tables.schema, '')).toEqual({ version: newest });
    expect(store.entries()).toEqual(before);
  });

  it('begins nothing in an encrypted store that is opened without its passphrase', async () => {
    const inner = memoryStore();
    const encrypted = await encryptedStore(inner, new Uint8Array(32));
    const state = await loadState(encrypted, now);
    await state.transact((tx) => beginStore(tx, { relay: 'http://relay.test', seed: new Uint8Array(32), hrid: null }));
    const before = inner.entries();
    await expect(loadState(inner, now)).rejects.toMatchObject({ code: 'store-damaged' });
    expect(inner.entries()).toEqual(before);
  });

  it('makes the newest version out of a store of version 1, whose client goes on where it was', async () => {
    const [ann, ben, cem] = (await Promise.all(
      ['ann', 'ben', 'cem'].map((name) => loadState(oldStore(name), now)),
    )) as [State, State, State];
    expect(ann.get(tables.schema, '')).toEqual({ version: newest });
    expect(outgoingOf(ann).map(({ n, state, sealedAt }) => [n, state, sealedAt])).toEqual([
      [2, 'accepted', now],
      [3, 'accepted', now],
      [4, 'accepted', now],
    ]);
    // What was sealed before still opens, in any order of the two senders.
    for (const outgoing of outgoingOf(ann)) await deliver(ann, outgoing, cem);
    for (const outgoing of outgoingOf(ben)) await deliver(ben, outgoing, cem);
    expect(told(cem).filter((type) => type === 'message')).toHaveLength(6);
    // And everybody goes on.
    const answer = await say(cem, 'awake again');
    await deliver(cem, answer, ann);
    await deliver(cem, answer, ben);
    const next = await say(ann, 'good to have you back');
    await deliver(ann, next, ben);
    await deliver(ann, next, cem);
    const counts = (type: string) => [ann, ben, cem].map((state) => told(state).filter((each) => each === type).length);
    expect(counts('message')).toEqual([1, 2, 7]);
    expect(counts('confirmed')).toEqual([3, 3, 0]);
    expect(counts('refused')).toEqual([0, 0, 0]);
  });

  it('leaves nothing of the old form, and is done once', async () => {
    const store = oldStore('ben');
    await loadState(store, now);
    const after = store.entries();
    for (const [key, value] of after) {
      const table = [...Object.values(tables), ...Object.values(archives)].find(({ name }) =>
        key.startsWith(`${name}/`),
      );
      expect(() => table?.struct.decode(value), key).not.toThrow();
    }
    await loadState(store, now + 1);
    expect(store.entries()).toEqual(after);
  });

  it('leaves the old form whole when the commit fails', async () => {
    const old = oldStore('ann').entries();
    const store = failingStore(old, 0);
    await expect(loadState(store, now)).rejects.toBeInstanceOf(StoreFailure);
    expect(store.entries()).toEqual(old);
    await expect(loadState(memoryStore(store.entries()), now)).resolves.toBeDefined();
  });

  it('refuses newer versions and damage, and leaves them as they are', async () => {
    const refusal = async (change: (store: MemoryStore) => Promise<void>) => {
      const store = oldStore('ann');
      await change(store);
      const before = store.entries();
      const error: unknown = await loadState(store, now).catch((error: unknown) => error);
      expect(store.entries()).toEqual(before);
      return error instanceof CliquetError ? error.code : error;
    };
    const put = (key: string, value: Bytes) => (store: MemoryStore) => store.commit([{ key, value }]);
    const version = (number: number) => tables.schema.struct.encode({ version: number });
    expect(await refusal(put('schema/', version(newest + 1)))).toBe('store-too-new');
    expect(await refusal(put('schema/', new Uint8Array([1, 2, 3])))).toBe('store-damaged');
    expect(await refusal(put('schema/', version(0)))).toBe('store-damaged');
    expect(await refusal(put('member/x', new Uint8Array([0xff])))).toBe('store-damaged');
    expect(await refusal(put('member/x', new Uint8Array([0x81, 0x01])))).toBe('store-damaged');
    expect(await refusal(put('outgoing/x', new Uint8Array([0x80])))).toBe('store-damaged');
    // Somebody has taken the version away: what is of version 2 is not taken for version 1.
    const store = oldStore('ann');
    await loadState(store, now);
    await store.commit([{ key: 'schema/', value: null }]);
    const before = store.entries();
    await expect(loadState(store, now)).rejects.toMatchObject({ code: 'store-damaged' });
    expect(store.entries()).toEqual(before);
  });
});
