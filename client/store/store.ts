// The port to the client's only state on disk. One client owns a store at a time, so reads need no transaction; what
// must happen together is one commit.

import type { Bytes } from '../wire/bytes.ts';

/**
 * What a store keeps under a key.
 * @category Stores
 */
export interface Entry {
  /** Parts separated by slashes. */
  readonly key: string;
  /** Any bytes. */
  readonly value: Bytes;
}

/**
 * Sets a key, or deletes it where the value is null.
 * @category Stores
 */
export interface Write {
  /** Parts separated by slashes. */
  readonly key: string;
  /** Any bytes, copied; or null. */
  readonly value: Bytes | null;
}

/**
 * A part of the numbered entries under a prefix.
 * @category Stores
 */
export interface Range {
  /** The least number, included; 0 if not said. */
  readonly from?: number;
  /** The greatest number, excluded; none if not said. */
  readonly to?: number;
  /** How many entries at most. */
  readonly limit: number;
  /** The greatest number first. */
  readonly reverse?: boolean;
}

/**
 * Where a client keeps everything: a sorted map from text to bytes, written in commits. {@link encryptedStore} over
 * `sqliteStore` of `cliquet/sqlite` or `indexedDbStore` of `cliquet/indexeddb` is what most want; an adapter to something
 * else implements this, and owes what each method promises: a client that was told that a commit is done acknowledges
 * messages after it. What lies where: [STORAGE.md](../../docs/STORAGE.md), "The client".
 * @category Stores
 */
export interface Store {
  /** The value of a key, or null. What is returned is the caller's to keep. */
  get(key: string): Promise<Bytes | null>;
  /**
   * All entries whose key starts with `prefix`, in ascending order of UTF-16 code units.
   * @param prefix  empty, or ends with a slash
   */
  list(prefix: string): Promise<readonly Entry[]>;
  /**
   * Some of the entries whose key is `prefix` and a number as {@link numberKey} writes it, in the order of the numbers.
   * @param prefix  ends with a slash
   */
  range(prefix: string, range: Range): Promise<readonly Entry[]>;
  /**
   * All of these writes, or none: when the promise is fulfilled they survive a crash, when it is rejected nothing
   * has changed. A later write to the same key wins.
   * @param writes  any number, in this order
   * @throws CliquetError `store-unwritable`
   */
  commit(writes: readonly Write[]): Promise<void>;
  /** Ends the use of the store; every later call is rejected with CliquetError `store-closed`. */
  close(): Promise<void>;
}

const numberDigits = 16;

/**
 * A running number as the last part of a key: sorts as a number does.
 * @category Stores
 * @param number  a whole number from 0
 * @returns 16 digits
 */
export function numberKey(number: number): string {
  return String(number).padStart(numberDigits, '0');
}

/** The keys between which the entries of a range stand: the first included, the last not. */
export function rangeKeys(prefix: string, { from = 0, to }: Range): { readonly first: string; readonly last: string } {
  // A colon comes right after the digits.
  return { first: prefix + numberKey(from), last: to === undefined ? `${prefix}:` : prefix + numberKey(to) };
}
