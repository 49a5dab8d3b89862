// Posts one client's sends, over its stream or by requests, as often as it takes: a send that had no answer goes again,
// the same bytes under the same number.

import { isDeepStrictEqual } from 'node:util';
import type { ServerFrame } from '../../client/wire/frame.ts';
import { routes } from '../../client/wire/routes.ts';
import { Accepted, Send } from '../../client/wire/send.ts';
import type { SeededRandom } from '../support/random.ts';
import type { Client } from '../support/request.ts';
import type { TestStream } from '../support/stream.ts';

/** What a participant gives its poster. */
export interface Surroundings {
  readonly client: Client;
  readonly random: SeededRandom;
  complain(words: string): void;
  /** Waits until it makes sense to try again. */
  retry(): Promise<void>;
}

type Answer = Extract<ServerFrame, { type: 'accepted' | 'problem' }>;

export class Poster {
  /** The stream of the moment; without one, sends are requests. */
  stream: TestStream | undefined;
  readonly #surroundings: Surroundings;
  readonly #answers = new Map<number, (answer: Answer) => void>();

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  /** @throws if the relay refuses it for good: no send of a run gives it a reason to */
  async post(send: Send): Promise<Accepted> {
    const { random, complain, retry } = this.#surroundings;
    for (;;) {
      const { stream } = this;
      const isFrame = stream !== undefined && random.chance(0.5);
      const attempts = [isFrame ? this.#sendFrame(stream, send) : this.#request(send)];
      // Sometimes a copy is on its way at the same time.
      if (random.chance(0.2)) attempts.push(this.#request(send));
      const answers = (await Promise.all(attempts)).filter((each) => each !== null);
      const [answer = null] = answers;
      if (answers.some((each) => !isDeepStrictEqual(each, answer))) complain(`send ${send.n} was answered in two ways`);
      if (answer !== null) {
        if (answer.n !== send.n) complain(`send ${send.n} was answered as ${answer.n}`);
        return answer;
      }
      await retry();
    }
  }

  /** A frame that answers a send. */
  take(frame: Answer): void {
    const n = frame.type === 'accepted' ? frame.accepted.n : frame.n;
    if (n !== null) this.#answers.get(n)?.(frame);
  }

  /** @returns null if there is no answer, or the relay failed */
  async #sendFrame(stream: TestStream, send: Send): Promise<Accepted | null> {
    const answered = new Promise<Answer>((resolve) => this.#answers.set(send.n, resolve));
    await stream.send({ type: 'send', send }).catch(() => {});
    const answer = await Promise.race([answered, closed(stream)]);
    this.#answers.delete(send.n);
    if (answer === null) return null;
    if (answer.type === 'accepted') return answer.accepted;
    if (isPassing(answer.code)) return null;
    throw new Error(`send ${send.n} was refused: ${answer.code}, expected ${answer.expected}`);
  }

  async #request(send: Send): Promise<Accepted | null> {
    try {
      const response = await this.#surroundings.client.cbor('POST', routes.messages, Send, send);
      if (response.status === 202) return Accepted.decode(new Uint8Array(await response.arrayBuffer()));
      throw await failure(response);
    } catch (error) {
      ignorePassing(error);
    }
    return null;
  }
}

/** Whether a refusal says that the same may succeed later. */
export function isPassing(problem: string): boolean {
  return /internal-error|rate-limited|mailbox-full/.test(problem);
}

/** The relay failed: part of the game. */
class Passing extends Error {}

/** What to throw for a response that is none of those expected. */
export async function failure(response: Response): Promise<Error> {
  const text = await response.text();
  return isPassing(text) || response.status >= 500 ? new Passing(text) : new Error(`${response.status} ${text}`);
}

/** @throws whatever does not mean that the relay failed or could not be reached */
export function ignorePassing(error: unknown): void {
  // What fetch() throws when there is no connection, or it ends in the middle.
  const isCut = error instanceof TypeError && /fetch failed|terminated/.test(error.message);
  if (!isCut && !(error instanceof Passing)) throw error;
}

async function closed(stream: TestStream): Promise<null> {
  while (stream.closed === undefined) await pause(10);
  return null;
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((wake) => setTimeout(wake, milliseconds));
}
