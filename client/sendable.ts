// What an application can send, checked.

import { sha256 } from './crypto/hash.ts';
import { type RandomSource, systemRandom } from './crypto/random.ts';
import { type Bytes, decodeBase64Url, encodeBase64Url, encodeUtf8 } from './wire/bytes.ts';
import { type Body, normalText } from './wire/content-body.ts';
import { maxMediaTypeLength, maxNameLength, messageIdBytes } from './wire/limits.ts';

/**
 * What can be sent ([PROTOCOL.md §14](../docs/PROTOCOL.md)): at most 64 KiB of text in UTF-8, or of data.
 * @category Messages
 */
export type Sendable =
  /** Text. Lone surrogates are replaced, byte order marks at its start dropped. */
  | string
  /** Bytes with a media type, and perhaps a file's name. */
  | {
      /** As the sender says: RFC 6838, at most 128 characters. */
      readonly mediaType: string;
      /** Of a file, at most 128 characters. */
      readonly name?: string;
      /** At most 64 KiB. */
      readonly data: Uint8Array;
    }
  /** In a format of the application's own. */
  | {
      /** Which: at most 128 visible ASCII characters with a dot among them, such as `org.example.poll`. */
      readonly kind: string;
      /** Which version of it: a whole number from 0. */
      readonly version: number;
      /** At most 64 KiB. */
      readonly data: Uint8Array;
    };

/**
 * How something is sent.
 * @category Messages
 */
export interface SendOptions {
  /**
   * As {@link newMessageId} or {@link messageIdFor} makes them: to say the same again after a crash, without sending it
   * twice.
   */
  readonly id?: string;
  /** The id of the message that this one answers. */
  readonly reply?: string;
  /** Asks the others to tell when their person has read it. */
  readonly asksReceipt?: boolean;
}

/**
 * An id for a message that is still to be sent: 16 random bytes in base64url. It does not begin with a hyphen: on a
 * command line it would be taken for an option.
 * @category Messages
 * @param random  the platform's generator if not said
 * @returns 22 characters
 * @example
 * ```ts
 * import { newMessageId } from 'cliquet';
 *
 * const id = newMessageId(); // kept by the application before it sends
 * await group.send('once', { id });
 * await group.send('once', { id }); // a crash in between would not matter: it is sent once
 * ```
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
 * @category Messages
 * @param cause  what it follows from, such as the group, the sender and the id of the message that it answers
 * @returns 22 characters
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
