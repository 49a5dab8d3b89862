// A client over the store that the options name, from its file to the relay.

import { statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Client, ClientOptions, ErrorCode, Store } from '../index.ts';
import type { Context } from './context.ts';
import { type Safe, text } from './escape.ts';
import { Failure, hasCode } from './failure.ts';
import { defaultStore, shortPath } from './location.ts';
import { newPassphrase, readPassphrase } from './passphrase.ts';
import { percent } from './terminal.ts';
import { formatDuration } from './time.ts';

const attempts = 3;

/** Where this command's store stands. */
export const storePath = ({ globals, env }: Context): string => resolve(globals.store ?? defaultStore(env));

/** @throws Failure if a folder stands there */
export function storeExists(context: Context): boolean {
  const path = storePath(context);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory()) throw new Failure(text`${shortPath(path)} is a folder; name a file with --store FILE.`);
  return found !== undefined;
}

/**
 * Opens the client that lives in the store.
 * @param options  connect: also to its relay
 * @throws Failure if there is none; CliquetError `store-…`, `wrong-passphrase`
 */
export async function openClient(context: Context, { connect = false } = {}): Promise<Client> {
  return openIn(context, await openStore(context), { connect });
}

/** The client in a store. @throws Failure if a registration broke off before there was one */
export async function openIn(context: Context, store: Store, options: Omit<ClientOptions, 'store'>): Promise<Client> {
  const { Client } = await import('../index.ts');
  try {
    const client = await Client.open({ ...options, store });
    context.atEnd(() => client.close());
    return client;
  } catch (error) {
    // Without a relay, a store in which nobody is cannot become a client's.
    if (!(error instanceof TypeError) || options.relay !== undefined) throw error;
    throw new Failure(
      text`Nobody is in the store at ${shortPath(storePath(context))} yet; type: cliquet register you@example.org --relay URL`,
    );
  }
}

/** The store, once somebody has given its passphrase. */
export async function openStore(context: Context): Promise<Store> {
  return (await unlockStore(context)).store;
}

/** The same, with the passphrase that opened it and the store below. */
export async function unlockStore(context: Context): Promise<{ store: Store; inner: Store; passphrase: string }> {
  const path = storePath(context);
  if (!storeExists(context)) {
    throw new Failure(
      text`There is no store at ${shortPath(path)}; type: cliquet register you@example.org, or name another with --store FILE.`,
    );
  }
  // Whoever cannot have it is told before being asked for a passphrase.
  let inner = await openFile(context, path);
  const { encryptedStore } = await import('../index.ts');
  for (let attempt = 1; ; attempt++) {
    const { value, isTyped } = await readPassphrase(context, text`Passphrase: `);
    try {
      const store = await encryptedStore(inner, value, { onProgress: working(context, text`Unlocking`) });
      context.terminal.clear();
      return { store, inner, passphrase: value };
    } catch (error) {
      context.terminal.clear();
      if (!isTyped || attempt === attempts || !hasCode(error, 'wrong-passphrase')) throw error;
      await context.terminal.note(text`That is not the passphrase of this store.`);
      // What does not open is closed.
      inner = await openFile(context, path);
    }
  }
}

/**
 * A new store. However the command ends, nothing is left of it unless it is kept.
 * @param passphrase  asked for if not given
 * @throws Failure if something stands there already
 */
export async function createStore(context: Context, passphrase?: string): Promise<{ store: Store; keep: () => void }> {
  const path = storePath(context);
  if (storeExists(context))
    throw new Failure(text`There is a store at ${shortPath(path)} already; name a new one with --store FILE.`);
  const secret = passphrase ?? (await newPassphrase(context, text`New passphrase, for the store on this device: `));
  let isKept = false;
  const inner = await openFile(context, path, async () => {
    if (!isKept) await removeStore(path);
  });
  const { encryptedStore } = await import('../index.ts');
  const store = await encryptedStore(inner, secret, { onProgress: working(context, text`Making the store`) });
  context.terminal.clear();
  return {
    store,
    keep: () => {
      isKept = true;
    },
  };
}

/** Removes a store that was made in vain. */
async function removeStore(path: string): Promise<void> {
  for (const end of ['', '-wal', '-shm', '-journal']) await rm(path + end, { force: true });
}

async function openFile(context: Context, path: string, closed?: () => Promise<void>): Promise<Store> {
  const { sqliteStore } = await import('../store/sqlite.ts');
  const store = sqliteStore(path);
  context.atEnd(async () => {
    await store.close();
    await closed?.();
  });
  return store;
}

/** Tells how far it is with what takes about a second, as turning a passphrase into a key does. */
export const working =
  ({ terminal }: Context, what: Safe) =>
  (fraction: number): void =>
    terminal.progress(text`${what} … ${percent(fraction)}`);

const watchMs = 100;

/** The relay is there, and does not take what is to be sent: too much waits for the others, or too much came at once. */
export class NotTaken extends Failure {
  constructor(seconds: number) {
    super(text`The relay has taken nothing for ${formatDuration(seconds)}; wait a minute, then type: cliquet status`);
  }
}

/**
 * Waits until what there is for this client is taken in, and what it has sent is accepted by the relay.
 * @param seconds  how long the relay may be out of reach, or take nothing
 * @throws CliquetError with what is the matter; NotTaken if the relay is there, and takes nothing
 */
export async function settle(context: Context, client: Client, seconds: number): Promise<void> {
  const { CliquetError } = await import('../index.ts');
  const { terminal } = context;
  let timer: NodeJS.Timeout | undefined;
  const hopeless = new Promise<never>((_, reject) => {
    let changedAt = Date.now();
    let before = '';
    timer = setInterval(() => {
      terminal.progress(activity(client));
      const { unsent, unposted } = client.pending;
      const isOnline = client.connection === 'online';
      const now = `${isOnline} ${unsent} ${unposted}`;
      if (now !== before || (isOnline && unsent + unposted === 0)) changedAt = Date.now();
      before = now;
      const problem = finalProblem(client, CliquetError);
      if (problem !== null) reject(new CliquetError(problem));
      if (Date.now() - changedAt <= seconds * 1000) return;
      reject(isOnline ? new NotTaken(seconds) : new CliquetError(client.problem ?? 'unreachable'));
    }, watchMs);
  });
  try {
    await Promise.race([client.settled(), hopeless]);
  } finally {
    clearInterval(timer);
    terminal.clear();
  }
}

/** Why it is of no use to wait, or null. */
export function finalProblem(
  client: Client,
  of: new (code: ErrorCode) => { readonly retry: boolean },
): ErrorCode | null {
  const { problem } = client;
  return problem !== null && !new of(problem).retry ? problem : null;
}

function activity(client: Client) {
  const { unsent, unposted } = client.pending;
  if (client.connection !== 'online') return text`Connecting to ${client.relay} …`;
  if (unsent + unposted > 0) return text`Sending … ${unsent + unposted} left`;
  return text`Catching up …`;
}
