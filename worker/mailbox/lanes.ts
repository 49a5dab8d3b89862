// Hands what is in the outbox to the recipients' mailboxes: one call in flight a recipient, in order of n. No lock is
// held across a call, and after each one the world is looked at again.

import { type Bytes, sameBytes } from '../../client/wire/bytes.ts';
import { firstRetryMs, lastRetryMs, maxLanesAtOnce, probeMs } from '../limits.ts';
import { log } from '../log.ts';
import { type Host, wakeBy } from '../ports.ts';
import type { Lane, Outbox } from './outbox.ts';
import type { DeliveryAnswer, Peers } from './peer.ts';

/** Who sends, and whether that registration still stands. */
export interface Sender {
  readonly hrid: Bytes;
  readonly epoch: Bytes;
  isCurrent(): boolean;
}

export class Lanes {
  readonly #host: Host;
  readonly #peers: Peers;
  readonly #outbox: Outbox;
  readonly #sender: Sender;
  readonly #finished: (numbers: number[]) => void;
  readonly #ready = new Set<Lane>();
  #running = 0;

  /** @param finished  is told the numbers of messages that everybody has acknowledged */
  constructor(host: Host, peers: Peers, outbox: Outbox, sender: Sender, finished: (numbers: number[]) => void) {
    this.#host = host;
    this.#peers = peers;
    this.#outbox = outbox;
    this.#sender = sender;
    this.#finished = finished;
  }

  /** Starts these lanes, as many at once as may run; the others follow. */
  start(lanes: Iterable<Lane>): void {
    for (const lane of lanes) this.#ready.add(lane);
    for (const lane of this.#ready) {
      if (this.#running === maxLanesAtOnce) return;
      this.#ready.delete(lane);
      if (lane.busy || lane.pending.length === 0 || lane.notBefore > this.#host.now()) continue;
      lane.busy = true;
      lane.notBefore = 0;
      this.#running++;
      this.#host.later(this.#run(lane));
    }
  }

  /** Starts every lane whose time has come. @returns when the next one's comes, null if none waits */
  resume(): number | null {
    const now = this.#host.now();
    const lanes = [...this.#outbox.lanes.values()];
    this.start(lanes.filter((lane) => dueAt(lane) <= now));
    // A lane that runs sets the alarm itself if it fails; were the object to die meanwhile, this one serves.
    const times = lanes.map((lane) => (dueAt(lane) <= now ? now + firstRetryMs : dueAt(lane)));
    return times.length > 0 ? Math.min(...times) : null;
  }

  /** The recipient has acknowledged up to n; so there is room again where it was full. */
  acknowledged(lane: Lane, n: number): void {
    this.#finish(this.#outbox.acknowledge(lane, n));
    lane.failures = 0;
    lane.notBefore = 0;
    if (unsent(lane)) this.start([lane]);
  }

  /** Nothing can be delivered to this recipient any more. */
  end(lane: Lane): void {
    this.#finish(this.#outbox.acknowledge(lane, Number.POSITIVE_INFINITY));
  }

  /** Tells each recipient that what was not handed over will never come: one attempt, for the registration ends. */
  withdraw(): Promise<unknown>[] {
    return [...this.#outbox.lanes.values()].flatMap((lane) => {
      const first = lane.pending.find(({ n }) => n > lane.sent);
      return first === undefined ? [] : [this.#withdraw(lane, first.n)];
    });
  }

  async #withdraw(lane: Lane, fromN: number): Promise<void> {
    const peer = await this.#peers.mailbox(lane.recipient);
    const nothing = new Uint8Array();
    const n = lane.pending.at(-1)?.n ?? fromN;
    await peer.deliver({
      sender: this.#sender.hrid,
      senderEpoch: this.#sender.epoch,
      recipientEpoch: lane.recipientEpoch,
      items: [{ n, gap: { fromN, reason: 'withdrawn' }, expires: 0, header: nothing, body: nothing }],
    });
  }

  async #run(lane: Lane): Promise<void> {
    try {
      const peer = await this.#peers.mailbox(lane.recipient);
      do {
        if (!this.#sender.isCurrent()) return;
        const items = this.#outbox.items(lane);
        const answer = await peer.deliver({
          sender: this.#sender.hrid,
          senderEpoch: this.#sender.epoch,
          recipientEpoch: lane.recipientEpoch,
          items,
        });
        if (!this.#sender.isCurrent()) return;
        this.#take(lane, answer);
      } while (unsent(lane) && lane.notBefore === 0);
    } catch {
      log('lane-failed', { count: lane.failures + 1 });
      this.#postpone(lane);
    } finally {
      lane.busy = false;
      this.#running--;
      if (this.#sender.isCurrent()) {
        this.#outbox.drop(lane);
        // Something may have come in the meantime, for this lane or for one that had to wait its turn.
        this.start(unsent(lane) && lane.notBefore === 0 ? [lane] : []);
      }
    }
  }

  #take(lane: Lane, answer: DeliveryAnswer): void {
    if (!('epoch' in answer)) {
      this.end(lane);
      return;
    }
    const renewed = lane.recipientEpoch !== null && !sameBytes(lane.recipientEpoch, answer.epoch);
    lane.recipientEpoch = answer.epoch;
    lane.sent = renewed ? answer.upTo : Math.max(lane.sent, answer.upTo);
    lane.probeAt = this.#host.now() + probeMs;
    this.#finish(this.#outbox.acknowledge(lane, answer.acked));
    if (answer.status === 'full') this.#postpone(lane);
    else lane.failures = 0;
  }

  /** Backs off: 5 s doubling to an hour, ± 20 %. */
  #postpone(lane: Lane): void {
    const wait = Math.min(firstRetryMs * 2 ** lane.failures, lastRetryMs) * (0.8 + 0.4 * Math.random());
    lane.failures++;
    lane.notBefore = this.#host.now() + Math.round(wait);
    if (this.#sender.isCurrent()) wakeBy(this.#host.alarm, lane.notBefore);
  }

  #finish(numbers: number[]): void {
    if (numbers.length > 0) this.#finished(numbers);
  }
}

/** When the lane has something to do next. */
function dueAt(lane: Lane): number {
  return unsent(lane) ? lane.notBefore : lane.probeAt;
}

/** Whether the lane has something that was not handed over yet. */
function unsent(lane: Lane): boolean {
  return (lane.pending.at(-1)?.n ?? 0) > lane.sent;
}
