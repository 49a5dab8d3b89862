// The line to the relay: opened, kept, opened again when it is lost. What comes from it is handed on in order.

import type { Credentials, Link, LinkListener, OpenLink, Relay } from '../transport/relay.ts';
import { Retry } from '../transport/retry.ts';
import { CliquetError, type ErrorCode } from '../wire/errors.ts';
import type { Hello, QueueEntry } from '../wire/queue.ts';
import type { Delivered } from '../wire/send.ts';

/**
 * The line to the relay.
 * @category Clients
 */
export type ConnectionState =
  /** There is none, and none is wanted. */
  | 'offline'
  /** There is none yet, or not any more; it is tried again and again. */
  | 'connecting'
  /** What is sent goes out, what comes is taken in. */
  | 'online'
  /** Another connection of this client took its place; {@link Client.connect} takes it back. */
  | 'replaced';

export interface ConnectionHandlers {
  hello(hello: Hello, link: Link): void;
  entry(entry: QueueEntry): void;
  drained(): void;
  delivered(delivered: Delivered): void;
  /** @param problem  why the client is not online, if something went wrong */
  changed(state: ConnectionState, problem: ErrorCode | null): void;
}

export class Connection {
  readonly #relay: Relay;
  readonly #as: Credentials;
  readonly #openLink: OpenLink;
  readonly #handlers: ConnectionHandlers;
  #link: Link | null = null;
  #running = false;
  /** Ends the wait for a link: only the newest that was asked for is wanted. */
  #attempt = new AbortController();
  readonly #retry = new Retry(() => void this.#open());
  #problem: ErrorCode | null = null;

  constructor(relay: Relay, as: Credentials, openLink: OpenLink, handlers: ConnectionHandlers) {
    this.#relay = relay;
    this.#as = as;
    this.#openLink = openLink;
    this.#handlers = handlers;
  }

  /**
   * Connects, and connects again after every loss, until it is stopped or replaced. If it is waiting to try again, it does
   * so at once, unless the relay has asked for the pause.
   */
  start(): void {
    if (this.#running) {
      if (!this.#retry.isWaiting) return;
      this.#retry.lineIsBack();
      if (this.#retry.isWaiting) return;
    }
    this.#running = true;
    void this.#open();
  }

  stop(): void {
    this.#running = false;
    this.#retry.stop();
    this.#attempt.abort();
    this.#link?.close();
    this.#link = null;
  }

  /** What the relay has said first is dealt with, and stored: the connection has come about. */
  confirm(): void {
    this.#retry.succeeded();
    if (this.#problem === null || this.#link === null) return;
    this.#problem = null;
    this.#handlers.changed('online', null);
  }

  /** What comes cannot be dealt with: ends this line, and connects again later. */
  interrupt(problem: ErrorCode): void {
    this.#problem = problem;
    this.#link?.close();
  }

  async #open(): Promise<void> {
    this.#attempt.abort();
    this.#attempt = new AbortController();
    const { signal } = this.#attempt;
    this.#handlers.changed('connecting', this.#problem);
    // Only the newest link may speak: a late word of an older one is not heard.
    let link: Link | null = null;
    const isCurrent = () => this.#running && link !== null && this.#link === link;
    const handlers = this.#handlers;
    const listener: LinkListener = {
      hello: (hello) => {
        if (!isCurrent() || link === null) return;
        handlers.changed('online', this.#problem);
        handlers.hello(hello, link);
      },
      entry: (entry) => {
        if (isCurrent()) handlers.entry(entry);
      },
      drained: () => {
        if (isCurrent()) handlers.drained();
      },
      delivered: (delivered) => {
        if (isCurrent()) handlers.delivered(delivered);
      },
      problem: (code) => {
        if (isCurrent()) this.#problem = code;
        link?.close();
      },
      closed: (reason, error) => {
        if (link === null || this.#link !== link) return;
        this.#link = null;
        if (reason === 'replaced') this.#running = false;
        else this.#problem = error?.code ?? this.#problem ?? 'unreachable';
        handlers.changed(reason === 'replaced' ? 'replaced' : 'offline', this.#problem);
        if (this.#running) this.#retry.failed(error);
      },
    };
    try {
      const opened = await this.#openLink(this.#relay, this.#as, listener, signal);
      if (signal.aborted) {
        opened.close();
        return;
      }
      link = opened;
      this.#link = opened;
    } catch (error) {
      if (!(error instanceof CliquetError)) throw error;
      if (signal.aborted) return;
      this.#problem = error.code;
      // The registration has ended at the relay: only a new one mends that.
      if (error.code === 'not-registered') this.#running = false;
      this.#handlers.changed('offline', this.#problem);
      if (this.#running) this.#retry.failed(error);
    }
  }
}
