// Clients of a company are copied at random times, and just before and after somebody opens a generation. What the copier
// opens of all that went over the relay is held against the rules, and against what the protocol promises.

import { expect } from 'vitest';
import { bytesKey } from '../../client/wire/bytes.ts';
import { haul, type Loot, lootOf, onlyOf } from '../support/copier.ts';
import { AcrossGenerations, type ClientCopy, type PromisedAcross } from '../support/promises.ts';
import type { SeededRandom } from '../support/random.ts';
import { Secrets } from '../support/secrets.ts';
import { leafName, messageName } from '../support/witness.ts';
import { Company, type Weights } from './company.ts';
import type { Phone } from './phone.ts';

export interface Copied extends ClientCopy {
  readonly loot: Loot;
}

/** When a victim is copied: at any time, or before or after somebody, or it itself, opens a generation. */
type Moment = 'any' | 'before' | 'after' | 'opening' | 'opened';

export interface Tally {
  readonly messages: Record<PromisedAcross, number>;
  readonly opened: Record<PromisedAcross, number>;
  generations: number;
  agreements: number;
  notices: number;
  requests: number;
  /** What agreements were keyed with for their recipients, and how often. */
  reached: Record<string, number>;
  /** Agreements that parts of the copies open. */
  byParts: Record<string, number>;
  acts: Record<string, number>;
  moments: Record<string, number>;
}

const none = (): Record<PromisedAcross, number> => ({ past: 0, healed: 0, exposed: 0, begun: 0 });

export function newTally(): Tally {
  const counts = { generations: 0, agreements: 0, notices: 0, requests: 0 };
  return { messages: none(), opened: none(), ...counts, reached: {}, byParts: {}, acts: {}, moments: {} };
}

export const weights: Weights = {
  say: 22,
  receive: 26,
  work: 18,
  wait: 5,
  rename: 3,
  add: 2.5,
  remove: 2.5,
  promote: 1.5,
  leave: 0.7,
  refresh: 1,
  lose: 0.6,
};

export function copyOf(company: Company, phone: Phone): Copied {
  const { hrid } = phone;
  const loot = lootOf(phone.client.state);
  const packages = new Set(loot.packages.map(({ id }) => bytesKey(id)));
  const own = loot.ratchets.flatMap(({ generation, self, members }) =>
    (members[self]?.contributions ?? []).map(({ from, leaf }) => ({
      name: leafName(bytesKey(generation), self, from),
      leaf: bytesKey(leaf),
    })),
  );
  const contributions = new Set(own.map(({ name }) => name));
  const leaves = new Set(own.map(({ leaf }) => leaf));
  const { step } = company.witness;
  const opened = company.witness.opened(hrid);
  return { hrid, step, opened, packages, contributions, leaves, loot };
}

/** One schedule: what opens is held against the rules at once, and against the promises. */
export async function copyInRandomCircle(random: SeededRandom, victims: number, tally: Tally): Promise<void> {
  const size = Math.max(3, victims) + random.below(3);
  const steps = 70;
  const copies: Copied[] = [];
  const chosen = new Set<string>();
  while (chosen.size < victims) chosen.add(`p${random.below(size)}`);
  const due = [...chosen, ...(random.chance(0.3) ? [random.pick([...chosen])] : [])].map((name) => ({
    name,
    from: 5 + random.below(steps - 25),
    moment: random.pick<Moment>(['any', 'before', 'after', 'opening', 'opened']),
  }));
  let step = 0;
  const copy = (isDue: (each: (typeof due)[number]) => boolean) => {
    for (const each of due.filter((other) => other.from <= step && isDue(other))) {
      due.splice(due.indexOf(each), 1);
      const phone = company.phones.get(each.name);
      if (phone === undefined) throw new RangeError('nobody by that name');
      copies.push(copyOf(company, phone));
      tally.moments[each.moment] = (tally.moments[each.moment] ?? 0) + 1;
    }
  };
  const losses = { agreements: random.pick([0, 0.06]), packages: random.pick([0, 0, 0.2]) };
  const company = await Company.start(random, size, weights, losses, ({ name }, moment) => {
    copy((each) => each.moment === moment);
    const own = moment === 'before' ? 'opening' : 'opened';
    copy((each) => each.moment === own && each.name === name);
  });
  for (; step < steps; step++) {
    copy(({ moment, from }) => moment === 'any' || from + 30 < step);
    await company.step();
  }
  step = Number.POSITIVE_INFINITY;
  copy(() => true);
  await company.calm(3, 60);
  await company.calm(2, 3600);
  for (const phone of company.members) await company.say(phone);
  await company.calm(2, 60);
  company.stop();
  await examine(company, copies, tally);
}

/** @throws Error for messages that are promised closed, and open */
export async function examine(
  { witness, post, acts }: Company,
  copies: readonly Copied[],
  tally: Tally,
): Promise<void> {
  const messages = witness.read(post.recorded);
  const traffic = new Map(
    [...witness.generations.keys()].map((id) => [id, messages.filter(({ generation }) => generation === id)]),
  );
  const secrets = new Secrets(witness, messages);
  const open = async (loots: readonly Loot[]) => {
    const found = await haul(loots, post.recorded, traffic, witness.generations);
    const names = [...found.messages].flatMap(([id, contents]) => [...contents.keys()].map((name) => `${id} ${name}`));
    const predicted = secrets.open(loots);
    expect(names.sort()).toEqual([...predicted.messages].sort());
    expect([...found.agreements].sort()).toEqual([...predicted.agreements].sort());
    return { ...found, opened: new Set(names) };
  };
  const found = await open(copies.map(({ loot }) => loot));
  const { opened } = found;
  // Whoever has stolen only a part of it, or has broken X25519, opens no more than that part gives.
  for (const parts of [['packages'], ['leaves', 'exports'], ['packages', 'leaves'], ['packages', 'exports']] as const) {
    const { agreements } = await open(copies.map(({ loot }) => onlyOf(loot, parts)));
    const name = parts.join(', ');
    tally.byParts[name] = (tally.byParts[name] ?? 0) + agreements.size;
  }

  const promises = new AcrossGenerations(witness, messages, copies);
  const broken: string[] = [];
  for (const message of messages) {
    const promised = promises.judge(message);
    const name = messageName(message.generation, message.sender, message.number);
    tally.messages[promised]++;
    if (!opened.has(name)) continue;
    tally.opened[promised]++;
    if (promised === 'past' || promised === 'healed') broken.push(`${name} is ${promised}, and opens`);
  }
  tally.generations += witness.generations.size;
  tally.agreements += found.agreements.size;
  tally.notices += found.notices;
  tally.requests += found.requests;
  for (const [act, count] of Object.entries(acts)) tally.acts[act] = (tally.acts[act] ?? 0) + count;
  for (const { package: id, leaf, exportGeneration } of [...witness.headers.values()].flatMap((all) => [
    ...all.values(),
  ])) {
    const kind = id === null ? 'no package' : (witness.packages.get(bytesKey(id))?.kind ?? 'unknown');
    const reached = [kind, leaf && 'leaf', exportGeneration && 'X'].filter((each) => each !== null).join(', ');
    tally.reached[reached] = (tally.reached[reached] ?? 0) + 1;
  }
  if (broken.length > 0) throw new Error(`${broken.length} messages: ${broken.slice(0, 3).join('; ')}`);
}
