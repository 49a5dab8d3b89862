// Deterministic CBOR (RFC 8949 §4.2) for structs: every struct is an array of fixed fields, in the order of its
// definition. There are no maps, tags, floats or indefinite lengths anywhere in the protocol.
//
// Decoding is strict: what does not encode back to the very same bytes is refused, so a struct has one encoding only.

import { decode as decodeCbor, encode as encodeCbor } from 'cborg';
import { type Bytes, isBytes, sameBytes } from './bytes.ts';
import { CliquetError } from './errors.ts';

/** How one field goes to a CBOR item and back; both directions check it. */
export interface Field<T> {
  /** What this field is, for error messages: `bytes(32)`. */
  readonly name: string;
  write(value: T): unknown;
  read(item: unknown): T;
}

/** The TypeScript type of what a field or a struct carries. */
export type ValueOf<F> = F extends Field<infer T> ? T : never;

/** A named struct: a field that can also stand alone as bytes. */
export interface Struct<T> extends Field<T> {
  encode(value: T): Bytes;
  /** @throws CliquetError `malformed` unless `bytes` is exactly one such struct in its only encoding */
  decode(bytes: Uint8Array): T;
}

function refuse(name: string): never {
  throw new CliquetError('malformed', `expected ${name}`);
}

function field<T>(name: string, is: (item: unknown) => item is T): Field<T> {
  const check = (item: unknown): T => (is(item) ? item : refuse(name));
  return { name, write: check, read: check };
}

/** A byte string of exactly `length` bytes. */
export function bytes(length: number): Field<Bytes> {
  return field(`bytes(${length})`, (item): item is Bytes => isBytes(item) && item.length === length);
}

/** A byte string of at most `max` bytes. */
export function bytesUpTo(max: number): Field<Bytes> {
  return field(`bytes up to ${max}`, (item): item is Bytes => isBytes(item) && item.length <= max);
}

/** An unsigned integer from `min` (0 if not said) to `max` (2^53 − 1 if not said). */
export function uint(max: number = Number.MAX_SAFE_INTEGER, min = 0): Field<number> {
  return field(
    min === 0 ? `integer up to ${max}` : `integer from ${min} to ${max}`,
    (item): item is number => Number.isSafeInteger(item) && (item as number) >= min && (item as number) <= max,
  );
}

/**
 * Text of at most `max` UTF-16 units, without lone surrogates and not starting with a byte order mark: decoders of UTF-8
 * drop that, so it would not come back.
 */
export function text(max: number): Field<string> {
  return field(
    `text up to ${max}`,
    (item): item is string =>
      typeof item === 'string' && item.length <= max && item.isWellFormed() && !item.startsWith('\ufeff'),
  );
}

export const flag: Field<boolean> = field('true or false', (item): item is boolean => typeof item === 'boolean');

/** One of a few constants. */
export function oneOf<const T extends string | number>(...allowed: readonly T[]): Field<T> {
  return field(`one of ${allowed.join(', ')}`, (item): item is T => (allowed as readonly unknown[]).includes(item));
}

/** The field, or null. */
export function nullable<T>(inner: Field<T>): Field<T | null> {
  return {
    name: `${inner.name} or null`,
    write: (value) => (value === null ? null : inner.write(value)),
    read: (item) => (item === null ? null : inner.read(item)),
  };
}

/** An array of at least `min` and at most `max` items of one kind. */
export function list<T>(inner: Field<T>, max: number, min = 0): Field<readonly T[]> {
  const name = `list of ${min}–${max} ${inner.name}`;
  const check = (items: unknown): items is readonly unknown[] =>
    Array.isArray(items) && items.length >= min && items.length <= max;
  return {
    name,
    write: (values) => (check(values) ? values.map((value) => inner.write(value)) : refuse(name)),
    read: (item) => (check(item) ? item.map((each) => inner.read(each)) : refuse(name)),
  };
}

/** A struct: named fields, written as a CBOR array in this order. */
export function struct<F extends Record<string, Field<unknown>>>(
  name: string,
  fields: F,
): Struct<{ readonly [K in keyof F]: ValueOf<F[K]> }> {
  type T = { readonly [K in keyof F]: ValueOf<F[K]> };
  const entries = Object.entries(fields);
  return standalone<T>({
    name,
    write: (value) => entries.map(([key, inner]) => inner.write(value[key])),
    read: (item) => {
      if (!Array.isArray(item) || item.length !== entries.length) refuse(name);
      return Object.fromEntries(entries.map(([key, inner], i) => [key, inner.read(item[i])])) as T;
    },
  });
}

/** Alternatives told apart by their first field, a small integer: `[0, …]`, `[1, …]`. */
export function union<V extends Record<string, Struct<object>>>(
  name: string,
  variants: V,
): Struct<{ [K in keyof V]: { readonly type: K } & ValueOf<V[K]> }[keyof V]> {
  type T = { [K in keyof V]: { readonly type: K } & ValueOf<V[K]> }[keyof V];
  const entries = Object.entries(variants);
  return standalone<T>({
    name,
    write: (value) => {
      const index = entries.findIndex(([type]) => type === value.type);
      const variant = entries[index]?.[1] ?? refuse(name);
      return [index, ...(variant.write(value) as unknown[])];
    },
    read: (item) => {
      if (!Array.isArray(item)) refuse(name);
      const [index, ...rest] = item;
      const [type, variant] = (Number.isSafeInteger(index) ? entries[index as number] : undefined) ?? refuse(name);
      return { type, ...variant.read(rest) } as T;
    },
  });
}

function standalone<T>(inner: Field<T>): Struct<T> {
  // A copy: on Node cborg gives a view of the shared pool, or a Buffer, whose slice() does not copy.
  const encode = (value: T): Bytes => new Uint8Array(encodeCbor(inner.write(value)));
  return {
    ...inner,
    encode,
    decode: (input) => {
      let value: T;
      try {
        value = inner.read(decodeCbor(input, strictly));
      } catch (error) {
        // cborg's own errors and a stack exhausted by nesting all mean the same to the caller.
        throw error instanceof CliquetError ? error : new CliquetError('malformed', `expected ${inner.name}`);
      }
      return sameBytes(encode(value), input) ? value : refuse(`${inner.name} in deterministic encoding`);
    },
  };
}

const strictly = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  allowBigInt: false,
  useMaps: true,
  rejectDuplicateMapKeys: true,
};

/** The deterministic encoding of a plain list of bytes, integers and texts: the context of a key derivation. */
export function encodeContext(items: readonly (Bytes | number | string | readonly number[])[]): Bytes {
  return encodeCbor(items) as Bytes;
}
