// A request's body as a stream of bytes. What has come and was not asked for yet is gathered in one buffer: each piece of a
// chunked body is an object of several hundred bytes, so pieces of one byte would otherwise take hundreds of times their
// size.

import type { IncomingMessage } from 'node:http';

/** So much may wait to be read; then no more is taken from the connection. */
const windowBytes = 64 * 1024;
/** Beyond so many pieces they must have had so many bytes on average: smaller ones are an attack, and end the connection. */
const freePieces = 1024;
const leastBytes = 16;

/** Null for a method whose requests have no body. */
export function bodyOf(incoming: IncomingMessage): ReadableStream<Uint8Array> | null {
  if (incoming.method === 'GET' || incoming.method === 'HEAD') return null;
  let gathered = Buffer.alloc(0);
  let length = 0;
  let [pieces, bytes] = [0, 0];
  let end: 'good' | 'bad' | null = null;
  let isTaken = false;
  let happened = () => {};

  const take = (piece: Buffer) => {
    pieces++;
    bytes += piece.length;
    if (pieces > freePieces && bytes < pieces * leastBytes) incoming.socket.destroy();
    if (length + piece.length > gathered.length) {
      const larger = Buffer.allocUnsafe(Math.max(length + piece.length, 2 * gathered.length));
      gathered.copy(larger, 0, 0, length);
      gathered = larger;
    }
    piece.copy(gathered, length);
    length += piece.length;
    if (length >= windowBytes) incoming.pause();
    happened();
  };
  const finish = (how: 'good' | 'bad') => {
    end ??= how;
    happened();
  };
  const source = {
    async pull(controller: ReadableStreamDefaultController<Uint8Array>) {
      if (!isTaken) {
        isTaken = true;
        incoming.on('data', take);
        incoming.once('end', () => finish('good'));
        for (const event of ['error', 'close']) incoming.once(event, () => finish('bad'));
      }
      incoming.resume();
      while (length === 0 && end === null) {
        await new Promise<void>((resolve) => {
          happened = resolve;
        });
      }
      if (length > 0) controller.enqueue(new Uint8Array(gathered.subarray(0, length)));
      else if (end === 'good') controller.close();
      else controller.error(new Error('the body broke off'));
      length = 0;
    },
    cancel() {
      incoming.off('data', take).pause();
    },
  };
  // Nothing is taken before somebody asks.
  return new ReadableStream(source, { highWaterMark: 0 });
}
