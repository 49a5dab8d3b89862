// What the mailboxes of a relay promise (docs/PROTOCOL.md §8–10), without storage, calls or sleep: real ones are held
// against it. Between the messages of different senders there is no order, so it is told in which one they came.

import { maxFramesInFlight } from '../../../client/wire/limits.ts';
import { maxMisses, maxPendingPerRecipient, maxQueueEntries } from '../../../worker/limits.ts';

/** A message, or a gap (with a reason) for the sender's messages fromN … n. Each registration is an era of its sender. */
export interface Item {
  readonly from: number;
  readonly era: number;
  readonly n: number;
  readonly fromN: number;
  readonly reason: 'expired' | 'full' | 'withdrawn' | null;
}

export const labelOf = ({ from, era, n, fromN, reason }: Item): string =>
  reason === null ? `message ${from}.${era}.${n}` : `${reason} ${from}: ${fromN}-${n}`;

class Mailbox {
  era = 0;
  isHere = true;
  next = 1;
  acked = 0;
  queue: Item[] = [];
  refuses: readonly number[] = [];
  /** What somebody has not acknowledged: per recipient `waits`, or why it never will. */
  records: Map<number, { readonly states: Map<number, string>; missed: boolean }> = new Map();
  /** Null if no stream is open. */
  stream: { sent: number; readonly drainTo: number; readonly entries: string[] } | null = null;

  get last(): number {
    return this.acked + this.queue.length;
  }
}

export class Model {
  readonly mailboxes: readonly Mailbox[];
  /** What is accepted and stands in no queue yet, of one sender's era for one recipient. */
  #lanes: { readonly from: number; readonly era: number; readonly to: number; items: Item[] }[] = [];

  constructor(size: number) {
    this.mailboxes = Array.from({ length: size }, () => new Mailbox());
  }

  at(who: number): Mailbox {
    return this.mailboxes[who] ?? new Mailbox();
  }

  /** @param refused  what the relay has answered for whom, and might */
  send(from: number, to: readonly number[], refused: ReadonlyMap<number, string>): void {
    const n = this.at(from).next++;
    const states = new Map(to.map((each) => [each, refused.get(each) ?? 'waits']));
    if (refused.size < to.length) this.at(from).records.set(n, { states, missed: false });
    for (const [each, state] of states) {
      if (state === 'waits') this.put(from, each, n, null);
      if (state === 'mailbox-full') this.put(from, each, n, 'full');
    }
    this.#meet();
  }

  put(from: number, to: number, n: number, reason: Item['reason']): void {
    const { era } = this.at(from);
    const lane = this.#lane(from, to) ?? { from, era, to, items: [] };
    if (lane.items.length === 0) this.#lanes.push(lane);
    lane.items = joinGaps([...lane.items, { from, era, n, fromN: n, reason }]);
  }

  /** Whether one message more may wait to get into the recipient's queue. What has a place there does not wait. */
  mayWait(from: number, to: number): boolean {
    const messages = this.#lane(from, to)?.items.filter(({ reason }) => reason === null).length ?? 0;
    return messages - (maxQueueEntries - this.at(to).queue.length) < maxPendingPerRecipient;
  }

  /** Something has come into a queue: it must be what is next of its sender. */
  arrive(to: number, label: string): void {
    const lane = this.#lanes.find(({ to: other, items: [first] }) => other === to && first && labelOf(first) === label);
    const item = lane?.items.shift();
    if (item === undefined || this.at(to).queue.length >= maxQueueEntries) throw new Error(`${to} got ${label}`);
    this.at(to).queue.push(item);
    this.#lanes = this.#lanes.filter(({ items }) => items.length > 0);
  }

  /** Whether nothing has to come into this queue, as it is; but for the farewells of those that have deregistered. */
  isSettled(to: number, butFarewells = false): boolean {
    const due = this.#lanes.filter((lane) => lane.to === to && !(butFarewells && lane.era < this.at(lane.from).era));
    return due.length === 0 || this.at(to).queue.length === maxQueueEntries;
  }

  acknowledge(to: number, seq: number): void {
    const mailbox = this.at(to);
    for (const { from, era, n } of mailbox.queue.splice(0, Math.max(0, seq - mailbox.acked))) {
      mailbox.acked++;
      if (this.at(from).era === era) this.#strike(from, n, to, 'acknowledged');
    }
  }

  /** The time of a sender's messages after one number and up to another is up. */
  expire(from: number, after: number, upTo: number): void {
    const { era, records } = this.at(from);
    const isOver = (n: number) => n > after && n <= upTo;
    const end = (item: Item): Item =>
      item.from === from && item.era === era && isOver(item.n) && item.reason === null
        ? { ...item, reason: 'expired' }
        : item;
    for (const mailbox of this.mailboxes) mailbox.queue = mailbox.queue.map(end);
    for (const lane of this.#lanes) lane.items = joinGaps(lane.items.map(end));
    for (const [n, { states }] of [...records]) {
      if (isOver(n)) for (const to of states.keys()) this.#strike(from, n, to, 'expired');
    }
  }

  deregister(who: number): void {
    for (const lane of this.#lanes.filter(({ from }) => from === who)) {
      const [first, last] = [lane.items[0], lane.items.at(-1)];
      if (first && last) lane.items = [{ ...last, fromN: first.fromN, reason: 'withdrawn' }];
    }
    Object.assign(this.at(who), new Mailbox(), { era: this.at(who).era + 1, isHere: false });
    this.#meet();
  }

  refuse(who: number, senders: readonly number[]): void {
    this.at(who).refuses = senders;
    this.#meet();
  }

  connect(who: number): void {
    const { acked, last } = this.at(who);
    this.at(who).stream = { sent: acked, drainTo: last, entries: [] };
  }

  /** What the owner sees. */
  view(who: number, pageSize: number) {
    const { acked, last, next, queue, records, stream } = this.at(who);
    if (stream !== null) {
      const from = Math.max(stream.sent, acked);
      const to = Math.min(last, Math.max(from, acked + maxFramesInFlight));
      for (let seq = from + 1; seq <= to; seq++) stream.entries.push(`${seq} ${labels(queue)[seq - acked - 1]}`);
      stream.sent = to;
    }
    const outbox = [...records].map(([n, { states }]) => {
      const isPending = (to: number) => this.#lane(who, to)?.items.some((item) => item.reason === null && item.n === n);
      const shown = [...states].filter(([, state]) => state !== 'acknowledged');
      return `${n}: ${shown.map(([to, s]) => `${to} ${s === 'waits' ? (isPending(to) ? 'pending' : 'queued') : s}`)}`;
    });
    const seen = stream && { entries: stream.entries, drained: stream.sent >= stream.drainTo };
    return { acked, last, next, queue: labels(queue).slice(0, pageSize), outbox, stream: seen };
  }

  #lane(from: number, to: number) {
    return this.#lanes.find((lane) => lane.from === from && lane.to === to && lane.era === this.at(from).era);
  }

  /** Who is gone, or refuses a sender, gets nothing more, and is not waited for. */
  #meet(): void {
    for (const [to, { isHere, refuses }] of this.mailboxes.entries()) {
      const takes = (from: number) => isHere && !refuses.includes(from);
      this.#lanes = this.#lanes.filter((lane) => lane.to !== to || takes(lane.from));
      for (const [from, { records }] of this.mailboxes.entries()) {
        for (const n of takes(from) ? [] : [...records.keys()]) this.#strike(from, n, to, isHere ? 'refused' : 'gone');
      }
    }
  }

  /** This recipient is not waited for any more. What nobody waits for and nobody has missed goes. */
  #strike(from: number, n: number, to: number, state: string): void {
    const { records } = this.at(from);
    const record = records.get(n);
    if (record?.states.get(to) !== 'waits') return;
    record.states.set(to, state);
    if (state !== 'acknowledged') record.missed = true;
    if ([...record.states.values()].includes('waits')) return;
    if (!record.missed) records.delete(n);
    const missed = [...records].filter(([, { states }]) => ![...states.values()].includes('waits'));
    if (missed.length > maxMisses) records.delete(missed[0]?.[0] ?? 0);
  }
}

const labels = (items: readonly Item[]) => items.map(labelOf);

function joinGaps(items: readonly Item[]): Item[] {
  const joined: Item[] = [];
  for (const item of items) {
    const last = joined.at(-1);
    if (last && last.reason !== null && last.reason === item.reason)
      joined.splice(-1, 1, { ...item, fromN: last.fromN });
    else joined.push(item);
  }
  return joined;
}
