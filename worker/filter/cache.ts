// The published shards as one isolate reads them.

import type { Bytes } from '../../client/wire/bytes.ts';
import { failedReadMs, maxReaderBytes, maxShardAgeMs, minShardAgeMs, sharedReadMs } from '../limits.ts';
import { log } from '../log.ts';
import type { KeyValueReader } from '../ports.ts';
import { splitLayers } from './layers.ts';

interface CachedShard {
  /** Null: what is published could not be read, or is damaged. */
  readonly layers: readonly Bytes[] | null;
  readonly bytes: number;
  readonly until: number;
}

/** One that goes on, and until when others wait for it. */
interface Read {
  readonly done: Promise<unknown>;
  readonly until: number;
}

/** Shards that this isolate has read lately, within a bound of memory; the one read longest ago goes first. */
export class ShardCache {
  readonly #store: KeyValueReader;
  readonly #now: () => number;
  readonly #wait: typeof waitFor;
  readonly #shards = new Map<string, CachedShard>();
  readonly #reads = new Map<string, Read>();
  #bytes = 0;

  /** @param wait  done when the work is, or so many milliseconds have passed */
  constructor(store: KeyValueReader, now: () => number, wait: typeof waitFor = waitFor) {
    this.#store = store;
    this.#now = now;
    this.#wait = wait;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The layers of the shard under this key, none if nobody is in it; null if that cannot be told now. */
  async layers(key: string): Promise<readonly Bytes[] | null> {
    for (;;) {
      const cached = this.#shards.get(key);
      if (cached !== undefined && cached.until > this.#now()) return cached.layers;
      const read = this.#reads.get(key);
      if (read === undefined || read.until <= this.#now()) return this.#read(key);
      // Somebody reads it anew. The old one serves meanwhile: bits are only ever added, and negatives are confirmed.
      if (cached !== undefined) return cached.layers;
      // Not for ever: on Workers a read ends without a word when the request that began it does.
      await this.#wait(read.done, read.until - this.#now());
    }
  }

  #read(key: string): Promise<readonly Bytes[] | null> {
    const done = this.#fetch(key);
    this.#reads.set(key, { done, until: this.#now() + sharedReadMs });
    return done;
  }

  async #fetch(key: string): Promise<readonly Bytes[] | null> {
    const entry = await this.#store.get(key).then(
      (value) => this.#parse(key, value ?? new Uint8Array()),
      () => this.#failed(key),
    );
    this.#keep(key, entry);
    this.#reads.delete(key);
    return entry.layers;
  }

  #parse(key: string, value: Bytes): CachedShard {
    try {
      const age = minShardAgeMs + Math.random() * (maxShardAgeMs - minShardAgeMs);
      return { layers: splitLayers(value), bytes: value.length, until: this.#now() + age };
    } catch {
      return this.#failed(key);
    }
  }

  /** What was read before still holds. */
  #failed(key: string): CachedShard {
    log('filter-unavailable');
    const { layers, bytes } = this.#shards.get(key) ?? { layers: null, bytes: 0 };
    return { layers, bytes, until: this.#now() + failedReadMs };
  }

  #keep(key: string, entry: CachedShard): void {
    this.#drop(key);
    this.#shards.set(key, entry);
    this.#bytes += entry.bytes;
    for (const oldest of this.#shards.keys()) {
      if (this.#bytes <= maxReaderBytes || oldest === key) return;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    this.#bytes -= this.#shards.get(key)?.bytes ?? 0;
    this.#shards.delete(key);
  }
}

async function waitFor(work: Promise<unknown>, milliseconds: number): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  await Promise.race([work, late]);
  clearTimeout(timer);
}
