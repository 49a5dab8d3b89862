// Mailboxes over the ports, with a network between them that the test can break, and one clock. No workerd: what is
// tested here is what a mailbox does, step by step.

import { sha256 } from '@noble/hashes/sha2.js';
import { type Bytes, bytesKey } from '../../client/wire/bytes.ts';
import type { Struct } from '../../client/wire/codec.ts';
import { KeyPackageClaim, KeyPackageUpload } from '../../client/wire/key-package.ts';
import { Ack } from '../../client/wire/queue.ts';
import { Refusals } from '../../client/wire/refusals.ts';
import { type Accepted, Send } from '../../client/wire/send.ts';
import { type SignedRequest, signedRequest } from '../../worker/auth.ts';
import { type ProblemFields, type Result, unwrap } from '../../worker/errors.ts';
import { Mailbox } from '../../worker/mailbox/mailbox.ts';
import type { Delivery, Peer } from '../../worker/mailbox/peer.ts';
import { freshStream, type StreamState } from '../../worker/mailbox/stream.ts';
import type { TicketClaim } from '../../worker/mailbox/ticket.ts';
import { TestClock, TestHost } from './host.ts';
import { Client, type RequestOptions, signRequest } from './request.ts';
import { TestSocket } from './socket.ts';

export type Weather = 'fine' | 'lost before' | 'lost after' | 'silence';

export class Resident {
  readonly client: Client = new Client({ url: 'https://relay.test' });
  readonly host: TestHost;
  readonly sockets: TestSocket<StreamState>[] = [];
  readonly town: Town;
  mailbox: Mailbox;

  constructor(town: Town) {
    this.town = town;
    this.host = new TestHost(town.clock);
    this.mailbox = this.#wake();
  }

  get hrid(): Bytes {
    return this.client.hrid;
  }

  register(): Bytes {
    return this.mailbox.register(this.hrid, this.client.pk).epoch;
  }

  /** As after a crash, or an eviction: memory is gone, storage stays. */
  restart(): void {
    this.mailbox = this.#wake();
  }

  async sign(options: RequestOptions): Promise<SignedRequest> {
    const created = Math.floor(this.town.clock.time / 1000);
    const request = await signRequest(this.client, { created, ...options });
    return signedRequest(request, options.body ? (sha256(options.body) as Bytes) : null);
  }

  /** A send under the next number, or another if it is given. */
  async send(to: readonly Resident[], overrides: Partial<Send> = {}): Promise<Accepted> {
    const accepted = unwrap(await this.trySend(to, overrides));
    this.client.next = accepted.n + 1;
    return accepted;
  }

  async trySend(to: readonly Resident[], overrides: Partial<Send> = {}): Promise<Result<Accepted>> {
    const recipients = to.map(({ client }) => client);
    const body = Send.encode(this.client.message(recipients, Uint8Array.of(this.client.next), overrides));
    return this.mailbox.send(await this.sign({ method: 'POST', path: '/v1/messages', body }), body);
  }

  /** The bodies' first bytes of what waits, in order; a gap as its range. */
  async received(): Promise<(number | string)[]> {
    const { entries } = await this.page();
    return entries.map((entry) =>
      entry.type === 'message' ? (entry.body[0] ?? -1) : `${entry.reason} ${entry.fromN}-${entry.toN}`,
    );
  }

  async page() {
    return unwrap(await this.mailbox.read(await this.sign({ method: 'GET', path: '/v1/queue' }), null));
  }

  /** Acknowledges everything, or up to `seq`. */
  async acknowledge(seq?: number): Promise<void> {
    const { hello } = await this.page();
    await this.tryAcknowledge({ epoch: hello.epoch, seq: seq ?? hello.last }).then(unwrap);
  }

  async tryAcknowledge(ack: Ack): Promise<Result<null>> {
    const { body, request } = await this.#signed('POST', Ack, ack);
    return this.mailbox.acknowledge(request, body);
  }

  async outbox(after = 0) {
    return unwrap(await this.mailbox.outbox(await this.sign({ method: 'GET', path: '/v1/outbox' }), after));
  }

  async upload(upload: KeyPackageUpload, created?: number) {
    const { body, request } = await this.#signed('PUT', KeyPackageUpload, upload, created);
    return this.mailbox.uploadPackages(request, body);
  }

  async claim(of: readonly Resident[], id: Bytes) {
    const claim = { id, hrids: of.map(({ hrid }) => hrid) };
    const { body, request } = await this.#signed('POST', KeyPackageClaim, claim);
    return unwrap(await this.mailbox.claimPackages(request, body)).results;
  }

  /** Takes nothing from these any more, and from all others. */
  async refuse(senders: readonly Resident[]): Promise<void> {
    this.town.clock.advance(1000);
    const { body, request } = await this.#signed('PUT', Refusals, { senders: senders.map(({ hrid }) => hrid) });
    unwrap(await this.mailbox.refuse(request, body));
  }

  async deregister(epoch: Bytes): Promise<Result<null>> {
    return this.mailbox.deregister(await this.sign({ method: 'DELETE', path: '/v1/registrations' }), epoch);
  }

  /** A stream with a ticket of its own. */
  async connect(): Promise<TestSocket<StreamState>> {
    const claim = unwrap(await this.mailbox.ticket(await this.sign({ method: 'POST', path: '/v1/tickets' })));
    return this.connectWith(claim);
  }

  async connectWith(claim: TicketClaim): Promise<TestSocket<StreamState>> {
    const socket = new TestSocket<StreamState>(freshStream);
    const accept = () => {
      this.sockets.push(socket);
      return socket;
    };
    unwrap(await this.mailbox.connect(claim, accept));
    return socket;
  }

  /** Fires the alarm, moving the clock to it; false if none is set. */
  async fireAlarm(): Promise<boolean> {
    if (!this.host.reachAlarm()) return false;
    await this.mailbox.alarm();
    return true;
  }

  #wake(): Mailbox {
    return new Mailbox(this.host, {
      peers: { mailbox: async (hrid) => this.town.peer(hrid) },
      registry: {
        generation: this.town.generation,
        enter: (hrid) => this.town.enter(hrid),
        isAbsent: (hrid) => this.town.isAbsent(hrid),
      },
      sockets: { all: () => this.sockets.filter(({ open }) => open) },
      requests: this.town.requests,
    });
  }

  async #signed<T>(method: string, type: Struct<T>, value: T, created?: number) {
    const body = type.encode(value);
    const request = await this.sign({ method, path: '/v1/x', body, ...(created === undefined ? {} : { created }) });
    return { body, request };
  }
}

export class Town {
  readonly clock = new TestClock();
  readonly residents: Resident[] = [];
  readonly requests = { burst: 100_000, perSecond: 1 };
  /** Calls to this resident, by what they are. */
  weather: (to: Resident, call: keyof Peer) => Weather = () => 'fine';
  /** Of the filter key, and who was entered under it later. */
  generation = 1;
  enter: (hrid: Bytes) => Promise<void> = async () => undefined;
  /** Sees what goes from one mailbox to another. */
  onDelivery: (delivery: Delivery) => void = () => undefined;
  /** Runs in the middle of a question to the filter. */
  duringLookup: () => void | Promise<void> = () => undefined;
  /** Calls to a mailbox that are under way, and the most there were at once. */
  readonly calls = { now: 0, most: 0, total: 0 };

  add(): Resident {
    const resident = new Resident(this);
    this.residents.push(resident);
    return resident;
  }

  /** So many registered residents. */
  populate(count: number): Resident[] {
    return Array.from({ length: count }, () => {
      const resident = this.add();
      resident.register();
      return resident;
    });
  }

  async isAbsent(hrid: Bytes): Promise<boolean> {
    await this.duringLookup();
    return !this.residents.some((resident) => bytesKey(resident.hrid) === bytesKey(hrid));
  }

  peer(hrid: Bytes): Peer {
    const to = this.residents.find((resident) => bytesKey(resident.hrid) === bytesKey(hrid));
    if (to === undefined) return absentPeer;
    const call = async <T>(name: keyof Peer, work: () => T): Promise<T> => {
      this.calls.total++;
      this.calls.most = Math.max(this.calls.most, ++this.calls.now);
      try {
        await Promise.resolve();
        const weather = this.weather(to, name);
        if (weather === 'lost before') throw new Error('lost');
        if (weather === 'silence') return await new Promise<never>(() => undefined);
        const result = structuredClone(work());
        if (weather === 'lost after') throw new Error('lost');
        return result;
      } finally {
        this.calls.now--;
      }
    };
    return {
      deliver: (delivery) => {
        this.onDelivery(delivery);
        return call('deliver', () => to.mailbox.deliver(structuredClone(delivery)));
      },
      acked: (recipient, epoch, n, remembers) => call('acked', () => to.mailbox.acked(recipient, epoch, n, remembers)),
      gone: (recipient, epoch) => call('gone', () => to.mailbox.gone(recipient, epoch)),
      claim: (claimer, id) => call('claim', () => to.mailbox.claim(claimer, id)),
    };
  }

  /** Done when nothing is under way any more. Alarms do not fire by this. */
  async settle(): Promise<void> {
    for (const { host } of [...this.residents, ...this.residents]) await host.settled();
  }

  /** Fires so many alarms for each resident, always the one that is due first, if that is within so many milliseconds. */
  async fireAlarms(times = 1, within = 2 * 3600 * 1000): Promise<void> {
    const end = this.clock.time + within;
    for (let i = 0; i < times * this.residents.length; i++) {
      const due = (resident: Resident) => resident.host.alarm.due ?? Number.POSITIVE_INFINITY;
      const [first] = [...this.residents].sort((x, y) => due(x) - due(y));
      if (first === undefined || due(first) > end) return;
      await first.fireAlarm();
      await this.settle();
    }
  }
}

/** The mailbox of somebody who never registered. */
const absentPeer: Peer = {
  deliver: async () => ({ status: 'gone' }),
  acked: async () => undefined,
  gone: async () => undefined,
  claim: async () => ({ code: 'unregistered' }),
};

/** Why it was refused. @throws if it was not */
export function problemOf(result: Result<unknown>): ProblemFields {
  if ('problem' in result) return result.problem;
  throw new Error('it was not refused');
}
