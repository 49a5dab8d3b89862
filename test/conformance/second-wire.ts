// A second opinion on docs/PROTOCOL.md, sections 2 to 4: primitives, strict CBOR, HRID, invite, safety number.
// Written from that page alone; it shares no line with client/ or worker/.
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes } from '@noble/hashes/utils.js';
import * as cbor from 'cborg';

export type Value = number | boolean | string | null | Uint8Array | readonly Value[];
export type Bytes = Uint8Array;
export const hex = bytesToHex;
export const join = concatBytes;
export const hash = (bytes: Bytes): Bytes => sha256(bytes);
export const random = (length: number): Bytes => crypto.getRandomValues(new Uint8Array(length));
export const same = (a: Bytes, b: Bytes): boolean => hex(a) === hex(b);
export const ascii = (text: string): Bytes => new TextEncoder().encode(text);
export const base64url = (bytes: Bytes): string => Buffer.from(bytes).toString('base64url');
export const now = (): number => Math.floor(Date.now() / 1000);

export function refuse(code: string): never {
  throw new Error(code);
}

export function check(condition: boolean, code: string): asserts condition {
  if (!condition) refuse(code);
}

/** The item of a list that must be there. */
export function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  check(item !== undefined, 'malformed');
  return item;
}

// Section 3. A shape takes a decoded item and gives it back with its type, or refuses it.
export type Shape<T> = (item: unknown) => T;
export type Of<S> = S extends Shape<infer T> ? T : never;

const when = <T>(is: (item: unknown) => item is T): Shape<T> => {
  return (item) => (is(item) ? item : refuse('malformed'));
};
export const uint = when((item): item is number => Number.isSafeInteger(item) && (item as number) >= 0);
export const bool = when((item) => typeof item === 'boolean');
export const bytes = (length: number) =>
  when((item): item is Bytes => item instanceof Uint8Array && item.length === length);
export const upTo = (length: number) =>
  when((item): item is Bytes => item instanceof Uint8Array && item.length <= length);
export const text = (length: number) =>
  when(
    (item): item is string =>
      typeof item === 'string' && item.length <= length && item.isWellFormed() && !item.startsWith('\uFEFF'),
  );
export const is = <T extends string | number>(...values: T[]) => when((item): item is T => values.includes(item as T));
export const orNull =
  <T>(shape: Shape<T>): Shape<T | null> =>
  (item) =>
    item === null ? null : shape(item);
export const list =
  <T>(shape: Shape<T>, most: number, least = 0): Shape<T[]> =>
  (item) => {
    check(Array.isArray(item) && item.length >= least && item.length <= most, 'malformed');
    return item.map(shape);
  };
export const struct =
  <S extends readonly Shape<unknown>[]>(...fields: S): Shape<{ [K in keyof S]: Of<S[K]> }> =>
  (item) => {
    check(Array.isArray(item) && item.length === fields.length, 'malformed');
    return fields.map((field, index) => field(item[index])) as { [K in keyof S]: Of<S[K]> };
  };
/** Alternatives, told apart by their first item. */
export const either =
  <S extends readonly Shape<unknown>[]>(...shapes: S): Shape<Of<S[number]>> =>
  (item) => {
    check(Array.isArray(item) && Number.isSafeInteger(item[0]), 'malformed');
    return at(shapes, item[0])(item) as Of<S[number]>;
  };

export const encode = (value: Value): Bytes => cbor.encode(value);

export function decode<T>(encoded: Bytes, shape: Shape<T>): T {
  let item: unknown;
  try {
    item = cbor.decode(encoded);
  } catch {
    refuse('malformed');
  }
  const value = shape(item);
  check(same(encode(value as Value), encoded), 'malformed');
  return value;
}

// Section 2.
const labelled = (label: string, ...parts: Bytes[]): Bytes => join(ascii(`cliquet/1 ${label}`), ...parts);
export const H = (label: string, ...parts: Bytes[]): Bytes => hash(labelled(label, ...parts));

export function kdf(secret: Bytes, label: string, context: Value[] = [], length = 32): Bytes {
  const info = context.length === 0 ? labelled(label) : labelled(label, encode(context));
  return hkdf(sha256, secret, undefined, info, length);
}

export const sign = (seed: Bytes, label: string, message: Bytes): Bytes => ed25519.sign(labelled(label, message), seed);

export const signRaw = (seed: Bytes, message: Bytes): Bytes => ed25519.sign(message, seed);

/** A public key in its one encoding, on the curve, not neutral, in the subgroup of prime order. */
export function validKey(pk: Bytes): boolean {
  try {
    const point = ed25519.Point.fromBytes(pk);
    return !point.is0() && point.isTorsionFree();
  } catch {
    return false;
  }
}

export function verify(label: string, message: Bytes, signature: Bytes, pk: Bytes): boolean {
  try {
    const r = ed25519.Point.fromBytes(signature.subarray(0, 32));
    return r.isTorsionFree() && ed25519.verify(signature, labelled(label, message), pk, { zip215: false });
  } catch {
    return false;
  }
}

/** The library refuses an all-zero result. */
export function dh(secret: Bytes, leaf: Bytes): Bytes {
  try {
    return x25519.getSharedSecret(secret, leaf);
  } catch {
    refuse('message-refused');
  }
}
export const leafOf = (secret: Bytes): Bytes => x25519.getPublicKey(secret);

export const sealWith = (key: Bytes, nonce: Bytes, plain: Bytes): Bytes => xchacha20poly1305(key, nonce).encrypt(plain);

export function openWith(key: Bytes, nonce: Bytes, sealed: Bytes, code: string): Bytes {
  try {
    return xchacha20poly1305(key, nonce).decrypt(sealed);
  } catch {
    refuse(code);
  }
}

// Section 4.
export interface Identity {
  seed: Bytes;
  pk: Bytes;
  vid: Bytes;
  hrid: Bytes;
}

/** `uid` is an address in its normal form. */
export function identityOf(seed: Bytes, uid: string): Identity {
  const pk = ed25519.getPublicKey(seed);
  const vid = kdf(seed, 'vault id');
  return { seed, pk, vid, hrid: hash(join(hash(ascii(uid)), hash(pk), hash(vid))) };
}

const Invite = struct(is(1), text(256), bytes(32), bytes(32));

export const writeInvite = (relay: string, who: { hrid: Bytes; pk: Bytes }): string =>
  `cliquet:${base64url(encode([1, relay, who.hrid, who.pk]))}`;

export function readInvite(invite: string, relay: string): { hrid: Bytes; pk: Bytes } {
  const start = invite.indexOf('cliquet:');
  check(invite.length <= 1024 && start >= 0, 'malformed');
  const encoded = invite.slice(start + 8).trim();
  const raw = new Uint8Array(Buffer.from(encoded, 'base64url'));
  check(base64url(raw) === encoded, 'malformed');
  const [, origin, hrid, pk] = decode(raw, Invite);
  check(origin === relay, 'other-relay');
  check(validKey(pk), 'invite-invalid');
  return { hrid, pk };
}

export function safetyNumber(members: readonly { hrid: Bytes; pk: Bytes }[]): string {
  const sorted = [...members].sort((a, b) => Buffer.compare(a.hrid, b.hrid));
  const pairs = sorted.map(({ hrid, pk }) => [hrid, pk]);
  const okm = Buffer.from(kdf(encode([pairs]), 'safety number', [], 60));
  const groups = Array.from({ length: 12 }, (_, i) => okm.readUIntBE(5 * i, 5) % 100_000);
  return groups.map((group) => String(group).padStart(5, '0')).join(' ');
}
