// The writer of one shard: it keeps the true bits in pages of its own storage and publishes them to the key-value
// store, by alarm, never faster than that takes writes.
//
// Its alarm is always set while it holds something: soon if something is unpublished, else in a day. Then it publishes
// anew, so that what the store lost or damaged heals; or, if its generation is not read any more, it ends itself.

import type { Bytes } from '../../client/wire/bytes.ts';
import { publishIntervalMs, publishRetryMs, republishMs, unreadShardMs } from '../limits.ts';
import { log } from '../log.ts';
import { type Host, type KeyValueWriter, wakeBy } from '../ports.ts';
import type { BlockHash } from './block.ts';
import { Layers, layerBytes, pageBytes } from './layers.ts';
import { shardKey } from './reader.ts';
import { createTables, hasTables } from './schema.ts';

interface ShardRow extends Record<string, number | string | null> {
  /** Under which readers find it. */
  readonly key: string;
  readonly generation: number;
  readonly layers: number;
  /** HRIDs in the newest layer. */
  readonly filled: number;
  /** When it was last written to the store, successfully or not. */
  readonly published: number;
  /** Since when its generation has not been read any more. */
  readonly unread: number | null;
}

export class ShardWriter {
  readonly #host: Host;
  readonly #store: KeyValueWriter;
  readonly #oldestGeneration: number;
  #layers: Layers | undefined;
  #tables = false;
  #busy = false;

  /** @param oldestGeneration  of those that are read; a newer one than this deployment knows is not old */
  constructor(host: Host, store: KeyValueWriter, oldestGeneration: number) {
    this.#host = host;
    this.#store = store;
    this.#oldestGeneration = oldestGeneration;
  }

  /** Enters an HRID; durable before it answers, and harmless when repeated. */
  add(generation: number, shard: number, hash: BlockHash): void {
    if (this.has(hash)) return;
    try {
      this.#insert(generation, shardKey(generation, shard), hash);
    } catch (error) {
      // Memory must not know more than storage does.
      this.#layers = undefined;
      throw error;
    }
    wakeBy(this.#host.alarm, Math.max(this.#host.now(), (this.#row()?.published ?? 0) + publishIntervalMs));
  }

  /** The truth, which readers lag behind. */
  has(hash: BlockHash): boolean {
    return this.#open().has(hash);
  }

  /** Publishes, or ends the shard. What fails is tried again at the next alarm. */
  async alarm(): Promise<void> {
    const shard = this.#row();
    if (shard === undefined) return;
    const { alarm } = this.#host;
    const earliest = Math.max(shard.published, this.#busy ? this.#host.now() : 0) + publishIntervalMs;
    if (this.#host.now() < earliest) {
      if (alarm.due === null) alarm.set(earliest);
      return;
    }
    this.#busy = true;
    try {
      await (shard.generation < this.#oldestGeneration ? this.#retire(shard) : this.#publish(shard));
    } catch (error) {
      log('filter-unavailable', { error: error instanceof Error ? error.name : typeof error });
    } finally {
      this.#busy = false;
    }
  }

  async #publish({ key }: ShardRow): Promise<void> {
    const { sql, alarm } = this.#host;
    // Both before the store is called: whatever happens to this object then, it publishes again, and not too soon.
    const retryAt = this.#host.now() + publishRetryMs;
    sql.query('update shard set published = ?, unread = null', this.#host.now());
    alarm.set(retryAt);
    await this.#store.put(key, this.#open().publish());
    // Unless somebody was added meanwhile, which wants an earlier one.
    if (alarm.due === retryAt) alarm.set(this.#host.now() + republishMs);
  }

  /** Ends the shard once its generation has long not been read. */
  async #retire({ key, unread }: ShardRow): Promise<void> {
    const { sql, alarm } = this.#host;
    const now = this.#host.now();
    alarm.set(now + republishMs);
    if (unread === null) sql.query('update shard set unread = ?', now);
    if (now < (unread ?? now) + unreadShardMs) return;
    await this.#store.delete(key);
    await this.#host.deleteAll();
    this.#layers = undefined;
    this.#tables = false;
  }

  #insert(generation: number, key: string, hash: BlockHash): void {
    const { sql } = this.#host;
    const layers = this.#open();
    const { layer, page } = layers.add(hash);
    const bits = layers.page(layer, page);
    this.#createTables(generation, key);
    sql.transaction(() => {
      sql.query('insert or replace into page (layer, page, bits) values (?, ?, ?)', layer, page, bits);
      sql.query('update shard set layers = ?, filled = ?', layer + 1, layers.filled);
    });
  }

  #row(): ShardRow | undefined {
    if (!this.#hasTables()) return undefined;
    return this.#host.sql.query<ShardRow>('select key, generation, layers, filled, published, unread from shard')[0];
  }

  #open(): Layers {
    this.#layers ??= this.#load();
    return this.#layers;
  }

  #load(): Layers {
    const shard = this.#row();
    if (shard === undefined) return new Layers([], 0);
    const { sql, alarm } = this.#host;
    // The platform gives an alarm up that fails too often.
    if (alarm.due === null) alarm.set(this.#host.now() + republishMs);
    const layers = Array.from({ length: shard.layers }, (_, layer) => new Uint8Array(layerBytes(layer)));
    for (const { layer, page, bits } of sql.query<{ layer: number; page: number; bits: Bytes }>(
      'select layer, page, bits from page',
    )) {
      layers[layer]?.set(bits, page * pageBytes);
    }
    return new Layers(layers, shard.filled);
  }

  #hasTables(): boolean {
    if (this.#tables) return true;
    this.#tables = hasTables(this.#host.sql);
    return this.#tables;
  }

  /** Not in the constructor: a negative that is confirmed must not make tables in an empty shard. */
  #createTables(generation: number, key: string): void {
    if (this.#hasTables()) return;
    createTables(this.#host.sql, generation, key);
    this.#tables = true;
  }
}
