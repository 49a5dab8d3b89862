// Seals what is to be sent: what the person has said, and the empty messages that are due.

import { loadRatchet } from '../state/ratchets.ts';
import { tables } from '../state/records.ts';
import type { Transaction } from '../state/state.ts';
import { emptyContent } from '../state/unsent.ts';
import { bytesKey } from '../wire/bytes.ts';
import { CliquetError } from '../wire/errors.ts';
import { messageIdBytes } from '../wire/limits.ts';
import { Contributions } from './contributions.ts';
import { sealContent, tellFailed } from './outbox.ts';
import type { Registered } from './registered.ts';

export interface SealerOptions {
  readonly client: Registered;
  readonly change: (run: (tx: Transaction) => Promise<void>) => Promise<void>;
  /** Whether the queue is taken in: nothing is sealed before. */
  readonly isReady: () => boolean;
  /** Something was sealed: it may leave while the next is being sealed. */
  readonly sealed: () => void;
  /** An empty message is due. */
  readonly wake: () => void;
}

export class Sealer {
  readonly #options: SealerOptions;
  readonly #contributions: Contributions;

  constructor(options: SealerOptions) {
    this.#options = options;
    this.#contributions = new Contributions(options.wake);
  }

  stop(): void {
    this.#contributions.stop();
  }

  async seal(): Promise<void> {
    await this.#sealUnsent();
    await this.#contribute();
  }

  async #sealUnsent(): Promise<void> {
    const { client, change, isReady, sealed } = this.#options;
    const { state } = client;
    for (const { key, value } of state.all(tables.unsent)) {
      const group = state.get(tables.groups, bytesKey(value.group));
      if (group === undefined || !isReady()) continue;
      try {
        await change(async (tx) => {
          // Taken back meanwhile; its place may be another's.
          if (tx.get(tables.unsent, key) !== value) return;
          await sealContent(tx, client, group, value.content);
          tx.delete(tables.unsent, key);
        });
        sealed();
      } catch (error) {
        // The store's failures are waited out; others are the content's.
        if (!(error instanceof CliquetError) || error.code === 'store-unwritable') throw error;
        const { code } = error;
        await change(async (tx) => {
          if (tx.get(tables.unsent, key) !== value) return;
          tx.delete(tables.unsent, key);
          await tellFailed(tx, value.group, value.content.id, code);
        });
      }
      this.#contributions.forget(bytesKey(value.group));
    }
  }

  /** Sends the empty messages that are due, and looks again when the next one is. */
  async #contribute(): Promise<void> {
    const { client, change, isReady } = this.#options;
    const { state, random, now } = client;
    for (const { key, value: group } of state.all(tables.groups)) {
      const ratchet = group.status === 'active' ? loadRatchet(state, group.generation) : undefined;
      if (ratchet === undefined) this.#contributions.forget(key);
      else if (this.#contributions.isDue(key, ratchet, now()) && isReady()) {
        const content = emptyContent(random(messageIdBytes), now());
        try {
          await change((tx) => sealContent(tx, client, group, content));
        } catch (error) {
          // As when the store has just turned out to be an old copy.
          if (!(error instanceof CliquetError) || error.code === 'store-unwritable') throw error;
        }
        this.#contributions.forget(key);
      }
    }
    if (isReady()) this.#contributions.schedule(now());
  }
}
