// What wrangler.toml binds, and what the edge and the objects may call of one another. Variables and secrets are checked
// in settings.ts.

import type { Registrar } from './challenge/registrar.ts';
import type { BlockHash } from './filter/block.ts';
import type { Mailbox } from './mailbox/mailbox.ts';

type Calls<T, K extends keyof T> = Rpc.DurableObjectBranded & Pick<T, K>;

export type MailboxCalls = Calls<
  Mailbox,
  | 'register'
  | 'send'
  | 'read'
  | 'acknowledge'
  | 'outbox'
  | 'uploadPackages'
  | 'claimPackages'
  | 'refuse'
  | 'ticket'
  | 'deregister'
  | 'deliver'
  | 'acked'
  | 'gone'
  | 'claim'
>;

export type RegistrarCalls = Calls<Registrar, 'begin' | 'answer'>;

interface ShardCalls extends Rpc.DurableObjectBranded {
  has(hash: BlockHash): boolean;
  add(shard: number, hash: BlockHash, generation: number): void;
}

export interface Env {
  readonly MAILBOX: DurableObjectNamespace<MailboxCalls>;
  readonly REGISTRAR: DurableObjectNamespace<RegistrarCalls>;
  readonly SHARD: DurableObjectNamespace<ShardCalls>;
  readonly FILTER: KVNamespace;
  readonly STRANGERS: RateLimit;
}
