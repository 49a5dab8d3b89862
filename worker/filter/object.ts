// The writer of a filter shard on Cloudflare: a Durable Object named by the shard's number.

import { DurableObject } from 'cloudflare:workers';
import { type CloudflareHost, createHost, createKeyValue } from '../cloudflare.ts';
import type { Env } from '../env.ts';
import type { BlockHash } from './block.ts';
import { shardKey } from './reader.ts';
import { ShardWriter } from './shard.ts';

export class ShardObject extends DurableObject<Env> {
  readonly #host: CloudflareHost;
  readonly #writer: ShardWriter;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#host = createHost(ctx);
    this.#writer = new ShardWriter(this.#host, createKeyValue(env.FILTER));
  }

  has(hash: BlockHash): boolean {
    return this.#writer.has(hash);
  }

  add(shard: number, hash: BlockHash): void {
    this.#writer.add(shardKey(shard), hash);
  }

  override async alarm(): Promise<void> {
    this.#host.alarmFired();
    await this.#writer.alarm();
  }
}
