// One client of the demo, in a process of its own. It knows the relay, and the invites that it is handed; commands
// come as JSON lines on standard input, answers and events go as JSON lines to standard output.

import { createInterface } from 'node:readline';
import { Client, type ClientEvent, type Group, memoryStore } from '../../client/index.ts';
import { until } from '../support/until.ts';

export type Command =
  | { readonly do: 'register'; readonly address: string }
  | { readonly do: 'createGroup'; readonly name: string; readonly invites: readonly string[] }
  /** Accepts the invitation and says something at once. */
  | { readonly do: 'accept'; readonly text: string }
  | { readonly do: 'stage' | 'safetyNumber' | 'offline' | 'online' | 'drained' | 'close' }
  | { readonly do: 'send'; readonly text: string }
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

const [relay = ''] = process.argv.slice(2);
let store = memoryStore();
let client = await Client.open({ relay, store });
void tellEvents(client);

const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);

async function tellEvents(of: Client): Promise<void> {
  for await (const event of of.events()) {
    say({ event: 'group' in event ? { ...event, group: event.group.name } : event });
  }
}

function group(): Group {
  const [first] = client.groups;
  if (first === undefined) throw new Error('no group yet');
  return first;
}

async function obey(command: Command): Promise<unknown> {
  switch (command.do) {
    case 'register': {
      let code = '';
      await client.register(command.address, async () => {
        code = await readInbox(command.address);
        return code;
      });
      await client.settled();
      const registered: Registered = { hrid: client.hrid ?? '', invite: client.invite(), code };
      return registered;
    }
    case 'createGroup':
      return (await client.createGroup(command.invites, { name: command.name })).id;
    case 'accept':
      return (await Promise.all([group().accept(), group().send(command.text)]))[1];
    case 'send':
      return group().send(command.text);
    case 'stage':
      return group().stage();
    case 'reach':
      await until(
        () =>
          client.groups.length > 0 &&
          group()
            .stage()
            .vector.every((count, i) => count >= (command.vector[i] ?? 0)),
      );
      return group().stage();
    case 'safetyNumber':
      return group().safetyNumber();
    case 'offline': {
      // What a client is comes back from its store, here a copy in memory.
      const entries = store.entries();
      await client.close();
      store = memoryStore(entries);
      return null;
    }
    case 'online':
      client = await Client.open({ relay, store });
      void tellEvents(client);
      return null;
    case 'drained':
      return client.settled();
    case 'close':
      await client.close();
      return null;
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
