// What the protocol promises about recorded messages after states were copied, judged from the schedule alone.

import type { Ratchet } from '../../client/protocol/ratchet.ts';
import { bytesKey } from '../../client/wire/bytes.ts';
import { nameOf, type Sent } from './chat.ts';
import { type Atom, Contributions } from './model.ts';
import { leafName, messageName, type Opened, type SeenGeneration, type SeenMessage, type Witness } from './witness.ts';

/** A state copied from a member's device, and what the member had done by then. */
export interface Copy {
  readonly member: number;
  readonly ratchet: Ratchet;
  /** The same secrets by name. */
  readonly secrets: readonly Atom[];
  /** What it had opened or sent, by name. */
  readonly opened: ReadonlySet<string>;
}

export type Promised =
  /** Every victim had opened or sent it before its copy was taken. */
  | 'past'
  /** It carries or covers a contribution that each victim made since. */
  | 'healed'
  /** Nothing is promised. */
  | 'exposed';

export function judge(size: number, messages: readonly Sent[], copies: readonly Copy[]): Map<string, Promised> {
  const contributions = new Contributions(size, messages);
  const victims = new Map<number, number>();
  for (const { member, ratchet } of copies) {
    const sent = ratchet.members[member]?.opened ?? 0;
    victims.set(member, Math.max(victims.get(member) ?? 0, sent));
  }
  const isNew = (member: number, from: number) => from > (victims.get(member) ?? -1);
  const named = (member: number, count: number) => contributions.named(member, count);
  const coversVictims = (vector: readonly number[]) =>
    [...victims.keys()].every((member) => isNew(member, named(member, vector[member] ?? 0)));

  return new Map(
    messages.map((message) => {
      const { sender, number, vector, full } = message;
      const after = full ? vector.with(sender, number + 1) : vector;
      const isPast = copies.every(({ opened }) => opened.has(nameOf(message)));
      const promised = isPast ? 'past' : coversVictims(after) ? 'healed' : 'exposed';
      return [nameOf(message), promised];
    }),
  );
}

/** A whole client, copied: its HRID, when that was, and what it had opened or sent by then. */
export interface ClientCopy {
  readonly hrid: string;
  readonly step: number;
  readonly opened: Opened;
  /** Ids of the key packages whose private parts it had. */
  readonly packages: ReadonlySet<string>;
  /** The contributions of its own that it had not forgotten, by `leafName`, and the public keys of their leaves. */
  readonly contributions: ReadonlySet<string>;
  readonly leaves: ReadonlySet<string>;
}

export type PromisedAcross =
  | Promised
  /**
   * As `past`, but a victim was reached through a package that it still had, or through none, and by a leaf that it had
   * not forgotten: then its copy opens the agreement, and of the messages those that name no contribution of the victim
   * there that it had forgotten.
   */
  | 'begun';

/** The same of groups with several generations, as a witness has seen them. */
export class AcrossGenerations {
  readonly #witness: Witness;
  readonly #contributions = new Map<string, Contributions>();
  readonly #copies: readonly ClientCopy[];
  readonly #last = new Map<string, number>();
  readonly #covered = new Map<string, boolean>();

  constructor(witness: Witness, messages: readonly SeenMessage[], copies: readonly ClientCopy[]) {
    this.#witness = witness;
    this.#copies = copies;
    for (const { id, members } of witness.generations.values()) {
      const ofGeneration = messages.filter(({ generation }) => generation === id);
      this.#contributions.set(id, new Contributions(members.length, ofGeneration));
    }
    for (const { hrid, step } of copies) this.#last.set(hrid, Math.max(step, this.#last.get(hrid) ?? 0));
  }

  judge(message: SeenMessage): PromisedAcross {
    const generation = this.#generation(message.generation);
    const after = message.full ? message.vector.with(message.sender, message.number + 1) : message.vector;
    const isMember = ({ hrid }: ClientCopy) => generation.members.includes(hrid);
    const copies = this.#copies.filter(isMember);
    const isPast = copies.every(({ opened }) => (opened.get(generation.id)?.[message.sender] ?? 0) > message.number);
    if (isPast) return copies.some((copy) => this.#holdsBeginning(copy, generation, after)) ? 'begun' : 'past';
    const isHealed = copies.every(({ hrid }) => this.#covers(generation, after, hrid));
    return isHealed ? 'healed' : 'exposed';
  }

  #holdsBeginning(
    { hrid, packages, contributions, leaves }: ClientCopy,
    generation: SeenGeneration,
    vector: readonly number[],
  ): boolean {
    const { id, members } = generation;
    const header = this.#witness.headers.get(id)?.get(hrid);
    if (header === undefined) return false;
    const hasPackage = header.package === null || packages.has(bytesKey(header.package));
    const hasLeaf = header.leaf === null || leaves.has(this.#witness.leafOf(hrid, header.leaf));
    const position = members.indexOf(hrid);
    const named = this.#named(id, position, vector);
    return hasPackage && hasLeaf && (named === 0 || contributions.has(leafName(id, position, named)));
  }

  #named(generation: string, position: number, vector: readonly number[]): number {
    return this.#contributions.get(generation)?.named(position, vector[position] ?? 0) ?? 0;
  }

  /** Whether a message with this vector covers something that a member has contributed since its copies. */
  #covers(generation: SeenGeneration, vector: readonly number[], hrid: string): boolean {
    const position = generation.members.indexOf(hrid);
    const named = this.#named(generation.id, position, vector);
    return (named > 0 && this.#isNew(generation.id, position, named, hrid)) || this.#beginsAnew(generation, hrid);
  }

  #isNew(generation: string, position: number, from: number, hrid: string): boolean {
    const step = this.#witness.sealed.get(messageName(generation, position, from - 1));
    if (step === undefined) throw new Error('a message that nobody has sealed');
    return step > (this.#last.get(hrid) ?? -1);
  }

  /** Whether a generation was opened by who had seen, or has brought, something that a member contributed since. */
  #beginsAnew(generation: SeenGeneration, hrid: string): boolean {
    const key = `${generation.id} ${hrid}`;
    const known = this.#covered.get(key);
    if (known !== undefined) return known;
    const result = this.#findWhetherAnew(generation, hrid);
    this.#covered.set(key, result);
    return result;
  }

  #findWhetherAnew({ id, author, step, authorOpened }: SeenGeneration, hrid: string): boolean {
    const last = this.#last.get(hrid) ?? -1;
    if (author === hrid) return step > last;
    const header = this.#witness.headers.get(id)?.get(hrid);
    // Who comes, or comes back, brings a package, and nothing else counts.
    if (header?.leaf === null && header.package !== null) {
      return (this.#witness.packages.get(bytesKey(header.package))?.step ?? -1) > last;
    }
    return [...authorOpened].some(([earlier, counts]) => {
      const generation = this.#generation(earlier);
      if (!generation.members.includes(hrid)) return false;
      return this.#covers(generation, counts, hrid);
    });
  }

  #generation(id: string): SeenGeneration {
    const generation = this.#witness.generations.get(id);
    if (generation === undefined) throw new Error('a generation that nobody has');
    return generation;
  }
}
