import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { recoveryPhrase } from '../../../client/crypto/recovery-phrase.ts';
import { type BackupContent, openBackup, restoreBackup, writeBackup } from '../../../client/state/backup.ts';
import { openBackupFile } from '../../../client/state/backup-file.ts';
import { saveRatchet } from '../../../client/state/ratchets.ts';
import { tables } from '../../../client/state/records.ts';
import { State } from '../../../client/state/state.ts';
import { markVerified } from '../../../client/state/verification.ts';
import { type MemoryStore, memoryStore } from '../../../client/store/memory.ts';
import { type Bytes, bytesKey } from '../../../client/wire/bytes.ts';
import { maxMembers, maxNameLength, maxTimerSeconds } from '../../../client/wire/limits.ts';
import { Chat, refusal } from '../../support/chat.ts';
import { createPerson, startOfTime } from '../../support/group.ts';
import { isPartOf, leavesOf } from '../../support/leaves.ts';
import { seededRandom } from '../../support/random.ts';
import { groupRecord } from '../../support/state.ts';

const random = seededRandom('backup');
const now = startOfTime;
const relay = 'https://relay.example.org';
const fast = { memoryKib: 8192, passes: 1 };

const nothing: BackupContent = {
  createdAt: now,
  relay,
  seed: random.bytes(32),
  hrid: null,
  contacts: [],
  verified: [],
  groups: [],
};

async function emptyState(): Promise<{ store: MemoryStore; state: State }> {
  const store = memoryStore();
  return { store, state: await State.load(store, Object.values(tables)) };
}

async function restored(content: BackupContent): Promise<{ store: MemoryStore; state: State }> {
  const made = await emptyState();
  await made.state.transact((tx) => restoreBackup(tx, content));
  return made;
}

/** A client in the middle of its life: groups of every status, in which people talk. */
async function busyClient() {
  const { store, state } = await emptyState();
  const self = await createPerson(random, 'self');
  const chats: Chat[] = [];
  for (let i = 0; i < 4; i++) {
    const chat = await Chat.start(random, 3);
    for (let message = 0; message < 6; message++) await chat.say(message % 3, `a secret message ${message} of ${i}`);
    await chat.send(1, 'another one, which waits');
    chats.push(chat);
  }
  const statuses = ['active', 'lost', 'invited', 'declined'] as const;
  await state.transact(async (tx) => {
    tx.put(tables.identity, '', { relay, seed: self.identity.seed, hrid: self.hrid });
    tx.put(tables.numbers, '', { nextSend: 23, nextEvent: 42, cursor: null });
    tx.put(tables.keyPackages, bytesKey(self.keyPackage.id), self.keyPackage);
    for (const [i, chat] of chats.entries()) {
      const ratchet = chat.ratchet(0);
      const { group: id, generation } = ratchet;
      const roster = ratchet.members.map(({ hrid, pk }) => ({ hrid, pk, joined: generation, role: 'admin' as const }));
      const status = statuses[i] ?? 'lost';
      tx.put(tables.groups, bytesKey(id), groupRecord({ id, name: `Group ${i}`, status, generation, roster }));
      const history = { type: 'days' as const, days: 30 + i };
      tx.put(tables.conversations, bytesKey(id), { nextMessage: 7, history, timerSeconds: null, timerSetBy: null });
      saveRatchet(tx, undefined, ratchet);
      if (i === 1) markVerified(tx, roster);
      const [hrid, pk] = [roster[1]?.hrid ?? id, roster[1]?.pk ?? id];
      tx.put(tables.contacts, bytesKey(hrid), { hrid, pk, relay, name: `Friend ${i}` });
      for (const { content } of chat.sent) tx.put(tables.unsent, bytesKey(content.id), { group: id, content });
    }
  });
  const phrase = await recoveryPhrase(self.identity.seed);
  return { store, state, self, chats, phrase, groups: chats.map((chat) => chat.ratchet(0).group) };
}

describe('writeBackup()', () => {
  test('keeps identity, contacts, verified keys and the groups that the client is or was in', async () => {
    const { state, self, phrase, groups } = await busyClient();
    const content = await openBackup(await writeBackup(state, random.bytes, { now }), { phrase });
    const { createdAt, seed, hrid } = content;
    expect({ createdAt, seed, hrid, relay: content.relay }).toEqual({
      createdAt: now,
      seed: self.identity.seed,
      hrid: self.hrid,
      relay,
    });
    expect(content.contacts.map(({ name }) => name).sort()).toEqual(['Friend 0', 'Friend 1', 'Friend 2', 'Friend 3']);
    const kept = state.all(tables.groups).filter(({ value }) => ['Group 0', 'Group 1'].includes(value.name));
    expect(content.groups.map(({ id, name, roster, generation }) => ({ id, name, roster, generation }))).toEqual(
      kept.map(({ value: { id, name, roster, generation } }) => ({ id, name, roster, generation })),
    );
    const rules = new Map(content.groups.map(({ id, history }) => [bytesKey(id), history]));
    expect(rules.get(bytesKey(groups[1] ?? self.hrid))).toEqual({ type: 'days', days: 31 });
    const lost = state.get(tables.groups, bytesKey(groups[1] ?? self.hrid));
    expect(content.verified.map(({ hrid, pk }) => [bytesKey(hrid), bytesKey(pk)]).sort()).toEqual(
      lost?.roster.map(({ hrid, pk }) => [bytesKey(hrid), bytesKey(pk)]).sort(),
    );
  });

  test('takes along no secret but the seed: no key of a group, no key package, no message', async () => {
    const { state, store, self, phrase } = await busyClient();
    const file = await writeBackup(state, random.bytes, { now });
    const content = await openBackupFile(file, { phrase });
    expect(isPartOf(self.identity.seed, content)).toBe(true);

    const kept = ['identity', 'contact', 'verified', 'group', 'conversation'];
    const entries = [...store.entries()];
    const inOthers = entries.filter(([key]) => !kept.includes(key.split('/')[0] ?? ''));
    const rosters = state
      .all(tables.groups)
      .flatMap(({ value }) => [value.id, value.generation, ...value.roster.flatMap(({ hrid, pk }) => [hrid, pk])]);
    const known = new Set(rosters.map(bytesKey));
    const secrets = inOthers.flatMap(([, value]) => leavesOf(value)).filter((leaf) => !known.has(bytesKey(leaf)));
    expect(secrets.length).toBeGreaterThan(200);
    expect(secrets.filter((secret) => isPartOf(secret, content))).toEqual([]);
  });

  test('shows nothing of what is in it: neither bytes, nor text, nor how many', async () => {
    const { state, store } = await busyClient();
    for (const passphrase of [undefined, 'correct horse']) {
      const options = passphrase === undefined ? { now } : { now, passphrase, parameters: fast };
      const file = await writeBackup(state, random.bytes, options);
      const all = [...store.entries()].flatMap(([, value]) => leavesOf(value));
      expect(all.filter((leaf) => isPartOf(leaf, file))).toEqual([]);
      const texts = Buffer.from(file.subarray(15))
        .toString('latin1')
        .match(/[ -~]{20,}/g);
      expect(texts).toBe(null);
    }
  });

  test('does not show in its size how many contacts there are, up to a hundred', async () => {
    const sizes = new Set<number>();
    for (const count of [0, 1, 30, 100]) {
      const contacts = Array.from({ length: count }, () => ({
        hrid: random.bytes(32),
        pk: random.bytes(32),
        name: 'N.',
      }));
      const { state } = await restored({ ...nothing, contacts });
      sizes.add((await writeBackup(state, random.bytes, { now })).length);
    }
    expect(sizes.size).toBe(1);
  });

  test('never seals twice under one key, even with a broken generator', async () => {
    const { state } = await busyClient();
    const broken = (length: number) => new Uint8Array(length);
    const files = [
      await writeBackup(state, broken, { now }),
      await writeBackup(state, broken, { now: now + 1 }),
      await writeBackup(state, random.bytes, { now }),
      await writeBackup(state, random.bytes, { now }),
    ];
    const salts = files.map((file) => bytesKey(file.slice(52, 68)));
    expect(new Set(salts).size).toBe(4);
  });

  test('an empty store has nothing to back up', async () => {
    const { state } = await emptyState();
    expect(() => writeBackup(state, random.bytes, { now })).toThrow(TypeError);
  });
});

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => new Uint8Array(bytes));
const name = fc
  .string({ unit: 'binary', maxLength: maxNameLength / 2 })
  .filter((text) => text.length <= maxNameLength && !text.startsWith('\ufeff'));
const unique = <T>(items: fc.Arbitrary<T>, key: (item: T) => Bytes, maxLength: number) =>
  fc
    .uniqueArray(items, { maxLength, selector: (item) => bytesKey(key(item)) })
    .map((list) => list.sort((a, b) => (bytesKey(key(a)) < bytesKey(key(b)) ? -1 : 1)));
const entry = fc.record({
  hrid: hash,
  pk: hash,
  joined: fc.option(hash),
  role: fc.constantFrom('admin' as const, 'member' as const),
});
const rule = fc.oneof(
  fc.constantFrom({ type: 'none' as const }, { type: 'all' as const }),
  fc.record({ type: fc.constant('days' as const), days: fc.nat({ max: 36_500 }) }),
);
const contents: fc.Arbitrary<BackupContent> = fc.record({
  createdAt: fc.nat(),
  relay: fc.constantFrom(relay, 'http://127.0.0.1:8787'),
  seed: hash,
  hrid: fc.option(hash),
  contacts: unique(fc.record({ hrid: hash, pk: hash, name }), ({ hrid }) => hrid, 12),
  verified: unique(fc.record({ hrid: hash, pk: hash }), ({ hrid }) => hrid, 12),
  groups: unique(
    fc.record({
      id: hash,
      name,
      generation: hash,
      roster: fc.array(entry, { minLength: 2, maxLength: 8 }),
      history: rule,
      timerSeconds: fc.option(fc.nat({ max: maxTimerSeconds })),
    }),
    ({ id }) => id,
    6,
  ),
});

describe('restoreBackup()', () => {
  test('brings back whatever a backup can hold, and a backup of that is the same again', async () => {
    await fc.assert(
      fc.asyncProperty(contents, async (content) => {
        const { state } = await restored(content);
        const file = await writeBackup(state, random.bytes, { now: content.createdAt });
        expect(await openBackup(file, { phrase: await recoveryPhrase(content.seed) })).toEqual(content);
      }),
      { seed: 20_261_124, numRuns: 60 },
    );
  });

  test('a roster and names of full size fit', async () => {
    const roster = Array.from({ length: maxMembers }, () => ({
      hrid: random.bytes(32),
      pk: random.bytes(32),
      joined: random.bytes(32),
      role: 'member' as const,
    }));
    const [id, generation, seed, hrid] = [0, 0, 0, 0].map(() => random.bytes(32)) as [Bytes, Bytes, Bytes, Bytes];
    const groups = [
      { id, name: 'n'.repeat(128), generation, roster, history: { type: 'all' as const }, timerSeconds: 5 },
    ];
    const content = { createdAt: now, relay, seed, hrid, contacts: [], verified: [], groups };
    const { state } = await restored(content);
    const file = await writeBackup(state, random.bytes, { now });
    expect(await openBackup(file, { phrase: await recoveryPhrase(seed) })).toEqual(content);
  });

  test('groups are lost, and everything else starts from nothing', async () => {
    const { state, phrase } = await busyClient();
    const content = await openBackup(await writeBackup(state, random.bytes, { now }), { phrase });
    const { state: fresh, store } = await restored(content);
    expect(fresh.all(tables.groups).map(({ value }) => value.status)).toEqual(['lost', 'lost']);
    expect(fresh.get(tables.numbers, '')).toEqual({ nextSend: 1, nextEvent: 0, cursor: null });
    expect(fresh.get(tables.identity, '')).toEqual(state.get(tables.identity, ''));
    expect(fresh.all(tables.contacts)).toEqual(state.all(tables.contacts));
    const kinds = new Set([...store.entries().keys()].map((key) => key.split('/')[0]));
    expect([...kinds].sort()).toEqual([
      'contact',
      'conversation',
      'group',
      'identity',
      'numbers',
      'schema',
      'verified',
    ]);
  });

  test('refuses a store that holds a client already, and leaves it as it is', async () => {
    const { state, store, phrase } = await busyClient();
    const content = await openBackup(await writeBackup(state, random.bytes, { now }), { phrase });
    const before = store.entries();
    expect(await refusal(() => state.transact((tx) => restoreBackup(tx, content)))).toBe('store-not-empty');
    expect(store.entries()).toEqual(before);
  });
});
