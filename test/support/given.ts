// What the examples of the reference take as given: a registered client, a group in which somebody answers, and the invite
// of that one.

import { Client, type Group, memoryStore } from '../../client/index.ts';
import { readCodes } from './codes.ts';

export interface Given {
  readonly client: Client;
  readonly group: Group;
  readonly inviteOfAnother: string;
  readonly numberOnTheirScreen: string;
}

let count = 0;

/** @param relay  the address of one in development */
export async function given(relay: string): Promise<Given> {
  const [client, other] = await Promise.all([register(relay), register(relay)]);
  const inviteOfAnother = other.invite();
  const group = await client.createGroup([inviteOfAnother], { name: 'Friends' });
  const theirs = Promise.withResolvers<Group>();
  void answer(other, theirs.resolve);
  const numberOnTheirScreen = (await theirs.promise).safetyNumber();
  return { client, group, inviteOfAnother, numberOnTheirScreen };
}

async function register(relay: string): Promise<Client> {
  const address = `given-${process.pid}-${count++}@example.org`;
  const client = await Client.open({ relay, store: memoryStore() });
  await client.register(address, () => codeFor(relay, address));
  await client.settled();
  return client;
}

/** Accepts what it is invited to, and answers each text. */
async function answer(client: Client, joined: (group: Group) => void): Promise<void> {
  for await (const event of client.events()) {
    if (event.type === 'invited') {
      await event.group.accept();
      joined(event.group);
    }
    if (event.type === 'message' && event.content.type === 'text') await event.group.send('I am here');
  }
}

/** The newest code that a relay in development has sent. */
export async function codeFor(relay: string, address: string): Promise<string> {
  const [code] = await readCodes(relay, address);
  if (code === undefined) throw new Error('no code was sent');
  return code;
}
