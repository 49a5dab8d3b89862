// Frames on /v1/stream, each one binary WebSocket message. The client sends and acknowledges by the same structs as
// over HTTP; the server pushes the queue.

import { nullable, oneOf, struct, uint, union, type ValueOf } from './codec.ts';
import { type ErrorCode, errorCodes } from './errors.ts';
import { Ack, Hello, QueueEntry } from './queue.ts';
import { Accepted, Send } from './send.ts';

const codes = Object.keys(errorCodes) as ErrorCode[];

export const ServerFrame = union('server frame', {
  /** First on every connection. */
  hello: struct('hello frame', { hello: Hello }),
  entry: struct('entry frame', { entry: QueueEntry }),
  /** Everything that waited at the time of `hello` has been sent. */
  drained: struct('drained frame', { last: uint() }),
  accepted: struct('accepted frame', { accepted: Accepted }),
  /** Everyone has acknowledged the caller's message n, and the relay has deleted it. */
  delivered: struct('delivered frame', { n: uint() }),
  /** A send (n) or an acknowledgement (null) was refused; `expected` is the next number, for `out-of-order`. */
  problem: struct('problem frame', { code: oneOf(...codes), n: nullable(uint()), expected: nullable(uint()) }),
});
export type ServerFrame = ValueOf<typeof ServerFrame>;

export const ClientFrame = union('client frame', {
  send: struct('send frame', { send: Send }),
  ack: struct('ack frame', { ack: Ack }),
});
export type ClientFrame = ValueOf<typeof ClientFrame>;
