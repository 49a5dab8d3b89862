// The bare worker that the relay is measured beside: per send the same rows written, the same calls between objects, the
// same alarms (test/worker/mailbox/rows.workerd.test.ts counts the relay's) and the same exchanges with clients, and nothing
// else: no signature, no codec, no check, no log.
//
//   POST /NAME            a send                    NAME begins with how many recipients it has: 2-group
//   GET  /NAME.1          its first recipient's stream, or what waits for it; POST /NAME.1/acks acknowledges

import { DurableObject } from 'cloudflare:workers';

interface Env {
  readonly FLOOR: DurableObjectNamespace<Floor>;
}

const retryMs = 5000;
const markLifetimeMs = 24 * 3600 * 1000;

/** The objects of one group are named by it: `2-group`, which sends, and the recipients `2-group.1` and `2-group.2`. */
export class Floor extends DurableObject<Env> {
  readonly #sql = this.ctx.storage.sql;
  readonly #name = this.ctx.id.name ?? '';
  /** The recipients that have not acknowledged record n. */
  readonly #waiting = new Map<number, Set<string>>();
  #due = Number.POSITIVE_INFINITY;
  #n: number;
  #seq: number;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql.exec('create table if not exists registration (id integer primary key, n integer)');
    this.#sql.exec('create table if not exists record (n integer primary key, body blob)');
    this.#sql.exec('create table if not exists entry (seq integer primary key, sender text, n integer, body blob)');
    this.#sql.exec('create table if not exists mark (sender text primary key, n integer, seq integer) without rowid');
    this.#sql.exec('insert or ignore into registration (id, n) values (0, 0)');
    // Who waits for what is in memory only: while something waits, no object may be put to sleep for so long that it is lost.
    const last = 'select n, (select coalesce(max(seq), 0) from mark) as seq from registration';
    const { n, seq } = this.#sql.exec<{ n: number; seq: number }>(last).one();
    this.#n = n;
    this.#seq = seq;
  }

  override async fetch(request: Request): Promise<Response> {
    if (request.headers.get('upgrade') !== null) {
      const { 0: client, 1: server } = new WebSocketPair();
      this.ctx.acceptWebSocket(server);
      for (const frame of this.#entries()) server.send(frame);
      return new Response(null, { status: 101, webSocket: client });
    }
    if (request.method === 'GET') return new Response(concat(this.#entries()));
    const body = await request.arrayBuffer();
    if (request.url.endsWith('/acks')) await this.#acknowledge(new Uint32Array(body)[0] ?? 0);
    else this.#send(body);
    return new Response(null, { status: 202 });
  }

  /** A recipient's acknowledgement is four bytes; whatever is longer is sent. */
  override async webSocketMessage(socket: WebSocket, message: ArrayBuffer | string): Promise<void> {
    if (typeof message === 'string') return;
    if (message.byteLength === 4) await this.#acknowledge(new Uint32Array(message)[0] ?? 0);
    else socket.send(`accepted ${this.#send(message)}`);
  }

  deliver(sender: string, n: number, body: ArrayBuffer): void {
    const seq = ++this.#seq;
    this.#sql.exec('insert into entry (seq, sender, n, body) values (?, ?, ?, ?)', seq, sender, n, body);
    for (const socket of this.ctx.getWebSockets()) socket.send(frameOf(seq, body));
  }

  acked(recipient: string, upTo: number): void {
    for (const [n, recipients] of this.#waiting) {
      if (n <= upTo && recipients.delete(recipient)) this.#strike(n, recipients.size);
    }
  }

  override alarm(): void {
    this.#due = Number.POSITIVE_INFINITY;
    if (this.#waiting.size > 0) this.#wakeBy(Date.now() + retryMs);
  }

  #send(body: ArrayBuffer): number {
    const n = ++this.#n;
    const recipients = Array.from({ length: Number.parseInt(this.#name, 10) }, (_, i) => `${this.#name}.${i + 1}`);
    this.#waiting.set(n, new Set(recipients));
    this.#sql.exec('insert into record (n, body) values (?, ?)', n, body);
    this.#wakeBy(Date.now() + retryMs);
    for (const to of recipients) this.ctx.waitUntil(this.env.FLOOR.getByName(to).deliver(this.#name, n, body));
    return n;
  }

  /** All up to `seq`. */
  async #acknowledge(seq: number): Promise<void> {
    const entry = 'select sender, n from entry where seq = ?';
    const [last] = this.#sql.exec<{ sender: string; n: number }>(entry, seq).toArray();
    if (last === undefined) return;
    const { sender, n } = last;
    this.#sql.exec(
      `insert into mark (sender, n, seq) values (?, ?, ?)
       on conflict (sender) do update set n = excluded.n, seq = excluded.seq`,
      ...[sender, n, seq],
    );
    this.#sql.exec('delete from entry where seq <= ?', seq);
    this.#wakeBy(Date.now() + markLifetimeMs);
    await this.env.FLOOR.getByName(sender).acked(this.#name, n);
  }

  /** What waits here. */
  #entries(): Uint8Array<ArrayBuffer>[] {
    const entries = this.#sql.exec<{ seq: number; body: ArrayBuffer }>('select seq, body from entry order by seq');
    return entries.toArray().map(({ seq, body }) => frameOf(seq, body));
  }

  /** One of the recipients is done with record n; so many are not. */
  #strike(n: number, left: number): void {
    if (left > 0) return;
    if (n === this.#n) this.#sql.exec('update registration set n = ?', n);
    this.#sql.exec('delete from record where n = ?', n);
    this.#waiting.delete(n);
    for (const socket of this.ctx.getWebSockets()) socket.send(`delivered ${n}`);
  }

  #wakeBy(time: number): void {
    if (this.#due <= time) return;
    this.#due = time;
    this.ctx.waitUntil(this.ctx.storage.setAlarm(time));
  }
}

function frameOf(seq: number, body: ArrayBuffer): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(4 + body.byteLength);
  new DataView(frame.buffer).setUint32(0, seq, true);
  frame.set(new Uint8Array(body), 4);
  return frame;
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

export default {
  fetch(request: Request, env: Env): Response | Promise<Response> {
    const { pathname } = new URL(request.url);
    // What tells the starter that it is there.
    if (pathname === '/v1/info') return new Response('floor');
    return env.FLOOR.getByName(pathname.split('/')[1] ?? '').fetch(request);
  },
} satisfies ExportedHandler<Env>;
