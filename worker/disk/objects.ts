// All objects on a local disk: `KIND/XX/NAME.sqlite`, XX being the first byte of SHA-256(NAME). Each is woken by whoever
// calls it, by its alarm or by its owner's frames, and put to sleep again: after a while, or when too many are awake. So
// many can be kept with few open files.

import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import type { Bytes } from '../../client/wire/bytes.ts';
import type { Registrar } from '../challenge/registrar.ts';
import type { Result } from '../errors.ts';
import type { ShardWriter } from '../filter/shard.ts';
import type { Mailbox } from '../mailbox/mailbox.ts';
import { freshStream, type StreamState } from '../mailbox/stream.ts';
import type { TicketClaim } from '../mailbox/ticket.ts';
import type { Sockets } from '../ports.ts';
import type { Services } from '../services.ts';
import { Awake, logFailure } from './awake.ts';
import { DueTimes } from './due-times.ts';
import { OpenSocket } from './socket.ts';

interface Instances {
  mailbox: Mailbox;
  registrar: Registrar;
  shard: ShardWriter;
}
type Kind = keyof Instances;
type Instance = Instances[Kind];
const kinds: readonly Kind[] = ['mailbox', 'registrar', 'shard'];

/** Two open files each. */
const maxAwake = 256;
const idleMs = 10_000;
/** An alarm that has failed is tried again after 5 s, doubling to an hour. */
const firstRetryMs = 5_000;
const lastRetryMs = 3_600_000;
const settleIntervalMs = 20;
/** Databases that are looked into without a pause. */
const replayedAtOnce = 16;

export class Objects {
  readonly #folder: string;
  readonly #awake = new Map<string, Awake<Instance>>();
  readonly #sockets = new Map<string, Set<OpenSocket<StreamState>>>();
  readonly #due = new DueTimes((key) => void this.#ring(key));
  readonly #failures = new Map<string, number>();
  /** Folders that are there. */
  readonly #made = new Set<string>();
  readonly #sweep: NodeJS.Timeout;
  #services: Services | undefined;
  #isStopping = false;

  /** @param folder  where the files are; it is made if it is not there */
  constructor(folder: string) {
    this.#folder = folder;
    for (const kind of kinds) mkdirSync(join(folder, kind), { recursive: true });
    this.#sweep = setInterval(() => this.#sleepIdle(), idleMs / 2);
    this.#sweep.unref();
  }

  /** To be called before anything else. */
  use(services: Services): void {
    this.#services = services;
  }

  /**
   * Calls an object. What it answers leaves once it is durable.
   * @throws what the object throws; if its storage fails
   */
  async call<K extends Kind, R>(kind: K, name: string, work: (instance: Instances[K]) => R | Promise<R>): Promise<R> {
    return this.#wake(kind, name).run((instance) => work(instance as Instances[K]));
  }

  /** @param accept  completes the handshake */
  async connect(name: string, claim: TicketClaim, accept: () => WebSocket): Promise<Result<null>> {
    const opened: OpenSocket<StreamState>[] = [];
    const awake = this.#wake('mailbox', name);
    try {
      const result = await awake.run((mailbox) =>
        (mailbox as Mailbox).connect(claim, () => {
          const socket = new OpenSocket(freshStream);
          opened.push(socket);
          this.#keep(name, socket);
          return socket.for(() => awake.sql.durable);
        }),
      );
      for (const socket of opened) this.#attach(name, socket, accept());
      return result;
    } catch (error) {
      for (const socket of opened) this.#drop(name, socket);
      throw error;
    }
  }

  /** Looks into every database for an alarm. @returns how many there are */
  async replayAlarms(): Promise<number> {
    let count = 0;
    for (const kind of kinds) {
      for (const folder of listed(join(this.#folder, kind))) {
        for (const file of listed(join(this.#folder, kind, folder))) {
          if (this.#isStopping) return count;
          const name = nameOf(file);
          if (name === null) continue;
          this.#replay(kind, name);
          if (++count % replayedAtOnce === 0) await new Promise((resume) => setImmediate(resume));
        }
      }
    }
    return count;
  }

  /** Lets what goes on between objects come to its end, but no longer than this. */
  async settle(timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (Date.now() < deadline && [...this.#awake.values()].some(({ isIdle }) => !isIdle))
      await wait(settleIntervalMs);
  }

  /** Puts all to sleep. Who calls after that is refused. */
  stop(): void {
    this.#isStopping = true;
    this.#due.stop();
    clearInterval(this.#sweep);
    for (const sockets of this.#sockets.values()) for (const socket of sockets) socket.cut();
    for (const [key, awake] of this.#awake) this.#sleep(key, awake);
  }

  /** Reads one alarm; a file without tables is gone after that. */
  #replay(kind: Kind, name: string): void {
    const key = keyOf(kind, name);
    if (this.#awake.has(key) || this.#due.has(key)) return;
    try {
      this.#sleep(key, this.#wake(kind, name));
    } catch (error) {
      logFailure(error);
      this.#due.set(key, Date.now() + firstRetryMs);
    }
  }

  #wake(kind: Kind, name: string): Awake<Instance> {
    const key = keyOf(kind, name);
    const known = this.#awake.get(key);
    if (known !== undefined) {
      // The one used last stands last.
      this.#awake.delete(key);
      this.#awake.set(key, known);
      return known;
    }
    if (this.#isStopping) throw new Error('the relay is stopping');
    let awake: Awake<Instance> | undefined;
    awake = new Awake<Instance>({
      path: this.#pathOf(kind, name),
      create: (host) => this.#create(kind, key, host),
      count: (...counted) => this.#services?.counters.count(...counted),
      onAlarm: (due) => (due === null ? this.#due.delete(key) : this.#due.set(key, due)),
      onBroken: () => {
        if (this.#awake.get(key) === awake) this.#awake.delete(key);
        // What was set last may be lost with the rest.
        this.#due.setBy(key, Date.now() + this.#retryMs(key));
      },
    });
    if (awake.alarm.due !== null && !this.#due.has(key)) this.#due.set(key, awake.alarm.due);
    this.#awake.set(key, awake);
    this.#sleepSurplus();
    return awake;
  }

  #create(kind: Kind, key: string, host: Awake<Instance>): Instance {
    const services = this.#services;
    if (services === undefined) throw new TypeError('use() must be called first');
    if (kind === 'registrar') return services.createRegistrar(host);
    if (kind === 'shard') return services.createShardWriter(host);
    const durable = () => host.sql.durable;
    const sockets: Sockets<StreamState> = {
      all: () => [...(this.#sockets.get(key) ?? [])].flatMap((socket) => (socket.isOpen ? socket.for(durable) : [])),
    };
    return services.createMailbox(host, sockets);
  }

  async #ring(key: string): Promise<void> {
    const retryMs = this.#retryMs(key);
    try {
      const [kind, name] = partsOf(key);
      const awake = this.#wake(kind, name);
      // Its own database knows better.
      if (awake.alarm.due === null) return;
      if (awake.alarm.due > Date.now()) return this.#due.set(key, awake.alarm.due);
      await awake.ring((instance) => instance.alarm(), retryMs);
      this.#failures.delete(key);
    } catch (error) {
      logFailure(error);
      this.#failures.set(key, (this.#failures.get(key) ?? 0) + 1);
      // Its own storage may be what has failed.
      if (!this.#isStopping && !this.#due.has(key)) this.#due.set(key, Date.now() + retryMs);
    }
  }

  #retryMs(key: string): number {
    return Math.min(firstRetryMs * 2 ** (this.#failures.get(key) ?? 0), lastRetryMs);
  }

  #sleepIdle(): void {
    const before = Date.now() - idleMs;
    for (const [key, awake] of this.#awake) if (awake.isIdle && awake.usedAt < before) this.#sleep(key, awake);
  }

  #sleepSurplus(): void {
    for (const [key, awake] of this.#awake) {
      if (this.#awake.size <= maxAwake) return;
      if (awake.isIdle) this.#sleep(key, awake);
    }
  }

  #sleep(key: string, awake: Awake<Instance>): void {
    this.#awake.delete(key);
    try {
      awake.close();
    } catch (error) {
      logFailure(error);
    }
  }

  #attach(name: string, socket: OpenSocket<StreamState>, ws: WebSocket): void {
    const closeUnsupported = 1003;
    ws.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) void this.#receive(name, socket, new Uint8Array(data));
      else if (data.toString() === 'ping') socket.pong();
      else ws.close(closeUnsupported, 'frames are binary');
    });
    ws.on('close', () => this.#drop(name, socket));
    ws.on('error', () => this.#drop(name, socket));
    socket.attach(ws);
  }

  async #receive(name: string, socket: OpenSocket<StreamState>, frame: Bytes): Promise<void> {
    try {
      const awake = this.#wake('mailbox', name);
      const bound = socket.for(() => awake.sql.durable);
      await awake.run((mailbox) => (mailbox as Mailbox).receive(bound, frame));
    } catch (error) {
      logFailure(error);
      socket.cut();
    }
  }

  #drop(name: string, socket: OpenSocket<StreamState>): void {
    const key = keyOf('mailbox', name);
    const sockets = this.#sockets.get(key);
    sockets?.delete(socket);
    if (sockets?.size === 0) this.#sockets.delete(key);
    socket.cut();
  }

  #keep(name: string, socket: OpenSocket<StreamState>): void {
    const key = keyOf('mailbox', name);
    const sockets = this.#sockets.get(key) ?? new Set();
    this.#sockets.set(key, sockets.add(socket));
  }

  #pathOf(kind: Kind, name: string): string {
    const [byte = 0] = createHash('sha256').update(name).digest();
    const folder = join(this.#folder, kind, byte.toString(16).padStart(2, '0'));
    if (!this.#made.has(folder)) mkdirSync(folder, { recursive: true });
    this.#made.add(folder);
    return join(folder, `${encodeURIComponent(name)}.sqlite`);
  }
}

/** What is in a folder; nothing if it is none, or cannot be read. */
function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    logFailure(error);
    return [];
  }
}

/** The name of the object that a file is of; null if it is no object's. */
function nameOf(file: string): string | null {
  try {
    return file.endsWith('.sqlite') ? decodeURIComponent(file.slice(0, -'.sqlite'.length)) : null;
  } catch {
    return null;
  }
}

const keyOf = (kind: Kind, name: string) => `${kind}/${name}`;

function partsOf(key: string): [Kind, string] {
  const slash = key.indexOf('/');
  return [key.slice(0, slash) as Kind, key.slice(slash + 1)];
}
