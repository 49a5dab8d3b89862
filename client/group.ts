// A group as the application sees it.

import type { OpenRequest } from './courier/rejoin.ts';
import type { GroupHost } from './group-host.ts';
import type { GroupStatus } from './group-status.ts';
import { applyRule, type HistoryPolicy, toPolicy, toRule } from './history-policy.ts';
import { type Member, membersOf } from './member.ts';
import type * as Online from './online.ts';
import type { Ratchet } from './protocol/ratchet.ts';
import { safetyNumber } from './protocol/safety-number.ts';
import { assertName, messageId, newMessageId, type Sendable, type SendOptions, toBody } from './sendable.ts';
import { type MemberStage, memberStagesOf, type Stage, stageOf } from './stage.ts';
import { findMessages } from './state/history.ts';
import { type HistoryEntry, messageStates, readHistory, toEntry } from './state/history-entry.ts';
import { loadRatchet } from './state/ratchets.ts';
import { type Change, type GroupRecord, tables } from './state/records.ts';
import type { Transaction } from './state/state.ts';
import { unmarkVerified, verifyRoster } from './state/verification.ts';
import { type Bytes, bytesKey, sameBytes } from './wire/bytes.ts';
import { normalText } from './wire/content-body.ts';
import { CliquetError } from './wire/errors.ts';
import { encodeInvite } from './wire/invite.ts';
import { maxTimerSeconds } from './wire/limits.ts';
import type { RosterEntry } from './wire/record.ts';

/** The client of a group: what acts in it was loaded before there was one. */
export interface Host extends GroupHost {
  readonly online: typeof Online;
}

/** Makes a group for what the library gives out; nobody else makes one. */
export let groupOf: (host: Host, id: string) => Group;

/**
 * A group, as {@link Client} gives it: a view that always shows what is so by now. Every member sends whenever it likes,
 * and each message brings new keys ([PROTOCOL.md §13](../docs/PROTOCOL.md)); who is in it is changed by admins, and all
 * members come to the same roster by a rule ([PROTOCOL.md §12](../docs/PROTOCOL.md)).
 *
 * Of the errors, {@link Client} says which any method may have. A group of a client whose store is another one now is
 * `group-unknown`.
 * @category Groups
 */
export class Group {
  readonly #host: Host;
  /** The group's id: base64url of 32 bytes, 43 characters. The same for all members. */
  readonly id: string;

  private constructor(host: Host, id: string) {
    this.#host = host;
    this.id = id;
  }

  static {
    groupOf = (host, id) => new Group(host, id);
  }

  /** What the group is called, the same for all members; '' if it has no name. At most 128 characters. */
  get name(): string {
    return this.#record.name;
  }

  /** Where this client stands in it. */
  get status(): GroupStatus {
    return this.#record.status;
  }

  /** Everybody in the group, this client too: 1 to 256, in roster order, in which who came first stands first. */
  get members(): readonly Member[] {
    return membersOf(this.#host.state, this.#record);
  }

  /**
   * Sends content to everybody in the group. It is stored durably when the promise is fulfilled; sealing and delivery
   * go on by themselves, now or when the relay can be reached, and events tell of them.
   * @param content  at most 64 KiB of text in UTF-8, or of data
   * @param options  id: with one that was used in this group before, nothing happens
   * @returns the message's id, which the events carry
   * @throws CliquetError `not-accepted`, `not-member`, `not-registered`, `group-lost` (registered under another address
   *   since), `content-too-large`; RangeError for an id, a media type, a file's or an extension's name that cannot be
   * @example
   * ```ts
   * const question = await group.send('Shall we meet at nine?', { asksReceipt: true });
   * await group.send('or at ten?', { reply: question });
   *
   * const picture = new Uint8Array([0x89, 0x50, 0x4e, 0x47]);
   * await group.send({ mediaType: 'image/png', name: 'map.png', data: picture });
   *
   * const vote = new TextEncoder().encode(JSON.stringify({ about: question, answer: 'nine' }));
   * await group.send({ kind: 'org.example.vote', version: 1, data: vote });
   * ```
   */
  async send(content: Sendable, options: SendOptions = {}): Promise<string> {
    const id = options.id === undefined ? this.#newId() : messageId(options.id);
    const reply = options.reply === undefined ? null : messageId(options.reply);
    const heading = { id, reply, asksReceipt: options.asksReceipt ?? false };
    const said = toBody(content);
    await this.#change((tx, record, now) => this.#host.online.sendMessage(tx, record, heading, said, now));
    return bytesKey(id);
  }

  /**
   * Changes a text that this client has sent.
   * @param target  the id of the message
   * @param text    at most 64 KiB in UTF-8
   * @returns the id of the message that tells the others
   * @throws CliquetError `message-unknown`, `not-own-message`, and as {@link Group.send}
   * @example
   * ```ts
   * const id = await group.send('at nin');
   * await group.edit(id, 'at nine');
   * ```
   */
  async edit(target: string, text: string): Promise<string> {
    const id = this.#newId();
    await this.#change((tx, record, now) =>
      this.#host.online.sendEdit(tx, record, id, messageId(target), normalText(text), now),
    );
    return bytesKey(id);
  }

  /**
   * Takes a message of this client back, here at once, and from the others when they hear of it. Who has read it has
   * read it.
   * @param target  the id of the message
   * @throws CliquetError `message-unknown`, `not-own-message`, and as {@link Group.send}
   */
  async delete(target: string): Promise<void> {
    await this.#change((tx, record, now) =>
      this.#host.online.sendDeletion(tx, record, this.#newId(), messageId(target), now),
    );
  }

  /**
   * The person has read these messages: their authors are told, if they asked.
   * @param ids  of messages; what is not known, or was told before, is passed over
   * @throws CliquetError as {@link Group.send}
   */
  async markRead(ids: readonly string[]): Promise<void> {
    const read = ids.map(messageId);
    await this.#change((tx, record, now) => this.#host.online.sendReceipts(tx, record, () => this.#newId(), read, now));
  }

  /** After how many seconds the group's messages disappear, or null if they stay. */
  get timerSeconds(): number | null {
    return this.#host.state.get(tables.conversations, this.id)?.timerSeconds ?? null;
  }

  /**
   * Lets the messages that are sent from now on disappear, everywhere, so many seconds after they came.
   * @param seconds  1 to 31,622,400 (366 days); null lets them stay
   * @throws CliquetError as {@link Group.send}; RangeError for other seconds
   */
  async setTimer(seconds: number | null): Promise<void> {
    if (seconds !== null && !(Number.isInteger(seconds) && seconds >= 1 && seconds <= maxTimerSeconds)) {
      throw new RangeError(`"seconds" expected 1 to ${maxTimerSeconds}, got ${seconds}`);
    }
    await this.#change((tx, record, now) => this.#host.online.sendTimer(tx, record, this.#newId(), seconds, now));
  }

  /** How long content is kept here. */
  get historyPolicy(): HistoryPolicy {
    return toPolicy(this.#host.state.get(tables.conversations, this.id)?.history);
  }

  /**
   * Says how long content is kept here; what is older goes at once, but for what the application has still to hear.
   * @throws CliquetError `group-unknown`; RangeError for days that cannot be
   */
  async setHistory(policy: HistoryPolicy): Promise<void> {
    const rule = toRule(policy);
    await this.#change((tx, { id }, now) => applyRule(tx, id, rule, now));
  }

  /**
   * A page of what was said, newest first.
   * @param options  before: the {@link HistoryEntry.number} to look below, the newest if not said; limit: how many at most,
   *   50 if not said
   * @throws CliquetError `group-unknown`
   * @example
   * ```ts
   * let before: number | undefined;
   * for (;;) {
   *   const page = await group.history(before === undefined ? {} : { before });
   *   for (const { sender, content } of page) console.log(sender, content);
   *   before = page.at(-1)?.number;
   *   if (before === undefined) break;
   * }
   * ```
   */
  history(options: { readonly before?: number; readonly limit?: number } = {}): Promise<HistoryEntry[]> {
    const { before, limit = 50 } = options;
    return readHistory(this.#host.state, this.#record.id, { before, limit });
  }

  /**
   * One message, or null if nothing of it is here. If several members have used the id: the own one, or the first.
   * @throws CliquetError `group-unknown`; RangeError for an id that cannot be
   */
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
    await this.#host.change((tx) => this.#host.online.acceptInvitation(tx, this.#record));
  }

  /**
   * Declines the invitation: nothing is sent, and nothing of the group is kept but its roster.
   * @throws CliquetError `already-accepted`
   */
  async decline(): Promise<void> {
    await this.#host.change((tx) => this.#host.online.declineInvitation(tx, this.#record));
  }

  /**
   * What brings others to a member, as {@link Client.invite} gives it: to keep it as a contact.
   * @param member  the HRID
   * @throws CliquetError `member-unknown`
   */
  inviteOf(member: string): string {
    const { hrid, pk } = this.#entry(member);
    return encodeInvite({ relay: this.#host.state.get(tables.identity, '')?.relay ?? '', hrid, pk });
  }

  /**
   * Adds members, who become contacts; only admins may. They read what is said from then on.
   * @param invites  as {@link Client.invite} gives them; the group has at most 256 members
   * @throws CliquetError `not-permitted`, `invite-invalid`, `other-relay`, `identity-conflict`, `group-size`,
   *   `duplicate-member`, `no-key-package`, `unregistered`, `rate-limited`, `key-package-invalid`, `unreachable`;
   *   `not-registered`, `not-accepted`, `not-member`; `behind`, `group-lost` while this client is let in again; `group-fixed`
   */
  async add(invites: readonly string[]): Promise<void> {
    await this.#host.online.addMembers(this.#host, this.#record, invites);
  }

  /**
   * Removes a member: it reads nothing that is said from then on. Only admins may, and only those who came after them.
   * @param member  the HRID
   * @throws CliquetError `member-unknown`, and as {@link Group.add}
   */
  async remove(member: string): Promise<void> {
    const { hrid, joined } = this.#entry(member);
    await this.#apply([{ type: 'remove', hrid, joined }]);
  }

  /**
   * Leaves the group: nothing more of it can be read or said here, what was said stays. The last admin makes the member
   * who came first an admin. A group whose keys are lost is left on this device only: nothing can be said in it, so the
   * others are not told, and go on with this client as a member.
   * @throws CliquetError `not-member`, and as {@link Group.add}
   */
  async leave(): Promise<void> {
    await this.#host.online.leaveGroup(this.#host, this.#record);
  }

  /**
   * Makes a member an admin.
   * @param member  the HRID
   * @throws CliquetError `member-unknown`, and as {@link Group.add}
   */
  async promote(member: string): Promise<void> {
    await this.#apply([{ type: 'role', hrid: this.#entry(member).hrid, role: 'admin' }]);
  }

  /**
   * Makes an admin, perhaps oneself, a member.
   * @param member  the HRID
   * @throws CliquetError as {@link Group.promote}
   */
  async demote(member: string): Promise<void> {
    await this.#apply([{ type: 'role', hrid: this.#entry(member).hrid, role: 'member' }]);
  }

  /**
   * Gives the group another name; every member may.
   * @param name  at most 128 characters
   * @throws CliquetError as {@link Group.add}; RangeError for a name that is too long
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
    const since = this.status === 'active' ? this.#host.online.mustReturnSince(this.#host.state, this.#record) : null;
    return since !== null && since <= this.#host.now() ? since : null;
  }

  /** How many contents were sent here and are still to be sealed: the group's keys are to come first, or a connection. */
  get unsent(): number {
    const of = this.#record.id;
    return this.#host.state.all(tables.unsent).filter(({ value }) => sameBytes(value.group, of)).length;
  }

  /** Members who have nothing of before and ask to be let in again: HRIDs. */
  get requests(): readonly string[] {
    return this.#openRequests(({ record }) => record.told && !record.agreed);
  }

  /** Members whom the person has let in again with {@link Group.readmit}, and for whom this has still to be done: HRIDs. */
  get readmitting(): readonly string[] {
    return this.#openRequests(({ record }) => record.agreed);
  }

  /**
   * Lets a member in again who has lost everything, and asks for it: only do this if you are sure that it is them. It is
   * done when this client is connected and in order itself, or by another member whose person has agreed
   * ([PROTOCOL.md §15](../docs/PROTOCOL.md)).
   * @param member  the HRID
   * @throws CliquetError `member-unknown` if it does not ask
   */
  async readmit(member: string): Promise<void> {
    const { hrid } = this.#entry(member);
    await this.#host.change((tx) => this.#host.online.agreeToReturn(tx, this.#record.id, hrid));
  }

  /**
   * SNabc: twelve groups of five digits, separated by spaces ([PROTOCOL.md §4](../docs/PROTOCOL.md)). Equal on all members'
   * screens, or somebody stands in the middle. It changes with who is in the group, and with nothing else.
   */
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
   * @example
   * ```ts
   * console.log(group.safetyNumber());
   * await group.verify(numberOnTheirScreen);
   * console.log(group.isVerified); // true
   * ```
   */
  async verify(theirs: string): Promise<void> {
    await this.#host.change((tx) => verifyRoster(tx, this.#record.roster, theirs));
  }

  /** Takes the marks of all members back. */
  async unverify(): Promise<void> {
    await this.#host.change((tx) => unmarkVerified(tx, this.#record.roster));
  }

  /** Where the ratchet stands ([PROTOCOL.md §13](../docs/PROTOCOL.md)). @throws CliquetError `group-lost` */
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
    await this.#host.online.applyChanges(this.#host, this.#record, changes);
  }

  #openRequests(filter: (request: OpenRequest) => boolean): string[] {
    const open = this.#host.online.openRequests(this.#host.state, this.#record);
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
