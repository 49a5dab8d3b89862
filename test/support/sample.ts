// What samples of structs are made of: fixed bytes, and values that stand in several of them.

import type { Bytes } from '../../client/wire/bytes.ts';
import type { Struct } from '../../client/wire/codec.ts';
import { seededRandom } from './random.ts';

export interface Sample {
  readonly struct: Struct<unknown>;
  readonly values: readonly unknown[];
  /** Names of byte fields without a fixed length. */
  readonly variable: readonly string[];
}

export function sample<T>(struct: Struct<T>, values: readonly NoInfer<T>[], ...variable: readonly string[]): Sample {
  return { struct, values, variable };
}

/** The same bytes for the same name, whatever else is made before. */
export function fixed(name: string, length: number): Bytes {
  return seededRandom(`sample ${name}`).bytes(length);
}

export const [a, b, c] = ['a', 'b', 'c'].map((name) => fixed(name, 32)) as [Bytes, Bytes, Bytes];
export const signature = fixed('signature', 64);
export const id = fixed('message id', 16);
export const nonce = fixed('nonce', 24);
export const epoch = fixed('epoch', 16);

export const signed = { vector: [0, 23, 24], digest: a, bodyHash: b, signature };
export const other = { vector: [0, 23, 256], digest: c, bodyHash: a, signature };
export const report = { position: 1, first: signed, second: other };
