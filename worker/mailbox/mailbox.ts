// One registered client's mailbox (relay design §2): what it sends, what waits for it, its key packages.
//
// Every request of the owner is admitted first: signature, then budget. After each `await` the registration is looked
// at again, since the owner may have deregistered meanwhile. What peers call (`deliver`, `acked`, `gone`, `claim`)
// never waits, so no two mailboxes can wait for each other.

import { type Bytes, bytesKey, sameBytes } from '../../client/wire/bytes.ts';
import {
  KeyPackageClaim,
  type KeyPackageClaimResult,
  type KeyPackageCount,
  KeyPackageUpload,
} from '../../client/wire/key-package.ts';
import { maxQueuePage } from '../../client/wire/limits.ts';
import { maxOutboxPage, type OutboxPage } from '../../client/wire/outbox.ts';
import { Ack, type QueuePage } from '../../client/wire/queue.ts';
import { Refusals } from '../../client/wire/refusals.ts';
import { closeReplaced } from '../../client/wire/routes.ts';
import { type Accepted, Send } from '../../client/wire/send.ts';
import { type SignedRequest, verifyRequest } from '../auth.ts';
import type { Rate } from '../bucket.ts';
import { Refusal, type Result, settle, unwrap } from '../errors.ts';
import { claimWindowMs, firstRetryMs, lastRetryMs, markLifetimeMs, maxPageBytes, rowsPerToken } from '../limits.ts';
import { type Host, type Socket, type Sockets, wakeBy } from '../ports.ts';
import { Account } from './account.ts';
import { Budget } from './budget.ts';
import { claimOf } from './claims.ts';
import { Farewells } from './farewells.ts';
import { Frames } from './frames.ts';
import { Membership, type Registry } from './membership.ts';
import type { ClaimAnswer, Delivery, DeliveryAnswer, Peers } from './peer.ts';
import { checkRecipients } from './record.ts';
import { dropTables } from './schema.ts';
import type { StreamState } from './stream.ts';
import { requestId, type TicketClaim, ticketRequestBytes } from './ticket.ts';

/** What a mailbox needs beside its host. */
export interface Surroundings {
  readonly peers: Peers;
  readonly registry: Registry;
  readonly sockets: Sockets<StreamState>;
  /** How often the owner may ask. */
  readonly requests: Rate;
}

interface Admitted {
  readonly account: Account;
  readonly digest: Bytes;
  /** When the request was signed, seconds since 1970. */
  readonly created: number;
}

export class Mailbox {
  readonly #host: Host;
  readonly #surroundings: Surroundings;
  readonly #membership: Membership;
  readonly #farewells: Farewells;
  readonly #budget: Budget;
  readonly #frames: Frames;
  /** Undefined until storage was asked. */
  #account: Account | null | undefined;
  #issued = 0;

  constructor(host: Host, surroundings: Surroundings) {
    this.#host = {
      sql: host.sql,
      alarm: host.alarm,
      count: host.count,
      now: () => host.now(),
      later: (work) => host.later(work.catch((error: unknown) => this.#forget(error))),
      deleteAll: () => host.deleteAll(),
      outgoing: (target) => host.outgoing(target),
    };
    this.#surroundings = surroundings;
    this.#membership = new Membership(surroundings.registry);
    this.#farewells = new Farewells(this.#host, surroundings.peers);
    this.#budget = new Budget(surroundings.requests);
    this.#frames = new Frames(host.count, {
      isCurrent: (socket) => this.#find()?.issued === socket.state.issued,
      send: async (send, digest) => unwrap(await this.#guard(() => this.#send(this.#open(), send, digest))),
      acknowledge: (ack) => this.#acknowledge(this.#open(), ack),
      spend: () => this.#spend(this.#open()),
    });
  }

  // The owner's requests.

  /** Makes the mailbox. One that is there keeps its queue and epoch. The caller has proved that `pk` made this HRID. */
  register(hrid: Bytes, pk: Bytes): { epoch: Bytes } {
    if (this.#find() === null) {
      const { generation } = this.#surroundings.registry;
      Account.create(this.#host.sql, hrid, pk, generation, this.#host.now());
      this.#account = undefined;
    }
    const account = this.#open();
    account.see();
    wakeBy(this.#host.alarm, account.idleEnd);
    return { epoch: account.epoch };
  }

  send(request: SignedRequest, body: Bytes): Promise<Result<Accepted>> {
    return this.#answer(request, ({ account, digest }) => this.#send(account, Send.decode(body), digest));
  }

  /** @param cursor  null reads from the beginning */
  read(request: SignedRequest, cursor: { epoch: Bytes; after: number } | null): Promise<Result<QueuePage>> {
    return this.#answer(request, ({ account }) => {
      if (cursor !== null) account.checkEpoch(cursor.epoch);
      account.expire(this.#host.now());
      const entries = account.queue.read(cursor?.after ?? 0, maxQueuePage, maxPageBytes);
      return { hello: account.hello(), entries };
    });
  }

  acknowledge(request: SignedRequest, body: Bytes): Promise<Result<null>> {
    return this.#answer(request, ({ account }) => {
      this.#acknowledge(account, Ack.decode(body));
      return null;
    });
  }

  outbox(request: SignedRequest, after: number): Promise<Result<OutboxPage>> {
    return this.#answer(request, ({ account }) => {
      account.expire(this.#host.now());
      account.lanes.resume();
      return { nextSend: account.outbox.next, records: account.outbox.page(after, maxOutboxPage) };
    });
  }

  uploadPackages(request: SignedRequest, body: Bytes): Promise<Result<KeyPackageCount>> {
    return this.#answer(request, ({ account, digest, created }) => {
      const upload = KeyPackageUpload.decode(body);
      this.#spend(account, Math.floor(upload.oneTime.length / rowsPerToken));
      const change = { kind: 'key packages', digest, created } as const;
      account.changes.make(change, this.#host.now(), () => account.packages.upload(upload));
      return account.packages.count();
    });
  }

  claimPackages(request: SignedRequest, body: Bytes): Promise<Result<KeyPackageClaimResult>> {
    return this.#answer(request, async ({ account }) => {
      const claim = KeyPackageClaim.decode(body);
      const absent = await this.#membership.absent(claim.hrids, this.#host.now());
      return claimOf(this.#surroundings.peers, account.hrid, claim, absent);
    });
  }

  refuse(request: SignedRequest, body: Bytes): Promise<Result<null>> {
    return this.#answer(request, async ({ account, created }) => {
      const { senders } = Refusals.decode(body);
      // By the request and not by its body: whoever goes back to an earlier list means it.
      const change = { kind: 'refusals', digest: await requestId(request), created } as const;
      const { changes, refused } = this.#again(account);
      changes.make(change, this.#host.now(), () => refused.replace(senders));
      return null;
    });
  }

  /** A ticket for one connection, to be sealed by the caller. */
  ticket(request: SignedRequest): Promise<Result<TicketClaim>> {
    return this.#answer(request, async ({ account, created }) => {
      const id = await requestId(request);
      this.#issued = Math.max(this.#host.now(), this.#issued + 1, account.issued + 1);
      return { epoch: account.epoch, issued: this.#issued, signed: created, request: id.slice(0, ticketRequestBytes) };
    });
  }

  deregister(request: SignedRequest, epoch: Bytes): Promise<Result<null>> {
    return this.#answer(request, async ({ account }) => {
      account.checkEpoch(epoch);
      await this.#end(account);
      return null;
    });
  }

  // The stream.

  /**
   * Takes a connection whose ticket the edge has opened and found fresh.
   * @returns what the socket must be given once it is accepted, or a problem
   */
  connect(claim: TicketClaim, accept: () => Socket<StreamState>): Promise<Result<null>> {
    return this.#guard(() => {
      const account = this.#find();
      if (account === null || !account.mayUse(claim)) throw new Refusal('ticket-invalid');
      account.useTicket(claim);
      account.see();
      account.expire(this.#host.now());
      account.enter(this.#surroundings.registry);
      account.stream.open(accept(), claim.issued, account.hello());
      this.#budget.keep(account.stream);
      return null;
    });
  }

  /** One frame of the owner's, from its newest connection. Frames are worked off one after the other, in order. */
  async receive(socket: Socket<StreamState>, frame: Bytes): Promise<void> {
    const account = this.#find();
    // A peer that ignores that it was closed must not go on speaking for the owner.
    if (account?.issued !== socket.state.issued) return socket.close(closeReplaced, 'replaced');
    account.see();
    await this.#frames.take(socket, frame);
  }

  // What peers call. Nothing here waits.

  deliver(delivery: Delivery): DeliveryAnswer {
    return this.#called((account) => {
      if (account === null) return { status: 'gone' };
      if (account.refused.has(delivery.sender)) return { status: 'refused' };
      const { epoch, queue, reports } = account;
      if (delivery.recipientEpoch !== null && !sameBytes(delivery.recipientEpoch, epoch)) {
        return { status: 'renewed', epoch, upTo: 0, acked: 0 };
      }
      const { upTo, acked, full } = queue.store(delivery);
      if (full) reports.turnAway({ sender: delivery.sender, epoch: delivery.senderEpoch, n: acked });
      if (Number.isFinite(queue.nextEnd)) wakeBy(this.#host.alarm, queue.nextEnd);
      account.stream.push();
      return { status: full ? 'full' : 'stored', epoch, upTo, acked };
    });
  }

  acked(recipient: Bytes, epoch: Bytes, n: number, remembers = false): void {
    this.#called((account) => {
      const lane = account?.outbox.lanes.get(bytesKey(recipient));
      if (account === null || !sameBytes(account.epoch, epoch)) this.#farewells.acknowledged(recipient, epoch, n);
      else if (lane) account.lanes.acknowledged(lane, n);
      if (!remembers) account?.outbox.save();
    });
  }

  gone(recipient: Bytes, epoch: Bytes): void {
    this.#called((account) => {
      this.#membership.forget(recipient);
      const lane = account?.outbox.lanes.get(bytesKey(recipient));
      if (lane) account?.lanes.gone(lane, epoch);
    });
  }

  claim(claimer: Bytes, id: Bytes): ClaimAnswer {
    return this.#called((account) => {
      if (account === null) return { code: 'unregistered' };
      if (account.refused.has(claimer)) return { code: 'no-key-package' };
      const now = this.#host.now();
      const answer = account.packages.claim(claimer, id, now);
      if ('package' in answer) wakeBy(this.#host.alarm, now + claimWindowMs);
      return answer;
    });
  }

  /** Ends what is over, retries, sweeps; then sets itself for the next time. Firing twice does no harm. */
  async alarm(): Promise<void> {
    try {
      await this.#work();
    } catch (error) {
      // A host tries a failed alarm again a few times, and then never.
      this.#host.alarm.set(this.#host.now() + lastRetryMs);
      this.#forget(error);
    }
  }

  async #work(): Promise<void> {
    const now = this.#host.now();
    const account = this.#find();
    const times = [this.#farewells.resume()];
    if (account !== null) {
      if (account.stream.isOpen) account.see();
      if (account.idleEnd <= now) return this.#end(account);
      const { outbox, lanes, reports, packages } = account;
      outbox.save();
      times.push(account.idleEnd, account.expire(now), lanes.resume(), reports.resume(now), packages.sweep(now));
    }
    const next = Math.min(...times);
    if (Number.isFinite(next)) wakeBy(this.#host.alarm, next);
    // An ended registration has said its last.
    else await this.#host.deleteAll();
  }

  // Inside.

  async #send(before: Account, send: Send, digest: Bytes): Promise<Accepted> {
    const early = before.outbox.repeated(send.n, digest);
    if (early !== null) return early;
    checkRecipients(send);
    before.checkRoom(send);
    const strangers = send.to.map(({ hrid }) => hrid).filter((hrid) => !before.outbox.lanes.has(bytesKey(hrid)));
    const absent = await this.#membership.absent(strangers, this.#host.now());

    const account = this.#again(before);
    const { outbox } = account;
    const late = outbox.repeated(send.n, digest);
    if (late !== null) return late;
    account.checkRoom(send);
    const refused = send.to.flatMap(({ hrid, header }, index) => {
      const code = absent.get(bytesKey(hrid));
      if (code !== undefined) return { index, code };
      return outbox.isFull(hrid, send.body.length + header.length) ? { index, code: 'mailbox-full' as const } : [];
    });
    // From here to the answer there is no `await`: record and alarm become durable together, before the answer leaves.
    const now = this.#host.now();
    const lanes = outbox.accept(send, digest, refused, now);
    if (lanes.length > 0) wakeBy(this.#host.alarm, Math.min(now + firstRetryMs, outbox.nextEnd));
    account.lanes.start(lanes);
    return { n: send.n, refused };
  }

  /** True if it acknowledged anything new. */
  #acknowledge(account: Account, ack: Ack): boolean {
    account.checkEpoch(ack.epoch);
    const now = this.#host.now();
    const reports = account.queue.acknowledge(ack.seq, now);
    if (reports.length === 0) return false;
    wakeBy(this.#host.alarm, now + markLifetimeMs);
    account.reports.send(reports);
    account.stream.push();
    return true;
  }

  /** Ends a registration: all that is kept of it is what others must still be told. */
  async #end(account: Account): Promise<void> {
    const { sql, alarm } = this.#host;
    sql.transaction(() => {
      this.#farewells.add(account.hrid, account.epoch, account.outbox.owed());
      dropTables(sql);
    });
    this.#account = null;
    account.reports.sayGone();
    wakeBy(alarm, this.#host.now());
    account.stream.close();
    await this.#work();
  }

  /** Admits a request of the owner's and does it. */
  #answer<T>(request: SignedRequest, work: (admitted: Admitted) => T | Promise<T>): Promise<Result<T>> {
    return this.#guard(async () => {
      const before = this.#open();
      const created = await verifyRequest(request, before.hrid, await before.key(), this.#host.now());
      const account = this.#again(before);
      this.#spend(account);
      account.see();
      account.enter(this.#surroundings.registry);
      return work({ account, created, digest: request.digest ?? new Uint8Array() });
    });
  }

  /** Refusals become answers. After anything else, memory may not match storage: it is read anew. */
  async #guard<T>(work: () => T | Promise<T>): Promise<Result<T>> {
    try {
      return await settle(work);
    } catch (error) {
      return this.#forget(error);
    }
  }

  #called<T>(work: (account: Account | null) => T): T {
    try {
      return work(this.#find());
    } catch (error) {
      return this.#forget(error);
    }
  }

  #forget(error: unknown): never {
    if (this.#account) this.#account = undefined;
    throw error;
  }

  /** @throws Refusal `rate-limited` */
  #spend(account: Account, requests = 1): void {
    this.#budget.spend(account.stream, this.#host.now(), requests);
  }

  #find(): Account | null {
    if (this.#account !== undefined) return this.#account;
    const { peers, sockets } = this.#surroundings;
    const account = Account.load(this.#host, peers, sockets, {
      isCurrent: (each) => this.#account === each,
      absent: (recipient, code) => this.#membership.note(recipient, code, this.#host.now()),
    });
    this.#account = account;
    if (account === null) return null;
    account.wake();
    return account;
  }

  #open(): Account {
    const account = this.#find();
    if (account === null) throw new Refusal('not-registered');
    return account;
  }

  /** The same account after an `await`: memory may have been read anew. @throws Refusal `not-registered` if it has ended */
  #again({ epoch }: Account): Account {
    const account = this.#find();
    if (account === null || !sameBytes(account.epoch, epoch)) throw new Refusal('not-registered');
    return account;
  }
}
