// What the tests of the store in IndexedDB do inside a page.

import { indexedDbStore } from '../../../client/store/indexeddb.ts';
import { numberKey, type Store } from '../../../client/store/store.ts';
import { CliquetError } from '../../../client/wire/errors.ts';

export interface StorePage {
  /** Opens a store and keeps it. @returns `opened`, or the code of what it got */
  open(name: string, takeOver: boolean): Promise<string>;
  /** @returns `written`, or the code of what it got */
  write(key: string, bytes: number): Promise<string>;
  /** The length of the value, −1 if there is none, or the code of what it got. */
  read(key: string): Promise<number | string>;
  /** Commits without end, three entries at a time, and says the number of each when it is made. */
  writeOn(bytes: number, say: (n: number) => void): void;
  /** How many there are of each of the three entries. */
  counts(): Promise<number[]>;
  closeStore(): Promise<void>;
  /** Codes that the store's owner was told when it was lost. */
  readonly lost: string[];
}

declare global {
  interface Window {
    storePage: StorePage;
  }
}

let store: Store | undefined;
const lost: string[] = [];
const codeOf = (error: unknown) => (error instanceof CliquetError ? error.code : String(error));

window.storePage = {
  lost,
  async open(name, takeOver) {
    try {
      store = await indexedDbStore(name, { takeOver, onLost: ({ code }) => lost.push(code) });
      return 'opened';
    } catch (error) {
      return codeOf(error);
    }
  },
  async write(key, bytes) {
    try {
      await store?.commit([{ key, value: new Uint8Array(bytes).fill(1) }]);
      return 'written';
    } catch (error) {
      const { cause } = error as Error;
      return cause instanceof DOMException ? `${codeOf(error)} (${cause.name})` : codeOf(error);
    }
  },
  async read(key) {
    try {
      return (await store?.get(key))?.length ?? -1;
    } catch (error) {
      return codeOf(error);
    }
  },
  writeOn(bytes, say) {
    void (async () => {
      const value = new Uint8Array(bytes).fill(1);
      for (let n = 1; ; n++) {
        await store?.commit(['a', 'b', 'c'].map((part) => ({ key: `${part}/${numberKey(n)}`, value })));
        say(n);
      }
    })();
  },
  counts: () => Promise.all(['a/', 'b/', 'c/'].map(async (prefix) => (await store?.list(prefix))?.length ?? -1)),
  async closeStore() {
    await store?.close();
  },
};
