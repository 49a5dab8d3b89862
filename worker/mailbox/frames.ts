// Frames that the owner sends over its stream: the same sends and acknowledgements as over HTTP, worked off in order.
// The turn is only among this owner's frames; nothing that a peer asks ever waits for it.

import type { Bytes } from '../../client/wire/bytes.ts';
import { CliquetError } from '../../client/wire/errors.ts';
import { ClientFrame, ServerFrame } from '../../client/wire/frame.ts';
import { maxSendBytes } from '../../client/wire/limits.ts';
import type { Ack } from '../../client/wire/queue.ts';
import { type Accepted, Send } from '../../client/wire/send.ts';
import type { Count } from '../counters.ts';
import { Refusal } from '../errors.ts';
import { maxRefusedFrames, maxWaitingFrameBytes, maxWaitingFrames } from '../limits.ts';
import { log } from '../log.ts';
import type { Socket } from '../ports.ts';
import type { StreamState } from './stream.ts';

/** What a frame may ask of the mailbox. @throws Refusal */
export interface FrameActions {
  /** Whether this connection still speaks for the owner. */
  isCurrent(socket: Socket<StreamState>): boolean;
  send(send: Send, digest: Bytes): Promise<Accepted>;
  /** True if it acknowledged anything new. */
  acknowledge(ack: Ack): boolean;
  /** Takes one request from the owner's budget. */
  spend(): void;
}

/** Beside the send itself: the frame's own few bytes. */
const maxFrameBytes = maxSendBytes + 16;
const closePolicy = 1008;

export class Frames {
  readonly #count: Count;
  readonly #actions: FrameActions;
  #turn: Promise<void> = Promise.resolve();
  #waiting = 0;
  #waitingBytes = 0;
  /** Frames in a row for which there was no budget. */
  #refused = 0;

  constructor(count: Count, actions: FrameActions) {
    this.#count = count;
    this.#actions = actions;
  }

  take(socket: Socket<StreamState>, frame: Bytes): Promise<void> {
    const bytes = this.#waitingBytes + frame.length;
    if (this.#waiting > 0 && (this.#waiting >= maxWaitingFrames || bytes > maxWaitingFrameBytes)) {
      socket.close(closePolicy, 'too many frames at once');
      return Promise.resolve();
    }
    this.#waiting++;
    this.#waitingBytes = bytes;
    const work = this.#turn
      .then(() => this.#work(socket, frame))
      .finally(() => {
        this.#waiting--;
        this.#waitingBytes -= frame.length;
      });
    // A socket that breaks under an answer must not end the turns of the next one.
    this.#turn = work.catch(() => undefined);
    return work;
  }

  async #work(socket: Socket<StreamState>, bytes: Bytes): Promise<void> {
    // It may have been replaced, or the registration have ended, while the frame waited for its turn.
    if (!this.#actions.isCurrent(socket)) return;
    let n: number | null = null;
    try {
      const frame = this.#decode(bytes);
      if (frame.type === 'ack') {
        // Each entry can be acknowledged once, so only what acknowledges nothing could be a flood.
        if (!this.#actions.acknowledge(frame.ack)) this.#actions.spend();
      } else {
        n = frame.send.n;
        this.#actions.spend();
        const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', Send.encode(frame.send)));
        const accepted = await this.#actions.send(frame.send, digest);
        socket.send(ServerFrame.encode({ type: 'accepted', accepted }));
      }
      this.#refused = 0;
    } catch (error) {
      const problem = problemOf(error);
      this.#count('refused', problem.code);
      socket.send(ServerFrame.encode({ type: 'problem', n, ...problem }));
      this.#refused = problem.code === 'rate-limited' ? this.#refused + 1 : 0;
      if (this.#refused > maxRefusedFrames) socket.close(closePolicy, 'too many requests');
    }
  }

  /** What is no frame costs as much as one. @throws Refusal or CliquetError */
  #decode(bytes: Bytes): ClientFrame {
    try {
      if (bytes.length > maxFrameBytes) throw new Refusal('too-large');
      return ClientFrame.decode(bytes);
    } catch (error) {
      this.#actions.spend();
      throw error;
    }
  }
}

type Problem = Pick<Extract<ServerFrame, { type: 'problem' }>, 'code' | 'expected' | 'retryAfter'>;

function problemOf(error: unknown): Problem {
  if (error instanceof Refusal) {
    const { code, expected = null, retryAfter = null } = error.problem;
    return { code, expected, retryAfter };
  }
  if (error instanceof CliquetError) return { code: error.code, expected: null, retryAfter: null };
  log('failure', { error: error instanceof Error ? error.name : typeof error });
  return { code: 'internal-error', expected: null, retryAfter: null };
}
