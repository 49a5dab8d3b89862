// Lineages without cryptography: people by a letter, ids by a number, operations in short.
//
//   "-b" b is removed   "<b" b becomes a member   ">b" b becomes an admin   "+b" b is added as a member   "*b" as an admin

import { identityPublicKey } from '../../client/crypto/curves-noble.ts';
import { firstGeneration, type Generation, nextGeneration, positionOf } from '../../client/protocol/lineage.ts';
import { type Roster, rosterDigest, withJoined } from '../../client/protocol/roster.ts';
import { type Bytes, bytesKey } from '../../client/wire/bytes.ts';
import type { Operation, Record } from '../../client/wire/record.ts';
import { seededRandom } from './random.ts';

export interface Act {
  /** The number of the generation's id. */
  readonly id: number;
  /** The number of the parent's id. */
  readonly parent: number;
  readonly author: string;
  readonly changes?: string;
  readonly because?: readonly number[];
  readonly name?: string | null;
}

interface Person {
  readonly hrid: Bytes;
  /** A real public key: others may not be added. */
  readonly pk: Bytes;
}

const people = new Map<string, Person>();
const group = seededRandom('lineage').bytes(32);
const unsigned = { record: new Uint8Array(0), signature: new Uint8Array(64) };

export function personOf(name: string): Person {
  const random = seededRandom(`person ${name}`);
  const person = people.get(name) ?? { hrid: random.bytes(32), pk: identityPublicKey(random.bytes(32)) };
  people.set(name, person);
  return person;
}

/** The names of those in a roster, in its order. Only of people who were asked for before. */
export function namesOf(roster: readonly { readonly hrid: Bytes }[]): string {
  const names = new Map([...people].map(([name, { hrid }]) => [bytesKey(hrid), name]));
  return roster.map(({ hrid }) => names.get(bytesKey(hrid)) ?? '?').join('');
}

/** 32 bytes, big-endian: the smaller number is the smaller id. */
export function idOf(number: number): Bytes {
  const id = new Uint8Array(32);
  new DataView(id.buffer).setUint32(28, number);
  return id;
}

export function operationOf(roster: Roster, changes: string, name: string | null = null): Operation {
  const all = [...changes.matchAll(/([-<>+*])(.)/g)].map(([, sign, who]) => ({ sign, ...personOf(who ?? '') }));
  const positionsOf = (sign: string) =>
    all.filter((change) => change.sign === sign).map(({ hrid }) => positionOf(roster, hrid));
  const added = all.filter(({ sign }) => sign === '+' || sign === '*');
  return {
    removed: positionsOf('-'),
    roles: [
      ...positionsOf('<').map((position) => ({ position, role: 'member' as const })),
      ...positionsOf('>').map((position) => ({ position, role: 'admin' as const })),
    ],
    added: added.map(({ sign, hrid, pk }) => ({ hrid, pk, role: sign === '*' ? 'admin' : 'member' })),
    name,
  };
}

/** The record of an act, true in all but what is not checked here: signature, commitment, details. */
export function recordOf(parent: Generation | null, act: Omit<Act, 'id' | 'parent'>): Record {
  const before = parent?.roster ?? [];
  const operation = operationOf(before, act.changes ?? '', act.name);
  return {
    group,
    parent: parent?.id ?? null,
    number: parent === null ? 0 : parent.record.number + 1,
    author: personOf(act.author).hrid,
    rosterDigest: rosterDigest(rosterAfter(before, operation)),
    operation,
    because: (act.because ?? []).map(idOf),
    secretCommitment: new Uint8Array(32),
    detailsHash: new Uint8Array(32),
  };
}

/** Without the checks of the sources: what may not be has a record too, and keys take long to check. */
function rosterAfter(roster: Roster, { removed, roles, added }: Operation): Roster {
  const roleOf = (position: number) => roles.find((change) => change.position === position)?.role;
  const changed = roster.map((entry, position) => ({ ...entry, role: roleOf(position) ?? entry.role }));
  const kept = changed.filter((_, position) => !removed.includes(position));
  return [...kept, ...added.map((entry) => ({ ...entry, joined: null }))];
}

/** A lineage that grows, by `bytesKey` of the ids. */
export class Tree extends Map<string, Generation> {
  /** The founding. @param members  such as "*a*b+c"; the first one is the author */
  found(id: number, members: string): this {
    const record = recordOf(null, { author: members.charAt(1), changes: members });
    const roster = withJoined(rosterAfter([], record.operation), idOf(id));
    this.set(bytesKey(idOf(id)), firstGeneration(idOf(id), unsigned, record, roster, ''));
    return this;
  }

  /** Adds what an act makes. @throws CliquetError `agreement-invalid` */
  act(act: Act): Generation {
    return this.take(act.id, act.parent, recordOf(this.at(act.parent), act));
  }

  /** Adds what a record makes, whatever it says. @throws CliquetError `agreement-invalid` */
  take(id: number, parent: number, record: Record): Generation {
    const find = (wanted: Bytes) => this.get(bytesKey(wanted));
    const generation = nextGeneration(this.at(parent), idOf(id), unsigned, record, find);
    this.set(bytesKey(idOf(id)), generation);
    return generation;
  }

  at(id: number): Generation {
    const generation = this.get(bytesKey(idOf(id)));
    if (generation === undefined) throw new RangeError(`"id" expected one of the tree, got ${id}`);
    return generation;
  }

  /** The part of it with these ids, in this order. */
  only(ids: readonly number[]): Tree {
    return new Tree(ids.map((id) => [bytesKey(idOf(id)), this.at(id)]));
  }
}

export function numberOf({ id }: Generation): number {
  return new DataView(id.buffer, id.byteOffset).getUint32(28);
}
