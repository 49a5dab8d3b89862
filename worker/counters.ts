// What a relay counts. A closed list, as that of the log (log.ts): no address, HRID or object name can be counted, because
// there is no place for it. Counts go to an Analytics Engine dataset, if one is bound, and add up in memory for /v1/health.
//
// They are for operators, not for accounts: what is counted may be lost by a crash a moment later, or be counted although
// the crash took it back.

import type { Address } from '../client/wire/address.ts';
import type { ErrorCode } from '../client/wire/errors.ts';
import type { RefusalCode } from '../client/wire/send.ts';
import type { ChannelName } from './challenge/channel.ts';

/** Each counter, and what is told beside it. */
interface Labels {
  /** Sends that were taken. */
  accepted: '';
  /** Messages that came to a recipient's queue. */
  delivered: '';
  /** Messages that their recipients have acknowledged. */
  acknowledged: '';
  /** Messages that waited too long for one recipient: in its queue, or before they came there. */
  expired: '';
  /** Requests and frames, by the code of the problem. */
  refused: ErrorCode;
  /** Recipients to whom a send that was taken will not go. */
  'recipient-refused': RefusalCode;
  /** Another attempt to hand over what a recipient's mailbox did not take. */
  'lane-retried': '';
  /** Codes, by the channel. */
  'challenge-sent': ChannelLabel;
  'challenge-failed': ChannelLabel;
  /** Right answers, by the kind of address; '' of a challenge that an earlier version has begun. */
  'challenge-answered': Address['kind'] | '';
}

/** What a channel is called here: one of a few words, and nothing of a letter or its provider's answer. */
type ChannelLabel = ChannelName;

type Counter = keyof Labels;

/** @param by  how many at once */
export type Count = <C extends Counter>(counter: C, label: Labels[C], by?: number) => void;

/** One count as Analytics Engine takes it: blob1 is the counter, blob2 its label, double1 how many. */
export interface DataPoint {
  readonly indexes: [string];
  readonly blobs: string[];
  readonly doubles: number[];
}

/** Where counts go. */
export interface CounterSink {
  writeDataPoint(point: DataPoint): void;
  /** What was counted before this process, where that is kept. */
  read?(): Totals;
  /** Keeps what was counted, now. @throws if that cannot be: the disk is full, or fails */
  flush?(): void;
}

export interface Totals {
  /** Milliseconds since 1970. */
  readonly since: number;
  /** By counter, with its label after a space if it has one. */
  readonly counts: Readonly<Record<string, number>>;
}

export class Counters {
  readonly #since: number;
  readonly #counts: Map<string, number>;
  readonly #sink: CounterSink | undefined;

  /** @param now  milliseconds since 1970 */
  constructor(sink: CounterSink | undefined, now: number) {
    const { since, counts } = sink?.read?.() ?? { since: now, counts: {} };
    this.#since = since;
    this.#counts = new Map(Object.entries(counts));
    this.#sink = sink;
  }

  readonly count: Count = (counter, label, by = 1) => {
    if (by === 0) return;
    const key = counterKey(counter, label);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + by);
    try {
      this.#sink?.writeDataPoint({ indexes: [counter], blobs: [counter, label], doubles: [by] });
    } catch {
      // Analytics Engine takes 250 of one invocation. What was to be counted has happened all the same.
    }
  };

  /** Whose counts these are: of one isolate among many, or of the whole relay. */
  get scope(): 'isolate' | 'relay' {
    return this.#sink?.read === undefined ? 'isolate' : 'relay';
  }

  get totals(): Totals {
    return { since: this.#since, counts: Object.fromEntries([...this.#counts].sort()) };
  }
}

export function counterKey(counter: string, label: string): string {
  return label === '' ? counter : `${counter} ${label}`;
}
