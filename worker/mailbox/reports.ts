// What this mailbox tells the mailboxes of senders: up to where its owner has acknowledged, and that there is room again.
// Reports are cumulative. One that fails is repeated by the alarm; one that is lost with the object's memory is asked for
// by the sender, or comes with the sweep of old marks: a mark goes only once its sender has heard of it.

import type { Bytes } from '../../client/wire/bytes.ts';
import { firstRetryMs, maxTurnedAway } from '../limits.ts';
import { log } from '../log.ts';
import { type Host, wakeBy } from '../ports.ts';
import { inTime } from './call.ts';
import type { Peers } from './peer.ts';
import { type Queue, type Report, reportKey } from './queue.ts';

export interface Reporter {
  readonly hrid: Bytes;
  readonly epoch: Bytes;
  isCurrent(): boolean;
}

export class Reports {
  readonly #host: Host;
  readonly #peers: Peers;
  readonly #queue: Queue;
  readonly #self: Reporter;
  /** Of one sender the newest. */
  readonly #failed = new Map<string, Report>();
  /** Senders whose messages found no room. */
  readonly #turnedAway = new Map<string, Report>();

  constructor(host: Host, peers: Peers, queue: Queue, self: Reporter) {
    this.#host = host;
    this.#peers = peers;
    this.#queue = queue;
    this.#self = self;
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
    const peer = await this.#peers.mailbox(sender);
    await inTime(peer.gone(this.#self.hrid, this.#self.epoch));
  }

  /** This sender's messages found no room. @param report what is acknowledged of them */
  turnAway(report: Report): void {
    const key = reportKey(report);
    if (this.#turnedAway.size < maxTurnedAway || this.#turnedAway.has(key)) this.#turnedAway.set(key, report);
  }

  /** Repeats what has failed, and sweeps old marks. @returns when the next mark is old, infinite if there is none */
  resume(now: number): number {
    const failed = [...this.#failed.values()];
    this.#failed.clear();
    for (const report of failed) this.#host.later(this.#report(report));
    const old = this.#queue.oldMarks(now);
    for (const mark of old) this.#host.later(this.#sweep(mark));
    // What fails sets the alarm itself; were the object to die meanwhile, this one serves.
    return old.length > 0 ? now + firstRetryMs : this.#queue.nextOldMark();
  }

  async #sweep(mark: Report): Promise<void> {
    if (await this.#report(mark)) this.#queue.forgetMark(mark, this.#host.now());
  }

  /** @returns whether the sender has heard it, and the registration still stands */
  async #report(report: Report): Promise<boolean> {
    try {
      const peer = await this.#peers.mailbox(report.sender);
      await inTime(peer.acked(this.#self.hrid, report.epoch, report.n));
      return this.#self.isCurrent();
    } catch {
      log('report-failed');
      if (!this.#self.isCurrent()) return false;
      this.#failed.set(reportKey(report), report);
      wakeBy(this.#host.alarm, this.#host.now() + firstRetryMs);
      return false;
    }
  }
}
