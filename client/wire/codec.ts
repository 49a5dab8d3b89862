// Deterministic CBOR (RFC 8949 §4.2) for structs: every struct is an array of fixed fields, in the order of its
// definition. There are no maps, tags, floats or indefinite lengths anywhere in the protocol.
//
// Decoding is strict: what does not encode back to the very same bytes is refused, so a struct has one encoding only.

import { decode as decodeCbor } from 'cborg';
import { type Bytes, isBytes, sameBytes } from './bytes.ts';
import { encodeItem } from './cbor.ts';
import { CliquetError } from './errors.ts';

/** What a field is made of, for error messages and for who describes it (worker/openapi.ts). */
export interface Shape {
  /** What a struct is called; a few words of what else it is. */
  readonly name: string;
  /** What has bounds. */
  readonly kind?: 'bytes' | 'integer' | 'text' | 'list';
  readonly min?: number;
  readonly max?: number;
  /** The items of a list; or what may be null. */
  readonly inner?: Shape;
  readonly allowed?: readonly (string | number | boolean)[];
  readonly fields?: Readonly<Record<string, Shape>>;
  readonly variants?: Readonly<Record<string, Shape>>;
}

/** How one field goes to a CBOR item and back; both directions check it. */
export interface Field<T> extends Shape {
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

function field<T>(shape: Shape, is: (item: unknown) => item is T): Field<T> {
  const check = (item: unknown): T => (is(item) ? item : refuse(shape.name));
  return { ...shape, write: check, read: check };
}

/** A field whose size has bounds. */
function bounded<T>(
  kind: NonNullable<Shape['kind']>,
  min: number,
  max: number,
  is: (item: unknown) => item is T,
  sizeOf: (value: T) => number,
): Field<T> {
  return field(
    { name: `${kind} ${min}–${max}`, kind, min, max },
    (item): item is T => is(item) && sizeOf(item) >= min && sizeOf(item) <= max,
  );
}

const lengthOf = ({ length }: { readonly length: number }) => length;

/** A byte string of exactly `length` bytes. */
export function bytes(length: number): Field<Bytes> {
  return bounded('bytes', length, length, isBytes, lengthOf);
}

/** A byte string of at most `max` bytes. */
export function bytesUpTo(max: number): Field<Bytes> {
  return bounded('bytes', 0, max, isBytes, lengthOf);
}

/** An unsigned integer from `min` (0 if not said) to `max` (2^53 − 1 if not said). */
export function uint(max: number = Number.MAX_SAFE_INTEGER, min = 0): Field<number> {
  // Vectors have one of each member: all is looked at in one step.
  return field(
    { name: `integer ${min}–${max}`, kind: 'integer', min, max },
    (item): item is number => Number.isSafeInteger(item) && Number(item) >= min && Number(item) <= max,
  );
}

/**
 * Text of at most `max` UTF-16 units, without lone surrogates and not starting with a byte order mark: decoders of UTF-8
 * drop that, so it would not come back.
 */
export function text(max: number): Field<string> {
  const isText = (item: unknown): item is string =>
    typeof item === 'string' && item.isWellFormed() && !item.startsWith('\ufeff');
  return bounded('text', 0, max, isText, lengthOf);
}

/** One of a few constants. */
export function oneOf<const T extends string | number | boolean>(...allowed: readonly T[]): Field<T> {
  return field({ name: `one of ${allowed}`, allowed }, (item): item is T =>
    (allowed as readonly unknown[]).includes(item),
  );
}

export const flag: Field<boolean> = oneOf(true, false);

/** The field, or null. */
export function nullable<T>(inner: Field<T>): Field<T | null> {
  return {
    name: inner.name,
    inner,
    write: (value) => (value === null ? null : inner.write(value)),
    read: (item) => (item === null ? null : inner.read(item)),
  };
}

/** An array of at least `min` and at most `max` items of one kind. */
export function list<T>(inner: Field<T>, max: number, min = 0): Field<readonly T[]> {
  const items = bounded('list', min, max, (item): item is readonly unknown[] => Array.isArray(item), lengthOf);
  return {
    ...items,
    inner,
    write: (values) => items.read(values) && values.map((value) => inner.write(value)),
    read: (item) => items.read(item).map((each) => inner.read(each)),
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
    fields,
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
    variants,
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
  return {
    ...inner,
    encode: (value) => encodeItem(inner.write(value)),
    decode: (input) => {
      let value: T;
      let only: Bytes;
      try {
        const item = decodeCbor(input, strictly);
        value = inner.read(item);
        only = encodeItem(item);
      } catch (error) {
        // cborg's own errors and a stack exhausted by nesting all mean the same to the caller.
        throw error instanceof CliquetError ? error : new CliquetError('malformed', `expected ${inner.name}`);
      }
      return sameBytes(only, input) ? value : refuse(`${inner.name} in deterministic encoding`);
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
  return encodeItem(items);
}
