// What a client goes through on every runtime, by the public API and what all of them have. A member of the group lives
// elsewhere (the peer), so what is made here is opened there, and the other way round. It is told in two lives: what the
// first one has stored is all that the second one has.

import { Client, type ClientEvent, type Group, memoryStore, type Store } from '../../client/index.ts';
import { readCodes } from '../support/codes.ts';
import { until } from '../support/until.ts';

export interface Setting {
  readonly relay: string;
  /** Addresses begin with it. */
  readonly name: string;
  /** The invite of the peer. */
  readonly peer: string;
}

export interface FirstLife {
  /** What each was told, in order, as `name: text`. */
  readonly heard: Readonly<Record<'ada' | 'ben' | 'cy', readonly string[]>>;
  /** Of the group as Ada and as Ben see it: of three, with Cy, and without him again. */
  readonly numbers: readonly (readonly [ada: string, ben: string])[];
  /** Whether a backup and its words have brought Ben's identity and contacts back. */
  readonly isRestored: boolean;
}

export interface SecondLife {
  readonly heard: readonly string[];
  readonly number: string;
}

/** How many messages everybody says at once. */
export const turns = 20;
export const series = (name: string): string[] => Array.from({ length: turns }, (_, i) => `${name} ${i}`);
export const meanwhile = 'said while nobody was there';
export const atLast = 'here again';

/** @param store  for Ada; it is closed in the end */
export async function firstLife({ relay, name, peer }: Setting, store: Store): Promise<FirstLife> {
  const join = (who: string, where = memoryStore() as Store) => Player.join(relay, `${name}-${who}@example.org`, where);
  const [ada, ben, cy] = await Promise.all([join('ada', store), join('ben'), join('cy')]);
  const hrids = new Map([ada, ben, cy].map(({ client }, i) => [client.hrid ?? '', ['ada', 'ben', 'cy'][i] ?? '']));
  const numbersNow = () => [ada.group.safetyNumber(), ben.group.safetyNumber()] as const;
  for (const { client } of [ben, cy]) await client.addContact(ada.client.invite());
  await ada.client.createGroup([ben.client.invite(), peer], { name: 'Everywhere' });
  await Promise.all([ada.event('joined'), ben.event('joined')]);

  const sayAll = async ({ group }: Player, texts: readonly string[]) => {
    for (const text of texts) await group.send(text);
  };
  await Promise.all([sayAll(ada, series('ada')), sayAll(ben, series('ben'))]);
  await until(() => [ada, ben].every(({ texts }) => texts.length >= 2 * turns), patienceMs);
  const numbers = [numbersNow()];

  await ada.group.add([cy.client.invite()]);
  await Promise.all([cy.event('joined'), ben.event('changed', ({ added }) => added.length === 1)]);
  numbers.push(numbersNow());
  await cy.group.send('cy is here');
  await until(() => [ada, ben].every(({ texts }) => texts.length > 2 * turns), patienceMs);
  await ada.group.remove(cy.client.hrid ?? '');
  await Promise.all([cy.event('removed'), ben.event('changed', ({ removed }) => removed.length === 1)]);
  await ada.group.send('without cy');
  await until(() => ben.texts.length > 2 * turns + 1, patienceMs);
  numbers.push(numbersNow());

  const backup = await ben.client.backup();
  const words = await ben.client.recoveryPhrase();
  const restored = await Client.restore({ backup, phrase: words, store: memoryStore(), connect: false });
  const isRestored =
    restored.hrid === ben.client.hrid && restored.contacts.some(({ hrid }) => hrid === ada.client.hrid);
  await restored.close();

  await Promise.all([ada, ben, cy].map(({ client }) => client.settled()));
  const heardBy = (player: Player) => player.told(hrids);
  const heard = { ada: heardBy(ada), ben: heardBy(ben), cy: heardBy(cy) };
  await Promise.all([ada, ben, cy].map((player) => player.leave()));
  return { heard, numbers, isRestored };
}

/** @param store  as the first life has left it; it is closed in the end */
export async function secondLife(store: Store): Promise<SecondLife> {
  const ada = new Player(await Client.open({ store }));
  await until(() => ada.texts.includes(meanwhile), patienceMs);
  await ada.group.send(atLast);
  await ada.client.settled();
  const life = { heard: ada.texts, number: ada.group.safetyNumber() };
  await ada.leave();
  return life;
}

/** Everything here happens on one processor, beside other tests. */
const patienceMs = 60_000;

type Told<T extends ClientEvent['type']> = Extract<ClientEvent, { readonly type: T }>;

class Player {
  readonly client: Client;
  readonly #events: ClientEvent[] = [];
  readonly #listening: Promise<void>;

  constructor(client: Client) {
    this.client = client;
    this.#listening = this.#listen();
  }

  static async join(relay: string, address: string, store: Store): Promise<Player> {
    const client = await Client.open({ relay, store });
    await client.register(address, () => until(async () => (await readCodes(relay, address))[0]));
    await client.settled();
    return new Player(client);
  }

  /** Its only group. */
  get group(): Group {
    const [group] = this.client.groups;
    if (group === undefined) throw new Error('expected a group');
    return group;
  }

  event<T extends ClientEvent['type']>(type: T, fits: (event: Told<T>) => boolean = () => true): Promise<Told<T>> {
    return until(() => this.#all(type).find(fits), patienceMs);
  }

  get texts(): string[] {
    return this.told().map((line) => line.slice(line.indexOf(': ') + 2));
  }

  /** What it was told, with who has said it; `peer` is whoever has no name. */
  told(names: ReadonlyMap<string, string> = new Map()): string[] {
    return this.#all('message').map(({ sender, content }) => {
      const text = content.type === 'text' ? content.text : content.type;
      return `${names.get(sender) ?? 'peer'}: ${text}`;
    });
  }

  async leave(): Promise<void> {
    await this.client.close();
    await this.#listening;
  }

  #all<T extends ClientEvent['type']>(type: T): Told<T>[] {
    return this.#events.filter((event): event is Told<T> => event.type === type);
  }

  async #listen(): Promise<void> {
    for await (const event of this.client.events()) this.#events.push(event);
  }
}
