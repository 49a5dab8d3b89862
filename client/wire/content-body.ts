// The bodies of content, by kind: each is a CBOR array of its own.
//
//   empty     []                          a contribution only
//   text      [text]
//   bytes     [mediaType, name | null, data]
//   edit      [target 16, text]           another text for one of the sender's own texts
//   deletion  [target 16]                 one of the sender's own messages is to go
//   read      [ids]                       what the sender's person has read, of messages that asked to be told
//   timer     [seconds | null]            from now on, the group's messages disappear so long after they came
//   missing   [[[generation, position, from]…]]   messages of these members from such a number on have not come
//   withheld  [target 16 | null]          what had this id cannot be said again, as others have come since; of an edit, of what
//
// All are version 1. Any other kind with a dot in its name is an application's extension.

import { type Bytes, encodeUtf8 } from './bytes.ts';
import { bytes, bytesUpTo, list, nullable, type Struct, struct, text, uint, type ValueOf } from './codec.ts';
import type { Content } from './content.ts';
import { CliquetError } from './errors.ts';
import {
  hashBytes,
  maxContentBytes,
  maxKindLength,
  maxMediaTypeLength,
  maxMembers,
  maxNameLength,
  maxReadIds,
  maxTimerSeconds,
  messageIdBytes,
} from './limits.ts';

const id = bytes(messageIdBytes);
const bodyVersion = 1;

const bodies = {
  empty: struct('empty body', {}),
  text: struct('text body', { text: text(maxContentBytes) }),
  bytes: struct('bytes body', {
    mediaType: text(maxMediaTypeLength),
    name: nullable(text(maxNameLength)),
    data: bytesUpTo(maxContentBytes),
  }),
  edit: struct('edit body', { target: id, text: text(maxContentBytes) }),
  deletion: struct('deletion body', { target: id }),
  read: struct('read body', { ids: list(id, maxReadIds, 1) }),
  // Of 0 seconds, messages would be gone before anybody is told of them.
  timer: struct('timer body', { seconds: nullable(uint(maxTimerSeconds, 1)) }),
  missing: struct('missing body', {
    messages: list(
      struct('missing messages', { generation: bytes(hashBytes), position: uint(maxMembers - 1), from: uint() }),
      maxMembers,
      1,
    ),
  }),
  withheld: struct('withheld body', { target: nullable(id) }),
};
type Bodies = typeof bodies;
type Kind = keyof Bodies;

/** What an application sends in a format of its own. */
interface Extension {
  /** Contains a dot, as a reversed domain does: org.example.poll. */
  readonly kind: string;
  readonly version: number;
  readonly data: Bytes;
}

export type Body =
  | { readonly [K in Kind]: { readonly type: K } & ValueOf<Bodies[K]> }[Kind]
  | ({ readonly type: 'extension' } & Extension);

const isKind = (kind: string): kind is Kind => Object.hasOwn(bodies, kind);
const isExtension = (kind: string) => /^[\x21-\x7e]+$/.test(kind) && kind.includes('.');

/**
 * The part of a content that says what it is.
 * @throws CliquetError `content-too-large` for more than 64 KiB of text or data; RangeError for an extension whose name
 *   has no dot, or is not ASCII, or longer than 128
 */
export function writeBody(said: Body): Pick<Content, 'kind' | 'version' | 'body'> {
  if (said.type === 'extension') {
    const { kind, version, data } = said;
    if (!isExtension(kind) || kind.length > maxKindLength) {
      throw new RangeError(`"kind" expected up to ${maxKindLength} ASCII characters with a dot among them`);
    }
    if (data.length > maxContentBytes) throw new CliquetError('content-too-large');
    return { kind, version, body: data };
  }
  const size = 'text' in said ? encodeUtf8(said.text).length : said.type === 'bytes' ? said.data.length : 0;
  if (size > maxContentBytes) throw new CliquetError('content-too-large');
  // One of the union, and its own struct: the compiler does not relate the two.
  const body = (bodies[said.type] as Struct<unknown>).encode(said);
  return { kind: said.type, version: bodyVersion, body };
}

/**
 * @returns what a content says, or null if that takes a newer version than this
 * @throws CliquetError `malformed` for a known kind whose body is not what it should be
 */
export function readBody({ kind, version, body }: Pick<Content, 'kind' | 'version' | 'body'>): Body | null {
  if (isExtension(kind)) return { type: 'extension', kind, version, data: body };
  if (!isKind(kind) || version !== bodyVersion) return null;
  return { type: kind, ...bodies[kind].decode(body) } as Body;
}

/** Text as it can be sent: well-formed, and without byte order marks at its start, which decoders drop. */
export function normalText(text: string): string {
  return text.toWellFormed().replace(/^\uFEFF+/, '');
}
