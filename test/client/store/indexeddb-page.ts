// What the tests of the store in IndexedDB do inside a page.

import { encryptedStore } from '../../../client/store/encrypted.ts';
import { indexedDbStore } from '../../../client/store/indexeddb.ts';
import { numberKey, type Store } from '../../../client/store/store.ts';
import { CliquetError } from '../../../client/wire/errors.ts';
import { cases, goThrough, type StoreUnderTest } from './contract.ts';

/** What went wrong in each case of the contract, or null. */
type Outcomes = Readonly<Record<string, string | null>>;

export interface StorePage {
  adapters(): string[];
  goThroughAll(adapter: string): Promise<Outcomes>;
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

let made = 0;
const newName = () => `contract ${++made}`;

function inDatabase(over: (inner: Store) => Promise<Store>): StoreUnderTest {
  const names = new WeakMap<Store, string>();
  const open = async (name: string) => {
    const store = await over(await indexedDbStore(name));
    names.set(store, name);
    return store;
  };
  return { create: () => open(newName()), reopen: (store) => open(names.get(store) ?? '') };
}

const adapters: Readonly<Record<string, StoreUnderTest>> = {
  'indexedDbStore()': inDatabase(async (inner) => inner),
  'encryptedStore() over IndexedDB': inDatabase((inner) => encryptedStore(inner, new Uint8Array(32).fill(3))),
};

let store: Store | undefined;
const lost: string[] = [];
const codeOf = (error: unknown) => (error instanceof CliquetError ? error.code : String(error));

window.storePage = {
  lost,
  adapters: () => Object.keys(adapters),
  async goThroughAll(name) {
    const adapter = adapters[name];
    if (adapter === undefined) throw new RangeError('no such adapter');
    const outcomes: Record<string, string | null> = {};
    for (const [title, run] of Object.entries(cases)) {
      outcomes[title] = await goThrough(run, adapter).then(() => null, String);
    }
    return outcomes;
  },
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
