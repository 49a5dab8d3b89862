// Whether a recipient is registered, as a sender's mailbox asks it. What was found once is not looked up again for a
// day: registrations only ever enter the filter, and the recipient's own mailbox has the last word anyway.

import { type Bytes, bytesKey } from '../../client/wire/bytes.ts';
import { knownRecipientMs, maxKnownRecipients } from '../limits.ts';

/** The filter, as a mailbox knows it. */
export interface Registry {
  /** True if nobody is registered under this HRID; false if somebody is, or if that cannot be told now. */
  isAbsent(hrid: Bytes): Promise<boolean>;
}

export class Membership {
  readonly #registry: Registry;
  readonly #known = new Map<string, number>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** The keys (`bytesKey`) of those that nobody is registered under. */
  async unregistered(hrids: readonly Bytes[], now: number): Promise<Set<string>> {
    const asked = hrids.filter((hrid) => (this.#known.get(bytesKey(hrid)) ?? 0) <= now);
    const absent = await Promise.all(asked.map((hrid) => this.#registry.isAbsent(hrid)));
    for (const [i, hrid] of asked.entries()) if (!absent[i]) this.#remember(bytesKey(hrid), now + knownRecipientMs);
    return new Set(asked.filter((_, i) => absent[i]).map(bytesKey));
  }

  /** Looks it up again the next time. */
  forget(hrid: Bytes): void {
    this.#known.delete(bytesKey(hrid));
  }

  #remember(key: string, until: number): void {
    this.#known.set(key, until);
    const oldest = this.#known.size > maxKnownRecipients ? this.#known.keys().next().value : undefined;
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}
