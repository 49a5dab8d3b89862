// A link over a WebSocket. A single-use ticket, asked for by a signed request, opens it.

import { CliquetError } from '../wire/errors.ts';
import { ClientFrame, ServerFrame } from '../wire/frame.ts';
import { closeReplaced, routes, streamProtocol, ticketProtocolPrefix } from '../wire/routes.ts';
import type { Accepted } from '../wire/send.ts';
import { RelayProblem, relayCode } from './problem.ts';
import type { LinkListener, OpenLink } from './relay.ts';

/** A socket on which nothing was heard for this long is asked for a sign of life, and given up after as long again. */
const keepAliveMs = 30_000;
/** The relay answers this by itself, without waking the mailbox. */
const ping = 'ping';
const openTimeoutMs = 30_000;
/** Sends on their way at once: more than any line needs, and far less than the relay lets wait. */
const window = 16;

interface Answer {
  readonly askedAt: number;
  readonly resolve: (accepted: Accepted) => void;
  readonly reject: (error: CliquetError) => void;
}

export const openStream: OpenLink = async (relay, as, listener, signal) => {
  const ticket = await relay.createTicket(as);
  const socket = new WebSocket(relay.url.replace(/^http/, 'ws') + routes.stream, [
    streamProtocol,
    ticketProtocolPrefix + ticket,
  ]);
  socket.binaryType = 'arraybuffer';
  const answers = new Map<number, Answer>();
  // The caller has the link in its hands before its listener hears anything.
  let backlog: ServerFrame[] | null = [];
  let heardAt = Date.now();
  let greeted = false;
  let ended = false;
  let keepAlive: ReturnType<typeof setInterval> | undefined;

  /** At once, however long the socket takes to close. */
  function end(reason: Parameters<LinkListener['closed']>[0]): void {
    if (ended) return;
    ended = true;
    clearInterval(keepAlive);
    socket.close();
    for (const { reject } of answers.values()) reject(new CliquetError('unreachable'));
    answers.clear();
    listener.closed(reason);
  }

  function misbehaved(): void {
    listener.problem('relay-misbehaved');
    end('lost');
  }

  function handle(frame: ServerFrame): void {
    if (ended) return;
    if ((frame.type === 'hello') === greeted) {
      misbehaved(); // hello comes first, and once
      return;
    }
    greeted = true;
    switch (frame.type) {
      case 'hello':
        listener.hello(frame.hello);
        break;
      case 'entry':
        listener.entry(frame.entry);
        break;
      case 'drained':
        listener.drained();
        break;
      case 'delivered':
        listener.delivered(frame.delivered);
        break;
      case 'accepted':
        answers.get(frame.accepted.n)?.resolve(frame.accepted);
        answers.delete(frame.accepted.n);
        break;
      case 'problem':
        if (frame.n === null) listener.problem(relayCode(frame.code));
        else answers.get(frame.n)?.reject(toProblem(frame));
        answers.delete(frame.n ?? 0);
    }
  }

  socket.onmessage = ({ data }) => {
    heardAt = Date.now();
    if (typeof data === 'string' || ended) return; // the answer to a ping
    let frame: ServerFrame;
    try {
      frame = ServerFrame.decode(new Uint8Array(data as ArrayBuffer));
    } catch {
      misbehaved();
      return;
    }
    if (backlog === null) handle(frame);
    else backlog.push(frame);
  };

  await opened(socket, signal);
  const openedAt = Date.now();
  socket.onerror = null;
  socket.onclose = ({ code }) => end(code === closeReplaced ? 'replaced' : 'lost');
  keepAlive = setInterval(() => {
    // Pings are answered without the mailbox, so its own answers are waited for too.
    const waitingSince = Math.min(
      greeted ? Number.POSITIVE_INFINITY : openedAt,
      ...[...answers.values()].map(({ askedAt }) => askedAt),
    );
    if (Date.now() - heardAt > 2 * keepAliveMs || Date.now() - waitingSince > keepAliveMs) end('lost');
    else if (Date.now() - heardAt > keepAliveMs) socket.send(ping);
  }, keepAliveMs / 2);
  // A timer must not keep a finished program alive; browsers have numbers here and need nothing.
  if (typeof keepAlive === 'object' && 'unref' in keepAlive) (keepAlive as { unref(): void }).unref();
  setTimeout(() => {
    const frames = backlog ?? [];
    backlog = null;
    for (const frame of frames) handle(frame);
  });

  return {
    window,
    send(send) {
      return new Promise((resolve, reject) => {
        if (ended || socket.readyState !== WebSocket.OPEN) {
          reject(new CliquetError('unreachable'));
          return;
        }
        answers.set(send.n, { askedAt: Date.now(), resolve, reject });
        socket.send(ClientFrame.encode({ type: 'send', send }));
      });
    },
    async acknowledge(ack) {
      if (ended || socket.readyState !== WebSocket.OPEN) throw new CliquetError('unreachable');
      socket.send(ClientFrame.encode({ type: 'ack', ack }));
    },
    close: () => end('closed'),
  };
};

function toProblem({ code, expected, retryAfter }: Extract<ServerFrame, { type: 'problem' }>): RelayProblem {
  return new RelayProblem({ code, expected: expected ?? undefined, retryAfter: retryAfter ?? undefined });
}

/** @throws CliquetError `unreachable` */
function opened(socket: WebSocket, signal: AbortSignal | undefined): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const giveUp = () => {
      reject(new CliquetError('unreachable'));
      socket.close();
    };
    const timer = setTimeout(giveUp, openTimeoutMs);
    const settled = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', giveUp);
    };
    socket.onopen = () => {
      settled();
      resolve();
    };
    socket.onclose = socket.onerror = () => {
      settled();
      reject(new CliquetError('unreachable'));
    };
    signal?.addEventListener('abort', giveUp);
    if (signal?.aborted) giveUp();
  });
}
