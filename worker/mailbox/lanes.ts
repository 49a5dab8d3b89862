// Hands what is in the outbox to the recipients' mailboxes: one call in flight a recipient, in order of n. No lock is
// held across a call, and after each one the world is looked at again.

import { type Bytes, bytesKey, sameBytes } from '../../client/wire/bytes.ts';
import type { Delivered } from '../../client/wire/send.ts';
import { callTimeoutMs, firstRetryMs, maxLanesAtOnce, probeMs } from '../limits.ts';
import { log } from '../log.ts';
import { type Host, wakeBy } from '../ports.ts';
import { backoffMs, Calls } from './call.ts';
import { dueAt, hasUnsent, type Lane } from './lane.ts';
import type { Outbox } from './outbox.ts';
import type { DeliveryAnswer, DeliveryItem, Peers } from './peer.ts';

/** Who sends. */
export interface Sender {
  readonly hrid: Bytes;
  readonly epoch: Bytes;
  /** Whether that registration still stands. */
  isCurrent(): boolean;
  /** Nobody is waited for any more. */
  finished(delivered: readonly Delivered[]): void;
  /** A recipient takes nothing, or nobody is there. */
  absent(recipient: Bytes, code: 'gone' | 'refused'): void;
}

export class Lanes {
  readonly #host: Host;
  readonly #peers: Peers;
  readonly #outbox: Outbox;
  readonly #sender: Sender;
  readonly #calls: Calls;
  readonly #ready = new Set<Lane>();
  #running = 0;

  constructor(host: Host, peers: Peers, outbox: Outbox, sender: Sender) {
    this.#host = host;
    this.#peers = peers;
    this.#outbox = outbox;
    this.#sender = sender;
    this.#calls = new Calls(() => host.now());
    type Row = { recipient: Bytes; failures: number; sent: number; not_before: number };
    for (const row of host.sql.query<Row>('select recipient, failures, sent, not_before from backoff')) {
      const lane = outbox.lanes.get(bytesKey(row.recipient));
      if (lane === undefined) continue;
      lane.failures = row.failures;
      lane.sent = row.sent;
      lane.notBefore = row.not_before;
    }
  }

  /** Starts these lanes, as many at once as may run; the others follow. */
  start(lanes: Iterable<Lane>): void {
    for (const lane of lanes) this.#ready.add(lane);
    for (const lane of this.#ready) {
      if (this.#running === maxLanesAtOnce) return;
      this.#ready.delete(lane);
      if (lane.busy || lane.pending.length === 0 || lane.notBefore > this.#host.now()) continue;
      lane.busy = true;
      this.#running++;
      this.#host.later(this.#run(lane));
    }
  }

  /**
   * Gives up what takes too long, and starts every lane whose time has come.
   * @returns when the next one's comes, infinite if none waits
   */
  resume(): number {
    this.#calls.expire();
    const now = this.#host.now();
    const lanes = [...this.#outbox.lanes.values()];
    this.start(lanes.filter((lane) => dueAt(lane) <= now));
    // A lane that runs sets the alarm itself if it fails; were the object to die meanwhile, this one serves.
    return Math.min(...lanes.map((lane) => (dueAt(lane) <= now ? now + firstRetryMs : dueAt(lane))));
  }

  /** The recipient has acknowledged up to n, or has room again. */
  acknowledged(lane: Lane, n: number): void {
    this.#advance(lane, Math.max(lane.sent, n), n);
    this.#reached(lane);
    if (hasUnsent(lane)) this.start([lane]);
  }

  /** The queue of this epoch is no more. Said late, it must not end what waits for the recipient's next registration. */
  gone(lane: Lane, epoch: Bytes): void {
    if (lane.recipientEpoch === null) this.start([lane]);
    else if (sameBytes(lane.recipientEpoch, epoch)) this.end(lane, 'gone');
  }

  /** Nothing can be delivered to this recipient any more. */
  end(lane: Lane, code: 'gone' | 'refused'): void {
    this.#reached(lane);
    this.#sender.absent(lane.recipient, code);
    this.#sender.finished(this.#outbox.end(lane, code, this.#host.now()));
  }

  async #run(lane: Lane): Promise<void> {
    let hasStorage = false;
    try {
      do {
        if (!this.#sender.isCurrent()) return;
        if (lane.failures > 0) this.#host.count('lane-retried', '');
        const answer = await this.#deliver(lane, this.#next(lane));
        if (!this.#sender.isCurrent()) return;
        if (answer === null) this.#postpone(lane);
        else this.#take(lane, answer);
      } while (hasUnsent(lane) && lane.notBefore <= this.#host.now());
      hasStorage = true;
    } finally {
      lane.busy = false;
      this.#running--;
      // Without storage whatever begins fails at once, for ever: the object is read anew, and its alarm goes on.
      if (hasStorage && this.#sender.isCurrent()) {
        this.#outbox.drop(lane);
        // Something may have come in the meantime, for this lane or for one that had to wait its turn.
        this.start(hasUnsent(lane) ? [lane] : []);
      }
    }
  }

  /**
   * What to hand over. After the object was away, a lane with more than one message asks first what the recipient has:
   * else everything that waits for an absent owner would be handed over again.
   */
  #next(lane: Lane): DeliveryItem[] {
    return lane.recipientEpoch === null && lane.pending.length > 1 ? [] : this.#outbox.items(lane);
  }

  /** @returns null if it failed; it may have taken effect all the same */
  async #deliver(lane: Lane, items: DeliveryItem[]): Promise<DeliveryAnswer | null> {
    try {
      const peer = await this.#peers.mailbox(lane.recipient);
      const { hrid, epoch } = this.#sender;
      const delivery = { sender: hrid, senderEpoch: epoch, recipientEpoch: lane.recipientEpoch, items };
      wakeBy(this.#host.alarm, this.#host.now() + callTimeoutMs);
      return await this.#calls.answer(peer.deliver(delivery));
    } catch {
      log('lane-failed', { count: lane.failures + 1 });
      return null;
    }
  }

  #take(lane: Lane, answer: DeliveryAnswer): void {
    if (!('epoch' in answer)) {
      this.end(lane, answer.status);
      return;
    }
    const isSame = lane.recipientEpoch !== null && sameBytes(lane.recipientEpoch, answer.epoch);
    lane.recipientEpoch = answer.epoch;
    lane.probeAt = this.#host.now() + probeMs;
    this.#advance(lane, isSame ? Math.max(lane.sent, answer.upTo) : answer.upTo, answer.acked);
    if (answer.status === 'full') this.#postpone(lane);
    else this.#reached(lane);
  }

  /**
   * Most have acknowledged a message before the alarm that its sending set: until then nothing is written, and then its
   * record goes. If the object dies meanwhile, that alarm asks the recipients again.
   */
  #advance(lane: Lane, sent: number, acked: number): void {
    const now = this.#host.now();
    this.#sender.finished(this.#outbox.advance(lane, sent, acked, now));
    const { due } = this.#host.alarm;
    if (due === null || due > now + firstRetryMs) this.#outbox.save();
  }

  #postpone(lane: Lane): void {
    if (lane.pending.length === 0) {
      // All was acknowledged meanwhile.
      this.#reached(lane);
      return;
    }
    lane.failures++;
    lane.notBefore = this.#host.now() + backoffMs(lane.failures);
    // Durable: an object that sleeps between two attempts must not begin to count anew.
    this.#host.sql.query(
      'insert or replace into backoff (recipient, failures, sent, not_before) values (?, ?, ?, ?)',
      ...[lane.recipient, lane.failures, lane.sent, lane.notBefore],
    );
    wakeBy(this.#host.alarm, lane.notBefore);
  }

  #reached(lane: Lane): void {
    if (lane.failures === 0) return;
    lane.failures = 0;
    lane.notBefore = 0;
    this.#host.sql.query('delete from backoff where recipient = ?', lane.recipient);
  }
}
