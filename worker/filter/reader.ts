// The membership filter as everybody asks it. A positive lets a request through to the mailbox, which knows; a
// negative is confirmed by the shard's writer before it is believed, because the published shards are late. Whatever
// cannot be told is "not absent": then the mailbox is asked.

import type { Bytes } from '../../client/wire/bytes.ts';
import { Bucket } from '../bucket.ts';
import { confirmBurst, confirmsPerSecond } from '../limits.ts';
import { log } from '../log.ts';
import type { BlockHash } from './block.ts';
import type { ShardCache } from './cache.ts';
import { mayContain, type Position, positionOf } from './layers.ts';

/** One generation of the filter key. */
export interface Generation {
  readonly number: number;
  /** HMAC(filter key, HRID) */
  readonly mac: (hrid: Bytes) => Promise<Bytes>;
}

/** Where an HRID falls in one generation. */
interface Place extends Position {
  readonly generation: number;
}

/** The writers of all shards. */
export interface Writers {
  has(generation: number, shard: number, hash: BlockHash): Promise<boolean>;
  add(generation: number, shard: number, hash: BlockHash): Promise<void>;
}

/** Under which key a shard is published. */
export function shardKey(generation: number, shard: number): string {
  return `filter/${generation}/${shard}`;
}

/** The name of a shard's writer. The first generation's have been named by the shard alone. */
export function writerName(generation: number, shard: number): string {
  return generation === 1 ? String(shard) : `${generation}/${shard}`;
}

export class Filter {
  readonly #cache: ShardCache;
  readonly #writers: Writers;
  readonly #generations: readonly Generation[];

  /** @param generations  all that are read, the current one first */
  constructor(cache: ShardCache, writers: Writers, generations: readonly Generation[]) {
    this.#cache = cache;
    this.#writers = writers;
    this.#generations = generations;
  }

  /**
   * Enters an HRID; done when it is durable, and harmless when repeated. It enters every generation that is read: while
   * a new setting spreads, those who still have the old one must find it too.
   */
  async add(hrid: Bytes): Promise<void> {
    await Promise.all(
      this.#generations.map(async (each) => {
        const { generation, shard, hash } = await place(each, hrid);
        await this.#writers.add(generation, shard, hash);
      }),
    );
  }

  /**
   * True if nobody is registered under this HRID, in any generation.
   * @param mayConfirm  whether the caller's budget allows to ask a writer; if not, nobody is absent
   */
  async isAbsent(hrid: Bytes, mayConfirm: () => boolean | Promise<boolean>): Promise<boolean> {
    const places: Place[] = [];
    for (const generation of this.#generations) {
      const each = await place(generation, hrid);
      const layers = await this.#cache.layers(shardKey(each.generation, each.shard));
      if (layers === null || mayContain(layers, each.hash)) return false;
      places.push(each);
    }
    for (const each of places) {
      if (!(await mayConfirm()) || (await this.#confirm(each))) return false;
    }
    return true;
  }

  async #confirm({ generation, shard, hash }: Place): Promise<boolean> {
    try {
      return await this.#writers.has(generation, shard, hash);
    } catch {
      log('filter-unavailable');
      return true;
    }
  }
}

async function place({ number, mac }: Generation, hrid: Bytes): Promise<Place> {
  return { generation: number, ...positionOf(await mac(hrid)) };
}

/** A budget of confirmations for one caller. */
export function confirmations(now: () => number): () => boolean {
  const bucket = new Bucket({ burst: confirmBurst, perSecond: confirmsPerSecond });
  return () => bucket.take(now()) === 0;
}
