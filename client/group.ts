// A group as the application sees it.

import { changeGroup } from './courier/changes.ts';
import { mustReturnSince } from './courier/condition.ts';
import { acceptInvitation, declineInvitation } from './courier/invitations.ts';
import { leaveAlone } from './courier/membership.ts';
import type { Registered } from './courier/registered.ts';
import { agreeToReturn, type OpenRequest, openRequests } from './courier/rejoin.ts';
import type { Ratchet } from './protocol/ratchet.ts';
import { hasTwice } from './protocol/roster.ts';
import { safetyNumber } from './protocol/safety-number.ts';
import { assertName, messageId, newMessageId, type Sendable, type SendOptions, toBody } from './sendable.ts';
import { type MemberStage, memberStagesOf, type Stage, stageOf } from './stage.ts';
import { checkContact, putContact } from './state/contacts.ts';
import { findMessages, messagesDue, retireMessages } from './state/history.ts';
import { type HistoryEntry, messageStates, readHistory, toEntry } from './state/history-entry.ts';
import { loadRatchet } from './state/ratchets.ts';
import { type Change, type GroupRecord, type HistoryRule, tables } from './state/records.ts';
import type { State, Transaction } from './state/state.ts';
import { sendDeletion, sendEdit, sendMessage, sendReceipts, sendTimer } from './state/unsent.ts';
import { isVerified, markVerified, unmarkVerified } from './state/verification.ts';
import { type Bytes, bytesKey, sameBytes } from './wire/bytes.ts';
import { normalText } from './wire/content-body.ts';
import { CliquetError } from './wire/errors.ts';
import { decodeInvite, encodeInvite } from './wire/invite.ts';
import { maxTimerSeconds } from './wire/limits.ts';
import type { Role, RosterEntry } from './wire/record.ts';

/** What a group needs of the client that it belongs to. */
export interface GroupHost {
  readonly state: State;
  readonly random: (length: number) => Bytes;
  /** Seconds since 1970. */
  readonly now: () => number;
  change<R>(run: (tx: Transaction) => R | Promise<R>): Promise<R>;
  /** Does something in the name of this client, for which the relay has to be reached. @throws CliquetError `not-registered` */
  act<R>(run: (client: Registered) => Promise<R>): Promise<R>;
}

export interface Member {
  /** The HRID, base64url. */
  readonly hrid: string;
  /** What the person calls this contact, or ''. */
  readonly name: string;
  readonly role: Role;
  /** Whether this is the client itself. */
  readonly isSelf: boolean;
  /** Whether the person has compared safety numbers in a group with this member. */
  readonly isVerified: boolean;
}

/** How long content is kept in a group's history: until the application has heard it, so many days, or always. */
export type HistoryPolicy = 'none' | 'all' | { readonly days: number };

export class Group {
  readonly #host: GroupHost;
  /** base64url of the 32-byte group id. */
  readonly id: string;

  constructor(host: GroupHost, id: string) {
    this.#host = host;
    this.id = id;
  }

  get name(): string {
    return this.#record.name;
  }

  /** `invited` until the person has answered an invitation. */
  get status(): GroupRecord['status'] {
    return this.#record.status;
  }

  /** Everybody in the group, in roster order. */
  get members(): readonly Member[] {
    const { state } = this.#host;
    const self = state.get(tables.identity, '')?.hrid;
    return this.#record.roster.map(({ hrid, pk, role }) => ({
      hrid: bytesKey(hrid),
      name: state.get(tables.contacts, bytesKey(hrid))?.name ?? '',
      role,
      isSelf: self !== null && self !== undefined && bytesKey(self) === bytesKey(hrid),
      isVerified: isVerified(state, hrid, pk),
    }));
  }

  /**
   * Sends content to everybody in the group. It is stored durably when the promise is fulfilled; sealing and delivery
   * go on by themselves, now or when the relay can be reached, and events tell of them.
   * @param content  at most 64 KiB of text in UTF-8, or of data
   * @returns the message's id, which the events carry
   * @throws CliquetError `not-accepted`, `not-member`, `content-too-large`; RangeError for an id, a
   *   media type, a file's or an extension's name that cannot be
   */
  async send(content: Sendable, options: SendOptions = {}): Promise<string> {
    const id = options.id === undefined ? this.#newId() : messageId(options.id);
    const reply = options.reply === undefined ? null : messageId(options.reply);
    const heading = { id, reply, asksReceipt: options.asksReceipt ?? false };
    const said = toBody(content);
    await this.#change((tx, record, now) => sendMessage(tx, record, heading, said, now));
    return bytesKey(id);
  }

  /**
   * Changes a text that this client has sent.
   * @returns the id of the message that tells the others
   * @throws CliquetError `message-unknown`, `not-own-message`, and as `send`
   */
  async edit(target: string, text: string): Promise<string> {
    const id = this.#newId();
    await this.#change((tx, record, now) => sendEdit(tx, record, id, messageId(target), normalText(text), now));
    return bytesKey(id);
  }

  /**
   * Takes a message of this client back, here at once, and from the others when they hear of it. Who has read it has
   * read it.
   * @throws CliquetError `message-unknown`, `not-own-message`, and as `send`
   */
  async delete(target: string): Promise<void> {
    await this.#change((tx, record, now) => sendDeletion(tx, record, this.#newId(), messageId(target), now));
  }

  /**
   * The person has read these messages: their authors are told, if they asked.
   * @throws CliquetError as `send`
   */
  async markRead(ids: readonly string[]): Promise<void> {
    const read = ids.map(messageId);
    await this.#change((tx, record, now) => sendReceipts(tx, record, () => this.#newId(), read, now));
  }

  /** After how many seconds the group's messages disappear, or null. */
  get timerSeconds(): number | null {
    return this.#host.state.get(tables.conversations, this.id)?.timerSeconds ?? null;
  }

  /**
   * Lets the messages that are sent from now on disappear, everywhere, so many seconds after they came.
   * @param seconds  1 to a year; null lets them stay
   * @throws CliquetError as `send`; RangeError for other seconds
   */
  async setTimer(seconds: number | null): Promise<void> {
    if (seconds !== null && !(Number.isInteger(seconds) && seconds >= 1 && seconds <= maxTimerSeconds)) {
      throw new RangeError(`"seconds" expected 1 to ${maxTimerSeconds}, got ${seconds}`);
    }
    await this.#change((tx, record, now) => sendTimer(tx, record, this.#newId(), seconds, now));
  }

  get historyPolicy(): HistoryPolicy {
    const rule = this.#host.state.get(tables.conversations, this.id)?.history;
    return rule?.type === 'days' ? { days: rule.days } : (rule?.type ?? 'none');
  }

  /** Says how long content is kept here; what is older goes at once, but for what the application has still to hear. */
  async setHistory(policy: HistoryPolicy): Promise<void> {
    const history = toRule(policy);
    await this.#change(async (tx, { id }, now) => {
      const conversation = tx.get(tables.conversations, this.id);
      if (conversation === undefined) throw new CliquetError('group-unknown');
      tx.put(tables.conversations, this.id, { ...conversation, history });
      // In one commit: what is left of it by a kill would not be looked at again.
      const due = messagesDue(tx, id);
      for (let from: number | null = 0; from !== null; ) from = await retireMessages(tx, id, from, due, true, now);
    });
  }

  /** A page of what was said, newest first. @param options before: the number to look below; limit: 50 if not said */
  history(options: { readonly before?: number; readonly limit?: number } = {}): Promise<HistoryEntry[]> {
    const { before, limit = 50 } = options;
    return readHistory(this.#host.state, this.#record.id, { before, limit });
  }

  /** One message, or null if nothing of it is here. If several members have used the id: the own one, or the first. */
  async message(id: string): Promise<HistoryEntry | null> {
    const { state } = this.#host;
    const group = this.#record.id;
    const [found] = await findMessages(state, group, messageId(id));
    return found === undefined ? null : toEntry(group, found.number, found.record, messageStates(state));
  }

  /**
   * Accepts the invitation; what was sent to the group meanwhile is told as events.
   * @throws CliquetError `already-accepted`
   */
  async accept(): Promise<void> {
    await this.#host.change((tx) => acceptInvitation(tx, this.#record));
  }

  /**
   * Declines the invitation: nothing is sent, and nothing of the group is kept but its roster.
   * @throws CliquetError `already-accepted`
   */
  async decline(): Promise<void> {
    await this.#host.change((tx) => declineInvitation(tx, this.#record));
  }

  /** What brings others to a member, as `Client.invite()` gives it: to keep it as a contact. @throws CliquetError `member-unknown` */
  inviteOf(member: string): string {
    const { hrid, pk } = this.#entry(member);
    return encodeInvite({ relay: this.#host.state.get(tables.identity, '')?.relay ?? '', hrid, pk });
  }

  /**
   * Adds members, who become contacts; only admins may. They read what is said from then on.
   * @throws CliquetError `not-permitted`, `invite-invalid`, `other-relay`, `identity-conflict`, `group-size`,
   *   `duplicate-member`, `no-key-package`, `unregistered`, `rate-limited`, `key-package-invalid`, `unreachable`, and as `send`
   */
  async add(invites: readonly string[]): Promise<void> {
    const contacts = invites.map(decodeInvite);
    if (hasTwice(contacts.map(({ hrid }) => hrid))) throw new CliquetError('duplicate-member');
    const { state } = this.#host;
    const relay = state.get(tables.identity, '')?.relay ?? '';
    for (const contact of contacts) checkContact(state, relay, contact);
    await this.#apply(contacts.map(({ hrid, pk }) => ({ type: 'add', hrid, pk })));
    await this.#host.change((tx) => {
      for (const contact of contacts) putContact(tx, relay, contact);
    });
  }

  /**
   * Removes a member: it reads nothing that is said from then on. Only admins may, and only those who came after them.
   * @param member  the HRID
   * @throws CliquetError `member-unknown`, `not-permitted`, `unreachable`, and as `send`
   */
  async remove(member: string): Promise<void> {
    const { hrid, joined } = this.#entry(member);
    await this.#apply([{ type: 'remove', hrid, joined }]);
  }

  /**
   * Leaves the group: nothing more of it can be read or said here, what was said stays. The last admin makes the member
   * who came first an admin. A group whose keys are lost is left on this device only: nothing can be said in it, so the
   * others are not told, and go on with this client as a member.
   * @throws CliquetError `unreachable`, `not-registered`, and as `send`
   */
  async leave(): Promise<void> {
    const { roster, status } = this.#record;
    const own = this.#host.state.get(tables.identity, '')?.hrid;
    if (status === 'lost') {
      if (!own) throw new CliquetError('not-registered');
      await this.#host.change((tx) => leaveAlone(tx, own, this.#record, this.#host.now()));
      return;
    }
    const self = roster.find(({ hrid }) => own && sameBytes(hrid, own));
    if (self === undefined) throw new CliquetError('not-member');
    const others = roster.filter((entry) => entry !== self);
    if (others.length === 0 && status === 'active') {
      await this.#host.change((tx) => leaveAlone(tx, self.hrid, this.#record, this.#host.now()));
      return;
    }
    const [heir] = others;
    const isLastAdmin = self.role === 'admin' && !others.some(({ role }) => role === 'admin');
    const changes: Change[] = [{ type: 'remove', hrid: self.hrid, joined: self.joined }];
    if (isLastAdmin && heir !== undefined) changes.push({ type: 'role', hrid: heir.hrid, role: 'admin' });
    await this.#apply(changes);
  }

  /** Makes a member an admin. @throws CliquetError `member-unknown`, `not-permitted`, `unreachable`, and as `send` */
  async promote(member: string): Promise<void> {
    await this.#apply([{ type: 'role', hrid: this.#entry(member).hrid, role: 'admin' }]);
  }

  /** Makes an admin, perhaps oneself, a member. @throws CliquetError as `promote` */
  async demote(member: string): Promise<void> {
    await this.#apply([{ type: 'role', hrid: this.#entry(member).hrid, role: 'member' }]);
  }

  /**
   * Gives the group another name; every member may.
   * @throws CliquetError `unreachable`, and as `send`; RangeError for a name of more than 128 characters
   */
  async rename(name: string): Promise<void> {
    assertName(name);
    await this.#apply([{ type: 'rename', name: normalText(name) }]);
  }

  /**
   * Since when this client, which is in the group, cannot follow it and asks to be let in again by itself: seconds since
   * 1970. What is said here may wait until then. Null if all is well, or may still become well without that.
   */
  get heldUpSince(): number | null {
    const since = this.status === 'active' ? mustReturnSince(this.#host.state, this.#record) : null;
    return since !== null && since <= this.#host.now() ? since : null;
  }

  /** How much of what was sent here is still to be sealed: the group's keys are to come first, or a connection. */
  get unsent(): number {
    const of = this.#record.id;
    return this.#host.state.all(tables.unsent).filter(({ value }) => sameBytes(value.group, of)).length;
  }

  /** Members who have nothing of before and ask to be let in again: HRIDs. */
  get requests(): readonly string[] {
    return this.#openRequests(({ record }) => record.told && !record.agreed);
  }

  /** Members whom the person has let in again with `readmit()`, and for whom this has still to be done: HRIDs. */
  get readmitting(): readonly string[] {
    return this.#openRequests(({ record }) => record.agreed);
  }

  /**
   * Lets a member in again who has lost everything, and asks for it: only do this if you are sure that it is them. It is
   * done when this client is connected and in order itself, or by another member whose person has agreed.
   * @param member  the HRID
   * @throws CliquetError `member-unknown` if it does not ask
   */
  async readmit(member: string): Promise<void> {
    const { hrid } = this.#entry(member);
    await this.#host.change((tx) => agreeToReturn(tx, this.#record.id, hrid));
  }

  /** SNabc: twelve groups of five digits. Equal on all members' screens, or somebody stands in the middle. */
  safetyNumber(): string {
    return safetyNumber(this.#record.roster);
  }

  /** Whether all members are verified. */
  get isVerified(): boolean {
    return this.members.every(({ isSelf, isVerified }) => isSelf || isVerified);
  }

  /**
   * The person has compared the number with what another member's screen shows: all members count as verified.
   * @param theirs  the other's number, as digits with or without spaces
   * @throws CliquetError `safety-number-differs`
   */
  async verify(theirs: string): Promise<void> {
    const digits = (text: string) => text.replace(/\D/g, '');
    await this.#host.change((tx) => {
      const { roster } = this.#record;
      if (digits(theirs) !== digits(safetyNumber(roster))) throw new CliquetError('safety-number-differs');
      markVerified(tx, roster);
    });
  }

  /** Takes the marks of all members back. */
  async unverify(): Promise<void> {
    await this.#host.change((tx) => unmarkVerified(tx, this.#record.roster));
  }

  /** Where the ratchet stands. @throws CliquetError `group-lost` */
  stage(): Stage {
    return stageOf(this.#ratchet);
  }

  /** How far each member has come, in roster order. @throws CliquetError `group-lost` */
  memberStages(): readonly MemberStage[] {
    return memberStagesOf(this.#ratchet);
  }

  get #record(): GroupRecord {
    const record = this.#host.state.get(tables.groups, this.id);
    if (record === undefined) throw new CliquetError('group-unknown');
    return record;
  }

  #entry(member: string): RosterEntry {
    const entry = this.#record.roster.find(({ hrid }) => bytesKey(hrid) === member);
    if (entry === undefined) throw new CliquetError('member-unknown');
    return entry;
  }

  async #apply(changes: readonly Change[]): Promise<void> {
    const { id, status } = this.#record;
    if (status === 'invited') throw new CliquetError('not-accepted');
    await this.#host.act((client) => changeGroup(client, id, changes));
  }

  #openRequests(filter: (request: OpenRequest) => boolean): string[] {
    const open = openRequests(this.#host.state, this.#record);
    return open.filter(filter).map(({ hrid }) => bytesKey(hrid));
  }

  get #ratchet(): Ratchet {
    const ratchet = loadRatchet(this.#host.state, this.#record.generation);
    if (ratchet === undefined || ratchet.members.length === 0) throw new CliquetError('group-lost');
    return ratchet;
  }

  #newId(): Bytes {
    return messageId(newMessageId(this.#host.random));
  }

  #change(run: (tx: Transaction, record: GroupRecord, now: number) => Promise<void> | void): Promise<void> {
    return this.#host.change((tx) => run(tx, this.#record, this.#host.now()));
  }
}

export function toRule(policy: HistoryPolicy): HistoryRule {
  if (typeof policy === 'string') return { type: policy };
  if (!Number.isInteger(policy.days) || policy.days < 1) {
    throw new RangeError(`"days" expected a whole number from 1, got ${policy.days}`);
  }
  return { type: 'days', days: policy.days };
}
