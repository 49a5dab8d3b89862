// The writer of one shard: it keeps the true bits in pages of its own storage and publishes them to the key-value
// store, by alarm, never faster than that takes writes.

import type { Bytes } from '../../client/wire/bytes.ts';
import { publishIntervalMs } from '../limits.ts';
import { type Host, type KeyValueWriter, wakeBy } from '../ports.ts';
import type { BlockHash } from './block.ts';
import { Layers, layerBytes, pageBytes } from './layers.ts';

export class ShardWriter {
  readonly #host: Host;
  readonly #published: KeyValueWriter;
  #layers: Layers | undefined;
  #tables = false;

  constructor(host: Host, published: KeyValueWriter) {
    this.#host = host;
    this.#published = published;
  }

  /**
   * Enters an HRID; durable before it answers, and harmless when repeated.
   * @param key  under which readers find this shard
   */
  add(key: string, hash: BlockHash): void {
    if (this.has(hash)) return;
    try {
      this.#insert(key, hash);
    } catch (error) {
      // Memory must not know more than storage does.
      this.#layers = undefined;
      throw error;
    }
    wakeBy(this.#host.alarm, Math.max(this.#host.now(), this.#publishedAt() + publishIntervalMs));
  }

  /** The truth, which readers lag behind. */
  has(hash: BlockHash): boolean {
    return this.#open().has(hash);
  }

  /** Publishes. What fails is tried again at the next alarm. */
  async alarm(): Promise<void> {
    if (!this.#hasTables()) return;
    const now = this.#host.now();
    const [shard] = this.#host.sql.query<{ key: string; published: number }>('select key, published from shard');
    if (shard === undefined) return;
    const next = shard.published + publishIntervalMs;
    if (now < next) return this.#host.alarm.set(next);
    this.#host.sql.query('update shard set published = ?', now);
    try {
      await this.#published.put(shard.key, this.#open().publish());
    } catch (error) {
      this.#host.alarm.set(this.#host.now() + publishIntervalMs);
      throw error;
    }
  }

  #insert(key: string, hash: BlockHash): void {
    const { sql } = this.#host;
    const layers = this.#open();
    const { layer, page } = layers.add(hash);
    const bits = layers.page(layer, page);
    this.#createTables();
    sql.transaction(() => {
      sql.query('insert or replace into page (layer, page, bits) values (?, ?, ?)', layer, page, bits);
      sql.query('update shard set key = ?, layers = ?, filled = ?', key, layer + 1, layers.filled);
    });
  }

  #publishedAt(): number {
    return this.#host.sql.query<{ published: number }>('select published from shard')[0]?.published ?? 0;
  }

  #open(): Layers {
    this.#layers ??= this.#load();
    return this.#layers;
  }

  #load(): Layers {
    if (!this.#hasTables()) return new Layers([], 0);
    const { sql } = this.#host;
    const [shard] = sql.query<{ layers: number; filled: number }>('select layers, filled from shard');
    const layers = Array.from({ length: shard?.layers ?? 0 }, (_, layer) => new Uint8Array(layerBytes(layer)));
    for (const { layer, page, bits } of sql.query<{ layer: number; page: number; bits: Bytes }>(
      'select layer, page, bits from page',
    )) {
      layers[layer]?.set(bits, page * pageBytes);
    }
    return new Layers(layers, shard?.filled ?? 0);
  }

  #hasTables(): boolean {
    this.#tables ||=
      this.#host.sql.query(`select 1 from sqlite_master where type = 'table' and name = 'shard'`).length > 0;
    return this.#tables;
  }

  /** Not in the constructor: a negative that is confirmed must not make tables in an empty shard. */
  #createTables(): void {
    if (this.#hasTables()) return;
    const { sql } = this.#host;
    sql.transaction(() => {
      sql.query(
        `create table shard (id integer primary key check (id = 0), key text not null, layers integer not null, filled integer not null,
                             published integer not null)`,
      );
      sql.query(
        `create table page (layer integer not null, page integer not null, bits blob not null,
                            primary key (layer, page)) without rowid`,
      );
      sql.query(`insert into shard (id, key, layers, filled, published) values (0, '', 0, 0, 0)`);
    });
    this.#tables = true;
  }
}
