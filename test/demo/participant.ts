// One client of the demo, in a process of its own. It knows the relay, and the invites that it is handed; commands
// come as JSON lines on standard input, answers and events go as JSON lines to standard output.

import { readFile, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { Client, type ClientEvent, type Group } from '../../client/index.ts';
import { sqliteStore } from '../../client/store/sqlite.ts';
import { until } from '../support/until.ts';
import { type Kept, readKept, tryKeys } from './eavesdropper.ts';

export type Command =
  | { readonly do: 'register'; readonly address: string }
  | { readonly do: 'createGroup'; readonly name: string; readonly invites: readonly string[] }
  /** Accepts the invitation and says something at once. */
  | { readonly do: 'accept'; readonly text: string }
  | { readonly do: 'add'; readonly invite: string }
  | { readonly do: 'remove' | 'readmit'; readonly member: string }
  /** Writes a backup to a file, and answers with the 24 words. */
  | { readonly do: 'backup'; readonly file: string }
  | { readonly do: 'restore'; readonly file: string; readonly phrase: string }
  | { readonly do: 'stage' | 'status' | 'safetyNumber' | 'offline' | 'online' | 'drained' | 'close' }
  | { readonly do: 'send'; readonly text: string }
  /** What the relay keeps for this client, who is offline. */
  | { readonly do: 'readKept' }
  /** Tries all keys of a store on that. */
  | { readonly do: 'tryKeys'; readonly store: string; readonly kept: readonly Kept[] }
  /** Waits until so many messages of each member are opened. */
  | { readonly do: 'reach'; readonly vector: readonly number[] };

export interface Registered {
  readonly hrid: string;
  readonly invite: string;
  readonly code: string;
}

/** What is told of an event: groups by name. */
export type ToldEvent = Told<ClientEvent>;
type Told<E> = E extends { readonly group: Group } ? Omit<E, 'group'> & { readonly group: string } : E;

const [relay = '', storeFile = ''] = process.argv.slice(2);
let opened: Client | null = null;

const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);

async function open(opening: Promise<Client>): Promise<Client> {
  opened = await opening;
  void tellEvents(opened);
  return opened;
}

const openStore = () => open(Client.open({ relay, store: sqliteStore(storeFile) }));

function present(): Client {
  if (opened === null) throw new Error('not opened yet');
  return opened;
}

async function tellEvents(of: Client): Promise<void> {
  for await (const event of of.events()) {
    say({ event: 'group' in event ? { ...event, group: event.group.name } : event });
  }
}

function group(): Group {
  const [first] = present().groups;
  if (first === undefined) throw new Error('no group yet');
  return first;
}

async function obey(command: Command): Promise<unknown> {
  switch (command.do) {
    case 'register': {
      let code = '';
      const client = await openStore();
      await client.register(command.address, async () => {
        code = await readInbox(command.address);
        return code;
      });
      await client.settled();
      const registered: Registered = { hrid: client.hrid ?? '', invite: client.invite(), code };
      return registered;
    }
    case 'createGroup':
      return (await present().createGroup(command.invites, { name: command.name })).id;
    case 'accept':
      return (await Promise.all([group().accept(), group().send(command.text)]))[1];
    case 'add':
      return group().add([command.invite]);
    case 'remove':
      return group().remove(command.member);
    case 'readmit':
      return group().readmit(command.member);
    case 'backup':
      await writeFile(command.file, await present().backup());
      return present().recoveryPhrase();
    case 'restore': {
      const { file, phrase } = command;
      const store = sqliteStore(storeFile);
      return (await open(Client.restore({ store, backup: new Uint8Array(await readFile(file)), phrase }))).hrid;
    }
    case 'send':
      return group().send(command.text);
    case 'readKept':
      return readKept(storeFile);
    case 'tryKeys':
      return tryKeys(command.store, command.kept);
    case 'stage':
      return group().stage();
    case 'status':
      return group().status;
    case 'reach':
      await until(
        () =>
          present().groups.length > 0 &&
          group()
            .stage()
            .vector.every((count, i) => count >= (command.vector[i] ?? 0)),
      );
      return group().stage();
    case 'safetyNumber':
      return group().safetyNumber();
    case 'online':
      return void (await openStore());
    case 'drained':
      return present().settled();
    case 'offline':
    case 'close':
      return present().close();
  }
}

/** The code travels through the relay's development inbox, as it would through a mailbox elsewhere. */
async function readInbox(address: string): Promise<string> {
  return until(async () => {
    const response = await fetch(`${relay}/dev/inbox?address=${encodeURIComponent(address)}`);
    const { codes } = (await response.json()) as { codes: { code: string }[] };
    return codes[0]?.code;
  });
}

for await (const line of createInterface({ input: process.stdin })) {
  const command: Command = JSON.parse(line);
  try {
    say({ answer: (await obey(command)) ?? null });
  } catch (error) {
    say({ error: String(error) });
  }
}
