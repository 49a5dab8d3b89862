// The history that an agreement tells: signed records from some earlier generation on. Whoever knows one of them checks
// all that follow; a newcomer believes the member who has let it in about the first one, and checks the rest.

import type { Curves } from '../crypto/curves.ts';
import { verifyLabeled } from '../crypto/sign.ts';
import { type Bytes, bytesKey, sameBytes } from '../wire/bytes.ts';
import { CliquetError } from '../wire/errors.ts';
import { type Base, Record, type SignedRecord } from '../wire/record.ts';
import { agreementId } from './agreement.ts';
import {
  firstGeneration,
  type Generation,
  isOnPath,
  type Lineage,
  nextGeneration,
  pathTo,
  positionOf,
} from './lineage.ts';
import { applyOperation, withJoined } from './roster.ts';

/** An agreement tells of so many generations on its path at least, if there are as many. */
const minTold = 32;
/** And of so many bytes of records at most: the newest ones. */
const maxToldBytes = 48 * 1024;

/**
 * The lineage with what a history adds to it. What is before all that is known, or has left before that, is passed over.
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
  const extended = new Map(lineage);
  for (const [i, signed] of history.entries()) {
    const id = agreementId(signed.record);
    if (extended.has(bytesKey(id))) continue;
    const record = Record.decode(signed.record);
    if (!sameBytes(record.group, group)) throw refused('group');
    if (i === 0 && base !== null && extended.size === 0) {
      extended.set(bytesKey(id), firstGeneration(id, signed, record, base.roster, base.name));
      continue;
    }
    const { parent } = record;
    if (parent === null ? extended.size > 0 : !extended.has(bytesKey(parent))) continue;
    extended.set(bytesKey(id), await placeRecord(curves, extended, signed));
  }
  return extended;
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
 * @param because                the removals that the agreement carries out: they are told in any case, as are those
 *   that the told records carry out
 * @param isEverybodyHeardSince  whether all members were heard in a generation or after it
 */
export function tellHistory(
  lineage: Lineage,
  parent: Generation,
  because: readonly Generation[],
  isEverybodyHeardSince: (generation: Generation) => boolean,
): { readonly base: Base; readonly history: readonly SignedRecord[] } {
  const path = pathTo(parent);
  // A removal that was carried out so long ago that it is not known here any more cannot be told, nor what is before it.
  const isUntold = ({ record }: Generation) => record.because.some((id) => !lineage.has(bytesKey(id)));
  const oldest = Math.max(0, path.findLastIndex(isUntold));
  let first = path.length - 1;
  let bytes = sizeOf(parent);
  while (first > oldest) {
    const earlier = path[first - 1] as Generation;
    if (path.length - first >= minTold && isEverybodyHeardSince(path[first] as Generation)) break;
    if (bytes + sizeOf(earlier) > maxToldBytes) break;
    bytes += sizeOf(earlier);
    first--;
  }
  const carriedSince = (base: Generation) => removalsOf(lineage, [parent, ...because], base, because);
  while (
    first > oldest &&
    carriedSince(path[first] as Generation).some((each) => !isOnPath(path[first] as Generation, each))
  )
    first--;
  const base = path[first] as Generation;
  const carried = carriedSince(base);
  const told = new Set(path.slice(first));
  const branches = [...lineage.values()].filter((each) => each !== base && !told.has(each) && isOnPath(base, each));
  // The nearest to the present count most; a branch is told from where it leaves on.
  for (const branch of [...carried, ...branches.toReversed()]) {
    const missing = pathTo(branch).filter((each) => isOnPath(base, each) && !told.has(each));
    const size = missing.reduce((sum, each) => sum + sizeOf(each), 0);
    if (bytes + size > maxToldBytes && !carried.includes(branch)) continue;
    bytes += size;
    for (const each of missing) told.add(each);
  }
  const history = [...told].sort((a, b) => a.record.number - b.record.number).map(({ signed }) => signed);
  return { base: { roster: base.roster, name: base.name }, history };
}

/** The removals that are carried out after a base on the way to some generations: without them, carries are not valid. */
function removalsOf(
  lineage: Lineage,
  ends: readonly Generation[],
  base: Generation,
  carried: readonly Generation[],
): Generation[] {
  const removals = new Set(carried);
  for (const end of ends) {
    const carries = pathTo(end).filter((each) => each.record.because.length > 0 && !isOnPath(each, base));
    for (const removal of carries.flatMap(({ record }) => record.because.map((id) => lineage.get(bytesKey(id))))) {
      if (removal === undefined || removals.has(removal)) continue;
      for (const each of removalsOf(lineage, [removal], base, [...removals, removal])) removals.add(each);
    }
  }
  return [...removals];
}

const sizeOf = ({ signed }: Generation) => signed.record.length + signed.signature.length + 8;

function refused(detail: string): CliquetError {
  return new CliquetError('agreement-invalid', detail);
}
