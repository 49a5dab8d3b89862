// What this mailbox tells the mailboxes of senders: up to where its owner has acknowledged, and that there is room again.
// Reports are cumulative. One that fails is repeated by the alarm, ever less often; one that is lost with the object's
// memory is asked for by the sender, or comes with the sweep of old marks: a mark goes only once its sender has heard
// of it.

import type { Bytes } from '../../client/wire/bytes.ts';
import { lastRetryMs, maxTurnedAway } from '../limits.ts';
import { log } from '../log.ts';
import { type Host, wakeBy } from '../ports.ts';
import { backoffMs, Calls, inTime } from './call.ts';
import type { Peers } from './peer.ts';
import { type Queue, type Report, reportKey } from './queue.ts';

export interface Reporter {
  readonly hrid: Bytes;
  readonly epoch: Bytes;
  isCurrent(): boolean;
}

/** A report that its sender has not heard. */
interface Failed {
  readonly report: Report;
  /** In a row. */
  readonly failures: number;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
}

export class Reports {
  readonly #host: Host;
  readonly #peers: Peers;
  readonly #queue: Queue;
  readonly #self: Reporter;
  readonly #calls: Calls;
  /** Of one sender the newest. */
  readonly #failed = new Map<string, Failed>();
  /** Senders whose messages found no room. */
  readonly #turnedAway = new Map<string, Report>();
  /** Marks that were to go are asked about again after this. */
  #nextSweep = 0;

  constructor(host: Host, peers: Peers, queue: Queue, self: Reporter) {
    this.#host = host;
    this.#peers = peers;
    this.#queue = queue;
    this.#self = self;
    this.#calls = new Calls(() => host.now());
  }

  /** The owner has acknowledged: the senders concerned are told, and those that wait for room. */
  send(reports: readonly Report[]): void {
    const waiting = [...this.#turnedAway.values()];
    this.#turnedAway.clear();
    const told = new Set(reports.map(reportKey));
    const others = waiting.filter((report) => !told.has(reportKey(report)));
    for (const report of [...reports, ...others]) this.#host.later(this.#report(report));
  }

  /** The registration ends. Senders whose messages wait here are told once; if that is lost, they hear it when they ask. */
  sayGone(): void {
    for (const sender of this.#queue.senders()) this.#host.later(this.#sayGone(sender));
  }

  async #sayGone(sender: Bytes): Promise<void> {
    try {
      const peer = await this.#peers.mailbox(sender);
      await inTime(peer.gone(this.#self.hrid, this.#self.epoch));
    } catch {
      log('report-failed');
    }
  }

  /** This sender's messages found no room. @param report what is acknowledged of them */
  turnAway(report: Report): void {
    const key = reportKey(report);
    if (this.#turnedAway.size < maxTurnedAway || this.#turnedAway.has(key)) this.#turnedAway.set(key, report);
  }

  /** Repeats what has failed, and sweeps old marks. @returns when there is more to do, infinite if never */
  resume(now: number): number {
    this.#calls.expire();
    for (const [key, { report, failures, notBefore }] of this.#failed) {
      if (notBefore > now) continue;
      this.#failed.delete(key);
      this.#host.later(this.#report(report, failures));
    }
    return Math.min(this.#sweep(now), ...[...this.#failed.values()].map(({ notBefore }) => notBefore));
  }

  /** Not more often than once an hour: a sender that cannot be reached must not keep this object awake. */
  #sweep(now: number): number {
    if (now < this.#nextSweep) return this.#nextSweep;
    const old = this.#queue.oldMarks(now);
    if (old.length === 0) return this.#queue.nextOldMark();
    for (const mark of old) this.#host.later(this.#sweepMark(mark));
    this.#nextSweep = now + lastRetryMs;
    return this.#nextSweep;
  }

  async #sweepMark(mark: Report): Promise<void> {
    if (await this.#tell(mark, false)) this.#queue.forgetMark(mark, this.#host.now());
  }

  /** @param failures  in a row, until now */
  async #report(report: Report, failures = 0): Promise<void> {
    if ((await this.#tell(report)) || !this.#self.isCurrent()) return;
    const notBefore = this.#host.now() + backoffMs(failures + 1);
    this.#failed.set(reportKey(report), { report, failures: failures + 1, notBefore });
    wakeBy(this.#host.alarm, notBefore);
  }

  /** @returns whether the sender has heard it, and the registration still stands */
  async #tell(report: Report, remembers = true): Promise<boolean> {
    try {
      const peer = await this.#peers.mailbox(report.sender);
      await this.#calls.answer(peer.acked(this.#self.hrid, report.epoch, report.n, remembers));
      return this.#self.isCurrent();
    } catch {
      log('report-failed');
      return false;
    }
  }
}
