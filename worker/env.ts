// What a deployment binds, and what the edge and the objects may call of one another. Cloudflare gives it as wrangler.toml
// says; on one's own machine disk/ does. Variables and secrets are checked in settings.ts.

import type { Bytes } from '../client/wire/bytes.ts';
import type { Registrar } from './challenge/registrar.ts';
import type { CounterSink } from './counters.ts';
import type { BlockHash } from './filter/block.ts';
import type { Mailbox } from './mailbox/mailbox.ts';
import type { TicketClaim } from './mailbox/ticket.ts';

/** Methods as somebody else calls them: what they take and return is data. */
type Calls<T, K extends keyof T> = {
  [M in K]: T[M] extends (...values: infer V) => infer R ? (...values: V) => Promise<Awaited<R>> : never;
};

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

export interface ShardCalls {
  has(hash: BlockHash): Promise<boolean>;
  add(shard: number, hash: BlockHash, generation: number): Promise<void>;
}

/** A class of objects. */
interface Objects<T> {
  getByName(name: string): T;
}

export interface Env {
  readonly MAILBOX: Objects<MailboxCalls>;
  readonly REGISTRAR: Objects<RegistrarCalls>;
  readonly SHARD: Objects<ShardCalls>;
  readonly FILTER: {
    get(key: string, type: 'arrayBuffer'): Promise<ArrayBuffer | null>;
    put(key: string, value: Bytes): Promise<void>;
    delete(key: string): Promise<void>;
  };
  /** The files of the web client, by the path of their URL; 404 for what is not there. */
  readonly ASSETS: { fetch(request: Request): Promise<Response> };
  readonly STRANGERS: {
    /** Whether something under this key may happen once more. */
    limit(of: { key: string }): Promise<{ success: boolean }>;
  };
  /** Where counts go, if an operator wants them. */
  readonly COUNTERS?: CounterSink;
}

/** How the host does what no binding is for. */
export interface Platform {
  /** The IP address that a request came from, '' if it is not known. */
  addressOf(request: Request, env: Env): string;
  /** Whether it came over TLS, as far as this host can tell. */
  isSecure(request: Request, env: Env): boolean;
  /** Hands a WebSocket request on to the mailbox that its ticket names. */
  connect(request: Request, env: Env, mailbox: string, claim: TicketClaim): Promise<Response>;
}
