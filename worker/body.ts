// Reads a request's body within bounds of size and time. The declared length is believed only when it is too large;
// what comes is counted while it comes (a chunked body declares nothing), and copied into one buffer, as a body in
// pieces of one byte would otherwise take a hundred times its size.

import type { Bytes } from '../client/wire/bytes.ts';
import { Refusal } from './errors.ts';

const firstBufferBytes = 4096;

export interface BodyBounds {
  readonly maxBytes: number;
  /** How long it may take to arrive. */
  readonly timeoutMs: number;
}

/** @throws Refusal `too-large`, `too-slow`, `malformed` if it breaks off */
export async function readBody(request: Request, { maxBytes, timeoutMs }: BodyBounds): Promise<Bytes> {
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw new Refusal('too-large');
  if (request.body === null) return new Uint8Array();
  const reader: ReadableStreamDefaultReader<Uint8Array> = request.body.getReader();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    cancel(reader);
  }, timeoutMs);
  let buffer = new Uint8Array(Math.min(firstBufferBytes, maxBytes));
  let length = 0;
  try {
    for (;;) {
      const value = await nextOf(reader);
      if (isLate) throw new Refusal('too-slow');
      if (value === undefined) return buffer.slice(0, length);
      if (length + value.length > maxBytes) throw new Refusal('too-large');
      buffer = withRoom(buffer, length + value.length, maxBytes);
      buffer.set(value, length);
      length += value.length;
    }
  } catch (error) {
    cancel(reader);
    if (isLate) throw new Refusal('too-slow');
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Undefined at the end. @throws Refusal `malformed` if it breaks off */
async function nextOf(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array | undefined> {
  try {
    return (await reader.read()).value;
  } catch {
    throw new Refusal('malformed', { detail: 'the body broke off' });
  }
}

/** No more is asked for, and the read that waits ends: as the end of the stream, or, in workerd, by failing. */
function cancel(reader: ReadableStreamDefaultReader<Uint8Array>): void {
  reader.cancel().catch(() => undefined);
}

/** At least doubled when it grows, so that it is seldom copied. */
function withRoom(buffer: Bytes, bytes: number, maxBytes: number): Bytes {
  if (bytes <= buffer.length) return buffer;
  const larger = new Uint8Array(Math.min(Math.max(bytes, buffer.length * 2), maxBytes));
  larger.set(buffer);
  return larger;
}

/** @throws Refusal `unsupported-media-type` unless the request says that its body is of this type */
export function checkMediaType(request: Request, mediaType: string): void {
  const [type = ''] = (request.headers.get('content-type') ?? '').split(';');
  if (type.trim().toLowerCase() !== mediaType) throw new Refusal('unsupported-media-type');
}
