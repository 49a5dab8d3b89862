// Posts sealed envelopes in the order of their numbers, some at a time, and settles what the relay answers.

import { unposted } from '../state/pending.ts';
import type { Outgoing, SealedEnvelope } from '../state/records.ts';
import type { State, Transaction } from '../state/state.ts';
import { RelayProblem } from '../transport/problem.ts';
import type { Link } from '../transport/relay.ts';
import { Retry } from '../transport/retry.ts';
import { CliquetError, type ErrorCode } from '../wire/errors.ts';
import { giveUp, markAccepted, readEnvelope, repost, rollBack } from './outbox.ts';

/** Refusals that no later attempt changes: the envelope itself is at fault. */
const hopeless: readonly ErrorCode[] = ['malformed', 'too-large', 'too-many-recipients', 'duplicate-recipient'];

export interface PosterOptions {
  readonly state: State;
  readonly change: <R>(run: (tx: Transaction) => R | Promise<R>) => Promise<R>;
  /** The relay has accepted it. */
  readonly posted: (envelope: SealedEnvelope) => void;
  /** It is time to try again. */
  readonly wake: () => void;
}

export class Poster {
  readonly #options: PosterOptions;
  readonly #retry: Retry;
  #stopped = false;

  constructor(options: PosterOptions) {
    this.#options = options;
    this.#retry = new Retry(options.wake);
  }

  start(): void {
    this.#stopped = false;
  }

  stop(): void {
    this.#stopped = true;
    this.#retry.stop();
  }

  /** There is a new line to the relay. */
  lineIsBack(): void {
    this.#retry.lineIsBack();
  }

  /** Posts everything that is sealed; what the relay cannot take now is tried again later, and not before. */
  async post(link: Link): Promise<void> {
    while (!this.#stopped && !this.#retry.isWaiting) {
      const window = await this.#read(link.window);
      if (window.length === 0) return;
      const answers = await Promise.allSettled(
        window.map(async ({ outgoing: { n }, envelope }) => {
          const accepted = await link.send({ n, ...envelope });
          if (accepted.n !== n) throw new CliquetError('relay-misbehaved');
          return accepted;
        }),
      );
      // The numbers may be others' by now, as after a new registration; what was accepted is answered alike again.
      if (this.#stopped) return;
      // Only the first refusal counts: the relay takes nothing out of order, so the later ones follow from it.
      const refusal = answers.findIndex(({ status }) => status === 'rejected');
      const accepted = answers
        .slice(0, refusal < 0 ? answers.length : refusal)
        .flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
      if (accepted.length > 0) {
        this.#retry.succeeded();
        await this.#options.change(async (tx) => {
          for (const each of accepted) await markAccepted(tx, each);
        });
        for (const { envelope } of window.slice(0, accepted.length)) this.#options.posted(envelope);
      }
      const [refused, answer] = [window[refusal]?.outgoing, answers[refusal]];
      if (refused === undefined || answer?.status !== 'rejected') continue;
      const error: unknown = answer.reason;
      if (!(error instanceof CliquetError)) throw error;
      if (!(await this.#settle(refused, error))) {
        if (!this.#stopped) this.#retry.failed(error);
        return;
      }
    }
  }

  /** The next envelopes. In a transaction: one that has just been confirmed goes from the store before the image. */
  #read(count: number): Promise<{ readonly outgoing: Outgoing; readonly envelope: SealedEnvelope }[]> {
    return this.#options.state.transact((tx) => {
      const next = unposted(tx).slice(0, count);
      return Promise.all(next.map(async (outgoing) => ({ outgoing, envelope: await readEnvelope(tx, outgoing) })));
    });
  }

  /** @returns whether posting can go on at once */
  async #settle(outgoing: Outgoing, error: CliquetError): Promise<boolean> {
    const { change } = this.#options;
    const expected = error instanceof RelayProblem ? error.expected : undefined;
    if (error.code === 'out-of-order' && expected !== undefined && expected !== outgoing.n) {
      await change((tx) => (expected > outgoing.n ? rollBack(tx, expected) : repost(tx, expected)));
      return true;
    }
    if (error.code === 'number-reused') {
      await change((tx) => rollBack(tx, Math.max(expected ?? 0, outgoing.n + 1)));
      return true;
    }
    if (hopeless.includes(error.code)) {
      await change((tx) => giveUp(tx, outgoing, error.code));
      return true;
    }
    return false;
  }
}
