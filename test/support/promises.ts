// What the protocol promises about recorded messages after states were copied, judged from the schedule alone.

import type { Ratchet } from '../../client/protocol/ratchet.ts';
import { nameOf, type Sent } from './chat.ts';
import { type Atom, Contributions } from './model.ts';

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
