// What must be true in the end of a story, however it went.

import { tables } from '../../client/state/records.ts';
import { bytesKey } from '../../client/wire/bytes.ts';
import type { Heard, Phone } from './phone.ts';

export interface Said {
  readonly text: string;
  readonly author: string;
  readonly at: number;
}

/** What a story knows of everybody. */
export interface World {
  readonly phones: ReadonlyMap<string, Phone>;
  readonly dead: ReadonlySet<string>;
  readonly said: readonly Said[];
  /** Whether the relay has dropped messages without a word. */
  readonly vanishes: boolean;
}

/** The members who are in the group as others know it, and in what they differ. */
export function compareViews(members: readonly Phone[]): { inGroup: ReadonlySet<Phone>; diverged: string[] } {
  const diverged: string[] = [];
  const views = members.map((phone) => ({ phone, view: viewOf(phone) }));
  const inGroup = new Set(
    members.filter(({ hrid }) => views.some((each) => each.phone.hrid !== hrid && each.view.roster.includes(hrid))),
  );
  const [first, ...others] = views.filter(({ phone }) => inGroup.has(phone));
  for (const { phone, view } of others) {
    const isSame = first !== undefined && JSON.stringify(view) === JSON.stringify(first.view);
    if (!isSame) diverged.push(`${phone.name} and ${first?.phone.name}: ${JSON.stringify([view, first?.view])}`);
  }
  // Who was removed and does not know it shares no key any more with anybody who could say so.
  for (const phone of members.filter((each) => !inGroup.has(each) && inGroup.size > 0)) {
    const knows = [...inGroup].find((each) => keysOf(each).some((key) => keysOf(phone).includes(key)));
    if (knows !== undefined) diverged.push(`${phone.name} is not told by ${knows.name} that it is out`);
  }
  return { inGroup, diverged };
}

/** What was shown twice. */
export function doubledFor({ name, shown }: Phone): string[] {
  return shown.filter((text, i) => shown.indexOf(text) < i).map((text) => `${name} was shown '${text}' twice`);
}

/** What a member should have been shown, and was neither shown nor told to have missed. */
export async function lostFor(phone: Phone, world: World): Promise<string[]> {
  const seen = new Set(phone.shown);
  const told = new Map<string, number>();
  const count = (sender: string, number: number) => told.set(sender, (told.get(sender) ?? 0) + number);
  for (const event of phone.events) {
    if (event.type === 'missed') count(bytesKey(event.sender), event.count);
    if (event.type === 'refused') count(bytesKey(event.sender), 1);
    // Of a sender who has left or died, the relay knows that something is lost, and nobody how much.
    if (event.type === 'gap') count(bytesKey(event.sender), Number.POSITIVE_INFINITY);
  }
  // Up to then, all is lost as a whole: it is told that it was let in again with nothing, or was out.
  const isWhole = (event: Heard) =>
    event.type === 'removed' ||
    event.type === 'invited' ||
    (event.type === 'returned' && bytesKey(event.member) === phone.hrid && !event.whole);
  const lostUpTo = Math.max(-1, ...phone.events.filter(isWhole).map(({ at }) => at));
  const lost: string[] = [];
  for (const { text, author, at } of world.said) {
    if (author === phone.name || seen.has(text) || at <= lostUpTo) continue;
    if (phone.forgotten.has(text)) continue;
    const speaker = world.phones.get(author);
    if (!speaker?.sealedFor.get(text)?.has(phone.hrid)) continue;
    // What an older copy of its author's store does not know was lost with the newer one.
    if (!(await speaker.said()).has(text)) continue;
    // Nothing is listened to of somebody whose removal is known, however long ago it was said.
    if (speaker.group?.status === 'removed') continue;
    const isGone = world.dead.has(author) || speaker.group?.status !== 'active';
    // What a lying relay drops of somebody who never comes back, nobody can know of.
    if (isGone && world.vanishes) continue;
    const left = told.get(speaker.hrid) ?? 0;
    if (left > 0) told.set(speaker.hrid, left - 1);
    else lost.push(`${phone.name} was not shown '${text}'`);
  }
  return lost;
}

/** The generations of which a client has the export secret. */
function keysOf({ client }: Phone): string[] {
  return [...client.state.all(tables.ratchets), ...client.state.all(tables.exports)].map(({ key }) => key);
}

interface View {
  readonly generation: string;
  readonly name: string;
  readonly roster: readonly string[];
  readonly safetyNumber: string;
}

function viewOf({ group, client }: Phone): View {
  const [record] = client.state.all(tables.groups);
  if (group === undefined || record === undefined) throw new TypeError('expected a group');
  const { generation } = record.value;
  const roster = group.members.map(({ hrid }) => hrid);
  return { generation: bytesKey(generation), name: group.name, roster, safetyNumber: group.safetyNumber() };
}
