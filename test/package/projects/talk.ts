// What each of the small projects does with the package: two register, found a group, and one reads what the other one says.

import { Client, type Store } from 'cliquet';

/** @returns what was read */
export async function talk(relay: string, stores: readonly [Store, Store]): Promise<string> {
  const [ada, ben] = await Promise.all([open(relay, stores[0], 'ada'), open(relay, stores[1], 'ben')]);
  await ben.addContact(ada.invite());
  const group = await ada.createGroup([ben.invite()], { name: 'Holidays' });
  await group.send('hello');
  const read = await firstText(ben);
  await Promise.all([ada.close(), ben.close()]);
  return read;
}

async function open(relay: string, store: Store, name: string): Promise<Client> {
  const client = await Client.open({ relay, store });
  const address = `${name}-${crypto.randomUUID()}@example.org`;
  await client.register(address, async () => {
    const response = await fetch(`${relay}/dev/inbox?address=${encodeURIComponent(address)}`);
    const { codes } = (await response.json()) as { codes: { code: string }[] };
    return codes[0]?.code ?? '';
  });
  // Then the relay has keys for others, who can put this client into a group.
  await client.settled();
  return client;
}

async function firstText(client: Client): Promise<string> {
  for await (const event of client.events()) {
    if (event.type === 'message' && event.content.type === 'text') return event.content.text;
  }
  return '';
}
