// Sends what stands in a text file: to a group that this script's client is in, or to the person whose invite is given.
//
//   deno run PERMISSIONS docs/examples/send-file/send-file.ts FILE --to GROUP|INVITE [--address ADDRESS] [--relay URL] [--store FILE]
//
// It is somebody of its own, who registers at the first run and stays the same: what that takes is kept, encrypted, in a
// store. README.md says which permissions it wants.

import { parseArgs } from 'node:util';
import { Client, CliquetError, encryptedStore, type Group } from 'cliquet';
import { sqliteStore } from 'cliquet/sqlite';

/** What one message holds. A longer text would have to be sent in parts. */
const maxBytes = 64 * 1024;
/** How long the relay is waited for; what it has not got by then goes out at the next run. */
const patienceMs = 30_000;

/** What is wrong with what was asked for; the message says what to do. */
class Refused extends Error {}

async function readText(path: string): Promise<string> {
  const { isFile, size } = await Deno.stat(path).catch((error: unknown) => {
    if (error instanceof Deno.errors.NotFound) throw new Refused(`There is no file ${path}.`);
    throw error;
  });
  if (!isFile) throw new Refused(`${path} is no file.`);
  if (size === 0) throw new Refused(`There is nothing in ${path}.`);
  if (size > maxBytes) throw new Refused(`${path} has ${size} bytes. A message holds ${maxBytes}; send it in parts.`);
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await Deno.readFile(path));
    if (!text.includes('\0')) return text;
  } catch (error) {
    // What else goes wrong has to do with the file, not with what is in it.
    if (!(error instanceof TypeError)) throw error;
  }
  throw new Refused(`${path} is no text in UTF-8.`);
}

async function openClient(relay: string, path: string, address: string | undefined): Promise<Client> {
  const passphrase = Deno.env.get('CLIQUET_PASSPHRASE');
  if (!passphrase) throw new Refused('Set CLIQUET_PASSPHRASE: what is kept between two runs is encrypted under it.');
  const store = await encryptedStore(sqliteStore(path), passphrase);
  const client = await Client.open({ relay, store });
  try {
    if (!client.isRegistered) await register(client, address);
    // Invitations that have come since the last run; and the key packages without which nobody can invite this script.
    await settle(client);
    return client;
  } catch (error) {
    await client.close();
    throw error;
  }
}

async function register(client: Client, address: string | undefined): Promise<void> {
  if (address === undefined) throw new Refused('This is the first run: say an --address, to which a code is sent.');
  await client.register(address, (attempt) =>
    prompt(attempt === 1 ? `Which code has come to ${address}?` : 'That is not the code. Once more:'),
  );
  console.log(`Registered. Who should let this script into a group gets this: ${client.invite()}`);
}

async function find(client: Client, to: string): Promise<Group> {
  if (to.startsWith('cliquet:')) return withOne(client, to);
  const named = client.groups.filter(
    ({ name, status }) => name === to && (status === 'active' || status === 'invited'),
  );
  const [group, another] = named;
  if (group === undefined) throw new Refused(`This script is in no group ${to}. Its invite: ${client.invite()}`);
  if (another !== undefined) throw new Refused(`There are ${named.length} groups ${to}. Leave all but one.`);
  // Who names it wants to be in it.
  if (group.status === 'invited') await group.accept();
  return group;
}

/** The group with one person and nobody else: a new one at the first time. */
async function withOne(client: Client, invite: string): Promise<Group> {
  const hrid = await client.addContact(invite);
  const known = client.groups.find(
    ({ status, members }) => status === 'active' && members.length === 2 && members.some((each) => each.hrid === hrid),
  );
  return known ?? client.createGroup([invite]);
}

/** Waits until the relay has everything. @throws CliquetError with the reason, if it takes too long */
async function settle(client: Client): Promise<void> {
  const signal = AbortSignal.timeout(patienceMs);
  await client.settled({ signal }).catch((error: unknown) => {
    throw signal.aborted ? new CliquetError(client.problem ?? 'unreachable') : error;
  });
}

/** Reads all that has happened, as it would be kept for this script otherwise. @returns whether a message failed, said */
async function hearFailures(client: Client): Promise<boolean> {
  let hasFailed = false;
  for await (const event of client.events()) {
    if (event.type !== 'failed') continue;
    console.error(new CliquetError(event.code).message);
    hasFailed = true;
  }
  return hasFailed;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      to: { type: 'string' },
      address: { type: 'string' },
      relay: { type: 'string', default: 'http://localhost:8787' },
      store: { type: 'string', default: 'send-file.db' },
    },
  });
  const [path] = positionals;
  if (path === undefined || values.to === undefined)
    throw new Refused('Say which file, and --to which group or invite.');
  const text = await readText(path);
  const client = await openClient(values.relay, values.store, values.address);
  const heard = hearFailures(client);
  try {
    const group = await find(client, values.to);
    await group.send(text);
    await settle(client);
  } finally {
    await client.close();
  }
  if (await heard) Deno.exitCode = 1;
  else console.log(`Sent: ${path}`);
}

main().catch((error: unknown) => {
  // A permission that is missing is named in what Deno says.
  console.error(error instanceof Error ? error.message : error);
  Deno.exitCode = 1;
});
