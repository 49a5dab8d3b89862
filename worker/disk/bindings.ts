// What is bound on Cloudflare, on a local disk: objects, the key-value store of the filter, and the count of strangers'
// requests. One process at a time has the folder.

import { join } from 'node:path';
import type { Env, MailboxCalls, RegistrarCalls, ShardCalls } from '../env.ts';
import { ConfigurationError } from '../settings.ts';
import { openAssets } from './assets.ts';
import { Objects } from './objects.ts';
import { openShared } from './shared.ts';

/** Where `npm run web` puts the web client. */
export const webFolder: string = join(import.meta.dirname, '../../.build/web');

export interface Disk {
  readonly bindings: Env;
  readonly objects: Objects;
  /** Lets go of the folder. Nothing must be asked any more. */
  close(): void;
}

/**
 * @param folder              made if it is not there
 * @param strangersPerMinute  of one network prefix
 * @throws ConfigurationError if the folder cannot be used, or another process has it
 */
export function openDisk(folder: string, strangersPerMinute: number): Disk {
  const shared = usable(folder, () => openShared(folder));
  const objects = usable(folder, () => new Objects(folder));
  const bindings: Env = {
    MAILBOX: { getByName: (name) => mailboxStub(objects, name) },
    REGISTRAR: { getByName: (name) => registrarStub(objects, name) },
    SHARD: { getByName: (name) => shardStub(objects, name) },
    FILTER: shared.filter,
    COUNTERS: shared.counters,
    ASSETS: openAssets(webFolder),
    STRANGERS: createLimit(strangersPerMinute),
  };
  return {
    bindings,
    objects,
    close() {
      objects.stop();
      shared.close();
    },
  };
}

/** @throws ConfigurationError instead of what `work` throws */
function usable<T>(folder: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ConfigurationError) throw error;
    const isLocked = error instanceof Error && error.message === 'database is locked';
    throw new ConfigurationError(
      isLocked
        ? `Another relay is running on ${folder}. Stop it, or set STATE to another folder.`
        : `The folder ${folder} cannot be used (${codeOf(error)}). Set STATE to a folder that this relay may write to.`,
    );
  }
}

/** What others may call of a mailbox. */
const mailboxMethods = [
  ...['register', 'send', 'read', 'acknowledge', 'outbox', 'uploadPackages', 'claimPackages', 'refuse', 'ticket'],
  ...['deregister', 'deliver', 'acked', 'gone', 'claim'],
] as (keyof MailboxCalls)[];

function mailboxStub(objects: Objects, name: string): MailboxCalls {
  const call =
    (method: keyof MailboxCalls) =>
    (...values: unknown[]) =>
      objects.call('mailbox', name, (mailbox) => Reflect.apply(mailbox[method], mailbox, values) as unknown);
  return Object.fromEntries(mailboxMethods.map((method) => [method, call(method)])) as unknown as MailboxCalls;
}

function registrarStub(objects: Objects, name: string): RegistrarCalls {
  return {
    begin: (...values) => objects.call('registrar', name, (registrar) => registrar.begin(...values)),
    answer: (...values) => objects.call('registrar', name, (registrar) => registrar.answer(...values)),
    countText: (...values) => objects.call('registrar', name, (registrar) => registrar.countText(...values)),
  };
}

function shardStub(objects: Objects, name: string): ShardCalls {
  return {
    has: (hash) => objects.call('shard', name, (writer) => writer.has(hash)),
    add: (shard, hash, generation) => objects.call('shard', name, (writer) => writer.add(generation, shard, hash)),
  };
}

const minuteMs = 60_000;
/** Keys that are counted at once; the one counted longest ago is forgotten. */
const maxCounted = 65_536;

/** So many of one key in a minute. */
function createLimit(perMinute: number): Env['STRANGERS'] {
  const counts = new Map<string, { count: number; readonly until: number }>();
  return {
    async limit({ key }) {
      const now = Date.now();
      const known = counts.get(key);
      // A minute that ends later than in a minute began before the clock was set back.
      if (known !== undefined && known.until > now && known.until <= now + minuteMs)
        return { success: ++known.count <= perMinute };
      counts.delete(key);
      counts.set(key, { count: 1, until: now + minuteMs });
      const oldest = counts.size > maxCounted ? counts.keys().next().value : undefined;
      if (oldest !== undefined) counts.delete(oldest);
      return { success: perMinute >= 1 };
    },
  };
}

function codeOf(error: unknown): string {
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' ? code : 'unknown error';
}
