// From an empty browser to a client at work: which tab may work, whether there is a store, and what opens it.

import { type ReadonlySignal, signal } from '@preact/signals';
import {
  Client,
  type ClientOptions,
  CliquetError,
  changePassphrase,
  encryptedStore,
  isEmptyStore,
  type MemoryStore,
  type RestoreOptions,
  type Store,
} from '../../index.ts';
import { deleteIndexedDbStore, indexedDbStore } from '../../store/indexeddb.ts';
import { answerInvite } from './route.ts';
import { section } from './section.ts';
import type { Session } from './session.ts';

const database = 'cliquet';

export type Phase =
  | { readonly at: 'starting' }
  /** Another tab works. */
  | { readonly at: 'elsewhere' }
  | { readonly at: 'new' }
  | { readonly at: 'locked' }
  | { readonly at: 'open'; readonly session: Session }
  | { readonly at: 'failed'; readonly error: unknown };

export type OnProgress = (fraction: number) => void;

export class App {
  readonly #phase = signal<Phase>({ at: 'starting' });
  #inner: Store | null = null;

  get phase(): ReadonlySignal<Phase> {
    return this.#phase;
  }

  /** @param takeOver  whether to take the store away from the tab that works */
  async start(takeOver = false): Promise<void> {
    try {
      const inner = await this.#openInner(takeOver);
      this.#phase.value = { at: (await isEmptyStore(inner)) ? 'new' : 'locked' };
    } catch (error) {
      this.#fail(error);
    }
  }

  /** @throws CliquetError `wrong-passphrase`, `store-…` */
  async unlock(passphrase: string, onProgress: OnProgress): Promise<void> {
    const store = await this.#encrypt(passphrase, onProgress);
    await this.#open(store);
  }

  /** Puts a client that was made in memory into a new store. */
  async create(made: MemoryStore, passphrase: string, onProgress: OnProgress): Promise<void> {
    const store = await this.#encrypt(passphrase, onProgress);
    try {
      await section(store, 'client').commit([...made.entries()].map(([key, value]) => ({ key, value })));
    } catch (error) {
      // Half a store would ask for its passphrase, and bring nobody back.
      await this.erase();
      throw error;
    }
    void navigator.storage?.persist?.();
    await this.#open(store);
  }

  /** @throws CliquetError `wrong-passphrase` */
  async changePassphrase(from: string, to: string, onProgress: OnProgress): Promise<void> {
    if (this.#inner === null) throw new CliquetError('store-closed');
    await changePassphrase(this.#inner, from, to, { onProgress });
  }

  /** Leaves nothing here, not even an invite that waits. */
  async forget(session: Session): Promise<void> {
    answerInvite();
    await session.end();
    this.#inner = null;
    await this.erase();
  }

  /** Leaves nothing here, whoever it was. */
  async erase(): Promise<void> {
    await this.#inner?.close();
    this.#inner = null;
    await deleteIndexedDbStore(database);
    await this.start();
  }

  async lock(session: Session): Promise<void> {
    await session.end();
    this.#inner = null;
    await this.start();
  }

  async #encrypt(passphrase: string, onProgress: OnProgress): Promise<Store> {
    const inner = this.#inner ?? (await this.#openInner(false));
    // What does not open is closed.
    this.#inner = null;
    const store = await encryptedStore(inner, passphrase, { onProgress });
    this.#inner = inner;
    return store;
  }

  async #openInner(takeOver: boolean): Promise<Store> {
    this.#inner = await indexedDbStore(database, { takeOver, onLost: (error) => this.#fail(error) });
    return this.#inner;
  }

  async #open(store: Store): Promise<void> {
    // Not needed before: the first page appears sooner without.
    const [{ Session }, { Picture }] = await Promise.all([import('./session.ts'), import('./picture.ts')]);
    const picture = new Picture();
    const client = await Client.open({
      ...clientOptions,
      store: section(store, 'client'),
      onParcel: (parcel) => picture.hear(parcel),
    }).catch((error: unknown) => {
      // It has closed the store: who tries again opens it again.
      this.#inner = null;
      throw error;
    });
    const session = await Session.open(client, section(store, 'pages'), picture, (error) => this.#fail(error));
    if (this.#inner === null) {
      // Another tab has taken the store meanwhile, and that is shown already.
      await session.end();
      return;
    }
    this.#phase.value = { at: 'open', session };
  }

  #fail(error: unknown): void {
    const { value } = this.#phase;
    this.#inner = null;
    if (value.at === 'open') void value.session.end().catch(() => undefined);
    const isElsewhere = error instanceof CliquetError && error.code === 'store-in-use';
    this.#phase.value = isElsewhere ? { at: 'elsewhere' } : { at: 'failed', error };
  }
}

const clientOptions = { relay: location.origin, history: 'all' } as const;

/** A client in memory, until it has a passphrase and a place. */
export function makeClient(store: Store): Promise<Client> {
  return Client.open({ ...clientOptions, store, connect: false });
}

export function restoreClient(
  store: Store,
  from: Omit<RestoreOptions, 'onProgress'>,
  onProgress: OnProgress,
): Promise<Client> {
  const options: ClientOptions = { ...clientOptions, store, connect: false };
  return Client.restore({ ...options, ...from, onProgress });
}
