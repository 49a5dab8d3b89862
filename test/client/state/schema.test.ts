import { describe, expect, it } from 'vitest';
import { changeGroup } from '../../../client/courier/changes.ts';
import { receiveEntry } from '../../../client/courier/inbox.ts';
import { readEnvelope, sealContent } from '../../../client/courier/outbox.ts';
import type { Registered } from '../../../client/courier/registered.ts';
import { systemRandom } from '../../../client/crypto/random.ts';
import { identityOf } from '../../../client/protocol/identity.ts';
import { findMessage, historyKey, historyPrefix } from '../../../client/state/history.ts';
import { readHistory } from '../../../client/state/history-entry.ts';
import { archives, type Outgoing, tables } from '../../../client/state/records.ts';
import { beginStore, loadState } from '../../../client/state/schema.ts';
import type { State } from '../../../client/state/state.ts';
import { encryptedStore } from '../../../client/store/encrypted.ts';
import { type MemoryStore, memoryStore } from '../../../client/store/memory.ts';
import { numberKey } from '../../../client/store/store.ts';
import { httpRelay } from '../../../client/transport/http.ts';
import { type Bytes, bytesKey, decodeBase64, sameBytes } from '../../../client/wire/bytes.ts';
import { CliquetError } from '../../../client/wire/errors.ts';
import { failingStore, StoreFailure } from '../../support/failing-store.ts';
import { curves, textContent } from '../../support/group.ts';
import { seededRandom } from '../../support/random.ts';
import { readVectors } from '../../support/vectors.ts';

type Entries = { readonly [key: string]: string };
type Stores = { readonly [name: string]: Entries };
const [first, second] = [1, 2].map((version) => readVectors<{ stores: Stores }>(`store-${version}`).stores) as [
  Stores,
  Stores,
];
const newest = 3;
const now = 1_800_000_000;

/** A store as version 1 of the schema had it, or another. */
const oldStore = (name: string, stores = first) =>
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
  await to.transact((tx) => receiveEntry(tx, { curves, self, random: systemRandom, now: () => now }, entry, now));
}

async function say(state: State, text: string): Promise<Outgoing> {
  const random = seededRandom(`schema ${text}`);
  const group = state.all(tables.groups)[0]?.value;
  if (group === undefined) throw new Error('there is no group');
  const by = { curves, random: random.bytes, self: selfOf(state), now: () => now };
  await state.transact((tx) => sealContent(tx, by, group, textContent(random, text)));
  return outgoingOf(state).at(-1) as Outgoing;
}

/** Seals what was said before. */
async function sealUnsent(state: State): Promise<Outgoing> {
  const [unsent] = state.all(tables.unsent);
  const group = state.all(tables.groups)[0]?.value;
  if (unsent === undefined || group === undefined) throw new Error('there is nothing to seal');
  const by = { curves, random: seededRandom('unsent').bytes, self: selfOf(state), now: () => now };
  await state.transact((tx) => sealContent(tx, by, group, unsent.value.content));
  return outgoingOf(state).at(-1) as Outgoing;
}

async function textsIn(state: State): Promise<string[]> {
  const group = state.all(tables.groups)[0]?.value.id as Bytes;
  const entries = await readHistory(state, group, { limit: 1000 });
  return entries.map(({ content }) => (content?.type === 'text' ? content.text : 'other'));
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

  it('makes the newest version out of a store of version 2, whose client goes on where it was', async () => {
    const [ann, ben, cem] = (await Promise.all(
      ['ann', 'ben', 'cem'].map((name) => loadState(oldStore(name, second), now)),
    )) as [State, State, State];
    // What had waited for messages opens with them, and what was said and not sealed is sealed.
    const [, , ...rest] = outgoingOf(ann) as [Outgoing, Outgoing, ...Outgoing[]];
    for (const outgoing of rest) await deliver(ann, outgoing, cem);
    await deliver(ann, rest.at(-1) as Outgoing, ben);
    const four = await sealUnsent(ben);
    await deliver(ben, four, ann);
    await deliver(ben, four, cem);
    const answer = await say(cem, 'awake again');
    await deliver(cem, answer, ann);
    await deliver(cem, answer, ben);
    for (const [state, said] of [
      [ann, ['awake again']],
      [ben, ['awake again']],
      [cem, []],
    ] as const) {
      expect((await textsIn(state)).sort()).toEqual([...said, 'four', 'one and a half', 'three', 'two']);
    }
    expect([ann, ben, cem].flatMap((state) => told(state).filter((type) => type === 'refused'))).toEqual([]);
    expect(told(ann).filter((type) => type === 'confirmed')).toHaveLength(4);
    const timers = [ann, ben, cem].map((state) => state.all(tables.conversations)[0]?.value);
    expect(timers.map((timer) => timer?.timerSeconds)).toEqual([3600, 3600, 3600]);
    expect(new Set(timers.map((timer) => bytesKey(timer?.timerSetBy?.id ?? new Uint8Array(0)))).size).toBe(1);
  });

  it('puts what version 2 did not know to what it was', async () => {
    const ann = await loadState(oldStore('ann', second), now);
    const ben = await loadState(oldStore('ben', second), now);
    const cem = await loadState(oldStore('cem', second), now);
    expect(ann.all(tables.groups)[0]?.value).toMatchObject({ since: now, pending: false, invitedFrom: 0 });
    expect(ann.all(tables.ratchets)[0]?.value).toMatchObject({ number: 0, since: now, endedAt: null, author: 0 });
    for (const { value } of ann.all(tables.members)) {
      expect(value).toMatchObject({ firstLeaf: { type: 'author' }, contents: 0, later: null });
    }
    expect(ann.all(tables.conversations)[0]?.value.timerSetBy).toMatchObject({ generation: 0, count: 1 });
    expect(ben.all(tables.unsent)[0]?.value.content).toMatchObject({ earlier: [], again: null });
    expect(cem.all(tables.waiting).map(({ value }) => value.since)).toEqual([now]);
    // Envelopes are found by what they are.
    expect(outgoingOf(ann).map(({ part, message }) => [part, message === null])).toEqual([
      ['agreement', true],
      ...[0, 1, 2, 3].map((number) => [numberKey(number), false]),
    ]);
    for (const outgoing of outgoingOf(ann)) await expect(readEnvelope(ann, outgoing)).resolves.toBeDefined();
    const group = ann.all(tables.groups)[0]?.value.id as Bytes;
    const edited = await findMessage(ann, group, outgoingOf(ann)[1]?.message?.id as Bytes, selfOf(ann).hrid);
    expect(edited?.record).toMatchObject({ editedAt: now, changedBy: [], timerSeconds: null, readBy: [] });
    // Every message is found by its id and its sender.
    for (const state of [ann, ben, cem]) {
      const history = await state.range(archives.history, historyPrefix(group), { limit: 100 });
      expect(history.length).toBeGreaterThan(0);
      for (const { key, value } of history) {
        const found = await findMessage(state, group, value.id, value.sender);
        expect(historyKey(group, found?.number ?? -1)).toBe(key);
      }
      expect(await state.list(archives.messageNumbers, '')).toHaveLength(history.length);
    }
  });

  it('leaves a group of version 2 as it is: there is no record to change it from', async () => {
    const ann = await loadState(oldStore('ann', second), now);
    const group = ann.all(tables.groups)[0]?.value.id as Bytes;
    const client: Registered = {
      self: selfOf(ann),
      state: ann,
      relay: httpRelay('http://relay.test'),
      as: { hrid: selfOf(ann).hrid, sign: async () => new Uint8Array(64) },
      curves,
      random: seededRandom('fixed').bytes,
      now: () => now,
    };
    const renamed = changeGroup(client, group, [{ type: 'rename', name: 'Other' }]);
    await expect(renamed).rejects.toMatchObject({ code: 'group-fixed' });
  });

  const everyStore = [first, second].flatMap((stores, i) =>
    Object.keys(stores).map((name) => [name, i + 1, stores] as const),
  );

  it.each(everyStore)(
    'leaves nothing of the old form of %s’s store of version %i, and is done once',
    async (name, _, stores) => {
      const store = oldStore(name, stores);
      await loadState(store, now);
      const after = store.entries();
      for (const [key, value] of after) {
        const table = [...Object.values(tables), ...Object.values(archives)].find(({ name }) =>
          key.startsWith(`${name}/`),
        );
        expect(table, key).toBeDefined();
        expect(() => table?.struct.decode(value), key).not.toThrow();
      }
      await loadState(store, now + 1);
      expect(store.entries()).toEqual(after);
    },
  );

  it.each(everyStore)(
    'leaves the old form of %s’s store of version %i whole when the commit fails',
    async (name, _, stores) => {
      const old = oldStore(name, stores).entries();
      const store = failingStore(old, 0);
      await expect(loadState(store, now)).rejects.toBeInstanceOf(StoreFailure);
      expect(store.entries()).toEqual(old);
      await expect(loadState(memoryStore(store.entries()), now)).resolves.toBeDefined();
    },
  );

  it('stops between two versions with the form of the one in between, and goes on from there', async () => {
    const store = failingStore(oldStore('ann').entries(), 1);
    await expect(loadState(store, now)).rejects.toBeInstanceOf(StoreFailure);
    expect(store.entries().get('schema/')).toEqual(tables.schema.struct.encode({ version: 2 }));
    const resumed = await loadState(memoryStore(store.entries()), now);
    const whole = await loadState(oldStore('ann'), now);
    for (const table of Object.values(tables)) expect(resumed.all<unknown>(table)).toEqual(whole.all<unknown>(table));
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
    for (const table of ['group', 'ratchet', 'member', 'waiting', 'conversation', 'unsent', 'outgoing', 'history']) {
      const damaged = oldStore('ann', second);
      await put(`${table}/x`, new Uint8Array([0x81, 0x01]))(damaged);
      const whole = damaged.entries();
      await expect(loadState(damaged, now)).rejects.toMatchObject({ code: 'store-damaged' });
      expect(damaged.entries()).toEqual(whole);
    }
    // Somebody has taken the version away: what is of version 2 is not taken for version 1.
    const store = oldStore('ann');
    await loadState(store, now);
    await store.commit([{ key: 'schema/', value: null }]);
    const before = store.entries();
    await expect(loadState(store, now)).rejects.toMatchObject({ code: 'store-damaged' });
    expect(store.entries()).toEqual(before);
  });
});
