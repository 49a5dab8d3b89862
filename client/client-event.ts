// The events that the application hears, with groups as objects and ids as text.

import { Group, type GroupHost } from './group.ts';
import type { Step } from './protocol/step.ts';
import { hex } from './stage.ts';
import { historyKey } from './state/history.ts';
import { type HistoryEntry, type MessageContent, toContent } from './state/history-entry.ts';
import { archives, type HistoryRecord, type StoredEvent } from './state/records.ts';
import { type Bytes, bytesKey } from './wire/bytes.ts';
import type { ErrorCode } from './wire/errors.ts';
import type { MissCode, RefusalCode } from './wire/send.ts';

/** One step of the ratchet as it can be shown: fingerprints and counts, no secret. */
export interface ShownStep {
  /** How many messages of each member the sender had opened, in roster order. */
  readonly vector: readonly number[];
  /** Fingerprint of the group key under which the message was sealed, 16 hex digits. */
  readonly groupKey: string;
  /** The sender's new public leaf (E_kPK), base64url; null for a light message. */
  readonly leaf: string | null;
}

/**
 * What the application hears. `number` counts up: who keeps the last one together with what it did of it, and gives it
 * to `events()` when it starts again, hears everything exactly once. HRIDs and message ids are base64url; `sender`,
 * `by`, `reader`, `member` and `reporter` are HRIDs. `at` is when this client has heard of it, in seconds since 1970: perhaps long
 * before it is told; null if an earlier version did not note it.
 */
export type ClientEvent = { readonly number: number; readonly at: number | null } & Happening;

/** A member whose mailbox took nothing, and why. */
export interface RefusedMember {
  readonly member: string;
  readonly code: RefusalCode | MissCode;
}

/** What somebody has changed in a group; HRIDs. */
export interface GroupChange {
  readonly by: string;
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Admins now, and admins no more. */
  readonly promoted: readonly string[];
  readonly demoted: readonly string[];
  /** The group's new name, or null. */
  readonly name: string | null;
  /** Whether this only carries out a removal that somebody else has made. */
  readonly carried: boolean;
  /**
   * It counts no more: somebody else's change has got ahead of it. Who made it makes it again by itself, unless it is
   * not allowed any more.
   */
  readonly undone: boolean;
}

type Happening =
  /** A stranger has put this client into a group: accept or decline. `key` is the fingerprint of IKabc. */
  | { readonly type: 'invited'; readonly group: Group; readonly by: string; readonly key: string }
  /** This client is in a group now: it founded it, or a contact has put it there. */
  | { readonly type: 'joined'; readonly group: Group; readonly by: string; readonly key: string }
  /** Somebody has changed the group. With nothing in it, there are only new keys. */
  | ({ readonly type: 'changed'; readonly group: Group } & GroupChange)
  /**
   * A member who had lost its keys is back, let in by another. `whole`: with what it had before; else it has nothing of
   * before, as after the loss of a device, and whoever has its recovery phrase could be it: ask on another way. `by` is
   * null if this client had been removed, and the removal does not count any more: nobody had to let it in.
   */
  | {
      readonly type: 'returned';
      readonly group: Group;
      readonly member: string;
      readonly by: string | null;
      readonly whole: boolean;
    }
  /**
   * A member who has nothing of before, as after the loss of a device, asks to be let in again. Whoever has its recovery
   * phrase could be it: ask on another way, then let it in with `readmit()`, or leave it.
   */
  | { readonly type: 'asks'; readonly group: Group; readonly member: string }
  /** So many messages of a member are lost for this client, for good. */
  | { readonly type: 'missed'; readonly group: Group; readonly sender: string; readonly count: number }
  /** This client is not in the group any more: it has left, or `by` has removed it. */
  | { readonly type: 'removed'; readonly group: Group; readonly by: string }
  | ({ readonly type: 'message'; readonly group: Group; readonly step: ShownStep } & Pick<
      HistoryEntry,
      'id' | 'sender' | 'sentAt' | 'receivedAt' | 'expiresAt' | 'reply' | 'asksReceipt'
    > & { readonly content: MessageContent })
  /** The author of a text has changed it. */
  | {
      readonly type: 'edited';
      readonly group: Group;
      readonly id: string;
      readonly sender: string;
      readonly text: string;
    }
  /** The author of a message has taken it back. */
  | { readonly type: 'deleted'; readonly group: Group; readonly id: string; readonly sender: string }
  /** A member's person has read messages of this client that asked to be told. */
  | { readonly type: 'read'; readonly group: Group; readonly ids: readonly string[]; readonly reader: string }
  /** The group's messages disappear after so many seconds from now on; null: they stay. */
  | { readonly type: 'timer'; readonly group: Group; readonly by: string; readonly seconds: number | null }
  /** A member has moved the group key on without saying anything. */
  | { readonly type: 'contribution'; readonly group: Group; readonly sender: string; readonly step: ShownStep }
  /** The relay has taken this client's message, for all but those refused; if that is everybody, `failed` follows. */
  | {
      readonly type: 'accepted';
      readonly group: Group;
      readonly id: string;
      readonly step: ShownStep;
      readonly refused: readonly RefusedMember[];
    }
  /**
   * The relay could not hand something to these members: the invitation into a group that this client has founded, or a
   * message that it had accepted for them. They have gone, take nothing from this client, or were away for too long.
   */
  | { readonly type: 'unreached'; readonly group: Group; readonly refused: readonly RefusedMember[] }
  /** Everybody's client has fetched the message, so the relay says, but for those that `unreached` names. Comes before `confirmed`, also if that is known first. */
  | { readonly type: 'delivered'; readonly group: Group; readonly id: string }
  /** Everybody has answered with a message that covers it: they have it, whatever the relay says. */
  | { readonly type: 'confirmed'; readonly group: Group; readonly id: string }
  /** A message of this client will not be sent, or reaches nobody (`undeliverable`). */
  | { readonly type: 'failed'; readonly group: Group; readonly id: string; readonly code: ErrorCode }
  /** Messages of a sender will never come. */
  | {
      readonly type: 'gap';
      readonly sender: string;
      readonly reason: 'expired' | 'full' | 'withdrawn';
    }
  /** A member's device was copied: two different messages carry one number. Nothing more of it is accepted. */
  | { readonly type: 'clone'; readonly group: Group; readonly member: string; readonly reporter: string }
  /** A member has received other messages than this client under the same numbers. */
  | { readonly type: 'fork'; readonly group: Group; readonly member: string }
  /**
   * This store is older than what was sent from it: nothing more is sent in this group until its members let it in again.
   * Each says again, as far as it can, what it has said since; what the newer store had of those who have gone is lost.
   */
  | { readonly type: 'rolled-back'; readonly group: Group }
  /** Something came that could not be opened, or that is against the rules: it was passed over. */
  | { readonly type: 'refused'; readonly sender: string; readonly code: ErrorCode };

/**
 * @param now  seconds since 1970
 * @param at   when it happened, if that is known
 * @returns null if the message that it tells of has disappeared, or was deleted, before it could be told
 */
export async function toClientEvent(
  host: GroupHost,
  number: number,
  event: StoredEvent,
  now: number,
  at: number | null,
): Promise<ClientEvent | null> {
  const happening = await toHappening(host, event, now);
  return happening && { number, at, ...happening };
}

async function toHappening(host: GroupHost, event: StoredEvent, now: number): Promise<Happening | null> {
  const group = (id: Bytes) => new Group(host, bytesKey(id));
  switch (event.type) {
    case 'invited':
    case 'joined':
      return { type: event.type, group: group(event.group), by: bytesKey(event.by), key: hex(event.generationKey) };
    case 'changed':
      return {
        type: 'changed',
        group: group(event.group),
        by: bytesKey(event.by),
        added: event.added.map(bytesKey),
        removed: event.removed.map(bytesKey),
        promoted: event.promoted.map(bytesKey),
        demoted: event.demoted.map(bytesKey),
        name: event.name,
        carried: event.carried,
        undone: event.undone,
      };
    case 'returned': {
      const { member, by, whole } = event;
      return { type: 'returned', group: group(event.group), member: bytesKey(member), by: by && bytesKey(by), whole };
    }
    case 'asks':
      return { type: 'asks', group: group(event.group), member: bytesKey(event.member) };
    case 'missed': {
      const { sender, count } = event;
      return { type: 'missed', group: group(event.group), sender: bytesKey(sender), count };
    }
    case 'removed':
      return { type: 'removed', group: group(event.group), by: bytesKey(event.by) };
    case 'message': {
      const record = await host.state.read(archives.history, historyKey(event.group, event.message));
      if (!record?.said || hasExpired(record, now)) return null;
      const { id, sender, reply, asksReceipt, sentAt, receivedAt, expiresAt } = record;
      return {
        type: 'message',
        group: group(event.group),
        id: bytesKey(id),
        sender: bytesKey(sender),
        content: toContent(record.said),
        reply: reply && bytesKey(reply),
        asksReceipt,
        sentAt,
        receivedAt,
        expiresAt,
        step: toShown(event.step),
      };
    }
    case 'edited':
    case 'deleted': {
      const record = await host.state.read(archives.history, historyKey(event.group, event.message));
      if (record === undefined || hasExpired(record, now)) return null;
      const told = { group: group(event.group), id: bytesKey(record.id), sender: bytesKey(record.sender) };
      if (event.type === 'deleted') return { type: 'deleted', ...told };
      return record.deleted ? null : { type: 'edited', ...told, text: event.text };
    }
    case 'read':
      return {
        type: 'read',
        group: group(event.group),
        ids: event.ids.map(bytesKey),
        reader: bytesKey(event.reader),
      };
    case 'timer':
      return { type: 'timer', group: group(event.group), by: bytesKey(event.by), seconds: event.seconds };
    case 'contribution':
      return {
        type: 'contribution',
        group: group(event.group),
        sender: bytesKey(event.sender),
        step: toShown(event.step),
      };
    case 'accepted':
      return {
        type: 'accepted',
        group: group(event.group),
        id: bytesKey(event.id),
        step: toShown(event.step),
        refused: event.refused.map(toRefused),
      };
    case 'unreached':
      return { type: 'unreached', group: group(event.group), refused: event.refused.map(toRefused) };
    case 'delivered':
    case 'confirmed':
      return { type: event.type, group: group(event.group), id: bytesKey(event.id) };
    case 'failed':
      return { type: 'failed', group: group(event.group), id: bytesKey(event.id), code: event.code };
    case 'gap':
      return { type: 'gap', sender: bytesKey(event.sender), reason: event.reason };
    case 'clone':
      return {
        type: 'clone',
        group: group(event.group),
        member: bytesKey(event.member),
        reporter: bytesKey(event.reporter),
      };
    case 'fork':
      return { type: 'fork', group: group(event.group), member: bytesKey(event.member) };
    case 'rolled-back':
      return { type: 'rolled-back', group: group(event.group) };
    case 'refused':
      return { type: 'refused', sender: bytesKey(event.sender), code: event.code };
  }
}

const toRefused = ({ hrid, code }: { hrid: Bytes; code: RefusalCode | MissCode }): RefusedMember => ({
  member: bytesKey(hrid),
  code,
});

const toShown = ({ vector, groupKey, leaf }: Step): ShownStep => ({
  vector,
  groupKey: hex(groupKey),
  leaf: leaf && bytesKey(leaf),
});

const hasExpired = ({ receivedAt, timerSeconds }: HistoryRecord, now: number) =>
  timerSeconds !== null && receivedAt + timerSeconds <= now;
