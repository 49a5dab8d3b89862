// The port to the client's only state on disk. One client owns a store at a time, so reads need no transaction; what
// must happen together is one commit.

import type { Bytes } from '../wire/bytes.ts';

/** Sets a key, or deletes it where the value is null. */
export interface Write {
  readonly key: string;
  readonly value: Bytes | null;
}

export interface Store {
  /** The value of a key, or null. What is returned is the caller's to keep. */
  get(key: string): Promise<Bytes | null>;
  /** All entries whose key starts with `prefix`, in ascending order of UTF-16 code units. */
  list(prefix: string): Promise<readonly { readonly key: string; readonly value: Bytes }[]>;
  /**
   * All of these writes, or none: when the promise is fulfilled they survive a crash, when it is rejected nothing
   * has changed. A later write to the same key wins.
   */
  commit(writes: readonly Write[]): Promise<void>;
  /** Ends the use of the store; every later call is rejected with CliquetError `store-closed`. */
  close(): Promise<void>;
}
