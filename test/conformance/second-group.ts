// A second opinion on docs/PROTOCOL.md, section 11: accepting an agreement, and the notice of a removal.
// It follows the lineage as far as it is one line: of generations that compete (section 12) it takes the one of the
// greatest number. It refuses carries, answers to requests (it makes none), and all that section 11 refuses.
import { ml_kem768_x25519 as xwing } from '@noble/post-quantum/hybrid.js';
import { type Entry, Generation, type Origin, originKey } from './second-ratchet.ts';
import {
  at,
  type Bytes,
  bytes,
  check,
  decode,
  dh,
  either,
  encode,
  H,
  hex,
  type Identity,
  is,
  join,
  kdf,
  leafOf,
  list,
  type Of,
  openWith,
  orNull,
  random,
  refuse,
  same,
  struct,
  text,
  uint,
  upTo,
  type Value,
  validKey,
  verify,
} from './second-wire.ts';

const Role = is('admin', 'member');
const RosterEntry = struct(bytes(32), bytes(32), orNull(bytes(32)), Role);
const Operation = struct(
  list(uint, 256),
  list(struct(uint, Role), 256),
  list(struct(bytes(32), bytes(32), Role), 256),
  orNull(text(128)),
);
const Record = struct(
  bytes(32),
  orNull(bytes(32)),
  uint,
  bytes(32),
  bytes(32),
  Operation,
  list(bytes(32), 256),
  bytes(32),
  bytes(32),
);
const SignedRecord = struct(upTo(32768), bytes(64));
const Base = struct(list(RosterEntry, 256, 1), text(128));
const LeafOrigin = either(struct(is(0)), struct(is(1), bytes(32)), struct(is(2), bytes(32), uint));
const Held = struct(bytes(32), orNull(list(uint, 256, 1)));
const Details = struct(
  orNull(Base),
  list(SignedRecord, 512),
  list(struct(bytes(32), LeafOrigin), 256, 1),
  list(struct(uint, orNull(Held)), 256),
);
const Body = struct(SignedRecord, upTo(131072));
const Header = struct(orNull(bytes(32)), orNull(bytes(1120)), orNull(LeafOrigin), orNull(bytes(32)), bytes(48));
const Notice = struct(list(SignedRecord, 512, 1));
export const Envelope = either(
  struct(is(0), bytes(32), bytes(24), orNull(bytes(32)), upTo(131072)),
  struct(is(1), bytes(16), bytes(24), upTo(4096), upTo(128), upTo(131072)),
  struct(is(2), bytes(16), bytes(24), upTo(131072)),
  struct(is(3), bytes(24), upTo(131072)),
);
type Agreement = Extract<Of<typeof Envelope>, { 0: 0 }>;

/** A record that is valid, and what it makes of its parent. */
interface Known {
  id: Bytes;
  parent: Bytes | null;
  number: number;
  author: Bytes;
  roster: Entry[];
  name: string;
  /** Entries that somebody else has removed. */
  removed: Entry[];
}
type Lineage = Map<string, Known>;

interface Package {
  leafSecret: Bytes;
  kemSeed: Bytes;
  until: number;
  oneTime: boolean;
}

export interface Group {
  id: Bytes;
  lineage: Lineage;
  generations: Generation[];
  tip: Generation;
  name: string;
  /** Not shown and not spoken in until the person accepts. */
  invited: boolean;
  /** Removed from it. */
  out: boolean;
}

export interface Me extends Identity {
  contacts: Map<string, Bytes>;
  packages: Map<string, Package>;
  groups: Map<string, Group>;
}

const INVALID = 'agreement-invalid';
const none = new Uint8Array();
const recordId = (record: Bytes): Bytes => H('agreement id', record);
const sameEntry = (a: Entry, b: Entry): boolean => same(a.hrid, b.hrid) && same(a.joined, b.joined);
const generationsOf = (me: Me): Generation[] => [...me.groups.values()].flatMap(({ generations }) => generations);

function rosterDigest(id: Bytes, roster: Entry[]): Bytes {
  const entries = roster.map(({ hrid, pk, joined, role }): Value => [hrid, pk, same(joined, id) ? null : joined, role]);
  return H('roster', encode([entries]));
}

/** The record on top of what is known: null if its parent is unknown, refused if it is not valid. */
function follow(lineage: Lineage, group: Bytes, [encoded, signature]: Of<typeof SignedRecord>): Known | null {
  const [ofGroup, parentId, number, author, digest, operation, because] = decode(encoded, Record);
  const id = recordId(encoded);
  check(same(ofGroup, group), INVALID);
  const parent = parentId === null ? null : lineage.get(hex(parentId));
  if (parent === undefined || (parent === null && lineage.size > 0)) return null;
  const [removed, roles, added, name] = operation;
  const before = parent?.roster ?? [];
  const touched = [...removed, ...roles.map(([position]) => position)];
  check(new Set(touched).size === touched.length && touched.every((p) => p < before.length), INVALID);
  check(
    roles.every(([p, role]) => at(before, p).role !== role),
    INVALID,
  );
  const changed = new Map(roles);
  const kept = before.map((entry, p) => ({ ...entry, role: changed.get(p) ?? entry.role }));
  const newcomers = added.map(([hrid, pk, role]) => ({ hrid, pk, role, joined: id }));
  const roster = [...kept.filter((_, p) => !removed.includes(p)), ...newcomers];
  check(roster.length >= 1 && roster.length <= 256, INVALID);
  for (const field of ['hrid', 'pk'] as const) {
    check(new Set(roster.map((entry) => hex(entry[field]))).size === roster.length, INVALID);
  }
  check(
    newcomers.every(({ pk }) => validKey(pk)),
    INVALID,
  );
  check(same(rosterDigest(id, roster), digest) && because.length === 0, INVALID);
  const position = (parent === null ? roster : before).findIndex(({ hrid }) => same(hrid, author));
  const writer = at(parent === null ? roster : before, position);
  check(verify('agreement', encoded, signature, writer.pk), INVALID);
  if (parent === null) {
    check(number === 0 && roster.length >= 2 && writer.role === 'admin' && name !== null, INVALID);
  } else {
    check(number === parent.number + 1, INVALID);
    const hit = [...removed, ...roles.flatMap(([p, role]) => (role === 'member' ? [p] : []))];
    const unchanged = touched.length === 0 && added.length === 0;
    const leaves = touched.length === 1 && touched[0] === position && hit.length === 1 && added.length === 0;
    const byAdmin = writer.role === 'admin' && hit.every((p) => p >= position);
    check(unchanged || leaves || byAdmin, INVALID);
  }
  return {
    id,
    parent: parentId,
    number,
    author,
    roster,
    name: name ?? parent?.name ?? '',
    removed: removed.filter((p) => p !== position).map((p) => at(before, p)),
  };
}

/** What is known with what a history tells. */
function learn(
  known: Lineage,
  group: Bytes,
  base: Of<typeof Base> | null,
  history: Of<typeof SignedRecord>[],
): Lineage {
  const lineage = new Map(known);
  history.forEach((signed, index) => {
    const id = recordId(signed[0]);
    if (lineage.has(hex(id))) return;
    if (index === 0 && base !== null && lineage.size === 0) {
      const [ofGroup, parent, number, author, digest] = decode(signed[0], Record);
      const roster = base[0].map(([hrid, pk, joined, role]) => ({ hrid, pk, joined: joined ?? refuse(INVALID), role }));
      check(same(ofGroup, group) && same(rosterDigest(id, roster), digest), INVALID);
      check(
        roster.every(({ pk }) => validKey(pk)),
        INVALID,
      );
      lineage.set(hex(id), { id, parent, number, author, roster, name: base[1], removed: [] });
      return;
    }
    const next = follow(lineage, group, signed);
    if (next !== null) lineage.set(hex(id), next);
  });
  return lineage;
}

/** The contribution of a member of the group that an origin names, if it is still here. */
function contributionAt(generations: Generation[], hrid: Bytes, origin: Origin) {
  for (const { roster, members } of generations) {
    const p = roster.findIndex((entry) => same(entry.hrid, hrid));
    const found = members[p]?.contributions.find((one) => originKey(one.origin) === originKey(origin));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The generation that the agreement opens, in its group; null if it is here already. */
export function accept(me: Me, sender: Bytes, encodedHeader: Bytes, envelope: Agreement) {
  const [, id, nonce, ephemeral, sealed] = envelope;
  const generations = generationsOf(me);
  if (generations.some((generation) => same(generation.id, id))) return null;
  const [packageId, ciphertext, leafOrigin, exportId, sealedG] = decode(encodedHeader, Header);
  check((packageId === null) === (ciphertext === null) && (packageId !== null || leafOrigin !== null), INVALID);
  const exporting = generations.find((generation) => exportId !== null && same(generation.id, exportId));
  check(exportId === null || exporting !== undefined, 'keys-gone');
  const own = packageId === null ? undefined : me.packages.get(hex(packageId));
  const secrets: Bytes[] = [];
  if (packageId !== null && ciphertext !== null) {
    check(own !== undefined && own.until * 1000 > Date.now(), 'package-gone');
    secrets.push(xwing.decapsulate(ciphertext, own.kemSeed));
  }
  let leafSecret = own?.leafSecret;
  let origin: Origin = [id, 0];
  if (leafOrigin !== null) {
    check(leafOrigin[0] === 2 && ephemeral !== null, INVALID);
    origin = [leafOrigin[1], leafOrigin[2]];
    leafSecret = contributionAt(generations, me.hrid, origin)?.secret ?? refuse('keys-gone');
    secrets.push(dh(leafSecret, ephemeral));
  }
  if (exporting !== undefined) secrets.push(exporting.exportSecret);
  const context = [id, me.hrid, me.pk, packageId ?? none, leafOrigin ? encode(leafOrigin) : none, exportId ?? none];
  const g = openWith(kdf(join(...secrets), 'agreement header', context), nonce, sealedG, INVALID);
  const first = kdf(g, 'generation', [id]);
  const body = openWith(kdf(first, 'agreement body', [id]), nonce, sealed, INVALID);
  const [signed, encodedDetails] = decode(body, Body);
  const [group, parent, , author, , operation, , commitment, detailsHash] = decode(signed[0], Record);
  check(same(recordId(signed[0]), id) && same(H('agreement secret commitment', g), commitment), INVALID);
  check(same(H('details', encodedDetails), detailsHash) && same(author, sender), INVALID);
  const [base, history, leaves, returned] = decode(encodedDetails, Details);

  const here = me.groups.get(hex(group));
  const isContact = me.contacts.has(hex(author));
  check(exporting === undefined || same(exporting.group, group), INVALID);
  if (here !== undefined) {
    const isAdded = operation[2].some(([hrid]) => same(hrid, me.hrid));
    check(base !== null && (here.out ? isContact : isAdded || exporting !== undefined), INVALID);
  }
  const lineage = learn(here?.lineage ?? new Map(), group, base, history);
  const known = follow(lineage, group, signed) ?? refuse(INVALID);
  lineage.set(hex(id), known);
  const { roster, name, number } = known;
  const self = roster.findIndex(({ hrid, pk }) => same(hrid, me.hrid) && same(pk, me.pk));
  check(self >= 0 && !same(author, me.hrid), INVALID);
  for (const { hrid, pk } of roster) {
    const heard = here?.tip.roster.find((entry) => same(entry.hrid, hrid));
    check(same(me.contacts.get(hex(hrid)) ?? heard?.pk ?? pk, pk), 'identity-conflict');
  }

  const back = returned.map(([position]) => position);
  const changes = operation.some((part) => part !== null && part.length > 0);
  check(back.length === 0 || (!changes && operation[3] === null && parent !== null), INVALID);
  check(new Set(back).size === back.length && back.every((p) => !same(at(roster, p).hrid, author)), INVALID);
  check(leaves.length === roster.length, INVALID);
  const named = leaves.map(([leaf, from], p) => {
    const { hrid, joined } = at(roster, p);
    const kind = same(hrid, author) ? 0 : same(joined, id) || back.includes(p) ? 1 : 2;
    check(from[0] === kind, INVALID);
    const called: Origin = from[0] === 2 ? [from[1], from[2]] : [id, 0];
    const leafHere = from[0] === 2 ? contributionAt(generations, hrid, called)?.leaf : undefined;
    check(same(leafHere ?? leaf, leaf), INVALID);
    dh(random(32), leaf);
    return { leaf, origin: called };
  });
  const [ownLeaf, ownOrigin] = at(leaves, self);
  const expected = leafOrigin ?? [1, packageId ?? none];
  check(leafSecret !== undefined && same(leafOf(leafSecret), ownLeaf), INVALID);
  check(same(encode(expected), encode(ownOrigin)), INVALID);

  if (packageId !== null && own?.oneTime) me.packages.delete(hex(packageId));
  const opening = { id, group, number, roster, self, first, leaves: named, ownSecret: leafSecret };
  const generation = new Generation(opening);
  const before = here?.out ? undefined : here;
  const tip = before === undefined || before.tip.number < number ? generation : before.tip;
  const next: Group = {
    id: group,
    lineage,
    generations: [...(here?.generations ?? []), generation],
    tip,
    name: lineage.get(hex(tip.id))?.name ?? name,
    invited: before?.invited ?? (here !== undefined || !isContact),
    out: false,
  };
  me.groups.set(hex(group), next);
  const contributes = leafOrigin === null || packageId === null || !own?.oneTime;
  return { group: next, generation, isNew: before === undefined, contributes };
}

/** Takes in the notice that this client was removed: the group that it is out of, or null if it is for nothing here. */
export function acceptNotice(me: Me, [, prefix, nonce, sealed]: Extract<Of<typeof Envelope>, { 0: 2 }>): Group | null {
  const generation = generationsOf(me).find(({ id }) => same(id.subarray(0, 16), prefix));
  const group = generation && me.groups.get(hex(generation.group));
  if (generation === undefined || group === undefined) return null;
  const [records] = decode(openWith(kdf(generation.exportSecret, 'notice'), nonce, sealed, INVALID), Notice);
  group.lineage = learn(group.lineage, group.id, null, records);
  const newest = [...group.lineage.values()].reduce((a, b) => (b.number > a.number ? b : a));
  group.out = !newest.roster.some(({ hrid }) => same(hrid, me.hrid));
  return group.out ? group : null;
}

/** Whether nothing more is listened to of a member: somebody else has removed it. */
export const isRemoved = ({ lineage }: Group, entry: Entry): boolean =>
  [...lineage.values()].some(({ removed }) => removed.some((gone) => sameEntry(gone, entry)));
