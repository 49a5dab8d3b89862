// Chooses when and where a host dies, and what else befalls it until then.

import type { SeededRandom } from '../support/random.ts';
import type { Host } from './host.ts';
import type { Line } from './line.ts';
import type { Faults, Weather } from './points.ts';
import { pause } from './poster.ts';

/** Of the kills of a host with points, so many are at none of them. */
const randomShare = 0.2;
/** A kill at random comes after so many more messages were accepted, at most, and so many milliseconds. */
const maxMessages = 20;
const maxDelayMs = 12;
/** A point that is not reached by then is tried again later, and the host killed all the same. */
const patienceMs = 4000;
const patienceForAlarmsMs = 9000;
const lookMs = 5;
/** Connections that are cut in one life of the host, beside all of them at its end. */
const maxCuts = 2;
/** How often a point may be passed that is reached all the time. */
const maxSkip = 8;
const isBusy = (point: string) =>
  /^(mailbox:(write|transaction)|rpc:(send|read|acknowledge|deliver|acked)|reply|frame|mailbox:commit)/.test(point);
/** Bad weather without a kill, at the end of a run. */
const stormMessages = 60;

export class Killer {
  readonly where: Record<string, number> = {};
  readonly #host: Host;
  readonly #line: Line;
  readonly #random: SeededRandom;
  readonly #accepted: () => number;
  /** Points to be killed at, in this order; tried ones go to the end. */
  #agenda: string[];

  /** @param accepted  how many messages were accepted so far */
  constructor(host: Host, line: Line, random: SeededRandom, accepted: () => number) {
    this.#host = host;
    this.#line = line;
    this.#random = random;
    this.#accepted = accepted;
    this.#agenda = host.faults ? shuffle(host.faults.points, random) : [];
  }

  get unreached(): string[] {
    return this.#agenda.filter((point) => this.where[point] === undefined);
  }

  /** What has happened beside kills. */
  get faults(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { action, point } of this.#host.faults?.happened ?? []) {
      if (action !== 'hold') counts[`${action} ${point}`] = (counts[`${action} ${point}`] ?? 0) + 1;
    }
    return counts;
  }

  /** Lets the host live for a moment, kills it, and starts it again. */
  async kill(): Promise<void> {
    const { faults } = this.#host;
    for (let cuts = this.#random.below(maxCuts + 1); cuts > 0; cuts--) this.#line.cut(this.#random.below);
    const point = faults && !this.#random.chance(randomShare) ? this.#agenda.shift() : undefined;
    let place = 'no point';
    if (faults === undefined || point === undefined) {
      await faults?.arm({ armed: null, weather: this.#weather() });
      await this.#untilAccepted(1 + this.#random.below(maxMessages), patienceMs);
      await pause(this.#random.below(maxDelayMs + 1));
    } else {
      this.#agenda.push(point);
      const skip = isBusy(point) ? this.#random.below(maxSkip + 1) : 0;
      const earlier = faults.happened.length;
      // It may be held before it can answer.
      faults.arm({ armed: { point, skip, action: 'hold' }, weather: this.#weather() }).catch(() => {});
      const isHeld = () => faults.happened.slice(earlier).some(({ action }) => action === 'hold');
      const deadline = Date.now() + (point.includes(':alarm') ? patienceForAlarmsMs : patienceMs);
      while (!isHeld() && Date.now() < deadline) await pause(lookMs);
      if (isHeld()) place = point;
    }
    this.where[place] = (this.where[place] ?? 0) + 1;
    await this.restart();
  }

  async restart(): Promise<void> {
    this.#line.down();
    await this.#host.kill();
    await this.#host.start();
    this.#line.restore();
  }

  /** Bad weather for a while, from which the host must recover without a new start. */
  async storm(): Promise<void> {
    const { faults } = this.#host;
    await faults?.arm({ armed: null, weather: this.#badWeather() });
    await this.#untilAccepted(stormMessages, patienceMs);
    await faults?.arm({ armed: null, weather: null });
  }

  #weather(): Faults['weather'] {
    return this.#random.chance(0.5) ? this.#badWeather() : null;
  }

  #badWeather(): Weather {
    return { seed: 1 + this.#random.below(2 ** 31 - 1), fail: 0.05, evict: 0.004, again: 0.5 };
  }

  async #untilAccepted(messages: number, timeoutMs: number): Promise<void> {
    const goal = this.#accepted() + messages;
    const deadline = Date.now() + timeoutMs;
    while (this.#accepted() < goal && Date.now() < deadline) await pause(lookMs);
  }
}

function shuffle(items: readonly string[], random: SeededRandom): string[] {
  const shuffled = [...items];
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [shuffled[i], shuffled[j]] = [shuffled[j] ?? '', shuffled[i] ?? ''];
  }
  return shuffled;
}
