// Becoming somebody: a client is made in memory, or brought back from words or a backup, and registered with a code. It gets
// its place in this browser, and its passphrase, when all of that has succeeded.

import { type ReadonlySignal, signal } from '@preact/signals';
import { type Client, CliquetError, type MemoryStore, memoryStore, type RestoreOptions } from '../../index.ts';
import { type App, makeClient, type OnProgress, restoreClient } from './app.ts';
import { locale } from './language.ts';
import { go } from './route.ts';

/** Characters of a passphrase that is chosen here. */
export const minPassphrase = 8;

export type SetupStage = 'intro' | 'restore' | 'address' | 'code' | 'passphrase';

export class Setup {
  readonly #stage = signal<SetupStage>('intro');
  readonly #address = signal('');
  readonly #isWrong = signal(false);
  #store: MemoryStore = memoryStore();
  #client: Client | null;
  #isRestored: boolean;
  #answer: (code: string | null) => void = () => undefined;
  #answered = Promise.withResolvers<void>();

  /** @param client  one that is there already and has to register again */
  constructor(client: Client | null = null) {
    this.#client = client;
    this.#isRestored = client !== null;
    if (client !== null) this.#stage.value = 'address';
  }

  get stage(): ReadonlySignal<SetupStage> {
    return this.#stage;
  }

  /** Where the code went. */
  get address(): ReadonlySignal<string> {
    return this.#address;
  }

  /** Whether the last code was not the one. */
  get isWrong(): ReadonlySignal<boolean> {
    return this.#isWrong;
  }

  /** Whether this client was somebody before. */
  get isRestored(): boolean {
    return this.#isRestored;
  }

  show(stage: 'intro' | 'restore' | 'address'): void {
    this.#stage.value = stage;
  }

  /** @throws CliquetError as Client.restore() */
  async restore(from: Omit<RestoreOptions, 'onProgress'>, onProgress: OnProgress): Promise<void> {
    this.#store = memoryStore();
    this.#client = await restoreClient(this.#store, from, onProgress);
    this.#isRestored = true;
    this.#stage.value = this.#client.isRegistered ? 'passphrase' : 'address';
  }

  /** Asks for a code. @throws CliquetError as Client.register() */
  async sendCode(address: string): Promise<void> {
    this.#client ??= await makeClient(this.#store);
    this.#address.value = address.trim();
    this.#isWrong.value = false;
    const asked = Promise.withResolvers<void>();
    const ask = (attempt: number) => {
      this.#isWrong.value = attempt > 1;
      this.#stage.value = 'code';
      asked.resolve();
      this.#answered.resolve();
      return new Promise<string | null>((resolve) => {
        this.#answer = resolve;
      });
    };
    const registration = this.#client.register(address, ask, { language: locale() });
    registration.then(
      () => {
        this.#stage.value = 'passphrase';
        this.#answered.resolve();
      },
      (error: unknown) => {
        this.#stage.value = 'address';
        this.#answered.reject(error);
      },
    );
    this.#answered.promise.catch(() => undefined);
    await Promise.race([asked.promise, registration]);
  }

  /** Gives the code; whether it was wrong, `isWrong` says then. @throws CliquetError as Client.register() */
  async answer(code: string): Promise<void> {
    this.#answered = Promise.withResolvers();
    this.#answer(code);
    await this.#answered.promise;
  }

  /** Gives up waiting for a code. */
  giveUp(): void {
    this.#answered.promise.catch(() => undefined);
    this.#answer(null);
  }

  /** Puts what was made into this browser. @throws CliquetError `store-…` */
  async finish(app: App, passphrase: string, onProgress: OnProgress): Promise<void> {
    if (this.#client === null) throw new CliquetError('client-closed');
    // What comes meanwhile waits at the relay.
    await this.#client.close();
    // Who is new wants to meet somebody first.
    if (!this.#isRestored) go({ page: 'meet' }, { replace: true });
    await app.create(this.#store, passphrase, onProgress);
  }
}
