// Frames on /v1/stream, each one binary WebSocket message. The client sends and acknowledges by the same structs as
// over HTTP; the server pushes the queue.

import { nullable, oneOf, struct, uint, union, type ValueOf } from './codec.ts';
import { type ErrorCode, errorCodes } from './errors.ts';
import { Ack, Hello, QueueEntry } from './queue.ts';
import { Accepted, Delivered, Send } from './send.ts';

const codes = Object.keys(errorCodes) as ErrorCode[];

export const ServerFrame = union('server frame', {
  /** First on every connection. */
  hello: struct('hello frame', { hello: Hello }),
  entry: struct('entry frame', { entry: QueueEntry }),
  /** Everything that waited at the time of `hello` has been sent. */
  drained: struct('drained frame', { last: uint() }),
  accepted: struct('accepted frame', { accepted: Accepted }),
  /** Everyone has acknowledged one of the caller's messages, or never will; the relay has deleted it. */
  delivered: struct('delivered frame', { delivered: Delivered }),
  /** A send (n) or something else (null) was refused. */
  problem: struct('problem frame', {
    code: oneOf(...codes),
    n: nullable(uint()),
    /** The next number, for `out-of-order` and `number-reused`. */
    expected: nullable(uint()),
    /** Seconds to wait before the next attempt. */
    retryAfter: nullable(uint()),
  }),
});
export type ServerFrame = ValueOf<typeof ServerFrame>;

export const ClientFrame = union('client frame', {
  send: struct('send frame', { send: Send }),
  ack: struct('ack frame', { ack: Ack }),
});
export type ClientFrame = ValueOf<typeof ClientFrame>;
