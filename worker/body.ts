// Reads a request's body within a bound: the declared length is believed only when it is too large, and what comes is
// counted while it comes (a chunked body declares nothing).

import { type Bytes, concatBytes } from '../client/wire/bytes.ts';
import { Refusal } from './errors.ts';

/** @throws Refusal `too-large` */
export async function readBody(request: Request, maxBytes: number): Promise<Bytes> {
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw new Refusal('too-large');
  if (request.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body) {
    length += chunk.length;
    // Leaving the loop cancels the stream: no more is read.
    if (length > maxBytes) throw new Refusal('too-large');
    chunks.push(chunk);
  }
  return concatBytes(...chunks);
}

/** @throws Refusal `unsupported-media-type` unless the request says that its body is of this type */
export function checkMediaType(request: Request, mediaType: string): void {
  const [type = ''] = (request.headers.get('content-type') ?? '').split(';');
  if (type.trim().toLowerCase() !== mediaType) throw new Refusal('unsupported-media-type');
}
