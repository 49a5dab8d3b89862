// What a client keeps of a lineage. Whoever opens one branch after the other must not make others keep them all: beyond a
// bound, only what counts stays.

import { bytesKey } from '../wire/bytes.ts';
import { dueRemovals } from './history.ts';
import { entryKey, type Generation, isRemoval, type Lineage, pathTo, removedBy, takesAdmin } from './lineage.ts';
import { Rule } from './rule.ts';

/** Generations on the path that are kept before the one that counts: whoever was away for longer is invited anew. */
const maxPath = 256;
/** Records of a group that are kept in all. */
export const maxRecords = 1024;

export interface Kept {
  /** The generation that counts. */
  readonly tip: Generation;
  /** Where what is kept begins. */
  readonly first: Generation;
  /** Parents before their children. */
  readonly generations: readonly Generation[];
}

/** The end of the path, and what branches off it: what is needed first, then the newest. */
export function keptOf(lineage: Lineage): Kept {
  const rule = new Rule(lineage);
  const tip = rule.tip();
  const path = pathTo(tip).slice(-maxPath);
  const kept = new Set(path);
  const isTight = lineage.size > maxRecords;
  const alive = isTight ? rule.alive() : null;
  const newest = [...lineage.values()].reverse().filter((each) => alive === null || alive.has(each));
  for (const each of [...(isTight ? neededIn(lineage, rule, path, tip) : []), ...newest]) {
    const branch = branchTo(each, kept);
    if (branch === null || kept.size + branch.length > maxRecords) continue;
    for (const missing of branch) kept.add(missing);
  }
  const generations = [...lineage.values()].filter((each) => kept.has(each));
  return { tip, first: path[0] as Generation, generations };
}

/**
 * Standing removals that are to be carried out, were carried out, or make others void, the shortest branches first, so that
 * nobody gets them out of the way by longer ones; then whatever else was carried out.
 */
function neededIn(lineage: Lineage, rule: Rule, path: readonly Generation[], tip: Generation): Generation[] {
  const covered = new Set<string>();
  const due = dueRemovals(lineage, tip).flatMap(({ removal, entries }) => {
    const isNew = entries.some((entry) => !covered.has(entryKey(entry)));
    for (const entry of entries) covered.add(entryKey(entry));
    return isNew ? [removal] : [];
  });
  const carries = path.filter(({ record }) => record.because.length > 0).reverse();
  const namedBy = ({ record }: Generation) => record.because.flatMap((id) => lineage.get(bytesKey(id)) ?? []);
  const reasons = carries.flatMap((carry) => {
    const named = namedBy(carry).map((removal) => ({ removal, keys: removedBy(removal).map(entryKey) }));
    return removedBy(carry).flatMap((entry) => named.find(({ keys }) => keys.includes(entryKey(entry)))?.removal ?? []);
  });
  const isStriking = (each: Generation) =>
    each.parent !== null && isRemoval(each) && takesAdmin(each.parent, each.record) && rule.stands(each);
  const onPath = new Set(path);
  const needed = [...due, ...reasons, ...[...lineage.values()].reverse().filter(isStriking)]
    .map((each) => ({ each, length: branchTo(each, onPath)?.length ?? 0 }))
    .sort((a, b) => a.length - b.length)
    .map(({ each }) => each);
  return [...needed, ...carries.flatMap(namedBy)];
}

/** A generation, and those before it up to what is kept; null if it has left the path before that. */
function branchTo(end: Generation, kept: ReadonlySet<Generation>): Generation[] | null {
  const branch: Generation[] = [];
  let at: Generation | null = end;
  for (; at !== null && !kept.has(at); at = at.parent) branch.push(at);
  return at === null ? null : branch;
}
