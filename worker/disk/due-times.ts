// When alarms are due, of all objects. In memory: each object's own database knows it too, and is asked at the start.

/** Then the clock is looked at again: it may have been set, or the machine have slept. */
const maxWaitMs = 60_000;
/** Of those that are due together; the others follow, so that not all of them are awake at once. */
const maxAtOnce = 16;

export class DueTimes {
  readonly #times = new Map<string, number>();
  readonly #onDue: (key: string) => void;
  #timer: NodeJS.Timeout | undefined;
  #next = Number.POSITIVE_INFINITY;

  /** @param onDue  called when the time has come; it is not set any more then */
  constructor(onDue: (key: string) => void) {
    this.#onDue = onDue;
  }

  has(key: string): boolean {
    return this.#times.has(key);
  }

  /** @param time  milliseconds since 1970; replaces what was set */
  set(key: string, time: number): void {
    this.#times.set(key, time);
    if (time < this.#next) this.#wait(time);
  }

  /** Sets it unless the time comes earlier anyway. */
  setBy(key: string, time: number): void {
    this.set(key, Math.min(time, this.#times.get(key) ?? time));
  }

  delete(key: string): void {
    this.#times.delete(key);
  }

  stop(): void {
    this.#times.clear();
    clearTimeout(this.#timer);
  }

  #wait(next: number): void {
    this.#next = next;
    clearTimeout(this.#timer);
    if (next === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.#fire(), Math.min(Math.max(0, next - Date.now()), maxWaitMs));
    this.#timer.unref();
  }

  #fire(): void {
    const now = Date.now();
    const due: string[] = [];
    let next = Number.POSITIVE_INFINITY;
    for (const [key, time] of this.#times) {
      if (time <= now && due.length < maxAtOnce) due.push(key);
      else next = Math.min(next, time);
    }
    for (const key of due) this.#times.delete(key);
    this.#wait(next);
    for (const key of due) this.#onDue(key);
  }
}
