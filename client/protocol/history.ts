// The history that an agreement tells: signed records from some earlier generation on. Whoever knows one of them checks
// all that follow; a newcomer believes the member who has let it in about the first one, and checks the rest.

import type { Curves } from '../crypto/curves.ts';
import { verifyLabeled } from '../crypto/sign.ts';
import { type Bytes, bytesKey, sameBytes } from '../wire/bytes.ts';
import { CliquetError } from '../wire/errors.ts';
import { maxBodyBytes } from '../wire/limits.ts';
import { type Base, Record, type SignedRecord } from '../wire/record.ts';
import { agreementId } from './agreement.ts';
import {
  firstGeneration,
  followingGeneration,
  type Generation,
  type Lineage,
  nextGeneration,
  pathTo,
  positionOf,
} from './lineage.ts';
import { applyOperation, checkTold, withJoined } from './roster.ts';
import { type Pending, Rule } from './rule.ts';

/** An agreement tells of so many generations on its path at least, if there are as many. */
const minTold = 32;
/** And of so many bytes of records at most: the newest ones. */
const maxToldBytes = 48 * 1024;
/** What an agreement that carries removals out takes for each member: base, first leaf, reason and position. */
const memberBytes = 240;
/** And what it takes besides. */
const otherBytes = 4 * 1024;

/**
 * The lineage with what a history adds to it: also before all that is known, if the history leads there, as ids say all that
 * was before. Else that is passed over, and what has left before that.
 * @param base  the group as the first record left it; taken for the beginning if nothing is known yet
 * @throws CliquetError `agreement-invalid` for a record of another group, one that is not valid, or not its author's
 */
export async function extendLineage(
  curves: Curves,
  lineage: Lineage,
  history: readonly SignedRecord[],
  base: Base | null,
  group: Bytes,
): Promise<Lineage> {
  const earlier = base && (await beginEarlier(curves, lineage, history, base, group));
  const extended = earlier ?? new Map(lineage);
  for (const [i, signed] of history.entries()) {
    const id = agreementId(signed.record);
    if (extended.has(bytesKey(id))) continue;
    const record = Record.decode(signed.record);
    if (!sameBytes(record.group, group)) throw refused('group');
    if (i === 0 && base !== null && extended.size === 0) {
      checkTold(base.roster);
      extended.set(bytesKey(id), firstGeneration(id, signed, record, base.roster, base.name));
      continue;
    }
    const { parent } = record;
    if (parent === null ? extended.size > 0 : !extended.has(bytesKey(parent))) continue;
    extended.set(bytesKey(id), await placeRecord(curves, extended, signed));
  }
  return extended;
}

/** All that is known, on top of where a history begins; null if that leads nowhere, or not to the same. */
async function beginEarlier(
  curves: Curves,
  lineage: Lineage,
  history: readonly SignedRecord[],
  base: Base,
  group: Bytes,
): Promise<Map<string, Generation> | null> {
  const [first] = lineage.values();
  const ids = history.map(({ record }) => bytesKey(agreementId(record)));
  if (first === undefined || ids.indexOf(bytesKey(first.id)) < 1 || lineage.has(ids[0] ?? '')) return null;
  const earlier = new Map(await extendLineage(curves, new Map(), history, base, group));
  // No id says what the group was called in the base.
  if (earlier.get(bytesKey(first.id))?.name !== first.name) return null;
  for (const [key, { id, signed, record }] of lineage) {
    const parent = record.parent && earlier.get(bytesKey(record.parent));
    if (parent && !earlier.has(key)) earlier.set(key, followingGeneration(parent, id, signed, record));
  }
  return earlier;
}

/**
 * A signed record in its place.
 * @throws CliquetError `agreement-invalid` if its parent is not known, or it is not valid, or not its author's
 */
export async function placeRecord(curves: Curves, lineage: Lineage, signed: SignedRecord): Promise<Generation> {
  const id = agreementId(signed.record);
  const record = Record.decode(signed.record);
  const parent = record.parent && lineage.get(bytesKey(record.parent));
  if (parent === undefined) throw refused('history');
  const find = (wanted: Bytes) => lineage.get(bytesKey(wanted));
  const generation =
    parent === null ? founding(lineage, id, signed, record) : nextGeneration(parent, id, signed, record, find);
  const roster = parent?.roster ?? generation.roster;
  const author = roster[positionOf(roster, record.author)];
  const isSigned =
    author !== undefined && (await verifyLabeled(curves, author.pk, 'agreement', signed.record, signed.signature));
  if (!isSigned) throw refused('signature');
  return generation;
}

/** The first generation of a group: its author is an admin of at least two. */
function founding(lineage: Lineage, id: Bytes, signed: SignedRecord, record: Record): Generation {
  const { operation, because, number } = record;
  if (lineage.size > 0 || number !== 0 || because.length > 0 || operation.name === null) throw refused('parent');
  const roster = withJoined(applyOperation([], operation), id);
  const author = roster[positionOf(roster, record.author)];
  if (roster.length < 2 || author?.role !== 'admin') throw refused('author');
  return firstGeneration(id, signed, record, roster, operation.name);
}

/**
 * What an agreement on top of a generation tells: the path from the last generation before everybody was heard, 32
 * records at least, and what else has branched off since.
 * @param because                the removals that the agreement carries out: they are told in any case
 * @param isEverybodyHeardSince  whether all members were heard in a generation or after it
 * @throws RangeError if what is carried out cannot be told
 */
export function tellHistory(
  lineage: Lineage,
  parent: Generation,
  because: readonly Generation[],
  isEverybodyHeardSince: (generation: Generation) => boolean,
): { readonly base: Base; readonly history: readonly SignedRecord[] } {
  const path = pathTo(parent);
  const at = (index: number) => path[index] as Generation;
  let told = tellingOf(lineage, path, path.length - 1, because);
  if (told === null) throw new RangeError('"because" expected removals that can be told');
  while (told.first > 0) {
    if (path.length - told.first >= minTold && isEverybodyHeardSince(at(told.first))) break;
    const longer = tellingOf(lineage, path, told.first - 1, because);
    if (longer === null || longer.bytes > maxToldBytes) break;
    told = longer;
  }
  // The nearest to the present count most; a branch is told from where it leaves on.
  const ends = [...because];
  for (const branch of [...lineage.values()].reverse()) {
    if (told.bytes > maxToldBytes) break;
    if (told.beside.has(branch) || path.includes(branch)) continue;
    const more = tellingOf(lineage, path, told.first, [...ends, branch]);
    if (more === null || more.first < told.first || more.bytes > maxToldBytes) continue;
    told = more;
    ends.push(branch);
  }
  const history = inOrder(lineage, [...path.slice(told.first), ...told.beside]).map(({ signed }) => signed);
  const { roster, name } = at(told.first);
  return { base: { roster, name }, history };
}

/** By number; but each after what it carries out, as it is not valid before. The first is believed. */
function inOrder(lineage: Lineage, [first, ...others]: readonly Generation[]): Generation[] {
  const todo = new Set(others.sort((a, b) => a.record.number - b.record.number));
  const ordered: Generation[] = first === undefined ? [] : [first];
  const place = (each: Generation | null | undefined) => {
    if (!each || !todo.delete(each)) return;
    place(each.parent);
    for (const id of each.record.because) place(lineage.get(bytesKey(id)));
    ordered.push(each);
  };
  for (const each of todo) place(each);
  return ordered;
}

/**
 * The removals that agreements on a tip can carry out: standing ones that are not on its path, those first that take the
 * least to tell. One whose branch is too long to be told is none of them.
 */
export function dueRemovals(lineage: Lineage, tip: Generation): Pending[] {
  const path = pathTo(tip);
  return new Rule(lineage)
    .pending(tip)
    .map((pending) => ({ pending, bytes: carriedBytes(lineage, path, [pending.removal]) }))
    .filter(({ bytes }) => bytes <= maxBodyBytes)
    .sort((a, b) => a.bytes - b.bytes)
    .map(({ pending }) => pending);
}

/** Whether one agreement on a tip can tell of all these removals, however many members it has. */
export function canCarry(lineage: Lineage, tip: Generation, removals: readonly Generation[]): boolean {
  return carriedBytes(lineage, pathTo(tip), removals) <= maxBodyBytes;
}

/** How large an agreement may become that carries out removals at the end of a path. */
function carriedBytes(lineage: Lineage, path: readonly Generation[], removals: readonly Generation[]): number {
  const told = tellingOf(lineage, path, path.length - 1, removals);
  if (told === null) return Number.POSITIVE_INFINITY;
  const members = Math.max(...[told.first, path.length - 1].map((index) => path[index]?.roster.length ?? 0));
  return told.bytes + members * memberBytes + otherBytes;
}

/** Records that can be checked by whoever believes the first of them. */
interface Telling {
  /** Where on the path they begin. */
  readonly first: number;
  /** Those that are not on the path. */
  readonly beside: ReadonlySet<Generation>;
  readonly bytes: number;
}

/**
 * What has to be told for the end of a path and for other generations: the path from some place on, or from where the first
 * of these leaves it; they themselves from there on; and the same of all that is carried out on the way, as no carry is
 * valid without. Null if not all of it is known here any more.
 */
function tellingOf(
  lineage: Lineage,
  path: readonly Generation[],
  from: number,
  ends: readonly Generation[],
): Telling | null {
  const offset = path[0]?.record.number ?? 0;
  const indexOf = (each: Generation) => {
    const index = each.record.number - offset;
    return path[index] === each ? index : -1;
  };
  const beside = new Set<Generation>();
  const todo: (Generation | undefined)[] = [...ends];
  const carriedBy = ({ record }: Generation) => record.because.map((id) => lineage.get(bytesKey(id)));
  let first = from;
  let checked = path.length;
  for (;;) {
    // The first one is believed.
    while (checked > first + 1) todo.push(...carriedBy(path[--checked] as Generation));
    if (todo.length === 0) break;
    const end = todo.pop();
    if (end === undefined) return null;
    // A removal is one by its parent: it cannot be the first.
    let at = indexOf(end) < 0 ? end : end.parent;
    while (at !== null && indexOf(at) < 0 && !beside.has(at)) {
      beside.add(at);
      todo.push(...carriedBy(at));
      at = at.parent;
    }
    if (at === null) return null;
    if (!beside.has(at)) first = Math.min(first, indexOf(at));
  }
  const bytes = [...path.slice(first), ...beside].reduce((sum, each) => sum + sizeOf(each), 0);
  return { first, beside, bytes };
}

const sizeOf = ({ signed }: Generation) => signed.record.length + signed.signature.length + 8;

function refused(detail: string): CliquetError {
  return new CliquetError('agreement-invalid', detail);
}
