// The events that the application hears, with groups as objects and ids as text.

import { groupOf, type Host } from './group.ts';
import type { Happening, RefusedMember, ShownStep } from './happening.ts';
import type { Step } from './protocol/step.ts';
import { hex } from './stage.ts';
import { historyKey } from './state/history.ts';
import { toContent } from './state/history-entry.ts';
import { archives, type HistoryRecord, type StoredEvent } from './state/records.ts';
import { type Bytes, bytesKey } from './wire/bytes.ts';
import type { MissCode, RefusalCode } from './wire/send.ts';

/**
 * What the application hears, by {@link Client.events}. Its `type` says which of {@link Happenings} it is.
 * HRIDs, group and message ids are base64url.
 * @category Events
 */
export type ClientEvent = {
  /**
   * Counts up: who keeps the last one together with what it did of it, and gives it to {@link Client.events} when it starts
   * again, hears everything exactly once.
   */
  readonly number: number;
  /**
   * When this client has heard of it, in seconds since 1970: perhaps long before it is told; null if an earlier version did
   * not note it.
   */
  readonly at: number | null;
} & Happening;

/**
 * @param now  seconds since 1970
 * @param at   when it happened, if that is known
 * @returns null if the message that it tells of has disappeared, or was deleted, before it could be told
 */
export async function toClientEvent(
  host: Host,
  number: number,
  event: StoredEvent,
  now: number,
  at: number | null,
): Promise<ClientEvent | null> {
  const happening = await toHappening(host, event, now);
  return happening && { number, at, ...happening };
}

async function toHappening(host: Host, event: StoredEvent, now: number): Promise<Happening | null> {
  const group = (id: Bytes) => groupOf(host, bytesKey(id));
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
