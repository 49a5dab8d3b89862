// The mailbox on Cloudflare: a Durable Object that hands everything on.

import { DurableObject } from 'cloudflare:workers';
import type { Bytes } from '../../client/wire/bytes.ts';
import { decodeBase64Url, encodeBase64Url } from '../../client/wire/bytes.ts';
import { streamProtocol } from '../../client/wire/routes.ts';
import type { SignedRequest } from '../auth.ts';
import { type Awake, awaken, createSockets, wrapSocket } from '../cloudflare.ts';
import { type Env, type Platform, placed } from '../env.ts';
import { codeOf, problemResponse, unwrap } from '../errors.ts';
import { getServices } from '../services.ts';
import type { Mailbox } from './mailbox.ts';
import type { Delivery } from './peer.ts';
import { freshStream } from './stream.ts';
import { TicketClaim } from './ticket.ts';

/** The header by which the edge hands on what an opened ticket claims. A client's own never gets here. */
const ticketHeader = 'x-ticket';

const closeUnsupported = 1003;

/** The edge's part in opening a stream. */
export const connectMailbox: Platform['connect'] = async (request, env, mailbox, claim) => {
  const headers = { upgrade: 'websocket', [ticketHeader]: encodeBase64Url(TicketClaim.encode(claim)) };
  // Only a namespace of Durable Objects has stubs that fetch.
  const { MAILBOX } = env as { readonly MAILBOX: unknown } as { readonly MAILBOX: DurableObjectNamespace };
  const stub = placed(MAILBOX, getServices(env).settings.jurisdiction).getByName(mailbox);
  const response = await stub.fetch(request.url, { headers });
  // To what an object has answered no fields can be added.
  return response.webSocket === null ? new Response(response.body, response) : response;
};

export class MailboxObject extends DurableObject<Env> {
  readonly #awake: Awake<Mailbox>;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#awake = awaken(ctx, env, (services, host) => services.createMailbox(host, createSockets(ctx, freshStream)));
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'));
  }

  get #mailbox(): Mailbox {
    return this.#awake.get();
  }

  register(hrid: Bytes, pk: Bytes) {
    return this.#mailbox.register(hrid, pk);
  }
  send(request: SignedRequest, body: Bytes) {
    return this.#mailbox.send(request, body);
  }
  read(request: SignedRequest, cursor: { epoch: Bytes; after: number } | null) {
    return this.#mailbox.read(request, cursor);
  }
  acknowledge(request: SignedRequest, body: Bytes) {
    return this.#mailbox.acknowledge(request, body);
  }
  outbox(request: SignedRequest, after: number) {
    return this.#mailbox.outbox(request, after);
  }
  uploadPackages(request: SignedRequest, body: Bytes) {
    return this.#mailbox.uploadPackages(request, body);
  }
  claimPackages(request: SignedRequest, body: Bytes) {
    return this.#mailbox.claimPackages(request, body);
  }
  refuse(request: SignedRequest, body: Bytes) {
    return this.#mailbox.refuse(request, body);
  }
  ticket(request: SignedRequest) {
    return this.#mailbox.ticket(request);
  }
  deregister(request: SignedRequest, epoch: Bytes) {
    return this.#mailbox.deregister(request, epoch);
  }

  deliver(delivery: Delivery) {
    return this.#mailbox.deliver(delivery);
  }
  acked(recipient: Bytes, epoch: Bytes, n: number, remembers?: boolean) {
    return this.#mailbox.acked(recipient, epoch, n, remembers);
  }
  gone(recipient: Bytes, epoch: Bytes) {
    return this.#mailbox.gone(recipient, epoch);
  }
  claim(claimer: Bytes, id: Bytes) {
    return this.#mailbox.claim(claimer, id);
  }

  /** The stream: the edge has opened the ticket. */
  override async fetch(request: Request): Promise<Response> {
    try {
      const claim = TicketClaim.decode(decodeBase64Url(request.headers.get(ticketHeader) ?? ''));
      const { 0: client, 1: server } = new WebSocketPair();
      const accept = () => {
        this.ctx.acceptWebSocket(server);
        return wrapSocket(server, freshStream);
      };
      unwrap(await this.#mailbox.connect(claim, accept));
      const headers = { 'sec-websocket-protocol': streamProtocol };
      return new Response(null, { status: 101, webSocket: client, headers });
    } catch (error) {
      getServices(this.env).counters.count('refused', codeOf(error));
      return problemResponse(error);
    }
  }

  override async webSocketMessage(ws: WebSocket, message: ArrayBuffer | string): Promise<void> {
    if (typeof message === 'string') return ws.close(closeUnsupported, 'frames are binary');
    await this.#mailbox.receive(wrapSocket(ws, freshStream), new Uint8Array(message));
  }

  override webSocketClose(ws: WebSocket, code: number): void {
    // 1005 and 1006 are never sent (RFC 6455 §7.4.1): they say that no code came.
    ws.close(code === 1005 || code === 1006 ? 1000 : code);
  }

  override alarm(): Promise<void> {
    return this.#awake.alarm();
  }
}
