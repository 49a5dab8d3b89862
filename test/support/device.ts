// A client in a test: its store, all that it was told, and what somebody waits for.

import { systemRandom } from '../../client/crypto/random.ts';
import {
  Client,
  type ClientEvent,
  type ClientOptions,
  type Group,
  type MemoryStore,
  memoryStore,
} from '../../client/index.ts';
import { createIdentity } from '../../client/protocol/identity.ts';
import { register } from '../../client/registration.ts';
import { tables } from '../../client/state/records.ts';
import { type HttpOptions, httpRelay } from '../../client/transport/http.ts';
import type { Credentials, Relay } from '../../client/transport/relay.ts';
import type { Bytes } from '../../client/wire/bytes.ts';
import { curves } from './group.ts';
import type { TestRelay } from './relay.ts';
import { until } from './until.ts';

/** All of a large group live in one process. */
const foundingMs = 60_000;

export type Told<T extends ClientEvent['type']> = Extract<ClientEvent, { readonly type: T }>;
export type DeviceOptions = Partial<Omit<ClientOptions, 'relay' | 'store'>>;

export class Device {
  readonly relay: TestRelay;
  /** What the application was told, also before the client was opened again. */
  readonly events: ClientEvent[] = [];
  readonly #options: DeviceOptions;
  store: MemoryStore;
  client: Client;
  /** What `events()` has thrown. */
  failure: unknown;

  private constructor(relay: TestRelay, store: MemoryStore, client: Client, options: DeviceOptions) {
    this.relay = relay;
    this.store = store;
    this.client = client;
    this.#options = options;
    void this.#listen(client);
  }

  static async open(relay: TestRelay, store = memoryStore(), options: DeviceOptions = {}): Promise<Device> {
    return new Device(relay, store, await Client.open({ ...options, relay: relay.url, store }), options);
  }

  /** A client out of a backup, or of its words, in a new store. */
  static async restore(
    relay: TestRelay,
    from: Omit<Parameters<typeof Client.restore>[0], 'store'>,
    store: MemoryStore = memoryStore(),
  ): Promise<Device> {
    return new Device(relay, store, await Client.restore({ ...from, store }), {});
  }

  /** A new client, registered as name@example.org, with its key packages at the relay. */
  static async register(relay: TestRelay, name: string, options: DeviceOptions = {}): Promise<Device> {
    const device = await Device.open(relay, memoryStore(), options);
    await device.register(name);
    return device;
  }

  async register(name: string): Promise<void> {
    const address = addressOf(name);
    await this.client.register(address, () => this.relay.inbox(address));
    await this.client.settled();
  }

  get hrid(): string {
    return this.client.hrid ?? '';
  }

  /** Its only group. */
  get group(): Group {
    const [group, ...others] = this.client.groups;
    if (group === undefined || others.length > 0) throw new Error(`expected one group, got ${others.length}`);
    return group;
  }

  all<T extends ClientEvent['type']>(type: T): Told<T>[] {
    return this.events.filter((event): event is Told<T> => event.type === type);
  }

  /** The first event that fits, now or later. */
  event<T extends ClientEvent['type']>(type: T, fits: (event: Told<T>) => boolean = () => true): Promise<Told<T>> {
    return until(() => this.all(type).find(fits));
  }

  /** The texts that were read so far, in order. */
  get texts(): string[] {
    return this.all('message').map(({ content }) => (content.type === 'text' ? content.text : content.type));
  }

  /** Waits until so many messages were read. */
  async read(count: number): Promise<string[]> {
    await until(() => this.texts.length >= count);
    return this.texts;
  }

  /** Closes the client and opens it from a copy of its store, or from an older one. */
  async reopen(entries?: ReturnType<MemoryStore['entries']>): Promise<void> {
    await this.client.close();
    this.store = memoryStore(entries ?? this.store.entries());
    this.client = await Client.open({ ...this.#options, relay: this.relay.url, store: this.store });
    void this.#listen(this.client);
  }

  /** To ask the relay in this client's name. */
  credentials(): { relay: Relay; as: Credentials } {
    return credentialsIn(this.relay, this.store);
  }

  /** The number that the relay expects next: 1 if this client has sent nothing. */
  async nextSend(): Promise<number> {
    const { relay, as } = this.credentials();
    return (await relay.readOutbox(as, 0)).nextSend;
  }

  /** The keys of a table in the store. */
  keys(table: keyof typeof tables): string[] {
    return [...this.store.entries().keys()].filter((key) => key.startsWith(`${tables[table].name}/`));
  }

  async #listen(client: Client): Promise<void> {
    try {
      for await (const event of client.events()) this.events.push(event);
    } catch (error) {
      this.failure = error;
    }
  }
}

export const addressOf = (name: string): string => `${name}@example.org`;

function credentialsIn({ url }: TestRelay, store: MemoryStore): { relay: Relay; as: Credentials } {
  const entry = store.entries().get(`${tables.identity.name}/`);
  if (entry === undefined) throw new Error('this store has no identity');
  const { seed, hrid } = tables.identity.struct.decode(entry);
  if (hrid === null) throw new Error('this client is not registered');
  return { relay: httpRelay(url), as: { hrid, sign: (message) => curves.sign(seed, message) } };
}

/** So many registered clients, named after the test. */
export function registerDevices(
  relay: TestRelay,
  name: string,
  count: number,
  options?: DeviceOptions,
): Promise<Device[]> {
  return Promise.all(Array.from({ length: count }, (_, i) => Device.register(relay, `${name}${i}`, options)));
}

/** The first one founds a group with the others, who all know it; done when all have joined. */
export async function foundGroupOf(devices: readonly Device[], name = 'Test'): Promise<void> {
  const [founder, ...others] = devices as [Device, ...Device[]];
  for (const other of others) await other.client.addContact(founder.client.invite());
  await founder.client.createGroup(
    others.map(({ client }) => client.invite()),
    { name },
  );
  const hasJoined = (device: Device) => device.all('joined').some(({ group }) => group.name === name);
  await Promise.all(devices.map((device) => until(() => hasJoined(device), foundingMs)));
}

/** Three in a group who have all said something and read everything. */
export async function registerTalkers(relay: TestRelay, name: string): Promise<[Device, Device, Device]> {
  const devices = await registerDevices(relay, name, 3);
  await foundGroupOf(devices);
  await Promise.all(devices.map((device, i) => device.group.send(`hello ${i}`)));
  await Promise.all(devices.map((device) => device.read(2)));
  await Promise.all(devices.map(({ client }) => client.settled()));
  return devices as [Device, Device, Device];
}

export async function closeAll(devices: readonly Device[]): Promise<void> {
  await Promise.all(devices.map(({ client }) => client.close()));
}

export interface TestMailbox {
  readonly relay: Relay;
  readonly as: Credentials;
  readonly hrid: Bytes;
  readonly epoch: Bytes;
}

/** A mailbox at the relay, and its owner's credentials, without a client. */
export async function registerMailbox(
  { url, inbox }: TestRelay,
  name: string,
  options: HttpOptions = {},
): Promise<TestMailbox> {
  const identity = createIdentity(systemRandom);
  const sign: Credentials['sign'] = (message) => curves.sign(identity.seed, message);
  const relay = httpRelay(url, options);
  const { hrid, epoch } = await register(relay, identity, sign, addressOf(name), () => inbox(addressOf(name)));
  return { relay, as: { hrid, sign }, hrid, epoch };
}
