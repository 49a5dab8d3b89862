// Paths and media types of the relay, version 1.

export const routes = {
  info: '/v1/info',
  registrations: '/v1/registrations',
  keyPackages: '/v1/key-packages',
  keyPackageClaims: '/v1/key-packages/claim',
  messages: '/v1/messages',
  queue: '/v1/queue',
  queueAcks: '/v1/queue/acks',
  outbox: '/v1/outbox',
  refusals: '/v1/refusals',
  tickets: '/v1/tickets',
  stream: '/v1/stream',
} as const;

export const mediaTypes = {
  cbor: 'application/cbor',
  json: 'application/json',
  problem: 'application/problem+json',
} as const;

/** The WebSocket subprotocol of `/v1/stream`; the ticket travels as a second one. */
export const streamProtocol = 'cliquet.v1';
export const ticketProtocolPrefix = 'cliquet.ticket.';

/** Close code of a connection that a newer one of the same client has replaced. */
export const closeReplaced = 4409;
