// What an application can send, checked.

import { sha256 } from './crypto/hash.ts';
import { type RandomSource, systemRandom } from './crypto/random.ts';
import { type Bytes, decodeBase64Url, encodeBase64Url, encodeUtf8 } from './wire/bytes.ts';
import { type Body, normalText } from './wire/content-body.ts';
import { maxMediaTypeLength, maxNameLength, messageIdBytes } from './wire/limits.ts';

/** What can be sent: text, bytes with a media type, or an extension in a format of the application's own. */
export type Sendable =
  | string
  | { readonly mediaType: string; readonly name?: string; readonly data: Uint8Array }
  | { readonly kind: string; readonly version: number; readonly data: Uint8Array };

export interface SendOptions {
  /** As newMessageId() or messageIdFor() makes them: to say the same again after a crash, without sending it twice. */
  readonly id?: string;
  /** The id of the message that this one answers. */
  readonly reply?: string;
  /** Asks the others to tell when their person has read it. */
  readonly asksReceipt?: boolean;
}

/**
 * An id for a message that is still to be sent: 16 random bytes in base64url. It does not begin with a hyphen: on a
 * command line it would be taken for an option.
 */
export function newMessageId(random: RandomSource = systemRandom): string {
  for (;;) {
    const id = encodeBase64Url(random(messageIdBytes));
    if (!id.startsWith('-')) return id;
  }
}

/**
 * The id of a message that follows from something: 16 bytes in base64url, the same ones for the same cause. A program that
 * answers what it is told, and is killed before it has noted that, says the same again under the same id, and nothing is
 * sent twice.
 * @param cause  what it follows from, such as the group, the sender and the id of the message that it answers
 */
export function messageIdFor(...cause: readonly string[]): string {
  for (let attempt = 0; ; attempt++) {
    const id = encodeBase64Url(sha256(encodeUtf8(JSON.stringify([attempt, ...cause]))).slice(0, messageIdBytes));
    if (!id.startsWith('-')) return id;
  }
}

/** @throws RangeError unless it is base64url of 16 bytes */
export function messageId(text: string): Bytes {
  let id: Bytes | undefined;
  try {
    id = decodeBase64Url(text);
  } catch {}
  if (id?.length !== messageIdBytes) throw new RangeError(`"id" expected base64url of ${messageIdBytes} bytes`);
  return id;
}

/** @throws RangeError for more than 128 characters */
export function assertName(name: string): void {
  if (name.length > maxNameLength) {
    throw new RangeError(`"name" expected at most ${maxNameLength} characters, got ${name.length}`);
  }
}

/** @throws RangeError for a media type or a name that is too long */
export function toBody(content: Sendable): Body {
  if (typeof content === 'string') return { type: 'text', text: normalText(content) };
  const data = new Uint8Array(content.data);
  if ('kind' in content) return { type: 'extension', kind: content.kind, version: content.version, data };
  const { mediaType, name = null } = content;
  if (mediaType.length > maxMediaTypeLength)
    throw new RangeError(`"mediaType" expected at most ${maxMediaTypeLength} characters`);
  if (name !== null) assertName(name);
  return { type: 'bytes', mediaType: normalText(mediaType), name: name && normalText(name), data };
}
