// A client over the store that the options name, from its file to the relay.

import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Client, ErrorCode, Store } from '../index.ts';
import type { Context } from './context.ts';
import { text } from './escape.ts';
import { Failure, hasCode } from './failure.ts';
import { defaultStore, shortPath } from './location.ts';
import { newPassphrase, readPassphrase } from './passphrase.ts';
import { percent } from './terminal.ts';

const attempts = 3;

/** Where this command's store stands. */
export const storePath = ({ globals, env }: Context): string => resolve(globals.store ?? defaultStore(env));

export const storeExists = (context: Context): boolean => existsSync(storePath(context));

/**
 * Opens the client that lives in the store.
 * @param options  connect: also to its relay
 * @throws Failure if there is none; CliquetError `store-…`, `wrong-passphrase`
 */
export async function openClient(context: Context, { connect = false } = {}): Promise<Client> {
  const { Client } = await import('../index.ts');
  const client = await Client.open({ store: await openStore(context), connect });
  context.atEnd(() => client.close());
  return client;
}

/** The store, once somebody has given its passphrase. */
export async function openStore(context: Context): Promise<Store> {
  return (await unlockStore(context)).store;
}

/** The same, with the passphrase that opened it and the store below. */
export async function unlockStore(context: Context): Promise<{ store: Store; inner: Store; passphrase: string }> {
  const path = storePath(context);
  if (!existsSync(path)) {
    throw new Failure(
      text`There is no store at ${shortPath(path)}; type: cliquet register you@example.org, or name another with --store FILE.`,
    );
  }
  // Whoever cannot have it is told before being asked for a passphrase.
  const inner = await openFile(context, path);
  const { encryptedStore } = await import('../index.ts');
  for (let attempt = 1; ; attempt++) {
    const { value, isTyped } = await readPassphrase(context, text`Passphrase: `);
    try {
      const store = await encryptedStore(inner, value, { onProgress: unlocking(context) });
      context.terminal.clear();
      return { store, inner, passphrase: value };
    } catch (error) {
      context.terminal.clear();
      if (!isTyped || attempt === attempts || !hasCode(error, 'wrong-passphrase')) throw error;
      await context.terminal.note(text`That is not the passphrase of this store.`);
    }
  }
}

/** A new store. @param passphrase asked for if not given @throws Failure if something stands there already */
export async function createStore(context: Context, passphrase?: string): Promise<Store> {
  const path = storePath(context);
  if (existsSync(path))
    throw new Failure(text`There is a store at ${shortPath(path)} already; name a new one with --store FILE.`);
  const secret = passphrase ?? (await newPassphrase(context, text`New passphrase, for the store on this device: `));
  const inner = await openFile(context, path);
  const { encryptedStore } = await import('../index.ts');
  const store = await encryptedStore(inner, secret, { onProgress: unlocking(context) });
  context.terminal.clear();
  return store;
}

/** Removes a store that was made in vain. */
export async function removeStore(context: Context): Promise<void> {
  for (const end of ['', '-wal', '-shm', '-journal']) await rm(storePath(context) + end, { force: true });
}

async function openFile(context: Context, path: string): Promise<Store> {
  const { sqliteStore } = await import('../store/sqlite.ts');
  const store = await sqliteStore(path);
  context.atEnd(() => store.close());
  return store;
}

export const unlocking =
  ({ terminal }: Context) =>
  (fraction: number): void =>
    terminal.progress(text`Unlocking … ${percent(fraction)}`);

const watchMs = 100;

/**
 * Waits until what there is for this client is taken in, and what it has sent is accepted by the relay.
 * @param seconds  how long the relay may be out of reach
 * @throws CliquetError with what is the matter
 */
export async function settle(context: Context, client: Client, seconds: number): Promise<void> {
  const { CliquetError } = await import('../index.ts');
  const { terminal } = context;
  let timer: NodeJS.Timeout | undefined;
  const hopeless = new Promise<never>((_, reject) => {
    let offlineSince = Date.now();
    timer = setInterval(() => {
      terminal.progress(activity(client));
      if (client.connection === 'online') offlineSince = Date.now();
      const problem = finalProblem(client, CliquetError);
      const isOver = Date.now() - offlineSince > seconds * 1000;
      if (problem !== null || isOver) reject(new CliquetError(problem ?? client.problem ?? 'unreachable'));
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
