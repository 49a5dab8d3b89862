// Whether a recipient is registered, as a sender's mailbox asks it. What was found once is not looked up again for a
// day: registrations only ever enter the filter, and the recipient's own mailbox has the last word anyway.

import { type Bytes, bytesKey } from '../../client/wire/bytes.ts';
import { BoundedMap } from '../bounded-map.ts';
import { absentRecipientMs, knownRecipientMs, maxKnownRecipients } from '../limits.ts';
import { log } from '../log.ts';
import { inTime } from './call.ts';

/** The filter, as a mailbox knows it. */
export interface Registry {
  /** Of the filter key that counts now. */
  readonly generation: number;
  /** Enters an HRID under that key; done when it is durable. */
  enter(hrid: Bytes): Promise<void>;
  /** True if nobody is registered under this HRID; false if somebody is, or if that cannot be told now. */
  isAbsent(hrid: Bytes): Promise<boolean>;
}

export type Absence = 'unregistered' | 'gone' | 'refused';

export class Membership {
  readonly #registry: Registry;
  /** What is known of a recipient (null: it is there), and until when (milliseconds since 1970). */
  readonly #known = new BoundedMap<{ absence: Absence | null; until: number }>(maxKnownRecipients);

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** By key (`bytesKey`): those that get nothing, and why. */
  async absent(hrids: readonly Bytes[], now: number): Promise<Map<string, Absence>> {
    const unknown = hrids.filter((hrid) => (this.#known.get(bytesKey(hrid))?.until ?? 0) <= now);
    const answers = await Promise.all(unknown.map((hrid) => this.#isAbsent(hrid)));
    const unregistered = new Set(unknown.filter((_, i) => answers[i]).map(bytesKey));
    const there = unknown.map(bytesKey).filter((key) => !unregistered.has(key));
    for (const key of there) this.#known.set(key, { absence: null, until: now + knownRecipientMs });
    return new Map(
      hrids.map(bytesKey).flatMap((key) => {
        const absence = unregistered.has(key) ? 'unregistered' : this.#known.get(key)?.absence;
        return absence ? [[key, absence] as const] : [];
      }),
    );
  }

  /** The recipient's own mailbox has said that it takes nothing. It is asked again soon. */
  note(hrid: Bytes, absence: Absence, now: number): void {
    this.#known.set(bytesKey(hrid), { absence, until: now + absentRecipientMs });
  }

  /** Looks it up again the next time. */
  forget(hrid: Bytes): void {
    this.#known.delete(bytesKey(hrid));
  }

  /** A filter that does not answer must not keep the owner's next sends waiting. */
  async #isAbsent(hrid: Bytes): Promise<boolean> {
    try {
      return await inTime(this.#registry.isAbsent(hrid));
    } catch {
      log('filter-unavailable');
      return false;
    }
  }
}
