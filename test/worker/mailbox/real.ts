// Real mailboxes inside workerd, as a story of the model drives them.

import { evictAllDurableObjects, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { expect } from 'vitest';
import { bytesKey, decodeUtf8, encodeBase64Url, encodeUtf8 } from '../../../client/wire/bytes.ts';
import { maxQueuePage } from '../../../client/wire/limits.ts';
import type { QueueEntry } from '../../../client/wire/queue.ts';
import { Refusals } from '../../../client/wire/refusals.ts';
import { routes } from '../../../client/wire/routes.ts';
import { type Accepted, Send } from '../../../client/wire/send.ts';
import { inside, mailboxOf } from '../../support/inside.ts';
import { Client, readProblem } from '../../support/request.ts';
import type { TestStream } from '../../support/stream.ts';
import { until } from '../../support/until.ts';
import { labelOf, type Model } from './model.ts';

/** Clients in one story. */
export const size = 3;
export const everybody = Array.from({ length: size }, (_, who) => who);
/** Who fills queues: nobody is registered under this HRID. */
export const stranger = everybody.length;

export class Real {
  readonly clients: readonly Client[];
  readonly streams: (TestStream | undefined)[] = [];
  /** The newest send of each. */
  readonly sent: (Send | undefined)[] = [];
  /** What the relay has answered to it. */
  readonly answers: Accepted['refused'][] = [];
  /** Whether full queues may not know any more whom to call back. */
  hasSlept = false;
  /** Who has ever refused somebody. */
  readonly haveRefused: number[] = [];
  /** What strangers have sent. */
  strangers = 0;
  readonly #names: Map<string, number>;

  constructor(clients: readonly Client[]) {
    this.clients = clients;
    this.#names = new Map(clients.map(({ hrid }, who) => [bytesKey(hrid), who]));
  }

  static async start(): Promise<Real> {
    return new Real(await Promise.all(everybody.map(() => Client.register(inside))));
  }

  at(who: number): Client {
    const client = this.clients[who];
    if (client === undefined) throw new RangeError('no such client');
    return client;
  }

  label(entry: QueueEntry): string {
    if (entry.type === 'message') return `message ${decodeUtf8(entry.body)}`;
    const from = this.#names.get(bytesKey(entry.from)) ?? stranger;
    return labelOf({ ...entry, from, era: 0, n: entry.toN });
  }

  async evict(webSockets: 'hibernate' | 'close' = 'hibernate'): Promise<void> {
    // Only of an object that is awake can sockets be closed.
    for (const client of this.clients) await runInDurableObject(await mailboxOf(client), () => undefined);
    await evictAllDurableObjects({ webSockets });
    this.hasSlept = true;
  }

  /** As if so much time had passed that everything that failed is tried again. */
  async pass(): Promise<void> {
    for (const client of this.clients) {
      await runInDurableObject(await mailboxOf(client), (_, { storage: { sql } }) => {
        for (const name of ['backoff', 'farewell']) {
          if (hasTable(sql, name)) sql.exec(`update ${name} set not_before = 0`);
        }
      });
    }
    await this.evict();
    await this.fireAlarms();
    this.hasSlept = false;
  }

  async fireAlarms(): Promise<void> {
    for (const client of this.clients) await runDurableObjectAlarm(await mailboxOf(client));
  }

  /** What a client sees; what has come meanwhile is told to the model. */
  async view(model: Model, who: number) {
    const [client, mailbox] = [this.at(who), model.at(who)];
    if (!mailbox.isHere) return { ...model.view(who, maxQueuePage), code: await this.#codeOf(who) };
    const { hello, entries } = await client.queue();
    for (let page = entries; page.length > 0; ) {
      for (const entry of page) if (entry.seq > mailbox.last) model.arrive(who, this.label(entry));
      const cursor = `?epoch=${encodeBase64Url(hello.epoch)}&after=${mailbox.last}`;
      page = mailbox.last < hello.last ? (await client.queue(cursor)).entries : [];
    }
    const outbox = [];
    for (let after = 0; ; ) {
      const { records } = await client.outbox(after);
      for (const { n, recipients } of records) {
        const shown = recipients.map(({ hrid, state }) => `${this.#names.get(bytesKey(hrid))} ${state}`);
        outbox.push(`${n}: ${shown}`);
        after = n;
      }
      if (records.length === 0) break;
    }
    const frames = this.streams[who]?.frames;
    const stream = frames && {
      entries: frames.flatMap((each) => (each.type === 'entry' ? `${each.entry.seq} ${this.label(each.entry)}` : [])),
      drained: frames.some(({ type }) => type === 'drained'),
    };
    const { acked, last, nextSend: next } = hello;
    return { acked, last, next, queue: entries.map((entry) => this.label(entry)), outbox, stream: stream ?? null };
  }

  message(who: number, to: readonly number[], era: number, n: number): Send {
    const body = encodeUtf8(`${who}.${era}.${n}`);
    return this.at(who).message(
      to.map((each) => this.at(each)),
      body,
      { n },
    );
  }

  post(who: number, message: Send): Promise<Response> {
    return this.at(who).cbor('POST', routes.messages, Send, message);
  }

  async refuse(who: number, senders: readonly number[]): Promise<void> {
    // A list that was signed before the last one is stale; of one second, both count.
    const list = { senders: senders.map((each) => this.at(each).hrid) };
    expect((await this.at(who).cbor('PUT', routes.refusals, Refusals, list)).status).toBe(204);
  }

  /** The time of its messages after one number and up to another is up, wherever they are. */
  async expire(who: number, after: number, upTo: number): Promise<void> {
    const { hrid } = this.at(who);
    const { epoch } = (await this.at(who).queue()).hello;
    for (const each of this.clients) {
      await runInDurableObject(await mailboxOf(each), (_, { storage: { sql } }) => {
        if (!hasTable(sql, 'entry')) return;
        const isMeant = 'sender = ? and epoch = ? and n > ? and n <= ? and reason is null';
        sql.exec(`update entry set expires = 1 where ${isMeant}`, hrid, epoch, after, upTo);
        if (each !== this.at(who)) return;
        sql.exec(`update record set expires = 1 where n > ? and n <= ? and instr(states, x'00')`, after, upTo);
      });
    }
    await this.pass();
  }

  /** @returns what puts all senders back to what they know now, as if they had not heard what comes meanwhile */
  async keepRecords(): Promise<() => Promise<void>> {
    const kept = await Promise.all(
      this.clients.map(async (client) => {
        const mailbox = await mailboxOf(client);
        const rows = await runInDurableObject(mailbox, (_, { storage: { sql } }) =>
          hasTable(sql, 'record') ? [...sql.exec('select * from record').raw()] : [],
        );
        return { mailbox, rows };
      }),
    );
    return async () => {
      await this.evict();
      for (const { mailbox, rows } of kept) {
        await runInDurableObject(mailbox, (_, { storage: { sql } }) => {
          for (const row of rows) sql.exec(`insert or replace into record values (${row.map(() => '?')})`, ...row);
        });
      }
      await this.evict();
    };
  }

  /** What is left in its tables. */
  async left(who: number) {
    return runInDurableObject(await mailboxOf(this.at(who)), (_, { storage: { sql } }) => {
      const rows = (query: string) => sql.exec(query).toArray();
      return {
        record: rows('select n, length(body) + length(headers) as body from record order by n'),
        entry: rows('select seq from entry'),
        gap: rows('select n from gap'),
        backoff: rows('select failures from backoff'),
        farewell: hasTable(sql, 'farewell') ? rows('select n from farewell') : [],
      };
    });
  }

  async #codeOf(who: number): Promise<string> {
    const response = await this.at(who).fetch({ method: 'GET', path: routes.queue });
    return (await readProblem(response)).code;
  }
}

function hasTable(sql: SqlStorage, name: string): boolean {
  return sql.exec('select 1 from sqlite_master where name = ?', name).toArray().length > 0;
}

/** Waits until everybody sees what the model says. */
export async function agree(model: Model, real: Real): Promise<void> {
  let [seen, expected]: unknown[][] = [[], []];
  const doAgree = async () => {
    seen = await Promise.all(everybody.map((who) => real.view(model, who)));
    expected = everybody.map((who) => {
      const view = model.view(who, maxQueuePage);
      return model.at(who).isHere ? view : { ...view, code: 'not-registered' };
    });
    return everybody.every((who) => model.isSettled(who)) && JSON.stringify(seen) === JSON.stringify(expected);
  };
  await until(doAgree).catch((error: unknown) => {
    expect(seen).toEqual(expected);
    throw error;
  });
}
