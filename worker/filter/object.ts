// The writer of a filter shard on Cloudflare: a Durable Object named by generation and shard.

import { DurableObject } from 'cloudflare:workers';
import { type Awake, awaken } from '../cloudflare.ts';
import type { Env } from '../env.ts';
import type { BlockHash } from './block.ts';
import type { ShardWriter } from './shard.ts';

export class ShardObject extends DurableObject<Env> {
  readonly #awake: Awake<ShardWriter>;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#awake = awaken(ctx, env, (services, host) => services.createShardWriter(host));
  }

  has(hash: BlockHash): boolean {
    return this.#awake.get().has(hash);
  }

  /** The last argument came later: who does not give it knows the first generation only. */
  add(shard: number, hash: BlockHash, generation = 1): void {
    this.#awake.get().add(generation, shard, hash);
  }

  override alarm(): Promise<void> {
    return this.#awake.alarm();
  }
}
