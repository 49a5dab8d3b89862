// A client under a passphrase in one SQLite file, on whatever runs this: `client.ts RELAY FILE PASSPHRASE ADDRESS AFTER`.
// Commands come in as lines of JSON, the code for the registration before them if the file is new; events and answers
// go out as lines of JSON. It ends by itself when its input does.

import { createInterface } from 'node:readline';
import { Client, CliquetError, encryptedStore } from '../../client/index.ts';
import { sqliteStore } from '../../client/store/sqlite.ts';

export type Command =
  | { readonly do: 'add'; readonly invite: string }
  | { readonly do: 'found'; readonly invite: string }
  | { readonly do: 'send'; readonly text: string; readonly id: string };

export type Line =
  | { readonly type: 'asks-code' }
  /** A command is done; the text if it was to be sent: it is stored. */
  | { readonly type: 'done'; readonly text: string | null }
  | { readonly type: 'opened'; readonly invite: string }
  | { readonly type: 'event'; readonly number: number; readonly event: string; readonly text: string | null }
  | { readonly type: 'failed'; readonly code: string };

const [relay = '', file = '', passphrase = '', address = '', after = ''] = process.argv.slice(2);
const say = (line: Line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const input = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function askCode(): Promise<string> {
  say({ type: 'asks-code' });
  return String((await input.next()).value);
}

async function tell(client: Client): Promise<void> {
  for await (const event of client.events({ after: Number(after) })) {
    const text = event.type === 'message' && event.content.type === 'text' ? event.content.text : null;
    say({ type: 'event', number: event.number, event: event.type, text });
  }
}

async function obey(client: Client, command: Command): Promise<void> {
  if (command.do === 'add') await client.addContact(command.invite);
  else if (command.do === 'found') await client.createGroup([command.invite]);
  else await client.groups[0]?.send(command.text, { id: command.id });
  say({ type: 'done', text: command.do === 'send' ? command.text : null });
}

try {
  const client = await Client.open({ relay, store: await encryptedStore(sqliteStore(file), passphrase) });
  if (!client.isRegistered) await client.register(address, askCode);
  await client.settled();
  say({ type: 'opened', invite: client.invite() });
  const told = tell(client);
  for await (const line of { [Symbol.asyncIterator]: () => input }) await obey(client, JSON.parse(line) as Command);
  await client.settled();
  await client.close();
  await told;
} catch (error) {
  say({ type: 'failed', code: error instanceof CliquetError ? error.code : String(error) });
}
