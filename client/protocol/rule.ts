// Competing generations: which one counts, by a rule that depends on the set of known records only, so that the order in
// which they come cannot matter. There is no finality: a removal acts from the moment it is known.
//
//   hits(h, g)   h is no carry, neither is an ancestor of the other, and h removes the author of g, or demotes it and g
//                takes an admin; nobody hits their own leave or stepping down
//   stands(g)    all that g carries out stand, and no h that hits g stands
//   alive(g)     stands(g) and alive(parent of g); the first one that is known is alive
//   tip          the alive one with most roster changes on its path, then most records; then, where the paths part: one
//                that removes somebody, the author who is earlier in the common parent's roster, the smaller id
//   pending      those in the tip's roster whom a standing record that is not on its path removes

import { bytesKey, compareBytes, sameBytes } from '../wire/bytes.ts';
import type { RosterEntry } from '../wire/record.ts';
import {
  demotedBy,
  entryKey,
  type Generation,
  isOnPath,
  isRemoval,
  type Lineage,
  pathTo,
  positionOf,
  removedBy,
  takesAdmin,
} from './lineage.ts';

/** A removal that the tip does not carry out yet. */
export interface Pending {
  readonly removal: Generation;
  /** Whom it removes of those who are in the tip. */
  readonly entries: readonly RosterEntry[];
}

export class Rule {
  readonly #known: readonly Generation[];
  readonly #lineage: Lineage;
  readonly #removals: readonly Generation[];
  /** By the entry that they strike: of hundreds of records, few concern an author. */
  readonly #removing = new Map<string, Generation[]>();
  readonly #demoting = new Map<string, Generation[]>();
  readonly #stands = new Map<Generation, boolean>();
  /** Where a generation and all that follow it stand when each is followed by what is built on it. */
  readonly #spans = new Map<Generation, { readonly start: number; readonly end: number }>();

  constructor(lineage: Lineage) {
    this.#lineage = lineage;
    this.#known = [...lineage.values()];
    this.#removals = this.#known.filter(isRemoval);
    for (const removal of this.#removals) {
      for (const entry of removedBy(removal)) listUnder(this.#removing, entryKey(entry), removal);
      for (const entry of demotedBy(removal)) listUnder(this.#demoting, entryKey(entry), removal);
    }
    this.#number();
  }

  /** The generation that counts. @throws RangeError for an empty lineage */
  tip(): Generation {
    let tip: Generation | undefined;
    for (const generation of this.alive()) {
      if (tip === undefined || isBetter(generation, tip)) tip = generation;
    }
    if (tip === undefined) throw new RangeError('"lineage" expected at least one generation');
    return tip;
  }

  /** Those that stand, as all before them do. */
  alive(): Set<Generation> {
    const alive = new Set<Generation>();
    // Parents stand before their children.
    for (const generation of this.#known) {
      const { parent } = generation;
      if (parent === null || (alive.has(parent) && this.stands(generation))) alive.add(generation);
    }
    return alive;
  }

  /** What is to be carried out before anything else is said under a tip. */
  pending(tip: Generation): Pending[] {
    const members = new Set(tip.roster.map(entryKey));
    return this.#removals.flatMap((removal) => {
      const entries = removedBy(removal).filter((entry) => members.has(entryKey(entry)));
      if (entries.length === 0 || this.#isOnPath(removal, tip) || !this.stands(removal)) return [];
      return [{ removal, entries }];
    });
  }

  /** Whether no standing removal makes a generation void. It ends: who removes the author stands before it. */
  stands(generation: Generation): boolean {
    const known = this.#stands.get(generation);
    if (known !== undefined) return known;
    const carried = generation.record.because.map((id) => this.#lineage.get(bytesKey(id)));
    const stands =
      carried.every((removal) => removal === undefined || this.stands(removal)) &&
      this.#hitting(generation) === undefined;
    this.#stands.set(generation, stands);
    return stands;
  }

  /** The standing removal for which a generation, or one before it, is void; null if there is none. */
  voiding(generation: Generation): Generation | null {
    for (const each of pathTo(generation)) {
      const hitting = this.#hitting(each);
      if (hitting !== undefined) return hitting;
    }
    return null;
  }

  /** A standing removal that hits a generation. */
  #hitting(generation: Generation): Generation | undefined {
    const { parent, record } = generation;
    const author = parent?.roster[positionOf(parent.roster, record.author)];
    if (parent === null || author === undefined) return undefined;
    const key = entryKey(author);
    const isOwnEnd = [...removedBy(generation), ...demotedBy(generation)].some((entry) => entryKey(entry) === key);
    const hits = (removal: Generation) =>
      !(isOwnEnd && sameBytes(removal.record.author, record.author)) &&
      !this.#isOnPath(removal, generation) &&
      !this.#isOnPath(generation, removal);
    const demoting = takesAdmin(parent, record) ? (this.#demoting.get(key) ?? []) : [];
    const striking = [...(this.#removing.get(key) ?? []), ...demoting];
    return striking.find((removal) => hits(removal) && this.stands(removal));
  }

  #isOnPath(ancestor: Generation, generation: Generation): boolean {
    const [above, below] = [this.#spans.get(ancestor), this.#spans.get(generation)];
    if (above === undefined || below === undefined) return isOnPath(ancestor, generation);
    return above.start <= below.start && below.start < above.end;
  }

  /** Parents stand before their children: sizes are counted from the end, and places given from the beginning. */
  #number(): void {
    const sizes = new Map<Generation, number>();
    for (const each of this.#known.toReversed()) {
      const size = (sizes.get(each) ?? 0) + 1;
      sizes.set(each, size);
      if (each.parent !== null) sizes.set(each.parent, (sizes.get(each.parent) ?? 0) + size);
    }
    const next = new Map<Generation | null, number>([[null, 0]]);
    for (const each of this.#known) {
      const parent = each.parent !== null && next.has(each.parent) ? each.parent : null;
      const start = next.get(parent) ?? 0;
      const end = start + (sizes.get(each) ?? 1);
      this.#spans.set(each, { start, end });
      next.set(parent, end).set(each, start + 1);
    }
  }
}

function listUnder(lists: Map<string, Generation[]>, key: string, removal: Generation): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [removal]);
  else list.push(removal);
}

function isBetter(a: Generation, b: Generation): boolean {
  if (a.changes !== b.changes) return a.changes > b.changes;
  if (a.record.number !== b.record.number) return a.record.number > b.record.number;
  const other = pathTo(b);
  const fork = pathTo(a).findIndex((each, i) => each !== other[i]);
  const [mine, theirs] = [pathTo(a)[fork], other[fork]];
  if (mine === undefined || theirs === undefined) return false;
  const removes = (each: Generation) => removedBy(each).length > 0;
  if (removes(mine) !== removes(theirs)) return removes(mine);
  const rank = (each: Generation) => positionOf(each.parent?.roster ?? [], each.record.author);
  if (rank(mine) !== rank(theirs)) return rank(mine) < rank(theirs);
  return compareBytes(mine.id, theirs.id) < 0;
}
