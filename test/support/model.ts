// The rules of the vector ratchet without any cryptography: what each member must hold after what it has sent and
// opened, and what follows from a set of secrets (a symbolic closure: every ciphertext is a clause "who knows these
// knows that"). Real states and real openings are held against it.

import type { Sent } from './chat.ts';

type Message = Pick<Sent, 'sender' | 'number' | 'vector' | 'full'>;

/** A secret by name: `chain 1 4`, `secret 0 2`, `leaf 2 0`, and `content 1 4` for what a message says. */
export type Atom = string;

const chainAtom = (member: number, number: number): Atom => `chain ${member} ${number}`;
const secretAtom = (member: number, from: number): Atom => `secret ${member} ${from}`;
const leafAtom = (member: number, from: number): Atom => `leaf ${member} ${from}`;
export const contentAtom = (member: number, number: number): Atom => `content ${member} ${number}`;

/** For each member the points from which on its contributions count: 0, and one after each of its full messages. */
export class Contributions {
  readonly #points: number[][];

  constructor(size: number, messages: readonly Message[] = []) {
    this.#points = Array.from({ length: size }, () => [0]);
    for (const message of messages) this.add(message);
  }

  add({ sender, number, full }: Message): void {
    if (full) this.#points[sender]?.push(number + 1);
  }

  /** The contribution that `count` messages of a member name. */
  named(member: number, count: number): number {
    return this.#points[member]?.findLast((from) => from <= count) ?? 0;
  }

  between(member: number, first: number, last: number): number[] {
    return (this.#points[member] ?? []).filter((from) => first <= from && from <= last);
  }
}

export class Model {
  readonly size: number;
  readonly contributions: Contributions;
  /** `opened[i][m]`: messages of m that i has opened; of its own, sent. */
  readonly opened: number[][];
  /** `known[i][j]`: the vector of j's newest message that i has opened, with j's own entry after it. */
  readonly #known: number[][][];

  constructor(size: number) {
    this.size = size;
    const none = () => Array.from({ length: size }, () => 0);
    this.contributions = new Contributions(size);
    this.opened = Array.from({ length: size }, none);
    this.#known = Array.from({ length: size }, () => Array.from({ length: size }, none));
  }

  sent(message: Message): void {
    this.contributions.add(message);
    this.open(message.sender, message);
  }

  open(member: number, { sender, number, vector }: Message): void {
    const opened = this.opened[member];
    const known = this.#known[member];
    if (opened === undefined || known === undefined) throw new RangeError('no such member');
    opened[sender] = number + 1;
    known[sender] = vector.with(sender, number + 1);
  }

  covers(member: number, { sender, number, vector }: Message): boolean {
    const opened = this.opened[member] ?? [];
    return vector.every((count, m) => (m === sender ? number === opened[m] : count <= (opened[m] ?? 0)));
  }

  /** The least count of `of` that any member's next message can name, as far as `member` knows. */
  floor(member: number, of: number): number {
    return Math.min(...(this.#known[member] ?? []).map((vector) => vector[of] ?? 0));
  }

  /** The contributions of `of` that `member` must hold: no more, no less. */
  held(member: number, of: number): number[] {
    const first = this.contributions.named(of, this.floor(member, of));
    return this.contributions.between(of, first, this.opened[member]?.[of] ?? 0);
  }

  /** All secrets that a member holds. */
  secrets(member: number): Atom[] {
    const others = Array.from({ length: this.size }, (_, of) => of);
    return others.flatMap((of) => [
      chainAtom(of, this.opened[member]?.[of] ?? 0),
      ...this.held(member, of).map((from) => secretAtom(of, from)),
      ...(of === member ? this.held(member, of).map((from) => leafAtom(of, from)) : []),
    ]);
  }
}

export interface Clause {
  readonly premises: readonly Atom[];
  readonly conclusion: Atom;
}

/** Everything that recorded messages give to whoever knows their premises. */
function clausesOf(size: number, messages: readonly Message[]): Clause[] {
  const contributions = new Contributions(size, messages);
  return messages.flatMap(({ sender, number, vector, full }): Clause[] => {
    const key = `key ${sender} ${number}`;
    const named = vector.map((count, member) => contributions.named(member, count));
    const own = number + 1;
    const step = { premises: [chainAtom(sender, number)], conclusion: chainAtom(sender, own) };
    const messageKey = {
      premises: [chainAtom(sender, number), ...named.map((from, member) => secretAtom(member, from))],
      conclusion: key,
    };
    if (!full) return [step, messageKey, { premises: [key], conclusion: contentAtom(sender, number) }];
    const wraps = named.map((from, member) => ({
      premises: [key, leafAtom(member, member === sender ? own : from)],
      conclusion: secretAtom(sender, own),
    }));
    const content = { premises: [key, secretAtom(sender, own)], conclusion: contentAtom(sender, number) };
    return [step, messageKey, ...wraps, content];
  });
}

/** Everything that follows from some secrets and the recorded messages. */
export function closure(size: number, messages: readonly Message[], known: Iterable<Atom>): Set<Atom> {
  return follow(clausesOf(size, messages), known);
}

/** Everything that follows by some clauses. */
export function follow(clauses: readonly Clause[], known: Iterable<Atom>): Set<Atom> {
  const all = new Set(known);
  for (let before = -1; before !== all.size; ) {
    before = all.size;
    for (const { premises, conclusion } of clauses) {
      if (premises.every((premise) => all.has(premise))) all.add(conclusion);
    }
  }
  return all;
}
