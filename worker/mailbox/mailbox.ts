// One registered client's mailbox (relay design §2): what it sends, what waits for it, its key packages.
//
// Every request of the owner is admitted first: signature, then budget. After each `await` the registration is looked
// at again, since the owner may have deregistered meanwhile. What peers call (`deliver`, `acked`, `gone`, `claim`)
// never waits, so no two mailboxes can wait for each other.

import { type Bytes, bytesKey, encodeUtf8, sameBytes } from '../../client/wire/bytes.ts';
import {
  KeyPackageClaim,
  type KeyPackageClaimResult,
  type KeyPackageCount,
  KeyPackageUpload,
  UploadedPackage,
} from '../../client/wire/key-package.ts';
import { maxQueuePage, maxRecipients } from '../../client/wire/limits.ts';
import { maxOutboxPage, type OutboxPage } from '../../client/wire/outbox.ts';
import { Ack, type Hello, type QueuePage } from '../../client/wire/queue.ts';
import { closeReplaced } from '../../client/wire/routes.ts';
import { type Accepted, Send } from '../../client/wire/send.ts';
import { type SignedRequest, verifyRequest } from '../auth.ts';
import { Bucket, type Rate } from '../bucket.ts';
import { Refusal, type Result, settle } from '../errors.ts';
import { claimWindowMs, firstRetryMs, markLifetimeMs, maxPageBytes } from '../limits.ts';
import { log } from '../log.ts';
import { type Host, type Socket, type Sockets, wakeBy } from '../ports.ts';
import { Account } from './account.ts';
import { Frames } from './frames.ts';
import { Membership, type Registry } from './membership.ts';
import type { ClaimAnswer, Delivery, DeliveryAnswer, Peers } from './peer.ts';
import type { Report } from './queue.ts';
import type { StreamState } from './stream.ts';
import { requestIdBytes, type TicketClaim } from './ticket.ts';

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
  readonly #bucket: Bucket;
  readonly #frames: Frames;
  /** Undefined until storage was asked. */
  #account: Account | null | undefined;
  #unreported: Report[] = [];
  #issued = 0;

  constructor(host: Host, surroundings: Surroundings) {
    this.#host = host;
    this.#surroundings = surroundings;
    this.#membership = new Membership(surroundings.registry);
    this.#bucket = new Bucket(surroundings.requests);
    this.#frames = new Frames({
      send: async (send, digest) => this.#send(this.#open(), send, digest),
      acknowledge: (ack) => this.#acknowledge(this.#open(), ack),
      spend: () => this.#spend(),
    });
  }

  // The owner's requests.

  /** Makes the mailbox. One that is there keeps its queue and epoch. The caller has proved that `pk` made this HRID. */
  register(hrid: Bytes, pk: Bytes): { epoch: Bytes } {
    if (this.#find() === null) {
      Account.create(this.#host.sql, hrid, pk);
      this.#account = undefined;
    }
    return { epoch: this.#open().epoch };
  }

  send(request: SignedRequest, body: Bytes): Promise<Result<Accepted>> {
    return this.#answer(request, ({ account, digest }) => this.#send(account, Send.decode(body), digest));
  }

  /** @param cursor  null reads from the beginning */
  read(request: SignedRequest, cursor: { epoch: Bytes; after: number } | null): Promise<Result<QueuePage>> {
    return this.#answer(request, ({ account }) => {
      if (cursor !== null) checkEpoch(account, cursor.epoch);
      const entries = account.queue.read(cursor?.after ?? 0, maxQueuePage, maxPageBytes);
      return { hello: this.#hello(account), entries };
    });
  }

  acknowledge(request: SignedRequest, body: Bytes): Promise<Result<null>> {
    return this.#answer(request, ({ account }) => {
      this.#acknowledge(account, Ack.decode(body));
      return null;
    });
  }

  outbox(request: SignedRequest, after: number): Promise<Result<OutboxPage>> {
    return this.#answer(request, ({ account: { outbox } }) => ({
      nextSend: outbox.next,
      records: outbox.page(after, maxOutboxPage),
    }));
  }

  uploadPackages(request: SignedRequest, body: Bytes): Promise<Result<KeyPackageCount>> {
    return this.#answer(request, ({ account, digest, created }) =>
      account.packages.upload(KeyPackageUpload.decode(body), digest, created, this.#host.now()),
    );
  }

  claimPackages(request: SignedRequest, body: Bytes): Promise<Result<KeyPackageClaimResult>> {
    return this.#answer(request, async ({ account }) => {
      const { id, hrids } = KeyPackageClaim.decode(body);
      const absent = await this.#membership.unregistered(hrids, this.#host.now());
      const answers = await Promise.all(
        hrids.map(async (hrid): Promise<ClaimAnswer> => {
          if (absent.has(bytesKey(hrid))) return { code: 'unregistered' };
          const peer = await this.#surroundings.peers.mailbox(hrid);
          return peer.claim(account.hrid, id);
        }),
      );
      const results = answers.map((answer) =>
        'package' in answer
          ? { package: UploadedPackage.decode(answer.package), code: null }
          : { package: null, code: answer.code },
      );
      return { results };
    });
  }

  /** A ticket for one connection, to be sealed by the caller. */
  ticket(request: SignedRequest): Promise<Result<TicketClaim>> {
    return this.#answer(request, async ({ account, created }) => {
      const signature = request.fields.find(({ name }) => name === 'signature')?.value ?? '';
      const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', encodeUtf8(signature)));
      this.#issued = Math.max(this.#host.now(), this.#issued + 1, account.ticket.issued + 1);
      return { epoch: account.epoch, issued: this.#issued, signed: created, request: hash.slice(0, requestIdBytes) };
    });
  }

  /** Removes everything. Those whose messages wait here are told, and so are those who wait for messages from here. */
  deregister(request: SignedRequest, epoch: Bytes): Promise<Result<null>> {
    return this.#answer(request, async ({ account }) => {
      checkEpoch(account, epoch);
      const farewells = [
        ...account.queue.senders().map((sender) => this.#sayGone(account, sender)),
        ...account.lanes.withdraw(),
      ];
      this.#account = null;
      account.stream.close();
      this.#host.later(Promise.allSettled(farewells));
      await this.#host.deleteAll();
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
      account.stream.open(accept(), claim.issued, this.#hello(account));
      return null;
    });
  }

  /** One frame of the owner's, from its newest connection. Frames are worked off one after the other, in order. */
  async receive(socket: Socket<StreamState>, frame: Bytes): Promise<void> {
    // A peer that ignores that it was closed must not go on speaking for the owner.
    if (this.#find()?.ticket.issued !== socket.state.issued) socket.close(closeReplaced, 'replaced');
    else await this.#frames.take(socket, frame);
  }

  // What peers call. Nothing here waits.

  deliver(delivery: Delivery): DeliveryAnswer {
    const account = this.#find();
    if (account === null) return { status: 'gone' };
    const { epoch } = account;
    if (delivery.recipientEpoch !== null && !sameBytes(delivery.recipientEpoch, epoch)) {
      return { status: 'renewed', epoch, upTo: 0, acked: 0 };
    }
    const { upTo, acked, full } = account.queue.store(delivery);
    account.stream.push();
    return { status: full ? 'full' : 'stored', epoch, upTo, acked };
  }

  acked(recipient: Bytes, epoch: Bytes, n: number): void {
    const account = this.#find();
    const lane = account?.outbox.lanes.get(bytesKey(recipient));
    if (account && lane && sameBytes(account.epoch, epoch)) account.lanes.acknowledged(lane, n);
  }

  gone(recipient: Bytes, epoch: Bytes): void {
    const account = this.#find();
    const lane = account?.outbox.lanes.get(bytesKey(recipient));
    this.#membership.forget(recipient);
    // A farewell that comes late must not end what waits for the recipient's next registration.
    const isMeant = lane?.recipientEpoch && sameBytes(lane.recipientEpoch, epoch);
    if (account && lane && isMeant) account.lanes.end(lane);
  }

  claim(claimer: Bytes, id: Bytes): ClaimAnswer {
    const account = this.#find();
    if (account === null) return { code: 'unregistered' };
    const now = this.#host.now();
    const answer = account.packages.claim(claimer, id, now);
    if ('package' in answer) wakeBy(this.#host.alarm, now + claimWindowMs);
    return answer;
  }

  /** Retries, asks after lost reports, sweeps; then sets itself for the next time. Firing twice does no harm. */
  alarm(): void {
    const account = this.#find();
    if (account === null) return;
    const now = this.#host.now();
    const reports = this.#unreported.splice(0);
    for (const report of reports) this.#host.later(this.#report(account, report));
    const times = [account.lanes.resume(), account.queue.sweep(now), account.packages.sweep(now)];
    const next = Math.min(...times.map((time) => time ?? Number.POSITIVE_INFINITY));
    if (Number.isFinite(next)) wakeBy(this.#host.alarm, next);
  }

  // Inside.

  async #send(account: Account, send: Send, digest: Bytes): Promise<Accepted> {
    const { outbox } = account;
    const early = outbox.repeated(send.n, digest);
    if (early !== null) return early;
    checkRecipients(send);
    outbox.checkRoom(send);
    const strangers = send.to.map(({ hrid }) => hrid).filter((hrid) => !outbox.lanes.has(bytesKey(hrid)));
    const absent = await this.#membership.unregistered(strangers, this.#host.now());

    this.#checkCurrent(account);
    const late = outbox.repeated(send.n, digest);
    if (late !== null) return late;
    outbox.checkRoom(send);
    const refused = send.to.flatMap(({ hrid, header }, index) => {
      if (absent.has(bytesKey(hrid))) return { index, code: 'unregistered' as const };
      return outbox.isFull(hrid, send.body.length + header.length) ? { index, code: 'mailbox-full' as const } : [];
    });
    // From here to the answer there is no `await`: record and alarm become durable together, before the answer leaves.
    const now = this.#host.now();
    const lanes = outbox.accept(send, digest, refused, now);
    if (lanes.length > 0) wakeBy(this.#host.alarm, now + firstRetryMs);
    account.lanes.start(lanes);
    return { n: send.n, refused };
  }

  /** True if it acknowledged anything new. */
  #acknowledge(account: Account, ack: Ack): boolean {
    checkEpoch(account, ack.epoch);
    const now = this.#host.now();
    const reports = account.queue.acknowledge(ack.seq, now);
    if (reports.length === 0) return false;
    wakeBy(this.#host.alarm, now + markLifetimeMs);
    for (const report of reports) this.#host.later(this.#report(account, report));
    account.stream.push();
    return true;
  }

  /** Tells a sender. What fails is tried again at the next alarm; what is lost in a crash, the sender asks for. */
  async #report(account: Account, report: Report): Promise<void> {
    try {
      const peer = await this.#surroundings.peers.mailbox(report.sender);
      await peer.acked(account.hrid, report.epoch, report.n);
    } catch {
      log('report-failed');
      if (this.#account !== account) return;
      this.#unreported.push(report);
      wakeBy(this.#host.alarm, this.#host.now() + firstRetryMs);
    }
  }

  async #sayGone(account: Account, sender: Bytes): Promise<void> {
    const peer = await this.#surroundings.peers.mailbox(sender);
    await peer.gone(account.hrid, account.epoch);
  }

  #hello(account: Account): Hello {
    const { oneTime, lastResortFresh } = account.packages.count();
    return {
      epoch: account.epoch,
      last: account.queue.last,
      acked: account.queue.acked,
      nextSend: account.outbox.next,
      keyPackages: oneTime,
      lastResortFresh,
      now: Math.floor(this.#host.now() / 1000),
    };
  }

  /** Admits a request of the owner's and does it. */
  #answer<T>(request: SignedRequest, work: (admitted: Admitted) => T | Promise<T>): Promise<Result<T>> {
    return this.#guard(async () => {
      const account = this.#open();
      const created = await verifyRequest(request, account.hrid, await account.key(), this.#host.now());
      this.#checkCurrent(account);
      this.#spend();
      return work({ account, created, digest: request.digest ?? new Uint8Array() });
    });
  }

  /** Refusals become answers. After anything else, memory may not match storage: it is read anew. */
  async #guard<T>(work: () => T | Promise<T>): Promise<Result<T>> {
    try {
      return await settle(work);
    } catch (error) {
      if (this.#account) this.#account = undefined;
      throw error;
    }
  }

  #spend(): void {
    const retryAfter = this.#bucket.take(this.#host.now());
    if (retryAfter > 0) throw new Refusal('rate-limited', { retryAfter });
  }

  #find(): Account | null {
    if (this.#account !== undefined) return this.#account;
    const { peers, sockets } = this.#surroundings;
    const account = Account.load(this.#host, peers, sockets, (each) => this.#account === each);
    this.#account = account;
    // The object has just woken: what a crash left undelivered goes out.
    account?.lanes.start(account.outbox.lanes.values());
    return account;
  }

  #open(): Account {
    const account = this.#find();
    if (account === null) throw new Refusal('not-registered');
    return account;
  }

  #checkCurrent(account: Account): void {
    if (this.#account !== account) throw new Refusal('not-registered');
  }
}

function checkEpoch(account: Account, epoch: Bytes): void {
  if (!sameBytes(account.epoch, epoch)) throw new Refusal('epoch-mismatch');
}

function checkRecipients({ to }: Send): void {
  if (to.length > maxRecipients) throw new Refusal('too-many-recipients');
  if (new Set(to.map(({ hrid }) => bytesKey(hrid))).size < to.length) throw new Refusal('duplicate-recipient');
}
