// What happened in a group, in English: the lines of its conversation. Names come isolated; `you` stands for the person.

import { isolate } from './isolate.ts';

/** Somebody, and whether it is the person who reads. */
export interface Who {
  readonly name: string;
  readonly isYou: boolean;
}

const who = ({ name, isYou }: Who) => (isYou ? 'You' : isolate(name));
const has = ({ isYou }: Who) => (isYou ? 'have' : 'has');

export const storyEn = {
  founded: 'You have founded this group.',
  invited: (by: Who, count: number) => `${who(by)} invited you into this group of ${count}.`,
  joined: (by: Who, count: number) => `${who(by)} ${has(by)} put you into this group of ${count}.`,
  added: (by: Who, names: string) => `${who(by)} added ${names}.`,
  removed: (by: Who, names: string) => `${who(by)} removed ${names}.`,
  left: (by: Who) => `${who(by)} left.`,
  promoted: (by: Who, names: string) => `${who(by)} made ${names} an admin.`,
  demoted: (by: Who, names: string) => `${who(by)} made ${names} an ordinary member.`,
  steppedDown: (by: Who) => `${who(by)} stepped down as an admin.`,
  renamed: (by: Who, name: string) => `${who(by)} named the group “${isolate(name.replace(/[“”«»]/g, '"'))}”.`,
  carried: (names: string) => `The removal of ${names} was carried out.`,
  undone:
    'Another change got ahead of this one, so it does not count; it is made again by itself if that is still allowed.',
  verifyAgain: 'Who is in the group has changed, and so has the safety number.',
  returnedYou: (by: Who | null, whole: boolean) => {
    if (by === null) return 'Your removal does not count: another change got ahead of it. You are in the group again.';
    const what = whole ? 'with all that was there before' : 'with new keys: what was said before cannot be read here';
    return `You are in this group again, ${what}. ${isolate(by.name)} let you in.`;
  },
  returnedWhole: (name: string, by: Who) => `${isolate(name)} is back. ${who(by)} ${has(by)} let them in.`,
  returnedNew: (name: string, by: Who) =>
    `${isolate(name)} is back without the earlier keys, as after the loss of a device. ${who(by)} ${has(by)} let them in. Not sure that it is them? Ask on another way, and compare the safety number.`,
  asks: (name: string) =>
    `${isolate(name)} asks to be let in again, as after the loss of a device. Whoever has their recovery phrase could be it: ask them on another way first.`,
  missed: (name: string, count: number) =>
    count === 1
      ? `A message of ${isolate(name)} is lost for good. Ask them to say it again.`
      : `${count} messages of ${isolate(name)} are lost for good. Ask them to say them again.`,
  outYou: 'You have left this group.',
  out: (by: Who) => `${who(by)} ${has(by)} removed you from this group.`,
  timerOff: (by: Who) => `${who(by)} ${by.isYou ? 'let' : 'lets'} messages stay from now on.`,
  timer: (by: Who, duration: string) => `${who(by)} ${by.isYou ? 'let' : 'lets'} messages disappear after ${duration}.`,
  verified: 'You have compared the safety number: everybody here is verified.',
  unverified: 'You have taken the marks of verification back.',
  unreached: (names: string) =>
    `Something did not reach ${names}: not registered any more, not taking anything from you, or away for too long. Who misses it asks to be let in again; who does not see this group at all has to be removed and added again.`,
  refusedBy: (names: string) =>
    `A message of yours does not reach ${names}: not registered, not taking anything from you, or too much waits for them. Ask them on another way to connect.`,
  failed: (reason: string) => `A message of yours was not sent. ${reason}`,
  gap: (name: string, reason: 'expired' | 'full' | 'withdrawn') =>
    `Messages of ${isolate(name)} will never come: ${
      {
        expired: 'they waited too long for this device. Connect more often, and ask for what matters to be said again.',
        full: 'too many were waiting for this device. Connect more often, and ask for what matters to be said again.',
        withdrawn: 'they have unregistered. Ask them on another way to register again.',
      }[reason]
    }`,
  cloneYou:
    'Another device uses the same keys as this one: a copy of this store. The others take nothing more of either until the group has new keys. If the copy is yours, use one of the two only. If not, somebody has copied your store: register anew, and have this device removed from your groups.',
  clone: (name: string) =>
    `Two devices use the keys of ${isolate(name)}: one of them is a copy. Nothing more of either is taken until the group has new keys. Ask ${isolate(name)} on another way: if both are theirs, they should use one only. If not, somebody has copied the device: have them removed.`,
  fork: (name: string) =>
    `${isolate(name)} was given other messages than you. Compare on another way what was said. What you say here may wait until this device is let in again, which it asks for by itself.`,
  rolledBack:
    'What is kept here is older than what was sent from it, and what you have said since is missing here. Nothing is sent in this group until its members have let this device in again, which it asks for by itself.',
  refused: (name: string, reason: string) => `Something from ${isolate(name)} was passed over. ${reason}`,
  /** Where something can be done about it. */
  compare: 'Compare it',
  seeMembers: 'See the members',
  deletedMessage: 'A message was deleted',
  sentFile: (name: string) => `File: ${isolate(name)}`,
  sentOther: 'A message for another program',
};
