// Whether this relay works, as far as it can tell: whether an object's storage answers, and the key-value store of the filter.
// Both are read; on a disk of one's own what was counted is written, too. At most once in ten seconds, whoever wants to know.

import * as v from 'valibot';
import { healthAgeMs, healthTimeoutMs } from './limits.ts';

export const HealthSchema = v.object({
  status: v.picklist(['ok', 'failing']),
  /** For who has HEALTH_TOKEN, and in development. */
  details: v.optional(
    v.object({
      version: v.string(),
      failing: v.array(v.picklist(['storage', 'filter'])),
      /** Of what the counts are: of this isolate, one of many, since it began; or of the whole relay. */
      scope: v.picklist(['isolate', 'relay']),
      /** Since when they were counted, seconds since 1970. */
      since: v.number(),
      /** By counter, with its label after a space if it has one. */
      counts: v.record(v.string(), v.number()),
    }),
  ),
});
export type HealthAnswer = v.InferOutput<typeof HealthSchema>;
export type Check = 'storage' | 'filter';

export class Health {
  readonly #checks: Readonly<Record<Check, () => Promise<unknown>>>;
  readonly #now: () => number;
  #known: { readonly failing: readonly Check[]; readonly at: number } | undefined;

  /** @param checks  each settles once it was answered */
  constructor(checks: Readonly<Record<Check, () => Promise<unknown>>>, now: () => number) {
    this.#checks = checks;
    this.#now = now;
  }

  /** What does not answer, or not in time. */
  async failing(): Promise<readonly Check[]> {
    const age = this.#now() - (this.#known?.at ?? Number.NEGATIVE_INFINITY);
    if (this.#known !== undefined && age >= 0 && age < healthAgeMs) return this.#known.failing;
    const names = Object.keys(this.#checks) as Check[];
    const fine = await Promise.all(names.map((name) => answers(this.#checks[name])));
    const failing = names.filter((_, i) => !fine[i]);
    this.#known = { failing, at: this.#now() };
    return failing;
  }
}

async function answers(check: () => Promise<unknown>): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), healthTimeoutMs);
  const answered = Promise.resolve()
    .then(check)
    .then(
      () => true,
      () => false,
    );
  try {
    return await Promise.race([answered, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
