// A client in a story: the real state, and the real parts that work on it, driven step by step instead of by a connection
// and timers; with what its person was shown.

import { Delays } from '../../client/courier/delays.ts';
import { dropOldEarly } from '../../client/courier/early.ts';
import { takeHello } from '../../client/courier/greeting.ts';
import { Healer } from '../../client/courier/healer.ts';
import { receiveEntry } from '../../client/courier/inbox.ts';
import { KeyPackages } from '../../client/courier/key-packages.ts';
import { Poster } from '../../client/courier/poster.ts';
import type { Registered } from '../../client/courier/registered.ts';
import { Sealer } from '../../client/courier/sealer.ts';
import { recoveryPhrase } from '../../client/crypto/recovery-phrase.ts';
import { type Group, groupOf, type Host } from '../../client/group.ts';
import * as online from '../../client/online.ts';
import { createIdentity, deriveHrid, hashVaultId, identityOf } from '../../client/protocol/identity.ts';
import { openBackup, restoreBackup, writeBackup } from '../../client/state/backup.ts';
import { correctTimes } from '../../client/state/healing.ts';
import { historyKey } from '../../client/state/history.ts';
import { type HistoryEntry, toContent } from '../../client/state/history-entry.ts';
import { loadRatchet } from '../../client/state/ratchets.ts';
import { archives, type StoredEvent, tables } from '../../client/state/records.ts';
import { beginStore } from '../../client/state/schema.ts';
import type { State, Transaction } from '../../client/state/state.ts';
import { type MemoryStore, memoryStore } from '../../client/store/memory.ts';
import type { Link } from '../../client/transport/relay.ts';
import { type Bytes, bytesKey } from '../../client/wire/bytes.ts';
import { readBody } from '../../client/wire/content-body.ts';
import { encodeInvite } from '../../client/wire/invite.ts';
import { curves } from '../support/group.ts';
import type { SeededRandom } from '../support/random.ts';
import { loadState } from '../support/state.ts';
import type { Post } from './post.ts';

/** A copy of a device at some moment: its store, and what its person had been shown by then. */
export interface Copy {
  readonly entries: ReturnType<MemoryStore['entries']>;
  readonly shown: readonly string[];
  readonly events: readonly Heard[];
  readonly sealedFor: Phone['sealedFor'];
}

/** What was told, and when. */
export type Heard = StoredEvent & { readonly at: number };

export class Phone {
  readonly name: string;
  readonly client: Registered;
  readonly store: MemoryStore;
  readonly host: Host;
  /** The texts that were shown, in order. */
  readonly shown: string[];
  readonly events: Heard[];
  /** When a text was sealed first, and the members of that generation, by HRID; one map for all stores of a person. */
  sealedFor: Map<string, { readonly at: number; readonly members: ReadonlySet<string> }>;
  /** What was shown before the store was replaced by an older copy. */
  forgotten: ReadonlySet<string> = new Set();
  readonly delays: Delays;
  readonly #post: Post;
  readonly #random: SeededRandom;
  readonly #sealer: Sealer;
  readonly #healer: Healer;
  readonly #poster: Poster;
  readonly #packages: KeyPackages;
  readonly #link: Link;

  private constructor(name: string, post: Post, random: SeededRandom, store: MemoryStore, state: State, copy?: Copy) {
    this.name = name;
    this.#post = post;
    this.#random = random;
    this.store = store;
    this.shown = [...(copy?.shown ?? [])];
    this.events = [...(copy?.events ?? [])];
    this.sealedFor = copy?.sealedFor ?? new Map();
    const record = state.get(tables.identity, '');
    if (record?.hrid == null) throw new TypeError('expected a registered client');
    const { seed, hrid } = record;
    const sign = (message: Bytes) => curves.sign(seed, message);
    const now = () => post.now;
    const self = { identity: identityOf(seed), hrid };
    this.client = { self, state, relay: post.relay(), as: { hrid, sign }, curves, random: random.bytes, now };
    const change = <R>(run: (tx: Transaction) => R | Promise<R>) => state.transact(run);
    this.host = { state, random: random.bytes, now, change, act: (run) => run(this.client), online };
    this.delays = new Delays(
      () => random.below(1000) / 1000,
      () => {},
    );
    const isReady = () => post.waiting(hrid).length === 0;
    this.#sealer = new Sealer({ client: this.client, change, isReady, sealed: () => {}, delays: this.delays });
    this.#healer = new Healer({ client: this.client, change, delays: this.delays });
    this.#poster = new Poster({ state, change, wake: () => {}, posted: () => {} });
    this.#packages = new KeyPackages(this.client, () => {});
    const send: Link['send'] = async (sent) => post.send(hrid, sent);
    this.#link = { window: 1, send, acknowledge: async () => {}, close: () => {} };
  }

  static async register(name: string, post: Post, random: SeededRandom): Promise<Phone> {
    const identity = createIdentity(random.bytes);
    const hrid = deriveHrid(`${name}@example.org`, identity.pk, hashVaultId(identity.vid));
    const store = memoryStore();
    const state = await loadState(store);
    const epoch = random.bytes(16);
    await state.transact((tx) => {
      beginStore(tx, { relay: post.relay().url, seed: identity.seed, hrid });
      tx.put(tables.settings, '', { history: { type: 'all' } });
      const numbers = tx.get(tables.numbers, '');
      if (numbers) tx.put(tables.numbers, '', { ...numbers, cursor: { epoch, seq: 0 } });
    });
    post.register(hrid, epoch);
    const phone = new Phone(name, post, random, store, state);
    await phone.connect();
    return phone;
  }

  /** The same device from a copy of its store. */
  async from(copy: Copy): Promise<Phone> {
    const store = memoryStore(copy.entries);
    return new Phone(this.name, this.#post, this.#random, store, await loadState(store), copy);
  }

  /** A new device out of the backup and the words of this one. */
  async restored(): Promise<Phone> {
    const { state, self } = this.client;
    const parameters = { memoryKib: 8, passes: 1 };
    const file = await writeBackup(state, this.#random.bytes, { now: this.#post.now, parameters });
    const content = await openBackup(file, { phrase: await recoveryPhrase(self.identity.seed) });
    const store = memoryStore();
    const fresh = await loadState(store);
    await fresh.transact((tx) => restoreBackup(tx, content));
    const phone = new Phone(this.name, this.#post, this.#random, store, fresh);
    phone.sealedFor = this.sealedFor;
    return phone;
  }

  copy(): Copy {
    const { store, shown, events, sealedFor } = this;
    return { entries: store.entries(), shown: [...shown], events: [...events], sealedFor };
  }

  get hrid(): string {
    return bytesKey(this.client.self.hrid);
  }

  get invite(): string {
    const { self, relay } = this.client;
    return encodeInvite({ relay: relay.url, hrid: self.hrid, pk: self.identity.pk });
  }

  /** The group of the story, if it is here. */
  get group(): Group | undefined {
    const [first] = this.client.state.all(tables.groups);
    return first && groupOf(this.host, first.key);
  }

  /** The texts that this client itself has said, as far as it knows, and told its person nothing else. */
  async said(): Promise<Set<string>> {
    const entries = (await this.group?.history({ limit: 10_000 })) ?? [];
    const isSaid = ({ isSelf, state }: HistoryEntry) => isSelf && !['unsent', 'sealed', 'failed'].includes(state);
    return new Set(entries.filter(isSaid).flatMap(({ content }) => (content?.type === 'text' ? [content.text] : [])));
  }

  get waiting(): number {
    return this.#post.waiting(this.client.self.hrid).length;
  }

  /** A new line to the relay. */
  async connect(): Promise<void> {
    const hello = this.#post.hello(this.client.self.hrid);
    const { seq } = await this.client.state.transact((tx) => takeHello(tx, hello));
    this.#post.acknowledge(this.client.self.hrid, seq);
    this.#packages.set({ oneTime: hello.keyPackages, lastResortFresh: hello.lastResortFresh });
    await this.#packages.replenish();
  }

  /** Takes in so many entries of the queue. */
  async takeIn(count: number): Promise<void> {
    const { state, self } = this.client;
    for (const entry of this.#post.waiting(self.hrid).slice(0, count)) {
      const used = await state.transact(async (tx) => {
        const kind = await receiveEntry(tx, this.client, entry, this.#post.now);
        const numbers = tx.get(tables.numbers, '');
        if (numbers?.cursor) tx.put(tables.numbers, '', { ...numbers, cursor: { ...numbers.cursor, seq: entry.seq } });
        return kind;
      });
      this.#post.acknowledge(self.hrid, entry.seq);
      if (used !== null) {
        this.#packages.used([used]);
        await this.#packages.replenish();
      }
    }
    await this.#hear();
  }

  /** Seals, heals and posts what is due. */
  async work(): Promise<void> {
    if (this.waiting > 0) return;
    this.#poster.start();
    await this.#seal();
    await this.#poster.post(this.#link);
    await this.#healer.heal();
    await this.#seal();
    await this.#poster.post(this.#link);
    this.#poster.stop();
    this.delays.endRound(this.#post.now);
    await this.#hear();
  }

  async #seal(): Promise<void> {
    await this.#sealer.seal();
    const { state } = this.client;
    await state.transact(async (tx) => {
      for (const { value } of await tx.list(archives.sent, '')) {
        const body = readBody(value.content);
        if (body?.type !== 'text' || this.sealedFor.has(body.text)) continue;
        const members = loadRatchet(tx, value.generation)?.members ?? [];
        const hrids = members.map(({ hrid }) => bytesKey(hrid));
        this.sealedFor.set(body.text, { at: this.#post.now, members: new Set(hrids) });
      }
    });
  }

  /** Takes in everything and does all that is due. */
  async settle(): Promise<void> {
    await this.takeIn(Number.POSITIVE_INFINITY);
    await this.client.state.transact((tx) => {
      correctTimes(tx, this.#post.now);
      dropOldEarly(tx, this.#post.now);
    });
    await this.work();
  }

  async #hear(): Promise<void> {
    const { state } = this.client;
    await state.transact(async (tx) => {
      for (const { key, value } of tx.all(tables.events)) {
        tx.delete(tables.events, key);
        this.events.push({ ...value, at: this.#post.now });
        if (value.type !== 'message') continue;
        const record = await tx.read(archives.history, historyKey(value.group, value.message));
        const content = record?.said && toContent(record.said);
        this.shown.push(content?.type === 'text' ? content.text : 'not a text');
      }
    });
  }
}
