// The key packages that a registered client leaves at its mailbox, so that others can found groups with it.

import { createKeyPackage } from '../protocol/key-package.ts';
import { tables } from '../state/records.ts';
import type { Transaction } from '../state/state.ts';
import { Retry } from '../transport/retry.ts';
import { type Bytes, bytesKey } from '../wire/bytes.ts';
import { CliquetError } from '../wire/errors.ts';
import type { KeyPackage, KeyPackageUpload, UploadedPackage } from '../wire/key-package.ts';
import { keyPackageLifetimeSeconds } from '../wire/limits.ts';
import type { Registered } from './registered.ts';

/** One-time packages that lie at the relay after a top-up; below the minimum there is one. */
const targetPackages = 20;
const minPackages = 10;
/** Packages that end sooner than this are replaced while they still serve. */
const renewalSeconds = keyPackageLifetimeSeconds / 3;
/** A last-resort package may still be on its way to its owner this long after it was replaced. */
const lastResortGraceSeconds = 48 * 3600;

/** What the relay says of the packages that it holds. */
export interface PackageStock {
  readonly oneTime: number;
  readonly lastResortFresh: boolean;
}

/** The stock at the relay, as far as this client knows it. */
export class KeyPackages {
  readonly #client: Registered;
  readonly #retry: Retry;
  #stock: PackageStock = { oneTime: 0, lastResortFresh: false };
  /** Made, and not yet taken by the relay. */
  #batch: Batch | null = null;
  /** An attempt at the batch may have arrived all the same. */
  #isUnsure = false;
  #stopped = false;

  /** @param wake  it is time to replenish */
  constructor(client: Registered, wake: () => void) {
    this.#client = client;
    this.#retry = new Retry(wake);
  }

  start(): void {
    this.#stopped = false;
  }

  stop(): void {
    this.#stopped = true;
    this.#retry.stop();
  }

  /** The relay has just said what it holds. */
  set(stock: PackageStock): void {
    this.#stock = stock;
    this.#retry.lineIsBack();
  }

  /** Packages that agreements have used are gone from the relay too. */
  used(kinds: readonly KeyPackage['kind'][]): void {
    const { oneTime, lastResortFresh } = this.#stock;
    this.#stock = {
      oneTime: Math.max(0, oneTime - kinds.filter((kind) => kind === 'one-time').length),
      lastResortFresh: lastResortFresh && !kinds.includes('last-resort'),
    };
  }

  /** Tops up what is missing; what the relay cannot take now is tried again later. */
  async replenish(): Promise<void> {
    if (this.#stopped || this.#retry.isWaiting) return;
    const { state, relay, as } = this.#client;
    try {
      // The same batch until it is taken: attempts must not pile up secrets.
      this.#batch ??= await createBatch(this.#client, this.#stock);
      if (this.#batch === null) return;
      const { upload, ends } = this.#batch;
      const stock = await relay.uploadKeyPackages(as, upload);
      if (upload.replace) await state.transact((tx) => tx.put(tables.packagesEnd, '', { at: ends }));
      this.#stock = stock;
      this.#batch = null;
      this.#isUnsure = false;
      this.#retry.succeeded();
    } catch (error) {
      if (!(error instanceof CliquetError) || error.code === 'store-unwritable') throw error;
      if (error.retry) this.#isUnsure = true;
      else if (!this.#isUnsure) await this.#dropBatch();
      if (!this.#stopped) this.#retry.failed(error);
    }
  }

  /** The relay will never take it, so nobody can claim from it. */
  async #dropBatch(): Promise<void> {
    const ids = this.#batch?.ids ?? [];
    this.#batch = null;
    await this.#client.state.transact((tx) => {
      for (const id of ids) tx.delete(tables.keyPackages, bytesKey(id));
    });
  }
}

/** What is uploaded at once, and the ids of the packages in it. */
interface Batch {
  readonly upload: KeyPackageUpload;
  readonly ids: readonly Bytes[];
  /** Seconds since 1970. */
  readonly ends: number;
}

/**
 * The packages that are missing at the relay, or null. Their secrets are stored before the packages leave, so none that
 * somebody claims is ever without them. One-time packages are replaced all together, so that all of them end at the same
 * time.
 */
async function createBatch(
  { state, curves, random, self, now: clock }: Registered,
  stock: PackageStock,
): Promise<Batch | null> {
  const now = clock();
  const ended = state.all(tables.keyPackages).some(({ value }) => value.expires <= now);
  if (ended) await state.transact((tx) => dropEndedPackages(tx, now));
  // What was stored and perhaps never uploaded says nothing of what the relay has.
  const end = state.get(tables.packagesEnd, '')?.at ?? 0;
  const replace = stock.oneTime < minPackages || end < now + renewalSeconds;
  if (!replace && stock.lastResortFresh) return null;
  return state.transact(async (tx) => {
    retireLastResort(tx, now);
    const ids: Bytes[] = [];
    let ends = 0;
    const create = async (kind: 'one-time' | 'last-resort'): Promise<UploadedPackage> => {
      const { uploaded, kept } = await createKeyPackage(curves, random, self.identity, self.hrid, kind, now);
      tx.put(tables.keyPackages, bytesKey(kept.id), kept);
      ids.push(kept.id);
      ends = kept.expires;
      return uploaded;
    };
    const oneTime: UploadedPackage[] = [];
    if (replace) for (let i = 0; i < targetPackages; i++) oneTime.push(await create('one-time'));
    return { upload: { replace, oneTime, lastResort: await create('last-resort') }, ids, ends };
  });
}

/** What nobody can use any more. @param now seconds since 1970 */
export function dropEndedPackages(tx: Transaction, now: number): void {
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
