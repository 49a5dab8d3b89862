// What must be true in the end of a story, however it went.

import { pathTo } from '../../client/protocol/lineage.ts';
import { loadLineage } from '../../client/state/lineages.ts';
import { tables } from '../../client/state/records.ts';
import { type Bytes, bytesKey } from '../../client/wire/bytes.ts';
import type { ErrorCode } from '../../client/wire/errors.ts';
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

/** What a content is refused with; other codes are of agreements and requests. */
const contentCodes: readonly ErrorCode[] = ['message-refused', 'too-far-ahead'];

/** What a member should have been shown, and was neither shown nor told to have missed. */
export async function lostFor(phone: Phone, world: World): Promise<string[]> {
  const seen = new Set(phone.shown);
  const told = toldBy(phone);
  const lostUpTo = lostWholeUpTo(phone);
  const lost: string[] = [];
  // The newest first: what is told as missed was said before.
  for (const { text, author, at } of world.said.toReversed()) {
    if (author === phone.name || seen.has(text) || at <= lostUpTo) continue;
    if (phone.forgotten.has(text)) continue;
    const speaker = world.phones.get(author);
    const sealed = speaker?.sealedFor.get(text);
    if (!speaker || !sealed?.members.has(phone.hrid)) continue;
    // What an older copy of its author's store does not know was lost with the newer one.
    if (!(await speaker.said()).has(text)) continue;
    const isGone = world.dead.has(author) || speaker.group?.status !== 'active';
    // What a lying relay drops of somebody who never comes back, nobody can know of.
    if (isGone && world.vanishes) continue;
    // What a newer store had taken in, and not shown, went with it: that such a thing may be is told with the rollback.
    if (isGone && phone.events.some((event) => event.type === 'rolled-back' && event.at >= at)) continue;
    // Nothing more is listened to of somebody whose removal is known, whether it knows of that itself or not.
    if (isOutFor(phone, speaker.hrid, sealed.at)) continue;
    if (!told.take(speaker.hrid, at)) lost.push(`${phone.name} was not shown '${text}'`);
  }
  return lost;
}

/** What somebody was told to have missed of others. */
function toldBy({ events }: Phone) {
  const taken = new Map<string, number>();
  const count = (event: Heard, sender: string) => {
    const isOf = 'sender' in event && bytesKey(event.sender) === sender;
    if (!isOf) return 0;
    if (event.type === 'missed') return event.count;
    if (event.type === 'refused') return contentCodes.includes(event.code) ? 1 : 0;
    // Of a sender who has left or died, the relay knows that something is lost, and nobody how much.
    return event.type === 'gap' ? Number.POSITIVE_INFINITY : 0;
  };
  return {
    /** Whether one content more of a sender is told than were asked for, each told after it was said. */
    take: (sender: string, at: number): boolean => {
      const all = events.filter((event) => event.at >= at).reduce((sum, event) => sum + count(event, sender), 0);
      const before = taken.get(sender) ?? 0;
      if (before >= all) return false;
      taken.set(sender, before + 1);
      return true;
    },
  };
}

/** Up to then, all is lost as a whole: somebody is told that it was let in again with nothing, or was out. */
function lostWholeUpTo({ events, hrid }: Phone): number {
  const isWhole = (event: Heard) =>
    event.type === 'removed' ||
    event.type === 'invited' ||
    (event.type === 'returned' && bytesKey(event.member) === hrid && !event.whole);
  return Math.max(-1, ...events.filter(isWhole).map(({ at }) => at));
}

/**
 * Whether the last that somebody was told of a member up to then is that it is out, and that was not taken back; or, if it
 * was never told of it, whether it stands nowhere in what counts: it was only ever in a branch that was void before it was
 * known here.
 * @param at  seconds since 1970
 */
function isOutFor({ events, client }: Phone, hrid: string, at: number): boolean {
  const isIt = (hrids: readonly Bytes[]) => hrids.some((each) => bytesKey(each) === hrid);
  const words = events.flatMap((event) => {
    if (event.type !== 'changed') return [];
    const { added, removed, undone } = event;
    if (isIt(undone ? added : removed)) return [{ at: event.at, isIn: false, undone }];
    return isIt(undone ? removed : added) ? [{ at: event.at, isIn: true, undone }] : [];
  });
  const isBack = words.some((word) => word.at > at && word.isIn && word.undone);
  if (words.length > 0) return !isBack && words.findLast((word) => word.at <= at)?.isIn === false;
  const [group] = client.state.all(tables.groups);
  const tip = group && loadLineage(client.state, group.value.id).get(bytesKey(group.value.generation));
  return tip !== undefined && !pathTo(tip).some(({ roster }) => isIt(roster.map((each) => each.hrid)));
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
