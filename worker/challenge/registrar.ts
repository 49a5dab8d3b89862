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
  maxFailedSends,
  maxSendsOfPrefix,
  maxSendsToAddress,
  type SendLimits,
} from '../limits.ts';
import { type Mac, sameSecret } from '../names.ts';
import type { Host } from '../ports.ts';
import type { Settings } from '../settings.ts';
import type { Language } from './channel.ts';
import type { TextLimits } from './configuration.ts';
import type { Delivery } from './delivery.ts';
import { createTables, hasTables, upgradeTables } from './schema.ts';
import { TextCounter } from './texts.ts';

/** Names a challenge within its registrar. */
export const challengeIdBytes = 16;
const saltBytes = 16;
const minuteMs = 60_000;

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

/** For the words of the letter. */
export interface LetterWishes {
  readonly language: Language;
  /** The name under which the code was asked for. */
  readonly host: string | null;
}

export interface RegistrarSurroundings {
  readonly delivery: Pick<Delivery, 'check' | 'send'>;
  readonly mac: Mac;
  readonly limits: Settings['challenge'];
  readonly texts: TextLimits | null;
}

type ChallengeRow = { salt: Bytes; code: Bytes; expires: number; kind: Address['kind'] | null };
type WaitingRow = { hrid: Bytes; pk: Bytes; attempts: number };
type SendRow = { id: number; prefix: Bytes; at: number; failed: number };

export class Registrar {
  readonly #host: Host;
  readonly #surroundings: RegistrarSurroundings;
  readonly #texts: TextCounter;

  constructor(host: Host, surroundings: RegistrarSurroundings) {
    this.#host = host;
    this.#surroundings = surroundings;
    this.#texts = new TextCounter(host, surroundings.texts);
  }

  /**
   * Sends a code. Earlier ones go on to count until they end.
   * @param vaults  who can answer it, at most `maxVaults`
   * @param prefix  a keyed hash of the network that asks
   * @param wishes  an earlier version of the edge has none
   */
  begin(
    address: Address,
    vaults: readonly Vault[],
    prefix: Bytes,
    wishes: LetterWishes = { language: 'en', host: null },
  ): Promise<Result<Challenge>> {
    return settle(async () => {
      const { delivery, limits, mac } = this.#surroundings;
      await delivery.check(address);
      const code = randomCode();
      const id = crypto.getRandomValues(new Uint8Array(challengeIdBytes));
      const salt = crypto.getRandomValues(new Uint8Array(saltBytes));
      const sealed = await mac.digest('challenge code', concatBytes(salt, encodeUtf8(code)));

      const now = this.#host.now();
      const expires = now + limits.lifetimeMs;
      upgradeTables(this.#host.sql);
      const send = this.#host.sql.transaction(() => {
        createTables(this.#host.sql);
        this.#forgetEnded(now);
        const sends = this.#query<SendRow>('select rowid as id, prefix, at, failed from send order by at desc');
        if (limits.limitSends) checkSends(sends, prefix, limits.resendMs, now);
        const [row] = this.#query<{ id: number }>(
          'insert into send (prefix, at) values (?, ?) returning rowid as id',
          prefix,
          now,
        );
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
        return row?.id ?? 0;
      });
      this.#host.alarm.set(expires);
      try {
        await delivery.send(address, { ...wishes, code, minutes: Math.ceil(limits.lifetimeMs / minuteMs) }, prefix);
      } catch (error) {
        this.#noteFailure(id, send);
        throw error;
      }
      return { id, expires };
    });
  }

  /** Nobody has got the code, nor the pointer to its challenge: another may be asked for at once. */
  #noteFailure(id: Bytes, send: number): void {
    // It may have ended meanwhile.
    if (!hasTables(this.#host.sql)) return;
    this.#host.sql.transaction(() => {
      this.#query('update send set failed = 1 where rowid = ?', send);
      this.#query('delete from waiting where challenge = ?', id);
      this.#query('delete from challenge where id = ?', id);
    });
  }

  /** One more text message, where this object counts those of the whole deployment. */
  countText(prefix: string, network: Bytes): Promise<Result<null>> {
    return settle(async () => {
      this.#texts.count(prefix, network);
      return null;
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
    if ((await this.#texts.forget()) || !hasTables(this.#host.sql)) return;
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
  const isOwn = (send: SendRow) => sameBytes(send.prefix, prefix);
  const sent = sends.filter(({ failed }) => failed === 0);
  const failed = sends.filter((send) => send.failed !== 0);
  const all = timesOf(sent);
  const own = timesOf(sent.filter(isOwn));
  // Delays grow: none before the first code of an hour, then `resendMs`, then four times that. Another network's codes
  // delay nothing.
  const inHour = own.filter((at) => at > now - hourMs).length;
  const delayed = nth(own, 1) + (inHour > 0 ? resendMs * 4 ** (inHour - 1) : 0);
  const free = Math.max(
    delayed,
    withinLimit(own, maxSendsOfPrefix),
    withinLimit(all, maxSendsToAddress),
    nth(timesOf(failed.filter(isOwn)), maxFailedSends.ofPrefix) + hourMs,
    nth(timesOf(failed), maxFailedSends.toAddress) + hourMs,
  );
  if (free > now) throw new Refusal('challenge-too-soon', { retryAfter: Math.ceil((free - now) / 1000) });
}

const timesOf = (sends: readonly SendRow[]) => sends.map(({ at }) => at);

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
