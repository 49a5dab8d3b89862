// What goes by itself: messages that disappear, and what a group's history rule or the relay's time limit lets go.

import { dropOldChanges } from './courier/changes.ts';
import { dropOldEarly } from './courier/early.ts';
import { dropEndedPackages } from './courier/key-packages.ts';
import { dropRemoved } from './courier/membership.ts';
import { dropUnconfirmed } from './courier/outbox.ts';
import { correctTimes } from './state/healing.ts';
import { expireMessages, messagesDue, retireMessages } from './state/history.ts';
import { tables } from './state/records.ts';
import type { State } from './state/state.ts';
import type { Bytes } from './wire/bytes.ts';
import { CliquetError } from './wire/errors.ts';

/** Histories are looked through this often; disappearing messages go on the second. */
const intervalSeconds = 3600;
/** The store could not be written; it may be, later. */
const retrySeconds = 60;
/** Timers do not notice that the clock has jumped, or that the device has slept: it is looked at this often. */
const maxTimeoutMs = 60_000;

export class Housekeeping {
  readonly #state: State;
  /** Seconds since 1970. */
  readonly #now: () => number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the timer fires, and when histories are looked through next: seconds since 1970. */
  #wakeAt = Number.POSITIVE_INFINITY;
  #tidyAt = 0;
  #notBefore = 0;
  #running = false;
  #stopped = false;

  constructor(state: State, now: () => number) {
    this.#state = state;
    this.#now = now;
  }

  /** Does what is due, and comes again when the next thing is. What the store refuses is tried again then. */
  async run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      let next = await this.#state.transact((tx) => expireMessages(tx, this.#now()));
      while (next !== null && next <= this.#now()) {
        next = await this.#state.transact((tx) => expireMessages(tx, this.#now()));
      }
      // Further ahead than that, the clock has been set back.
      if (this.#tidyAt > this.#now() && this.#tidyAt <= this.#now() + intervalSeconds) return;
      this.#tidyAt = this.#now() + intervalSeconds;
      await this.#state.transact((tx) => {
        correctTimes(tx, this.#now());
        dropOldEarly(tx, this.#now());
        dropOldChanges(tx, this.#now());
        dropRemoved(tx, this.#now());
        dropEndedPackages(tx, this.#now());
        return dropUnconfirmed(tx, this.#now());
      });
      for (const { value } of this.#state.all(tables.groups)) await this.#tidy(value.id);
    } catch (error) {
      if (!(error instanceof CliquetError)) throw error;
      this.#notBefore = this.#now() + retrySeconds;
    } finally {
      this.#running = false;
      this.#wakeAt = Number.POSITIVE_INFINITY;
      this.nudge();
    }
  }

  /** There may be a message that disappears sooner than all others. */
  nudge(): void {
    const soonest = Number(this.#state.first(tables.expiring)?.key.slice(0, 16) ?? Number.POSITIVE_INFINITY);
    const at = Math.max(this.#notBefore, Math.min(soonest, this.#tidyAt));
    if (this.#stopped || this.#running || at >= this.#wakeAt) return;
    this.#wakeAt = at;
    clearTimeout(this.#timer);
    const waitMs = Math.max(0, at - this.#now()) * 1000;
    this.#timer = setTimeout(() => void this.run(), Math.min(waitMs, maxTimeoutMs));
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** Lets go what is too old in a group. */
  async #tidy(group: Bytes): Promise<void> {
    for (let from: number | null = 0; from !== null; ) {
      const start: number = from;
      from = await this.#state.transact((tx) =>
        retireMessages(tx, group, start, messagesDue(tx, group), false, this.#now()),
      );
    }
  }
}
