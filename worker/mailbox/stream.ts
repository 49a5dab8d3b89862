// The owner's stream: the queue pushed in order, with a bounded window to a slow reader. What was sent stands in the
// socket's state, what was acknowledged in storage; so the object may hibernate at any time.

import { ServerFrame } from '../../client/wire/frame.ts';
import { maxBytesInFlight, maxFramesInFlight } from '../../client/wire/limits.ts';
import type { Hello } from '../../client/wire/queue.ts';
import { closeReplaced } from '../../client/wire/routes.ts';
import type { Delivered } from '../../client/wire/send.ts';
import type { Level } from '../bucket.ts';
import type { Socket, Sockets } from '../ports.ts';
import type { Queue } from './queue.ts';

export interface StreamState {
  /** The ticket that opened the connection: the greatest is the newest. */
  readonly issued: number;
  /** The newest entry that was sent. */
  readonly sent: number;
  /** Once this entry is sent, `drained` is due; null after it. */
  readonly drainTo: number | null;
  /** What is left of the owner's budget; null if nothing was taken from it yet. */
  readonly budget: Level | null;
}

/** Of a socket that was just accepted. */
export const freshStream: StreamState = { issued: 0, sent: 0, drainTo: null, budget: null };

export class Stream {
  readonly #sockets: Sockets<StreamState>;
  readonly #queue: Queue;

  constructor(sockets: Sockets<StreamState>, queue: Queue) {
    this.#sockets = sockets;
    this.#queue = queue;
  }

  /** Greets a new connection and lets go of older ones; they lose nothing. */
  open(socket: Socket<StreamState>, issued: number, hello: Hello): void {
    socket.state = { issued, sent: this.#queue.acked, drainTo: this.#queue.last, budget: null };
    for (const other of this.#sockets.all()) if (other.state.issued !== issued) other.close(closeReplaced, 'replaced');
    socket.send(ServerFrame.encode({ type: 'hello', hello }));
    this.push();
  }

  get isOpen(): boolean {
    return this.#current() !== undefined;
  }

  /** Sends what the window allows. */
  push(): void {
    const socket = this.#current();
    if (socket === undefined) return;
    const { state } = socket;
    let { sent, drainTo } = state;
    const flight = this.#queue.inFlight(sent);
    const room = { entries: maxFramesInFlight - flight.entries, bytes: maxBytesInFlight - flight.bytes };
    const entries = room.entries > 0 && room.bytes > 0 ? this.#queue.read(sent, room.entries, room.bytes) : [];
    for (const entry of entries) {
      sent = entry.seq;
      socket.send(ServerFrame.encode({ type: 'entry', entry }));
    }
    if (drainTo !== null && Math.max(sent, this.#queue.acked) >= drainTo) {
      socket.send(ServerFrame.encode({ type: 'drained', last: drainTo }));
      drainTo = null;
    }
    if (sent !== state.sent || drainTo !== state.drainTo) socket.state = { ...state, sent, drainTo };
  }

  /** Tells a connected owner what became of these messages. */
  delivered(all: readonly Delivered[]): void {
    for (const delivered of all) this.#current()?.send(ServerFrame.encode({ type: 'delivered', delivered }));
  }

  /** What is left of the owner's budget, as an open connection knows it. */
  get budget(): Level | null {
    return this.#current()?.state.budget ?? null;
  }

  keepBudget(budget: Level): void {
    const socket = this.#current();
    if (socket !== undefined) socket.state = { ...socket.state, budget };
  }

  /** Closes every connection: the mailbox is no more. */
  close(): void {
    for (const socket of this.#sockets.all()) socket.close(1000, 'deregistered');
  }

  #current(): Socket<StreamState> | undefined {
    return this.#sockets
      .all()
      .reduce<Socket<StreamState> | undefined>(
        (newest, socket) => (newest === undefined || socket.state.issued > newest.state.issued ? socket : newest),
        undefined,
      );
  }
}
