// Registration (diagram 1), and the key packages that a registered client leaves at its mailbox.

import type { Curves } from './crypto/curves.ts';
import type { RandomSource } from './crypto/random.ts';
import { deriveHrid, hashVaultId, type Identity, type Self } from './protocol/identity.ts';
import { createKeyPackage } from './protocol/key-package.ts';
import { tables } from './records.ts';
import type { State, Transaction } from './state.ts';
import type { Credentials, Relay } from './transport/relay.ts';
import { parseAddress } from './wire/address.ts';
import { type Bytes, bytesKey, sameBytes } from './wire/bytes.ts';
import { CliquetError } from './wire/errors.ts';
import type { UploadedPackage } from './wire/key-package.ts';
import { keyPackageLifetimeSeconds } from './wire/limits.ts';

/** One-time packages that lie at the relay after a top-up; below the minimum there is one. */
const targetPackages = 20;
const minPackages = 10;
/** Packages that end sooner than this are replaced while they still serve. */
const renewalSeconds = keyPackageLifetimeSeconds / 3;
/** A last-resort package may still be on its way to its owner this long after it was replaced. */
const lastResortGraceSeconds = 48 * 3600;

/** Asks the person for the code. `attempt` counts from 1; null gives up. */
export type AskForCode = (attempt: number) => Promise<string | null> | string | null;

/**
 * Registers an identity under an address.
 * @returns its HRID and the epoch of its queue
 * @throws CliquetError `address-invalid`, `registration-cancelled`, and what the relay refuses
 */
export async function register(
  relay: Relay,
  identity: Identity,
  sign: Credentials['sign'],
  address: string,
  ask: AskForCode,
): Promise<{ hrid: Bytes; epoch: Bytes }> {
  const { uid } = parseAddress(address);
  const hashVid = hashVaultId(identity.vid);
  const hrid = deriveHrid(uid, identity.pk, hashVid);
  const { challenge, hrids } = await relay.requestRegistration(uid, [{ pk: identity.pk, hashVid }]);
  if (hrids.length !== 1 || !hrids.every((answered) => sameBytes(answered, hrid))) {
    throw new CliquetError('relay-misbehaved', 'another HRID');
  }
  for (let attempt = 1; ; attempt++) {
    const answer = await ask(attempt);
    if (answer === null) throw new CliquetError('registration-cancelled');
    try {
      const { epoch } = await relay.answerRegistration({ hrid, sign }, challenge, answer.trim());
      return { hrid, epoch };
    } catch (error) {
      if (!(error instanceof CliquetError) || error.code !== 'challenge-wrong') throw error;
    }
  }
}

/** What the relay says of the packages that it holds. */
export interface PackageStock {
  readonly oneTime: number;
  readonly lastResortFresh: boolean;
}

/**
 * Tops up the packages at the relay. The secrets are stored before the packages leave, so none that somebody claims
 * is ever without them. One-time packages are replaced all together, so that all of them end at the same time.
 * @param now  seconds since 1970
 * @returns what the relay holds then
 */
export async function replenishKeyPackages(
  state: State,
  relay: Relay,
  as: Credentials,
  curves: Curves,
  random: RandomSource,
  self: Self,
  stock: PackageStock,
  now: number,
): Promise<PackageStock> {
  const ended = state.all(tables.keyPackages).some(({ value }) => value.expires <= now);
  if (ended) await state.transact((tx) => dropEndedPackages(tx, now));
  const replace = stock.oneTime < minPackages || newestEnd(state) < now + renewalSeconds;
  if (!replace && stock.lastResortFresh) return stock;
  const upload = await state.transact(async (tx) => {
    retireLastResort(tx, now);
    const create = async (kind: 'one-time' | 'last-resort'): Promise<UploadedPackage> => {
      const { uploaded, kept } = await createKeyPackage(curves, random, self.identity, self.hrid, kind, now);
      tx.put(tables.keyPackages, bytesKey(kept.id), kept);
      return uploaded;
    };
    const oneTime: UploadedPackage[] = [];
    if (replace) for (let i = 0; i < targetPackages; i++) oneTime.push(await create('one-time'));
    return { replace, oneTime, lastResort: await create('last-resort') };
  });
  return relay.uploadKeyPackages(as, upload);
}

/** When the newest one-time package ends, and so all that the relay holds. */
function newestEnd(state: State): number {
  const oneTime = state.all(tables.keyPackages).filter(({ value }) => value.kind === 'one-time');
  return Math.max(0, ...oneTime.map(({ value }) => value.expires));
}

function dropEndedPackages(tx: Transaction, now: number): void {
  for (const { key, value } of tx.all(tables.keyPackages)) {
    if (value.expires <= now) tx.delete(tables.keyPackages, key);
  }
}

/** A last-resort package that is about to be replaced ends soon. */
function retireLastResort(tx: Transaction, now: number): void {
  for (const { key, value } of tx.all(tables.keyPackages)) {
    if (value.kind !== 'last-resort') continue;
    tx.put(tables.keyPackages, key, { ...value, expires: Math.min(value.expires, now + lastResortGraceSeconds) });
  }
}
