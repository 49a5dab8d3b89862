// A relay in memory for stories: queues, key packages and numbers as the real one keeps them, and losses as a story wants
// them. Whether the real one keeps them so, its own tests say.

import { sha256 } from '../../client/crypto/hash.ts';
import { RelayProblem } from '../../client/transport/problem.ts';
import type { Relay } from '../../client/transport/relay.ts';
import { type Bytes, bytesKey, sameBytes } from '../../client/wire/bytes.ts';
import { Envelope } from '../../client/wire/envelope.ts';
import type { KeyPackageClaim, KeyPackageUpload, UploadedPackage } from '../../client/wire/key-package.ts';
import type { Hello, QueueEntry } from '../../client/wire/queue.ts';
import { type Accepted, Send } from '../../client/wire/send.ts';

/** What becomes of a message on its way to one recipient. */
export type Fate = 'arrives' | 'expires' | 'vanishes';
export type Decide = (envelope: Envelope, from: Bytes, to: Bytes) => Fate;

interface Mailbox {
  readonly epoch: Bytes;
  queue: QueueEntry[];
  last: number;
  acked: number;
  nextSend: number;
  newest: Bytes | null;
  packages: UploadedPackage[];
  lastResort: UploadedPackage | null;
  lastResortFresh: boolean;
  /** Who has claimed when: one a claimer and hour, then the last-resort one. */
  readonly claims: Map<string, number>;
}

type Unused = Exclude<keyof Relay, 'url' | 'uploadKeyPackages' | 'claimKeyPackages'>;

export class Post {
  now: number;
  /** Everything that was sent, as the relay sees it. */
  readonly recorded: { readonly from: Bytes; readonly send: Send }[] = [];
  /** Envelopes by type. */
  readonly counts: Record<Envelope['type'], number> = { agreement: 0, message: 0, notice: 0, request: 0 };
  readonly #boxes = new Map<string, Mailbox>();
  readonly #fate: Decide;

  constructor(now: number, fate: Decide) {
    this.now = now;
    this.#fate = fate;
  }

  register(hrid: Bytes, epoch: Bytes): void {
    this.#boxes.set(bytesKey(hrid), {
      epoch,
      queue: [],
      last: 0,
      acked: 0,
      nextSend: 1,
      newest: null,
      packages: [],
      lastResort: null,
      lastResortFresh: false,
      claims: new Map(),
    });
  }

  hello(hrid: Bytes): Hello {
    const { epoch, last, acked, nextSend, packages, lastResortFresh } = this.#box(hrid);
    return { epoch, last, acked, nextSend, keyPackages: packages.length, lastResortFresh, now: this.now };
  }

  /** What waits for a client, from the oldest on. */
  waiting(hrid: Bytes): readonly QueueEntry[] {
    return this.#box(hrid).queue;
  }

  acknowledge(hrid: Bytes, seq: number): void {
    const box = this.#box(hrid);
    box.queue = box.queue.filter((entry) => entry.seq > seq);
    box.acked = Math.max(box.acked, seq);
  }

  /** @throws RelayProblem `out-of-order`, `number-reused` */
  send(from: Bytes, send: Send): Accepted {
    const box = this.#box(from);
    const digest = sha256(Send.encode(send));
    if (send.n === box.nextSend - 1 && box.newest !== null) {
      if (sameBytes(box.newest, digest)) return { n: send.n, refused: [] };
      throw new RelayProblem({ code: 'number-reused', expected: box.nextSend });
    }
    if (send.n !== box.nextSend) throw new RelayProblem({ code: 'out-of-order', expected: box.nextSend });
    box.nextSend++;
    box.newest = digest;
    this.recorded.push({ from, send });
    const envelope = Envelope.decode(send.body);
    this.counts[envelope.type]++;
    for (const { hrid, header } of send.to) {
      const to = this.#boxes.get(bytesKey(hrid));
      const fate = this.#fate(envelope, from, hrid);
      if (to === undefined || fate === 'vanishes') continue;
      const seq = ++to.last;
      const gap = { type: 'gap', seq, from, fromN: send.n, toN: send.n, reason: 'expired' } as const;
      to.queue.push(fate === 'expires' ? gap : { type: 'message', seq, from, header, body: send.body });
    }
    return { n: send.n, refused: [] };
  }

  /** Puts into somebody's queue what the relay likes, in the name that it likes. */
  deliver(to: Bytes, from: Bytes, header: Bytes, body: Bytes): void {
    const box = this.#box(to);
    box.queue.push({ type: 'message', seq: ++box.last, from, header, body });
  }

  /** What a client asks of the relay beside its queue. */
  relay(): Relay {
    const unused = (): never => {
      throw new TypeError('a story does not do this');
    };
    const others: Record<Unused, () => never> = {
      info: unused,
      requestRegistration: unused,
      answerRegistration: unused,
      deregister: unused,
      send: unused,
      readQueue: unused,
      acknowledge: unused,
      readOutbox: unused,
      createTicket: unused,
    };
    return {
      ...others,
      url: 'https://relay.example.org',
      uploadKeyPackages: async ({ hrid }, upload) => this.#upload(this.#box(hrid), upload),
      claimKeyPackages: async ({ hrid }, claim) => this.#claim(hrid, claim),
    };
  }

  #upload(box: Mailbox, { replace, oneTime, lastResort }: KeyPackageUpload) {
    box.packages = [...(replace ? [] : box.packages), ...oneTime];
    if (lastResort !== null) {
      box.lastResort = lastResort;
      box.lastResortFresh = true;
    }
    return { oneTime: box.packages.length, lastResortFresh: box.lastResortFresh };
  }

  #claim(claimer: Bytes, { hrids }: KeyPackageClaim) {
    const results = hrids.map((hrid) => {
      const box = this.#boxes.get(bytesKey(hrid));
      if (box === undefined) return { package: null, code: 'unregistered' as const };
      const isSoon = this.now - (box.claims.get(bytesKey(claimer)) ?? 0) < 3600;
      const oneTime = isSoon ? undefined : box.packages.shift();
      if (oneTime !== undefined) {
        box.claims.set(bytesKey(claimer), this.now);
        return { package: oneTime, code: null };
      }
      box.lastResortFresh = false;
      return box.lastResort === null
        ? { package: null, code: 'no-key-package' as const }
        : { package: box.lastResort, code: null };
    });
    return { results };
  }

  #box(hrid: Bytes): Mailbox {
    const box = this.#boxes.get(bytesKey(hrid));
    if (box === undefined) throw new RangeError('nobody has registered under this HRID');
    return box;
  }
}
