// One address that is being challenged (relay design §4). Named by HMAC(pepper, address), it never stores the address.
// Each request for a code is a challenge of its own: its code as an HMAC, and who waits for it, until it ends; and beside
// it when it was sent and for which network, for the limits. So a stranger who asks for codes takes nothing from the
// owner of the address, whose own codes go on to count.
//
// Whatever it holds already, it runs the same statements, so that nobody can tell by time who has asked before.

import type { Address } from '../../client/wire/address.ts';
import { type Bytes, concatBytes, encodeUtf8, sameBytes } from '../../client/wire/bytes.ts';
import { challengeDigits } from '../../client/wire/limits.ts';
import { importPublicKey, type SignedRequest, verifyRequest } from '../auth.ts';
import { Refusal, type Result, settle } from '../errors.ts';
import {
  day,
  hourMs,
  maxAttemptsPerChallenge,
  maxAttemptsPerHrid,
  maxSendsOfPrefix,
  maxSendsToAddress,
  type SendLimits,
} from '../limits.ts';
import { log } from '../log.ts';
import { type Mac, sameSecret } from '../names.ts';
import type { Host } from '../ports.ts';
import type { Settings } from '../settings.ts';
import { type Channel, channelFor } from './channel.ts';
import { createTables, hasTables, upgradeTables } from './schema.ts';

/** Names a challenge within its registrar. */
export const challengeIdBytes = 16;
const saltBytes = 16;

/** A registration that waits for its code. */
export interface Vault {
  readonly hrid: Bytes;
  readonly pk: Bytes;
}

export interface Challenge {
  readonly id: Bytes;
  /** Milliseconds since 1970. */
  readonly expires: number;
}

export interface RegistrarSurroundings {
  readonly channels: readonly Channel[];
  readonly mac: Mac;
  readonly limits: Settings['challenge'];
}

type ChallengeRow = { salt: Bytes; code: Bytes; expires: number; kind: Address['kind'] | null };
type WaitingRow = { hrid: Bytes; pk: Bytes; attempts: number };
type SendRow = { prefix: Bytes; at: number };

export class Registrar {
  readonly #host: Host;
  readonly #surroundings: RegistrarSurroundings;

  constructor(host: Host, surroundings: RegistrarSurroundings) {
    this.#host = host;
    this.#surroundings = surroundings;
  }

  /**
   * Sends a code. Earlier ones go on to count until they end.
   * @param vaults  who can answer it, at most `maxVaults`
   * @param prefix  a keyed hash of the network that asks
   */
  begin(address: Address, vaults: readonly Vault[], prefix: Bytes): Promise<Result<Challenge>> {
    return settle(async () => {
      const { channels, limits, mac } = this.#surroundings;
      const channel = channelFor(channels, address.kind);
      if (channel === undefined) throw new Refusal('channel-unavailable');
      const code = randomCode();
      const id = crypto.getRandomValues(new Uint8Array(challengeIdBytes));
      const salt = crypto.getRandomValues(new Uint8Array(saltBytes));
      const sealed = await mac.digest('challenge code', concatBytes(salt, encodeUtf8(code)));

      const now = this.#host.now();
      const expires = now + limits.lifetimeMs;
      upgradeTables(this.#host.sql);
      this.#host.sql.transaction(() => {
        createTables(this.#host.sql);
        this.#forgetEnded(now);
        const sends = this.#query<SendRow>('select prefix, at from send order by at desc');
        if (limits.limitSends) checkSends(sends, prefix, limits.resendMs, now);
        this.#query('insert into send (prefix, at) values (?, ?)', prefix, now);
        this.#query(
          'insert into challenge (id, salt, code, expires, kind) values (?, ?, ?, ?, ?)',
          ...[id, salt, sealed, expires, address.kind],
        );
        for (const { hrid, pk } of vaults) {
          this.#query(
            'insert or ignore into waiting (challenge, hrid, pk, attempts) values (?, ?, ?, 0)',
            id,
            hrid,
            pk,
          );
        }
      });
      this.#host.alarm.set(expires);
      try {
        await channel.send(address, code);
      } catch {
        log('challenge-failed');
        this.#host.count('challenge-failed', address.kind);
        throw new Refusal('challenge-undeliverable');
      }
      this.#host.count('challenge-sent', address.kind);
      return { id, expires };
    });
  }

  /**
   * Checks an answer, which the waiting client has signed. A right answer stays right until its challenge ends.
   * @returns the client's public key
   */
  answer(id: Bytes, hrid: Bytes, answer: string, request: SignedRequest): Promise<Result<Bytes>> {
    return settle(async () => {
      const { salt, own } = this.#find(id, hrid);
      await verifyRequest(request, hrid, await importPublicKey(own.pk), this.#host.now());
      const given = await this.#surroundings.mac.digest('challenge code', concatBytes(salt, encodeUtf8(answer)));

      // Everything may have changed while that was computed; from here on nothing waits.
      const current = this.#find(id, hrid);
      if (current.own.attempts >= maxAttemptsPerHrid || current.attempts >= maxAttemptsPerChallenge) {
        throw new Refusal('challenge-exhausted');
      }
      if (sameSecret(given, current.code)) {
        this.#host.count('challenge-answered', current.kind ?? '');
        return own.pk;
      }
      this.#query('update waiting set attempts = attempts + 1 where challenge = ? and hrid = ?', id, hrid);
      throw new Refusal('challenge-wrong');
    });
  }

  /** Forgets what has ended, and everything once nothing is left that counts. */
  async alarm(): Promise<void> {
    try {
      await this.#forget();
    } catch (error) {
      // A host tries a failed alarm again a few times, and then never.
      this.#host.alarm.set(this.#host.now() + hourMs);
      throw error;
    }
  }

  async #forget(): Promise<void> {
    if (!hasTables(this.#host.sql)) return;
    this.#host.sql.transaction(() => this.#forgetEnded(this.#host.now()));
    const [row] = this.#query<{ next: number | null }>(
      'select min(ends) as next from (select expires as ends from challenge union all select at + ? from send)',
      day,
    );
    const next = row?.next ?? null;
    if (next === null) await this.#host.deleteAll();
    else this.#host.alarm.set(next);
  }

  /** @throws Refusal `challenge-unknown` or `challenge-expired` */
  #find(id: Bytes, hrid: Bytes): ChallengeRow & { own: WaitingRow; attempts: number } {
    if (!hasTables(this.#host.sql)) throw new Refusal('challenge-unknown');
    const [challenge] = this.#query<ChallengeRow>('select salt, code, expires, kind from challenge where id = ?', id);
    const waiting = this.#query<WaitingRow>('select hrid, pk, attempts from waiting where challenge = ?', id);
    const own = waiting.find((each) => sameBytes(each.hrid, hrid));
    if (challenge === undefined || own === undefined) throw new Refusal('challenge-unknown');
    if (challenge.expires <= this.#host.now()) throw new Refusal('challenge-expired');
    return { ...challenge, own, attempts: waiting.reduce((sum, each) => sum + each.attempts, 0) };
  }

  #forgetEnded(now: number): void {
    this.#query('delete from waiting where challenge in (select id from challenge where expires <= ?)', now);
    this.#query('delete from challenge where expires <= ?', now);
    this.#query('delete from send where at <= ?', now - day);
  }

  #query<T extends Record<string, Bytes | string | number | null>>(
    statement: string,
    ...values: (Bytes | string | number | null)[]
  ): T[] {
    return this.#host.sql.query<T>(statement, ...values);
  }
}

/**
 * @param sends  of the last day, the newest first
 * @throws Refusal `challenge-too-soon`
 */
function checkSends(sends: readonly SendRow[], prefix: Bytes, resendMs: number, now: number): void {
  const all = sends.map(({ at }) => at);
  const own = sends.filter((send) => sameBytes(send.prefix, prefix)).map(({ at }) => at);
  // Delays grow: none before the first code of an hour, then `resendMs`, then four times that. Another network's codes
  // delay nothing.
  const inHour = own.filter((at) => at > now - hourMs).length;
  const delayed = nth(own, 1) + (inHour > 0 ? resendMs * 4 ** (inHour - 1) : 0);
  const free = Math.max(delayed, withinLimit(own, maxSendsOfPrefix), withinLimit(all, maxSendsToAddress));
  if (free > now) throw new Refusal('challenge-too-soon', { retryAfter: Math.ceil((free - now) / 1000) });
}

/** When one more is within these limits. */
function withinLimit(times: readonly number[], max: SendLimits): number {
  return Math.max(nth(times, max.perHour) + hourMs, nth(times, max.perDay) + day);
}

/** The n-th newest, or before all time. */
function nth(times: readonly number[], n: number): number {
  return times[n - 1] ?? Number.NEGATIVE_INFINITY;
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
