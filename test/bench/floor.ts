// The bare worker that the relay is measured beside: per send the same rows written, the same calls between objects and
// the same alarms (test/worker/mailbox/rows.workerd.test.ts counts the relay's), and nothing else. No signature, no
// codec, no check, no log; recipients have no stream and acknowledge by themselves.

import { DurableObject } from 'cloudflare:workers';

interface Env {
  readonly FLOOR: DurableObjectNamespace<Floor>;
}

const retryMs = 5000;
const markLifetimeMs = 24 * 3600 * 1000;

/** The objects of one group are named by it: `group`, which sends, and the recipients `group.1` and `group.2`. */
export class Floor extends DurableObject<Env> {
  readonly #sql = this.ctx.storage.sql;
  readonly #name = this.ctx.id.name ?? '';
  /** The recipients that have not acknowledged record n. */
  readonly #waiting = new Map<number, Set<string>>();
  #due = Number.POSITIVE_INFINITY;
  #n: number;
  #seq: number;
  #acked: number;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql.exec('create table if not exists registration (id integer primary key, n integer)');
    this.#sql.exec('create table if not exists record (n integer primary key, remaining blob, body blob)');
    this.#sql.exec('create table if not exists entry (seq integer primary key, sender text, n integer, body blob)');
    this.#sql.exec('create table if not exists mark (sender text primary key, n integer, seq integer) without rowid');
    this.#sql.exec('insert or ignore into registration (id, n) values (0, 0)');
    // The object is put to sleep only when all is acknowledged: the relay's turn is longer than it may idle.
    const last = 'select n, (select coalesce(max(seq), 0) from mark) as seq from registration';
    const { n, seq } = this.#sql.exec<{ n: number; seq: number }>(last).one();
    this.#n = n;
    this.#seq = this.#acked = seq;
  }

  /** A send, or the stream of the sender. */
  override async fetch(request: Request): Promise<Response> {
    if (request.headers.get('upgrade') === null) {
      this.#send(await request.arrayBuffer());
      return new Response(null, { status: 202 });
    }
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    return new Response(null, { status: 101, webSocket: client });
  }

  override webSocketMessage(socket: WebSocket, message: ArrayBuffer | string): void {
    if (typeof message === 'string') return;
    socket.send(`accepted ${this.#send(message)}`);
  }

  deliver(sender: string, n: number, body: ArrayBuffer): void {
    const seq = ++this.#seq;
    this.#sql.exec('insert into entry (seq, sender, n, body) values (?, ?, ?, ?)', seq, sender, n, body);
    // The body's first byte says how many messages are acknowledged together.
    if (seq - this.#acked < (new Uint8Array(body)[0] ?? 1)) return;
    this.#acked = seq;
    this.ctx.waitUntil(this.#acknowledge(sender, n, seq));
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
    const recipients = [`${this.#name}.1`, `${this.#name}.2`];
    this.#waiting.set(n, new Set(recipients));
    this.#sql.exec('insert into record (n, remaining, body) values (?, ?, ?)', n, Uint8Array.of(3), body);
    this.#wakeBy(Date.now() + retryMs);
    for (const to of recipients) this.ctx.waitUntil(this.env.FLOOR.getByName(to).deliver(this.#name, n, body));
    return n;
  }

  async #acknowledge(sender: string, n: number, seq: number): Promise<void> {
    // The relay's recipient acknowledges what it was given, so the entry has become durable before.
    await this.ctx.storage.sync();
    this.#sql.exec(
      `insert into mark (sender, n, seq) values (?, ?, ?)
       on conflict (sender) do update set n = excluded.n, seq = excluded.seq`,
      ...[sender, n, seq],
    );
    this.#sql.exec('delete from entry where seq <= ?', seq);
    this.#wakeBy(Date.now() + markLifetimeMs);
    await this.env.FLOOR.getByName(sender).acked(this.#name, n);
  }

  /** One of the recipients is done with record n; so many are not. */
  #strike(n: number, left: number): void {
    if (left > 0) {
      this.#sql.exec('update record set remaining = ? where n = ?', Uint8Array.of(1), n);
      return;
    }
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

export default {
  fetch(request: Request, env: Env): Response | Promise<Response> {
    const { pathname } = new URL(request.url);
    // What tells the starter that it is there.
    if (pathname === '/v1/info') return new Response('floor');
    return env.FLOOR.getByName(pathname.slice(1)).fetch(request);
  },
} satisfies ExportedHandler<Env>;
