// What happens in a story, and how often: each has a temper of its own.

import type { SeededRandom } from '../support/random.ts';

export interface Temper {
  readonly expires: number;
  readonly vanishes: number;
  /** How often somebody does each of these. */
  readonly acts: Readonly<Record<ActName, number>>;
}

export const actNames = [
  'send',
  'receive',
  'work',
  'wait',
  'add',
  'remove',
  'leave',
  'promote',
  'demote',
  'rename',
  'die',
  'copy',
  'rollBack',
  'clone',
  'lose',
] as const;
export type ActName = (typeof actNames)[number];

/** What only admins may do. */
export const adminActs: readonly ActName[] = ['add', 'remove', 'promote', 'demote'];

export function anyTemper(random: SeededRandom): Temper {
  const often = (weight: number) => (random.chance(0.6) ? weight * (0.5 + random.below(100) / 100) : 0);
  return {
    expires: random.pick([0, 0.02, 0.08]),
    vanishes: random.pick([0, 0, 0.03]),
    acts: {
      send: 14,
      receive: 16,
      work: 16,
      wait: 3,
      add: often(3),
      remove: often(3),
      leave: often(1.5),
      promote: often(2),
      demote: often(1.5),
      rename: often(1.5),
      die: often(0.7),
      copy: often(2),
      rollBack: often(1.2),
      clone: often(0.8),
      lose: often(0.8),
    },
  };
}
