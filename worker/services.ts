// What the routes and the objects of one isolate share: settings, names, the filter as this isolate reads it, stubs.

import { type Bytes, bytesKey, encodeUtf8 } from '../client/wire/bytes.ts';
import { BoundedMap } from './bounded-map.ts';
import { createChannel, Delivery } from './challenge/delivery.ts';
import { Inbox } from './challenge/inbox.ts';
import { Registrar } from './challenge/registrar.ts';
import { Counters } from './counters.ts';
import { checkBindings, type Env, type MailboxCalls, placed, type RegistrarCalls } from './env.ts';
import { unwrap } from './errors.ts';
import { ShardCache } from './filter/cache.ts';
import { confirmations, Filter, writerName } from './filter/reader.ts';
import { ShardWriter } from './filter/shard.ts';
import { Health } from './health.ts';
import { maxKnownRecipients } from './limits.ts';
import { Mailbox } from './mailbox/mailbox.ts';
import type { Registry } from './mailbox/membership.ts';
import type { Peers } from './mailbox/peer.ts';
import type { StreamState } from './mailbox/stream.ts';
import { Mac, Seal } from './names.ts';
import type { Host, KeyValueReader, KeyValueWriter, Sockets } from './ports.ts';
import { Problems, readSettings, type Settings } from './settings.ts';
import { Strangers } from './strangers.ts';

export class Services {
  readonly settings: Settings;
  readonly counters: Counters;
  readonly health: Health;
  readonly filter: Filter;
  /** Seals tickets for the stream. */
  readonly tickets: Seal;
  /** Seals the pointer to a challenge that its client carries. */
  readonly challenges: Seal;
  readonly pepper: Mac;
  readonly strangers: Strangers;
  /** Development only. */
  readonly inbox: Inbox = new Inbox();
  readonly delivery: Delivery;
  readonly #env: Env;

  /** @throws ConfigurationError */
  constructor(env: Env) {
    this.#env = env;
    const problems = new Problems();
    checkBindings(env, problems);
    this.settings = readSettings(env, undefined, problems);
    this.counters = new Counters(env.COUNTERS, Date.now());
    this.health = new Health(
      { storage: () => this.#readStorage(), filter: () => env.FILTER.get('health', 'arrayBuffer') },
      () => Date.now(),
    );
    const { jurisdiction, secrets } = this.settings;
    const { pepper, ticketKeys } = secrets;
    this.pepper = new Mac(pepper);
    this.tickets = new Seal(ticketKeys, 'ticket');
    this.strangers = new Strangers((key) => this.allowStranger(key), Date.now);
    this.challenges = new Seal(ticketKeys, 'challenge');
    this.delivery = this.#createDelivery();
    const writer = (generation: number, shard: number) =>
      placed(env.SHARD, jurisdiction).getByName(writerName(generation, shard));
    this.filter = new Filter(
      new ShardCache(this.#keyValue(), Date.now),
      {
        has: (generation, shard, hash) => writer(generation, shard).has(hash),
        add: (generation, shard, hash) => writer(generation, shard).add(shard, hash, generation),
      },
      this.settings.filterKeys.map(({ generation, key }) => {
        const mac = new Mac(key);
        return { number: generation, mac: (hrid) => mac.digest('filter', hrid) };
      }),
    );
  }

  createMailbox(host: Host, sockets: Sockets<StreamState>): Mailbox {
    return new Mailbox(host, {
      peers: this.#peers(host),
      registry: host.outgoing(this.#registry()),
      sockets,
      requests: this.settings.requests,
    });
  }

  createRegistrar(host: Host): Registrar {
    return new Registrar(host, {
      delivery: host.outgoing(this.delivery),
      mac: this.pepper,
      limits: this.settings.challenge,
      texts: this.settings.delivery.texts,
    });
  }

  createShardWriter(host: Host): ShardWriter {
    const oldest = Math.min(...this.settings.filterKeys.map(({ generation }) => generation));
    return new ShardWriter(host, host.outgoing(this.#keyValue()), oldest);
  }

  #createDelivery(): Delivery {
    const { channels, texts } = this.settings.delivery;
    return new Delivery({
      channels: [...channels.email, ...channels.phone].map((channel) => createChannel(channel, this.inbox)),
      texts,
      // Counted in one object for the whole deployment.
      countText: async (prefix, network) => {
        const name = await this.pepper.name('text messages', new Uint8Array());
        unwrap(await this.registrarNamed(name).countText(prefix, network));
      },
      count: this.counters.count,
    });
  }

  /** The others, as one mailbox calls them. It keeps their names: whom it talks with, its storage tells anyway. */
  #peers(host: Host): Peers {
    const names = new BoundedMap<string>(maxKnownRecipients);
    return {
      mailbox: async (hrid) => {
        const key = bytesKey(hrid);
        const name = names.get(key) ?? (await this.mailboxName(hrid));
        names.set(key, name);
        return host.outgoing(this.mailboxNamed(name));
      },
    };
  }

  /** The filter as one mailbox asks it, with a budget of its own. */
  #registry(): Registry {
    const mayConfirm = confirmations(Date.now);
    return {
      generation: this.settings.filterKeys[0].generation,
      isAbsent: (hrid) => this.filter.isAbsent(hrid, mayConfirm),
      enter: (hrid) => this.filter.add(hrid),
    };
  }

  /** An object that holds nothing reads its storage. @throws if it does not answer, or what was counted cannot be kept */
  async #readStorage(): Promise<void> {
    await placed(this.#env.SHARD, this.settings.jurisdiction).getByName('health').has({ upper: 0, lower: 0 });
    this.#env.COUNTERS?.flush?.();
  }

  #keyValue(): KeyValueReader & KeyValueWriter {
    const { FILTER } = this.#env;
    return {
      async get(key): Promise<Bytes | null> {
        const value = await FILTER.get(key, 'arrayBuffer');
        return value === null ? null : new Uint8Array(value);
      },
      put: (key, value) => FILTER.put(key, value),
      delete: (key) => FILTER.delete(key),
    };
  }

  mailboxName(hrid: Bytes): Promise<string> {
    return this.pepper.name('mailbox', hrid);
  }

  /** A fresh stub. */
  mailboxNamed(name: string): MailboxCalls {
    return placed(this.#env.MAILBOX, this.settings.jurisdiction).getByName(name);
  }

  async mailbox(hrid: Bytes): Promise<MailboxCalls> {
    return this.mailboxNamed(await this.mailboxName(hrid));
  }

  registrarName(uid: string): Promise<string> {
    return this.pepper.name('registrar', encodeUtf8(uid));
  }

  registrarNamed(name: string): RegistrarCalls {
    return placed(this.#env.REGISTRAR, this.settings.jurisdiction).getByName(name);
  }

  /** Whether this key, a prefix of an address or a caller, may do something costly once more. */
  async allowStranger(key: string): Promise<boolean> {
    return (await this.#env.STRANGERS.limit({ key })).success;
  }
}

// An isolate has one environment, and its caches are worth something only if everything in it shares them.
let services: Services | undefined;

/** @throws ConfigurationError */
export function getServices(env: Env): Services {
  services ??= new Services(env);
  return services;
}
