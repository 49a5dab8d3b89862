// A client that sends, reads and acknowledges for as long as it lives, whatever becomes of the relay meanwhile: what
// had no answer it repeats, what was cut it opens again. It keeps what it did in the books.

import * as v from 'valibot';
import { type Bytes, decodeUtf8, encodeBase64Url, encodeUtf8 } from '../../client/wire/bytes.ts';
import type { ServerFrame } from '../../client/wire/frame.ts';
import type { OutboxRecord } from '../../client/wire/outbox.ts';
import { type Hello, type QueueEntry, QueuePage } from '../../client/wire/queue.ts';
import { TicketSchema } from '../../client/wire/registration.ts';
import { closeReplaced, routes } from '../../client/wire/routes.ts';
import type { Send } from '../../client/wire/send.ts';
import type { SeededRandom } from '../support/random.ts';
import type { Client } from '../support/request.ts';
import type { TestStream } from '../support/stream.ts';
import { type Due, type Read, Reading } from './ledger.ts';
import { failure, ignorePassing, isPassing, Poster, pause } from './poster.ts';

/** What all participants of a run share. */
export interface Books {
  readonly dues: Due[];
  /** Sends that the relay has accepted. */
  accepted: number;
  /** What a relay must not answer, in words. */
  readonly wrong: string[];
  /** By HRID in base64url. */
  readonly names: Map<string, string>;
  /** Settled while the relay can be reached: who has failed need not try before. */
  reachable(): Promise<void>;
}

export interface Habits {
  /** How it reads: always the one or the other, or now this and now that. */
  readonly reads: 'stream' | 'poll' | 'both';
  /** It lets things lie before it acknowledges them. */
  readonly slow: boolean;
}

/** Milliseconds between two sends at most, and between two looks at what has come. */
const maxSendPauseMs = 60;
const lookMs = 8;
const maxPollPauseMs = 100;
export const retryMs = 30;
/** How long something lies before it is acknowledged, on average. */
const ackMs = 50;
const slowAckMs = 800;
/** Seconds that the relay keeps a message: most longer than any run takes, some hardly. */
const longTtlSeconds = 3600;
const maxShortTtlSeconds = 3;
const maxTextLength = 3000;

export class Participant {
  readonly name: string;
  readonly client: Client;
  readonly reading: Reading;
  readonly #habits: Habits;
  readonly #books: Books;
  readonly #random: SeededRandom;
  /** The number of the last send that was accepted. */
  #sent = 0;
  readonly #poster: Poster;
  #isOver = false;

  constructor(name: string, client: Client, epoch: Bytes, habits: Habits, books: Books, random: SeededRandom) {
    this.name = name;
    this.client = client;
    this.reading = new Reading(epoch);
    this.#habits = habits;
    this.#books = books;
    this.#random = random;
    this.#poster = new Poster({
      client,
      random,
      complain: (words) => this.#complain(words),
      retry: () => this.#retry(),
    });
    books.names.set(encodeBase64Url(client.hrid), name);
  }

  /** Sends to others, at random. Done once `isEnough`, and the last answer was had. */
  async send(others: () => readonly Participant[], isEnough: () => boolean): Promise<void> {
    while (!isEnough()) {
      const recipients = others().filter((other) => other !== this && this.#random.chance(0.6));
      if (recipients.length > 0) await this.sendTo(recipients);
      await pause(this.#random.below(maxSendPauseMs));
    }
  }

  /** Sends one message, as often as it takes. */
  async sendTo(recipients: readonly Participant[], mayExpire: boolean = this.#random.chance(0.3)): Promise<void> {
    const n = this.#sent + 1;
    const text = `${this.name} ${n} ${'.'.repeat(this.#random.below(maxTextLength))}`;
    const send: Send = {
      n,
      to: recipients.map(({ name, client }) => ({ hrid: client.hrid, header: encodeUtf8(name) })),
      body: encodeUtf8(text),
      ttlSeconds: mayExpire ? 1 + this.#random.below(maxShortTtlSeconds) : longTtlSeconds,
    };
    const dues = recipients.map(
      ({ name: recipient }): Due => ({
        ...{ sender: this.name, recipient, n, text: `${recipient} ${text}`, mayExpire, accepted: false },
      }),
    );
    this.#books.dues.push(...dues);
    const { refused } = await this.#poster.post(send);
    this.#sent = n;
    this.#books.accepted++;
    for (const [index, due] of dues.entries()) due.accepted = !refused.some((refusal) => refusal.index === index);
    if (this.#random.chance(0.05)) await this.client.outbox().catch(() => {});
    if (!this.#random.chance(0.1)) return;
    // As if the answer had been lost.
    const again = await this.#poster.post(send);
    const isAlike = again.refused.length === 0 || JSON.stringify(again.refused) === JSON.stringify(refused);
    if (!isAlike) this.#complain(`a repeated send was answered otherwise`);
  }

  /** Reads and acknowledges, until over(). */
  async read(): Promise<void> {
    const { reads } = this.#habits;
    while (!this.#isOver) {
      const streams = reads === 'both' ? this.#random.chance(0.6) : reads === 'stream';
      try {
        await (streams ? this.#follow() : this.#poll());
      } catch (error) {
        // Who has gone is refused from then on.
        if (this.#isOver) return;
        ignorePassing(error);
        await this.#retry();
      }
    }
  }

  /** Deregisters, whatever still waits for it or from it; read() ends with it. */
  async depart(): Promise<void> {
    this.over();
    for (;;) {
      try {
        const response = await this.client.deregister(this.reading.epoch);
        // Who is not registered any more has had no answer to an earlier attempt.
        if (response.status === 204 || response.status === 403) return;
        throw await failure(response);
      } catch (error) {
        ignorePassing(error);
        await this.#retry();
      }
    }
  }

  /** Whether everything that was read is acknowledged, and nothing of its own waits for others. */
  async isIdle(): Promise<boolean> {
    return (await this.remains()).length === 0;
  }

  async #outbox(): Promise<OutboxRecord[]> {
    const all: OutboxRecord[] = [];
    for (;;) {
      const { records } = await this.client.outbox(all.at(-1)?.n ?? 0);
      if (records.length === 0) return all;
      all.push(...records);
    }
  }

  /** What waits at the relay, for it or from it, in words. */
  async remains(): Promise<string[]> {
    try {
      const { hello } = await this.client.queue();
      const records = await this.#outbox();
      const names = (hrid: Bytes) => this.#books.names.get(encodeBase64Url(hrid)) ?? 'somebody';
      return [
        ...(hello.acked < hello.last ? [`${this.name}: ${hello.last - hello.acked} entries wait in its queue`] : []),
        // Who has missed it for good stays listed for a while.
        ...records.flatMap(({ n, recipients }) => {
          const waited = recipients.filter(({ state }) => state === 'pending' || state === 'queued');
          const who = waited.map(({ hrid, state }) => `${names(hrid)} (${state})`).join(', ');
          return waited.length > 0 ? [`${this.name}: message ${n} waits in its outbox for ${who}`] : [];
        }),
      ];
    } catch (error) {
      return [`${this.name}: the relay does not answer: ${error}`];
    }
  }

  /** Ends read(). */
  over(): void {
    this.#isOver = true;
    this.#poster.stream?.close();
  }

  async #retry(): Promise<void> {
    await this.#books.reachable();
    await pause(this.#random.below(retryMs));
  }

  #complain(words: string): void {
    this.#books.wrong.push(`${this.name}: ${words}`);
  }

  async #poll(): Promise<void> {
    const { reading } = this;
    const before = this.#standing();
    // From the cursor, or from the beginning as after a loss of memory.
    const query = this.#random.chance(0.8) ? `?epoch=${encodeBase64Url(reading.epoch)}&after=${before.cursor}` : '';
    const response = await this.client.fetch({ method: 'GET', path: routes.queue + query });
    if (!response.ok) throw await failure(response);
    const { hello, entries } = QueuePage.decode(new Uint8Array(await response.arrayBuffer()));
    this.#greet(hello, before);
    for (const entry of entries) reading.take(this.#readEntry(entry), before.confirmed);
    if (this.#isDue(hello.last, maxPollPauseMs / 2)) await this.#acknowledge(undefined);
    await pause(this.#random.below(maxPollPauseMs));
  }

  /** One connection, until it ends. */
  async #follow(): Promise<void> {
    const { reading } = this;
    const before = this.#standing();
    const stream = await this.#connect();
    let greeted = false;
    let isReplaced = false;
    const end = Date.now() + this.#random.below(4000);
    while (stream.closed === undefined) {
      for (const frame of stream.frames.splice(0)) {
        if (frame.type === 'hello') {
          greeted = true;
          this.#poster.stream = stream;
          this.#greet(frame.hello, before);
        } else if (!greeted) this.#complain(`the stream began with ${frame.type}`);
        else this.#takeFrame(frame, before.confirmed);
      }
      if (greeted && this.#isDue(reading.cursor, lookMs)) await this.#acknowledge(stream).catch(ignorePassing);
      // Now and then it goes by itself, or another connection takes its place.
      if (this.#habits.reads === 'both' && Date.now() > end) stream.close();
      else if (greeted && !isReplaced && this.#random.chance(0.002)) {
        isReplaced = true;
        await this.#connect().catch(ignorePassing);
      }
      await pause(lookMs);
    }
    if (this.#poster.stream === stream) this.#poster.stream = undefined;
    if (stream.closed.code === closeReplaced && !isReplaced) this.#complain('it was replaced by nobody');
  }

  #takeFrame(frame: Exclude<ServerFrame, { type: 'hello' }>, floor: number): void {
    if (frame.type === 'entry') this.reading.take(this.#readEntry(frame.entry), floor);
    else if (frame.type === 'accepted' || (frame.type === 'problem' && frame.n !== null)) this.#poster.take(frame);
    else if (frame.type === 'problem' && !isPassing(frame.code)) {
      this.#complain(`an acknowledgement was refused: ${frame.code}`);
    }
  }

  #readEntry(entry: QueueEntry): Read {
    const { seq } = entry;
    const sender = this.#books.names.get(encodeBase64Url(entry.from)) ?? 'somebody';
    if (entry.type === 'gap') {
      const { fromN, toN, reason } = entry;
      return { type: 'gap', seq, sender, fromN, toN, reason };
    }
    const body = decodeUtf8(entry.body);
    // Who says so in the text must be who it is from.
    const [author, n] = body.split(' ');
    if (author !== sender) this.#complain(`a message of ${author} came from ${sender}`);
    return { type: 'message', seq, sender, n: Number(n), text: `${decodeUtf8(entry.header)} ${body}` };
  }

  /** What the relay must not be behind, whenever it answers. */
  #standing() {
    return { confirmed: this.reading.confirmed, cursor: this.reading.cursor, sent: this.#sent };
  }

  /** @param before  what stood when this was asked for */
  #greet(hello: Hello, before: { confirmed: number; cursor: number; sent: number }): void {
    this.reading.greet(hello, before.confirmed, before.cursor);
    const { nextSend } = hello;
    // One send may be under way.
    if (nextSend <= before.sent || nextSend > this.#sent + 2) {
      this.#complain(`the relay expects send ${nextSend}, and ${before.sent} to ${this.#sent} were accepted`);
    }
  }

  async #connect(): Promise<TestStream> {
    const response = await this.client.fetch({ method: 'POST', path: routes.tickets });
    if (!response.ok) throw await failure(response);
    return this.client.stream(v.parse(TicketSchema, await response.json()).ticket);
  }

  /** Whether it is time to acknowledge. @param everyMs  how often this is asked */
  #isDue(last: number, everyMs: number): boolean {
    const waiting = Math.min(last, this.reading.cursor) - this.reading.asked;
    const behind = this.reading.asked - this.reading.confirmed;
    if (waiting <= 0 && behind <= 0) return false;
    return this.#random.chance(everyMs / (this.#habits.slow ? slowAckMs : ackMs));
  }

  async #acknowledge(stream: TestStream | undefined): Promise<void> {
    const { reading } = this;
    const ack = { epoch: reading.epoch, seq: reading.cursor };
    reading.asked = Math.max(reading.asked, ack.seq);
    if (stream !== undefined && this.#random.chance(0.6)) return stream.send({ type: 'ack', ack });
    const response = await this.client.acknowledge(ack);
    if (response.status !== 204) throw await failure(response);
    reading.confirmed = Math.max(reading.confirmed, ack.seq);
  }
}
