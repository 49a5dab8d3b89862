// One WebSocket of a mailbox's owner. It outlives the mailbox's sleep; its frames leave once what the mailbox had written
// before them is durable, in order.

import type { WebSocket } from 'ws';
import type { Bytes } from '../../client/wire/bytes.ts';
import type { Socket } from '../ports.ts';

/** A peer that takes nothing any more is cut before what waits for it fills the memory. */
const maxBufferedBytes = 16 * 1024 * 1024;
/** So is one that asks for so many pongs and takes none: each is small, but not in memory. */
const maxWaitingPongs = 1024;

export class OpenSocket<S> {
  state: S;
  /** Whether it has not been told to close. */
  isOpen = true;
  #socket: WebSocket | undefined;
  #pongs = 0;
  readonly #attached = Promise.withResolvers<void>();
  /** Settles when all that was handed over has left; null if it has. */
  #leaving: Promise<void> | null = this.#attached.promise;

  constructor(fresh: S) {
    this.state = fresh;
  }

  /** From now on frames go out. */
  attach(socket: WebSocket): void {
    this.#socket = socket;
    this.#attached.resolve();
  }

  /** As a mailbox has it. @param durable  what its frames wait for, or null */
  for(durable: () => Promise<void> | null): Socket<S> {
    const open = this;
    return {
      get state() {
        return open.state;
      },
      set state(state) {
        open.state = state;
      },
      send: (frame) => open.#leave(durable(), () => open.#send(frame)),
      close: (code, reason) => {
        open.isOpen = false;
        open.#leave(durable(), () => open.#socket?.close(code, reason));
      },
    };
  }

  /** Nothing of the mailbox's, so it waits for nothing. */
  pong(): void {
    if (++this.#pongs > maxWaitingPongs) this.cut();
    else this.#socket?.send('pong', () => this.#pongs--);
  }

  /** What was to go out is lost: its owner resumes from the queue. */
  cut(): void {
    this.isOpen = false;
    this.#socket?.terminate();
    this.#attached.resolve();
  }

  #send(frame: Bytes): void {
    const socket = this.#socket;
    if (socket === undefined || socket.readyState !== socket.OPEN) return;
    socket.send(frame);
    if (socket.bufferedAmount > maxBufferedBytes) this.cut();
  }

  #leave(durable: Promise<void> | null, work: () => void): void {
    if (durable === null && this.#leaving === null) {
      work();
      return;
    }
    const leaving = Promise.all([this.#leaving, durable])
      .then(work, () => this.cut())
      .then(() => {
        if (this.#leaving === leaving) this.#leaving = null;
      });
    this.#leaving = leaving;
  }
}
