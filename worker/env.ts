// What a deployment binds, and what the edge and the objects may call of one another. Cloudflare gives it as wrangler.toml
// says; on one's own machine disk/ does. Variables and secrets are checked in settings.ts.

import type { Bytes } from '../client/wire/bytes.ts';
import type { EmailBinding } from './challenge/configuration.ts';
import type { Registrar } from './challenge/registrar.ts';
import type { CounterSink } from './counters.ts';
import type { BlockHash } from './filter/block.ts';
import type { Mailbox } from './mailbox/mailbox.ts';
import type { TicketClaim } from './mailbox/ticket.ts';
import type { Jurisdiction, Problems } from './settings.ts';

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

export type RegistrarCalls = Calls<Registrar, 'begin' | 'answer' | 'countText'>;

export interface ShardCalls {
  has(hash: BlockHash): Promise<boolean>;
  add(shard: number, hash: BlockHash, generation: number): Promise<void>;
}

/** A class of objects. */
interface Objects<T> {
  getByName(name: string): T;
  /** Those that run and store within it: under one name there are others than without. Only on Cloudflare. */
  jurisdiction?(name: Jurisdiction): Objects<T>;
}

/** The objects of a class as this deployment places them. @throws TypeError if the host cannot place them */
export function placed<T>(objects: Objects<T>, jurisdiction: Jurisdiction | null): Objects<T> {
  if (jurisdiction === null) return objects;
  if (objects.jurisdiction === undefined) throw new TypeError('a host with jurisdictions expected');
  return objects.jurisdiction(jurisdiction);
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
  /** Sends e-mail, if the deployment does that with Cloudflare's own service. */
  readonly EMAIL?: EmailBinding;
  /** Where counts go, if an operator wants them. */
  readonly COUNTERS?: CounterSink;
}

/** What must be bound: a method that it then has, and what gives it. */
const required: Readonly<Record<Exclude<keyof Env, 'COUNTERS' | 'EMAIL'>, readonly [string, string]>> = {
  MAILBOX: ['getByName', 'bind the class Mailbox under durable_objects'],
  REGISTRAR: ['getByName', 'bind the class Registrar under durable_objects'],
  SHARD: ['getByName', 'bind the class Shard under durable_objects'],
  FILTER: ['get', 'bind a KV namespace under kv_namespaces'],
  ASSETS: ['fetch', 'bind the folder of the web client under assets'],
  STRANGERS: ['limit', 'set a limit under ratelimits'],
};

/** Notes what is not bound. What wrangler.toml says at its top level holds for no environment. */
export function checkBindings(env: object, problems: Problems): void {
  for (const [name, [method, what]] of Object.entries(required)) {
    const bound: unknown = Reflect.get(env, name);
    const isBound = typeof bound === 'object' && bound !== null && typeof Reflect.get(bound, method) === 'function';
    if (!isBound) problems.add(`${name} is not bound: in wrangler.toml, ${what} of this environment.`);
  }
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
