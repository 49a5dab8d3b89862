// A witness looks over the shoulders of all clients of a story after every step: which generations there are, what each
// client has opened, when which contribution was made, and what the one who opened a generation had seen by then. What a
// copied state may open is judged from this alone.

import { open } from '../../client/crypto/aead.ts';
import { ratchetsOf } from '../../client/state/generations.ts';
import { loadLineage } from '../../client/state/lineages.ts';
import { loadRatchet } from '../../client/state/ratchets.ts';
import { tables } from '../../client/state/records.ts';
import type { State } from '../../client/state/state.ts';
import { type Bytes, bytesKey, sameBytes } from '../../client/wire/bytes.ts';
import { AgreementHeader, Envelope, MessageHeader } from '../../client/wire/envelope.ts';
import type { LeafOrigin } from '../../client/wire/record.ts';
import type { Send } from '../../client/wire/send.ts';
import type { Place } from './copier.ts';

/** How many messages of each member somebody has opened, by generation; of its own, sent. */
export type Opened = ReadonlyMap<string, readonly number[]>;

/** A generation as it was when it was first seen. */
export interface SeenGeneration extends Place {
  readonly id: string;
  readonly headerKey: Bytes;
  /** HRIDs by position. */
  readonly members: readonly string[];
  readonly author: string;
  readonly step: number;
  /** What its author had opened before. */
  readonly authorOpened: Opened;
  readonly firstLeaves: readonly LeafOrigin[];
}

/** A message as the relay saw it, and what only members know of it. */
export interface SeenMessage {
  readonly generation: string;
  readonly sender: number;
  readonly number: number;
  readonly vector: readonly number[];
  readonly full: boolean;
  readonly body: Bytes;
  /** By position. */
  readonly headers: readonly Bytes[];
}

export interface SeenPackage {
  readonly kind: 'one-time' | 'last-resort';
  readonly owner: string;
  readonly step: number;
}

export class Witness {
  step = 0;
  readonly generations = new Map<string, SeenGeneration>();
  readonly packages = new Map<string, SeenPackage>();
  /** Public keys by `leafName`. */
  readonly leaves = new Map<string, string>();
  /** The step in which a message was sealed, by `messageName`. */
  readonly sealed = new Map<string, number>();
  /** Headers of an agreement by its id, and then by HRID. */
  readonly headers = new Map<string, ReadonlyMap<string, AgreementHeader>>();
  readonly #opened = new Map<string, Map<string, readonly number[]>>();
  readonly #known = new Map<string, Map<string, readonly number[]>>();

  /** All that a client has ever opened. */
  opened(hrid: string): Opened {
    return new Map(this.#opened.get(hrid));
  }

  /** Looks at a client after each of its steps. */
  look(hrid: string, state: State): void {
    for (const { key, value } of state.all(tables.keyPackages)) {
      const made = { kind: value.kind, owner: hrid, step: this.step };
      if (!this.packages.has(key)) this.packages.set(key, made);
    }
    // Whoever is out of a group has nothing more of it to build on.
    if (state.all(tables.ratchets).length === 0) this.forget(hrid);
    for (const { value: group } of state.all(tables.groups)) {
      for (const id of ratchetsOf(state, group.id)) this.#lookAt(hrid, state, group.id, id);
    }
  }

  #lookAt(hrid: string, state: State, group: Bytes, id: Bytes): void {
    const ratchet = loadRatchet(state, id);
    const generation = loadLineage(state, group).get(bytesKey(id));
    if (ratchet === undefined || generation === undefined) return;
    const key = bytesKey(id);
    if (!this.generations.has(key)) {
      const author = bytesKey(generation.record.author);
      this.generations.set(key, {
        id: key,
        group,
        number: ratchet.number,
        roster: generation.roster,
        headerKey: ratchet.headerKey,
        members: generation.roster.map((entry) => bytesKey(entry.hrid)),
        author,
        step: this.step,
        authorOpened: new Map(this.#known.get(author)),
        firstLeaves: ratchet.members.map(({ firstLeaf }) => firstLeaf),
      });
    }
    for (const [position, { contributions }] of ratchet.members.entries()) {
      for (const { from, leaf } of contributions) this.leaves.set(leafName(key, position, from), bytesKey(leaf));
    }
    const now = ratchet.members.map(({ opened }) => opened);
    const sent = now[ratchet.self] ?? 0;
    for (let number = 0; number < sent; number++) {
      const name = messageName(key, ratchet.self, number);
      if (!this.sealed.has(name)) this.sealed.set(name, this.step);
    }
    for (const log of [this.#logOf(this.#opened, hrid), this.#logOf(this.#known, hrid)]) {
      const before = log.get(key) ?? [];
      log.set(
        key,
        now.map((count, position) => Math.max(count, before[position] ?? 0)),
      );
    }
  }

  #logOf(logs: Map<string, Map<string, readonly number[]>>, hrid: string): Map<string, readonly number[]> {
    const log = logs.get(hrid) ?? new Map<string, readonly number[]>();
    logs.set(hrid, log);
    return log;
  }

  /** The public key of a member's leaf. */
  leafOf(hrid: string, origin: LeafOrigin): string {
    if (origin.type !== 'contribution') throw new TypeError('expected a contribution');
    const generation = bytesKey(origin.generation);
    const position = this.generations.get(generation)?.members.indexOf(hrid) ?? -1;
    return this.leaf(generation, position, origin.from);
  }

  leaf(generation: string, position: number, from: number): string {
    const leaf = this.leaves.get(leafName(generation, position, from));
    if (leaf === undefined) throw new Error('a leaf that nobody has seen');
    return leaf;
  }

  /** A client has lost its state: what it knew it does not build on any more. */
  forget(hrid: string): void {
    this.#known.delete(hrid);
  }

  /** Reads what the relay was given: once, in the end. */
  read(recorded: readonly { readonly from: Bytes; readonly send: Send }[]): SeenMessage[] {
    const messages = new Map<string, SeenMessage>();
    for (const { from, send } of recorded) {
      const envelope = Envelope.decode(send.body);
      if (envelope.type === 'agreement') {
        const headers = send.to.map(({ hrid, header }) => [bytesKey(hrid), AgreementHeader.decode(header)] as const);
        this.headers.set(bytesKey(envelope.id), new Map(headers));
      }
      if (envelope.type !== 'message') continue;
      const isIt = ({ id }: SeenGeneration) => id.startsWith(bytesKey(envelope.generation).slice(0, 21));
      const generation = [...this.generations.values()].find(isIt);
      const header = generation && open(generation.headerKey, envelope.nonce, envelope.header);
      if (!generation || !header) throw new Error('a message of a generation that nobody has');
      const { vector } = MessageHeader.decode(header);
      const sender = generation.members.indexOf(bytesKey(from));
      const number = vector[sender] ?? 0;
      const name = messageName(generation.id, sender, number);
      const known = messages.get(name);
      if (known !== undefined && !sameBytes(known.body, send.body)) throw new Error('two messages under one number');
      const headers = generation.members.map((member, position) => {
        const to = send.to.find(({ hrid }) => bytesKey(hrid) === member);
        return to?.header ?? known?.headers[position] ?? new Uint8Array(0);
      });
      const full = headers.some(({ length }) => length > 0);
      messages.set(name, { generation: generation.id, sender, number, vector, full, body: send.body, headers });
    }
    return [...messages.values()];
  }
}

/** The first leaf of a member in a generation, or what so many messages of it name. */
export const leafName = (generation: string, position: number, from: number): string =>
  `${generation} ${position} ${from}`;

export const messageName = (generation: string, sender: number, number: number): string =>
  `${generation} ${sender}:${number}`;
