// The books of a run: what the relay has accepted, what each client has read, and whether they agree. It knows only the
// protocol: no host, no clock.

import { type Bytes, sameBytes } from '../../client/wire/bytes.ts';
import type { Hello, QueueEntry } from '../../client/wire/queue.ts';

/** One message for one recipient. */
export interface Due {
  readonly sender: string;
  readonly recipient: string;
  readonly n: number;
  readonly text: string;
  /** The sender has asked for a time short enough. */
  readonly mayExpire: boolean;
  /** The relay has said so; until then it may come or not. */
  accepted: boolean;
}

type GapReason = Extract<QueueEntry, { type: 'gap' }>['reason'];

/** What stands in a recipient's queue, by the names of senders. */
export type Read =
  | {
      readonly type: 'message';
      readonly seq: number;
      readonly sender: string;
      readonly n: number;
      readonly text: string;
    }
  | {
      readonly type: 'gap';
      readonly seq: number;
      readonly sender: string;
      readonly fromN: number;
      readonly toN: number;
      readonly reason: GapReason;
    };

/** One client's reading of its queue, in one epoch of it. What must not be is in `wrong`, in words. */
export class Reading {
  readonly reads: Read[] = [];
  readonly wrong: string[] = [];
  readonly epoch: Bytes;
  /** The newest seq that an acknowledgement was sent for. */
  asked = 0;
  /** The newest seq of which the relay has said that it is acknowledged. */
  confirmed = 0;

  constructor(epoch: Bytes) {
    this.epoch = epoch;
  }

  /** The newest seq that was read. */
  get cursor(): number {
    return this.reads.length;
  }

  /** @param floor  what was `confirmed` when this was asked for: it must not come again */
  take(read: Read, floor: number): void {
    const before = this.reads[read.seq - 1];
    if (read.seq <= floor) this.wrong.push(`${describe(read)} came again after its acknowledgement`);
    if (before === undefined && read.seq === this.cursor + 1) this.reads.push(read);
    else if (before === undefined) this.wrong.push(`${describe(read)} came after seq ${this.cursor}`);
    else if (!isSame(before, read)) this.wrong.push(`${describe(before)} came again as ${describe(read)}`);
  }

  /** @param floor  what was `confirmed`, and `cursor` what was read, when this was asked for */
  greet({ epoch, last, acked }: Hello, floor: number, cursor: number): void {
    if (!sameBytes(epoch, this.epoch)) this.wrong.push('the queue has another epoch');
    if (last < cursor) this.wrong.push(`the queue ends at ${last} though ${cursor} was read`);
    if (acked < floor) this.wrong.push(`the queue forgot that ${floor} was acknowledged: ${acked}`);
    if (acked > this.asked) this.wrong.push(`${acked} is acknowledged though only ${this.asked} was asked for`);
    this.confirmed = Math.max(this.confirmed, acked);
  }
}

function describe(read: Read): string {
  const what = read.type === 'message' ? `message ${read.n}` : `gap ${read.fromN}–${read.toN} (${read.reason})`;
  return `${what} of ${read.sender} at seq ${read.seq}`;
}

/** The same entry, or one that has expired since, before it was acknowledged. */
function isSame(before: Read, now: Read): boolean {
  if (before.sender !== now.sender) return false;
  if (before.type === 'message' && now.type === 'gap') return now.fromN <= before.n && before.n <= now.toN;
  return JSON.stringify(before) === JSON.stringify(now);
}

export interface Verdict {
  readonly accepted: number;
  readonly lost: number;
  readonly doubled: number;
  /** Messages in whose place a gap stands. */
  readonly missed: number;
  readonly wrong: readonly string[];
}

/**
 * Whether each client has read what was due to it: once, or a gap in its place for a reason; in order of each sender.
 * @param readings  by the name of who reads
 * @param departed  who has deregistered: nothing more is due to them, and of theirs a gap may say `withdrawn`
 */
export function judge(
  dues: readonly Due[],
  readings: ReadonlyMap<string, Reading>,
  departed: ReadonlySet<string> = new Set(),
): Verdict {
  let [lost, doubled, missed] = [0, 0, 0];
  const wrong: string[] = [];
  const dueBySlot = new Map(dues.map((due) => [slot(due.recipient, due.sender, due.n), due]));
  /** What stands where a message is due. */
  const settled = new Map<string, Read>();

  for (const [name, reading] of readings) {
    const complain = (words: string) => wrong.push(`${name}: ${words}`);
    reading.wrong.map(complain);
    const newest = new Map<string, number>();
    for (const read of reading.reads) {
      const [from, to] = read.type === 'message' ? [read.n, read.n] : [read.fromN, read.toN];
      const last = newest.get(read.sender) ?? 0;
      if (from <= last) complain(`${describe(read)} came after number ${last}`);
      newest.set(read.sender, Math.max(last, to));

      for (let n = from; n <= to; n++) {
        const key = slot(name, read.sender, n);
        const due = dueBySlot.get(key);
        if (read.type === 'message' && due?.text !== read.text) complain(`${describe(read)} was not sent like that`);
        if (due === undefined) continue;
        if (settled.has(key)) doubled++;
        else if (read.type === 'gap') {
          missed++;
          const isExcused = { expired: due.mayExpire, withdrawn: departed.has(due.sender), full: !due.accepted }[
            read.reason
          ];
          if (!isExcused) complain(`message ${n} has no reason to end as ${describe(read)}`);
        }
        settled.set(key, read);
      }
    }
  }
  for (const [key, { recipient, sender, n, accepted }] of dueBySlot) {
    if (!accepted || settled.has(key) || departed.has(recipient)) continue;
    lost++;
    const without = departed.has(sender) ? ' since it deregistered, without a gap' : '';
    wrong.push(`${recipient}: message ${n} of ${sender} is lost${without}`);
  }
  return { accepted: dues.filter(({ accepted }) => accepted).length, lost, doubled, missed, wrong };
}

function slot(recipient: string, sender: string, n: number): string {
  return `${recipient} ${sender} ${n}`;
}
