// What comes after a group's founding: further generations for people whose states and lineage are known.

import { tellHistory } from '../../client/protocol/history.ts';
import type { Generation, Lineage } from '../../client/protocol/lineage.ts';
import { type Access, type OpenedGeneration, openGeneration } from '../../client/protocol/opening.ts';
import { namedContribution, type Ratchet } from '../../client/protocol/ratchet.ts';
import { type Bytes, bytesKey, sameBytes } from '../../client/wire/bytes.ts';
import { AgreementHeader } from '../../client/wire/envelope.ts';
import type { Details, Operation } from '../../client/wire/record.ts';
import { at } from './chat.ts';
import {
  acceptedByAll,
  curves,
  deliver,
  type Founding,
  foundTestGroup,
  newcomerAccess,
  nothing,
  type Person,
  sealText,
  startOfTime,
} from './group.ts';
import type { SeededRandom } from './random.ts';

/** What the next generation of a test group is to be. */
export interface NextPlan extends Partial<Pick<Details, 'returned'>> {
  readonly operation?: Partial<Operation>;
  readonly because?: readonly Generation[];
  readonly newcomers?: readonly Person[];
  /** Changes what g is sealed with for somebody. */
  readonly access?: (access: Access, person: Person) => Access;
  /** What the author knows, if it is more than the group does. */
  readonly lineage?: Lineage;
}

/** A member opens the next generation, each of the others having accepted the present one. */
export async function openNext(
  random: SeededRandom,
  group: Omit<Founding, 'body' | 'headers'>,
  author: number,
  plan: NextPlan = {},
): Promise<OpenedGeneration> {
  const { generation, ratchets } = group;
  const { operation, because = [], newcomers = [], returned = [], access = same, lineage = group.lineage } = plan;
  const own = at(ratchets, author);
  const accesses = new Map<string, Access>();
  for (const person of newcomers) {
    accesses.set(bytesKey(person.hrid), access(await newcomerAccess(person), person));
  }
  const known = group.people.map(async (person, position) => {
    const { package: claimed } = await newcomerAccess(person);
    const exportSecret = { generation: own.generation, secret: own.exportSecret };
    return [
      bytesKey(person.hrid),
      access({ package: claimed, leaf: leafOf(own, position), exportSecret }, person),
    ] as const;
  });
  for (const [key, value] of await Promise.all(known)) accesses.set(key, value);
  return openGeneration(curves, random.bytes, at(group.people, author), {
    group: own.group,
    parent: generation,
    operation: { ...nothing, ...operation },
    because,
    ...tellHistory(lineage, generation, because, () => true),
    returned,
    chainKey: own.members[author]?.chainKey ?? null,
    accesses,
    now: startOfTime,
  });
}

const same = <T>(value: T): T => value;

/** The newest leaf of a member that somebody knows. */
export function leafOf(ratchet: Ratchet, position: number): NonNullable<Access['leaf']> {
  const member = at(ratchet.members, position);
  const { from, leaf } = namedContribution(member, member.opened);
  const isInherited = from === 0 && member.firstLeaf.type === 'contribution';
  const made = { type: 'contribution', generation: ratchet.generation, from } as const;
  return { key: leaf, origin: isInherited && member.firstLeaf.type === 'contribution' ? member.firstLeaf : made };
}

/** The next generation of a test group, accepted by everybody in it. */
export async function nextTestGroup(
  random: SeededRandom,
  group: Founding,
  author: number,
  plan: NextPlan = {},
): Promise<Founding> {
  const opened = await openNext(random, group, author, plan);
  const everybody = [...group.people, ...(plan.newcomers ?? [])];
  const people = opened.generation.roster.map(
    ({ hrid }) => everybody.find((person) => sameBytes(person.hrid, hrid)) as Person,
  );
  return acceptedByAll(people, group.people, author, opened, group.ratchets, group.lineage);
}

/** Everybody says something, and hears what the others say. */
export async function talkInTestGroup(random: SeededRandom, group: Founding): Promise<Founding> {
  const ratchets = [...group.ratchets];
  for (const [sender, speaker] of group.people.entries()) {
    const { ratchet, body, headers } = await sealText(random, speaker, at(ratchets, sender), `from ${sender}`);
    ratchets[sender] = ratchet;
    for (const recipient of ratchets.keys()) {
      if (recipient === sender) continue;
      ratchets[recipient] = (await deliver(at(ratchets, recipient), sender, at(headers, recipient), body)).ratchet;
    }
  }
  return { ...group, ratchets };
}

/** Four, the first two of them admins, who have all said something in their second generation. */
export async function fourWhoTalked(random: SeededRandom): Promise<Founding> {
  const founded = await foundTestGroup(random, 4);
  const promoted = await nextTestGroup(random, founded, 0, {
    operation: { roles: [{ position: 1, role: 'admin' }] },
  });
  return talkInTestGroup(random, promoted);
}

/** Which of a package, a leaf and X a header is keyed with; nothing for the author. */
export function keyedWith(header: Bytes): string {
  if (header.length === 0) return '';
  const { package: claimed, leaf, exportGeneration } = AgreementHeader.decode(header);
  return [claimed && 'package', leaf && 'leaf', exportGeneration && 'X'].filter((each) => each !== null).join(' ');
}
