// One address that is being challenged (relay design §4). Named by HMAC(pepper, address), it never stores the address:
// the code as an HMAC, who waits for it, and when codes were sent and guessed, until the last limit has expired.

import type { Address } from '../../client/wire/address.ts';
import { type Bytes, concatBytes, encodeUtf8 } from '../../client/wire/bytes.ts';
import { challengeDigits, maxVaults } from '../../client/wire/limits.ts';
import { importPublicKey, type SignedRequest, verifyRequest } from '../auth.ts';
import { Refusal, type Result, settle } from '../errors.ts';
import { day, hourMs, maxAttemptsPerHour, maxAttemptsPerHrid, maxSendsPerDay, maxSendsPerHour } from '../limits.ts';
import { log } from '../log.ts';
import { type Mac, sameSecret } from '../names.ts';
import { type Host, wakeBy } from '../ports.ts';
import type { Settings } from '../settings.ts';
import { type Channel, channelFor } from './channel.ts';

const saltBytes = 16;

/** A registration that waits for its code. */
export interface Vault {
  readonly hrid: Bytes;
  readonly pk: Bytes;
}

export interface RegistrarSurroundings {
  readonly channels: readonly Channel[];
  readonly mac: Mac;
  readonly limits: Settings['challenge'];
}

type ChallengeRow = { salt: Bytes; code: Bytes; expires: number };
type WaitingRow = { pk: Bytes; attempts: number };

export class Registrar {
  readonly #host: Host;
  readonly #surroundings: RegistrarSurroundings;

  constructor(host: Host, surroundings: RegistrarSurroundings) {
    this.#host = host;
    this.#surroundings = surroundings;
  }

  /**
   * Sends a code, which from now on is the only one that counts.
   * @returns when it ends, milliseconds since 1970
   */
  begin(address: Address, vaults: readonly Vault[]): Promise<Result<number>> {
    return settle(async () => {
      const { channels, limits, mac } = this.#surroundings;
      const channel = channelFor(channels, address.kind);
      if (channel === undefined) throw new Refusal('channel-unavailable');
      const code = randomCode();
      const salt = crypto.getRandomValues(new Uint8Array(saltBytes));
      const sealed = await mac.digest('challenge code', concatBytes(salt, encodeUtf8(code)));

      const now = this.#host.now();
      const expires = now + limits.lifetimeMs;
      this.#createTables();
      this.#checkSends(now);
      this.#host.sql.transaction(() => {
        this.#query(
          'insert or replace into challenge (id, salt, code, expires) values (0, ?, ?, ?)',
          salt,
          sealed,
          expires,
        );
        this.#query(`insert into event (kind, at) values ('send', ?)`, now);
        for (const { hrid, pk } of vaults) {
          this.#query('insert or replace into waiting (hrid, pk, attempts) values (?, ?, 0)', hrid, pk);
        }
        // Those who came first give way, so that nobody can occupy the places of somebody else's address.
        this.#query(
          'delete from waiting where rowid not in (select rowid from waiting order by rowid desc limit ?)',
          maxVaults,
        );
      });
      wakeBy(this.#host.alarm, now + day);
      try {
        await channel.send(address, code);
      } catch {
        log('challenge-failed');
        throw new Refusal('challenge-undeliverable');
      }
      return expires;
    });
  }

  /**
   * Checks an answer, which the waiting client has signed. A right answer stays right until the challenge expires.
   * @returns the client's public key
   */
  answer(hrid: Bytes, answer: string, request: SignedRequest): Promise<Result<Bytes>> {
    return settle(async () => {
      const { pk } = this.#waiting(hrid);
      await verifyRequest(request, hrid, await importPublicKey(pk), this.#host.now());
      const { salt } = this.#challenge();
      const given = await this.#surroundings.mac.digest('challenge code', concatBytes(salt, encodeUtf8(answer)));

      // Everything may have changed while that was computed; from here on nothing waits.
      const { attempts } = this.#waiting(hrid);
      const now = this.#host.now();
      if (attempts >= maxAttemptsPerHrid || this.#count('attempt', now - hourMs) >= maxAttemptsPerHour) {
        throw new Refusal('challenge-exhausted');
      }
      if (sameSecret(given, this.#challenge().code)) return pk;
      this.#host.sql.transaction(() => {
        this.#query('update waiting set attempts = attempts + 1 where hrid = ?', hrid);
        this.#query(`insert into event (kind, at) values ('attempt', ?)`, now);
      });
      throw new Refusal('challenge-wrong');
    });
  }

  /** Forgets everything once the last limit has expired. */
  async alarm(): Promise<void> {
    if (!this.#hasTables()) return;
    const [row] = this.#query<{ last: number | null }>('select max(at) as last from event');
    const end = (row?.last ?? 0) + day;
    if (end > this.#host.now()) this.#host.alarm.set(end);
    else await this.#host.deleteAll();
  }

  /** @throws Refusal `challenge-too-soon` */
  #checkSends(now: number): void {
    const { limitSends, resendMs } = this.#surroundings.limits;
    if (!limitSends) return;
    const times = this.#query<{ at: number }>(`select at from event where kind = 'send' order by at desc`);
    const inHour = times.filter(({ at }) => at > now - hourMs);
    const inDay = times.filter(({ at }) => at > now - day);
    // Delays grow: none before the first code of an hour, then `resendMs`, then four times that.
    const waits = [
      (inHour[0]?.at ?? Number.NEGATIVE_INFINITY) + resendMs * 4 ** (inHour.length - 1),
      (inHour[maxSendsPerHour - 1]?.at ?? Number.NEGATIVE_INFINITY) + hourMs,
      (inDay[maxSendsPerDay - 1]?.at ?? Number.NEGATIVE_INFINITY) + day,
    ];
    const wait = Math.max(...waits) - now;
    if (wait > 0) throw new Refusal('challenge-too-soon', { retryAfter: Math.ceil(wait / 1000) });
  }

  #count(kind: 'send' | 'attempt', since: number): number {
    const [row] = this.#query<{ count: number }>(
      'select count(*) as count from event where kind = ? and at > ?',
      kind,
      since,
    );
    return row?.count ?? 0;
  }

  /** @throws Refusal `challenge-unknown` or `challenge-expired` */
  #challenge(): ChallengeRow {
    const [challenge] = this.#hasTables() ? this.#query<ChallengeRow>('select salt, code, expires from challenge') : [];
    if (challenge === undefined) throw new Refusal('challenge-unknown');
    if (challenge.expires <= this.#host.now()) throw new Refusal('challenge-expired');
    return challenge;
  }

  /** @throws Refusal `challenge-unknown` or `challenge-expired` */
  #waiting(hrid: Bytes): WaitingRow {
    this.#challenge();
    const [waiting] = this.#query<WaitingRow>('select pk, attempts from waiting where hrid = ?', hrid);
    if (waiting === undefined) throw new Refusal('challenge-unknown');
    return waiting;
  }

  #query<T extends Record<string, Bytes | string | number | null>>(
    statement: string,
    ...values: (Bytes | string | number | null)[]
  ): T[] {
    return this.#host.sql.query<T>(statement, ...values);
  }

  #hasTables(): boolean {
    return this.#query(`select 1 from sqlite_master where type = 'table' and name = 'challenge'`).length > 0;
  }

  #createTables(): void {
    this.#host.sql.transaction(() => {
      this.#query(
        `create table if not exists challenge (
           id integer primary key check (id = 0), salt blob not null, code blob not null, expires integer not null)`,
      );
      this.#query(
        `create table if not exists waiting (hrid blob not null unique, pk blob not null, attempts integer not null)`,
      );
      this.#query(`create table if not exists event (kind text not null, at integer not null)`);
    });
  }
}

/** Uniform, and of fixed length. */
function randomCode(): string {
  const range = 10 ** challengeDigits;
  const unbiased = Math.floor(2 ** 32 / range) * range;
  for (;;) {
    const [draw = 0] = crypto.getRandomValues(new Uint32Array(1));
    if (draw < unbiased) return String(draw % range).padStart(challengeDigits, '0');
  }
}
