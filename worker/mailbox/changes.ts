// Requests that replace something (key packages, refusals) carry no number, so a replayed one would put back what was
// there before. Of each kind, the newest one's time and digest are remembered: an older one is stale, and the same one
// again changes nothing. Times are whole seconds, so the digests of all requests of the newest second are kept.

import { type Bytes, concatBytes, sameBytes, splitBytes } from '../../client/wire/bytes.ts';
import { hashBytes } from '../../client/wire/limits.ts';
import { Refusal } from '../errors.ts';
import { maxChangesPerSecond } from '../limits.ts';
import type { Sql } from '../ports.ts';

export interface Change {
  readonly kind: 'key packages' | 'refusals';
  /** What the request is known by, 32 bytes. */
  readonly digest: Bytes;
  /** When it was signed, seconds since 1970. */
  readonly created: number;
}

export class Changes {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /**
   * Makes a change, unless it was made before; all or nothing.
   * @param now  milliseconds since 1970
   * @throws Refusal `stale-signature` if a newer one was made, `rate-limited`, or what `work` throws
   */
  make({ kind, digest, created }: Change, now: number, work: () => void): void {
    type Row = { signed: number; digests: Bytes };
    const [last] = this.#sql.query<Row>('select signed, digests from change where kind = ?', kind);
    const known = last === undefined ? [] : splitBytes(last.digests, hashBytes);
    if (known.some((each) => sameBytes(each, digest))) return;
    if (last !== undefined && created < last.signed) {
      throw new Refusal('stale-signature', { time: Math.floor(now / 1000) });
    }
    const ofThisSecond = created === last?.signed ? known : [];
    if (ofThisSecond.length === maxChangesPerSecond) throw new Refusal('rate-limited', { retryAfter: 1 });
    this.#sql.transaction(() => {
      work();
      this.#sql.query(
        'insert or replace into change (kind, signed, digests) values (?, ?, ?)',
        ...[kind, created, concatBytes(...ofThisSecond, digest)],
      );
    });
  }
}
