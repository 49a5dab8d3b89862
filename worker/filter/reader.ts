// The membership filter as everybody asks it. A positive lets a request through to the mailbox, which knows; a
// negative is confirmed by the shard's writer before it is believed, because the published shards are late. Whatever
// cannot be told is "not absent": then the mailbox is asked.

import type { Bytes } from '../../client/wire/bytes.ts';
import { Bucket } from '../bucket.ts';
import { confirmBurst, confirmsPerSecond, maxReaderBytes, maxShardAgeMs, minShardAgeMs } from '../limits.ts';
import { log } from '../log.ts';
import type { KeyValueReader } from '../ports.ts';
import type { BlockHash } from './block.ts';
import { mayContain, type Position, positionOf, splitLayers } from './layers.ts';

/** The writers, by number of the shard. */
export interface Writers {
  has(shard: number, hash: BlockHash): Promise<boolean>;
  add(shard: number, hash: BlockHash): Promise<void>;
}

interface CachedShard {
  readonly layers: readonly Bytes[];
  readonly bytes: number;
  readonly until: number;
}

/** Shards that this isolate has read lately, within a bound of memory; the one read longest ago goes first. */
export class ShardCache {
  readonly #store: KeyValueReader;
  readonly #now: () => number;
  readonly #shards = new Map<number, CachedShard>();
  #bytes = 0;

  constructor(store: KeyValueReader, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The layers of a shard, none if nobody is in it; null if the store cannot be read. */
  async layers(shard: number): Promise<readonly Bytes[] | null> {
    const cached = this.#shards.get(shard);
    if (cached !== undefined && cached.until > this.#now()) return cached.layers;
    try {
      const value = (await this.#store.get(shardKey(shard))) ?? new Uint8Array();
      const age = minShardAgeMs + Math.random() * (maxShardAgeMs - minShardAgeMs);
      this.#keep(shard, { layers: splitLayers(value), bytes: value.length, until: this.#now() + age });
      return this.#shards.get(shard)?.layers ?? [];
    } catch {
      log('filter-unavailable');
      return null;
    }
  }

  #keep(shard: number, entry: CachedShard): void {
    this.#drop(shard);
    this.#shards.set(shard, entry);
    this.#bytes += entry.bytes;
    for (const oldest of this.#shards.keys()) {
      if (this.#bytes <= maxReaderBytes || oldest === shard) return;
      this.#drop(oldest);
    }
  }

  #drop(shard: number): void {
    this.#bytes -= this.#shards.get(shard)?.bytes ?? 0;
    this.#shards.delete(shard);
  }
}

/** Under which name a shard is published. The number is the generation of the filter key. */
export function shardKey(shard: number): string {
  return `filter/1/${shard}`;
}

export class Filter {
  readonly #cache: ShardCache;
  readonly #writers: Writers;
  readonly #mac: (hrid: Bytes) => Promise<Bytes>;

  /** @param mac  HMAC(filter key, HRID) */
  constructor(cache: ShardCache, writers: Writers, mac: (hrid: Bytes) => Promise<Bytes>) {
    this.#cache = cache;
    this.#writers = writers;
    this.#mac = mac;
  }

  /** Enters an HRID; done when it is durable. */
  async add(hrid: Bytes): Promise<void> {
    const { shard, hash } = positionOf(await this.#mac(hrid));
    await this.#writers.add(shard, hash);
  }

  /**
   * True if nobody is registered under this HRID.
   * @param mayConfirm  whether the caller's budget allows to ask a writer; if not, nobody is absent
   */
  async isAbsent(hrid: Bytes, mayConfirm: () => boolean | Promise<boolean>): Promise<boolean> {
    const position = positionOf(await this.#mac(hrid));
    const layers = await this.#cache.layers(position.shard);
    if (layers === null || mayContain(layers, position.hash)) return false;
    return (await mayConfirm()) && !(await this.#confirm(position));
  }

  async #confirm({ shard, hash }: Position): Promise<boolean> {
    try {
      return await this.#writers.has(shard, hash);
    } catch {
      log('filter-unavailable');
      return true;
    }
  }
}

/** A budget of confirmations for one caller. */
export function confirmations(now: () => number): () => boolean {
  const bucket = new Bucket({ burst: confirmBurst, perSecond: confirmsPerSecond });
  return () => bucket.take(now()) === 0;
}
