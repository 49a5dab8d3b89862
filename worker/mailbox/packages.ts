// The owner's key packages, and who claimed which. A claim is answered alike for an hour; one claimer gets one
// one-time package in that time, so that nobody can drain a mailbox; then the last-resort one.

import { type Bytes, sameBytes } from '../../client/wire/bytes.ts';
import { type KeyPackageCount, type KeyPackageUpload, UploadedPackage } from '../../client/wire/key-package.ts';
import { maxKeyPackages } from '../../client/wire/limits.ts';
import { Refusal } from '../errors.ts';
import { claimWindowMs, maxClaimsPerWindow } from '../limits.ts';
import type { Sql } from '../ports.ts';
import type { ClaimAnswer } from './peer.ts';

type PackageRow = { id: number; package: Bytes };

export class Packages {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  count(): KeyPackageCount {
    const [row] = this.#sql.query<{ oneTime: number; fresh: number }>(
      `select count(case when last_resort = 0 then 1 end) as oneTime,
              count(case when last_resort = 1 and served = 0 then 1 end) as fresh from package`,
    );
    return { oneTime: row?.oneTime ?? 0, lastResortFresh: (row?.fresh ?? 0) > 0 };
  }

  /** Within a transaction. @throws Refusal `too-many-key-packages` */
  upload(upload: KeyPackageUpload): void {
    const held = upload.replace ? 0 : this.count().oneTime;
    if (held + upload.oneTime.length > maxKeyPackages) throw new Refusal('too-many-key-packages');
    if (upload.replace) this.#sql.query('delete from package');
    else if (upload.lastResort !== null) this.#sql.query('delete from package where last_resort = 1');
    for (const each of upload.oneTime) this.#insert(each, 0);
    if (upload.lastResort !== null) this.#insert(upload.lastResort, 1);
  }

  claim(claimer: Bytes, id: Bytes, now: number): ClaimAnswer {
    const since = now - claimWindowMs;
    const earlier = this.#sql.query<{ id: Bytes; one_time: number; package: Bytes }>(
      'select id, one_time, package from claim where claimer = ? and made > ?',
      ...[claimer, since],
    );
    const same = earlier.find((claim) => sameBytes(claim.id, id));
    if (same !== undefined) return { package: same.package };
    if (earlier.length >= maxClaimsPerWindow) return { code: 'rate-limited' };

    const oneTime = earlier.some((claim) => claim.one_time === 1) ? undefined : this.#first(0);
    const chosen = oneTime ?? this.#first(1);
    if (chosen === undefined) return { code: 'no-key-package' };
    this.#sql.transaction(() => {
      if (oneTime !== undefined) this.#sql.query('delete from package where id = ?', oneTime.id);
      else this.#sql.query('update package set served = 1 where id = ? and served = 0', chosen.id);
      this.#sql.query('delete from claim where made <= ?', since);
      this.#sql.query(
        'insert into claim (claimer, id, made, one_time, package) values (?, ?, ?, ?, ?)',
        ...[claimer, id, now, oneTime === undefined ? 0 : 1, chosen.package],
      );
    });
    return { package: chosen.package };
  }

  /** Deletes answers that nobody may ask for again. @returns when the next ones end, infinite if never */
  sweep(now: number): number {
    this.#sql.query('delete from claim where made <= ?', now - claimWindowMs);
    const [oldest] = this.#sql.query<{ made: number | null }>('select min(made) as made from claim');
    return oldest?.made == null ? Number.POSITIVE_INFINITY : oldest.made + claimWindowMs;
  }

  #first(lastResort: 0 | 1): PackageRow | undefined {
    return this.#sql.query<PackageRow>(
      'select id, package from package where last_resort = ? order by id limit 1',
      lastResort,
    )[0];
  }

  #insert(uploaded: UploadedPackage, lastResort: 0 | 1): void {
    this.#sql.query(
      'insert into package (last_resort, served, package) values (?, 0, ?)',
      ...[lastResort, UploadedPackage.encode(uploaded)],
    );
  }
}
