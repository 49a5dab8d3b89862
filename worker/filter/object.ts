// The writer of a filter shard on Cloudflare: a Durable Object named by generation and shard.

import { DurableObject } from 'cloudflare:workers';
import { type CloudflareHost, createHost } from '../cloudflare.ts';
import type { Env } from '../env.ts';
import { getServices } from '../services.ts';
import type { BlockHash } from './block.ts';
import type { ShardWriter } from './shard.ts';

export class ShardObject extends DurableObject<Env> {
  readonly #host: CloudflareHost;
  readonly #writer: ShardWriter;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const services = getServices(env);
    this.#host = createHost(ctx, services.counters.count);
    this.#writer = services.createShardWriter(this.#host);
  }

  has(hash: BlockHash): boolean {
    return this.#writer.has(hash);
  }

  /** The last argument came later: who does not give it knows the first generation only. */
  add(shard: number, hash: BlockHash, generation = 1): void {
    this.#writer.add(generation, shard, hash);
  }

  override async alarm(): Promise<void> {
    this.#host.alarmFired();
    await this.#writer.alarm();
  }
}
