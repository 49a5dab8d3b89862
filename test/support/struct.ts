// What every struct of the protocol must do, in one suite: one encoding, and a typed error for everything else.

import { describe, expect, test } from 'vitest';
import { isBytes } from '../../client/wire/bytes.ts';
import { CliquetError } from '../../client/wire/errors.ts';
import { deviations, hostileInputs, walkItems } from './cbor.ts';
import { seededRandom } from './random.ts';
import type { Sample } from './sample.ts';

/** The code of the CliquetError that a call throws; anything else that happens is rethrown or named. */
export function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof CliquetError) return error.code;
    throw error;
  }
  return 'no error';
}

/** The same, for a promise. */
export async function rejectionOf(promise: Promise<unknown>): Promise<{ code: string; message: string }> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof CliquetError) return { code: error.code, message: error.message };
    throw error;
  }
  return { code: 'no error', message: '' };
}

/** A copy of a value with what stands at `path` replaced. */
function replaceAt(value: unknown, path: readonly (string | number)[], replacement: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return replacement;
  if (Array.isArray(value)) return value.with(Number(step), replaceAt(value[Number(step)], rest, replacement));
  const fields = value as Readonly<Record<string, unknown>>;
  return { ...fields, [step]: replaceAt(fields[step], rest, replacement) };
}

interface Leaf {
  readonly path: readonly (string | number)[];
  readonly value: unknown;
}

/** Everything in a value that is not itself made of fields. */
function leavesOf(value: unknown, path: readonly (string | number)[] = []): Leaf[] {
  if (value === null || typeof value !== 'object' || isBytes(value)) return [{ path, value }];
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, [...path, key]));
}

function wrongValues({ path, value }: Leaf, variable: readonly string[]): unknown[] {
  const wrong: unknown[] = [1.5, -1, 2 ** 53, Number.NaN, 1n, new Map()];
  // Where null stands, a list or a struct may: what is no object at all there is misuse, a TypeError.
  if (value !== null) wrong.push(undefined, { length: 32 }, '\ud800');
  if (isBytes(value)) {
    wrong.push(Array.from(value), value.buffer);
    const field = String(path.findLast((step) => !/^\d+$/.test(String(step))));
    if (!variable.includes(field)) wrong.push(new Uint8Array(value.length + 1), value.subarray(1));
  }
  return wrong;
}

/** Runs the whole suite over the samples of one struct. */
export function describeStruct(name: string, { struct, values, variable }: Sample): void {
  const malformed = (bytes: Uint8Array<ArrayBuffer>) => codeOf(() => struct.decode(bytes));

  describe(name, () => {
    test('decode(encode()) gives the value back', () => {
      for (const value of values) expect(struct.decode(struct.encode(value))).toEqual(value);
    });

    test('decode() at a non-zero byteOffset gives the same', () => {
      for (const value of values) {
        const encoded = struct.encode(value);
        const shifted = new Uint8Array(encoded.length + 9).fill(0xff);
        shifted.set(encoded, 5);
        expect(struct.decode(shifted.subarray(5, 5 + encoded.length))).toEqual(value);
      }
    });

    test('decode() keeps no view on its input', () => {
      for (const value of values) {
        const encoded = struct.encode(value);
        const decoded = struct.decode(encoded);
        encoded.fill(0xee);
        expect(decoded).toEqual(value);
      }
    });

    test('decode() refuses every truncation', () => {
      for (const value of values) {
        const encoded = struct.encode(value);
        for (let length = 0; length < encoded.length; length++) {
          expect(malformed(encoded.slice(0, length)), `${length} of ${encoded.length}`).toBe('malformed');
        }
      }
    });

    test('decode() refuses trailing bytes', () => {
      for (const value of values) {
        const encoded = struct.encode(value);
        for (const byte of [0, 0xf6, 0x80, 0xff]) {
          expect(malformed(new Uint8Array([...encoded, byte])), `${byte}`).toBe('malformed');
        }
      }
    });

    test('decode() refuses every other way to write it', () => {
      for (const value of values) {
        for (const { what, bytes } of deviations(struct.encode(value)))
          expect(malformed(bytes), what).toBe('malformed');
      }
    });

    test('decode() refuses one field too many or too few', () => {
      for (const value of values) {
        const encoded = struct.encode(value);
        const [whole, ...items] = walkItems(encoded);
        const fields = whole?.argument ?? 0;
        expect(whole?.major).toBe(4);
        expect(malformed(new Uint8Array([0x80 | (fields + 1), ...encoded.subarray(1), 0])), 'more').toBe('malformed');
        const lastField = items.find((item) => item.end === encoded.length)?.start ?? 1;
        const fewer = new Uint8Array([0x80 | (fields - 1), ...encoded.subarray(1, lastField)]);
        expect(malformed(fewer), 'fewer').toBe('malformed');
      }
    });

    test('decode() refuses hostile input', () => {
      for (const { what, bytes } of hostileInputs()) expect(malformed(bytes), what).toBe('malformed');
    });

    test('decode() of a corrupted byte is refused or has that one encoding', () => {
      const random = seededRandom(name);
      for (const value of values) {
        const encoded = struct.encode(value);
        for (let round = 0; round < 200; round++) {
          const corrupted = encoded.slice();
          const position = random.below(corrupted.length);
          corrupted[position] = (corrupted[position] ?? 0) ^ (1 + random.below(255));
          try {
            expect(struct.encode(struct.decode(corrupted))).toEqual(corrupted);
          } catch (error) {
            if (!(error instanceof CliquetError)) throw error;
            expect(error.code).toBe('malformed');
          }
        }
      }
    });

    test('encode() refuses what does not fit', () => {
      for (const value of values) {
        for (const leaf of leavesOf(value)) {
          for (const wrong of wrongValues(leaf, variable)) {
            const broken = replaceAt(value, leaf.path, wrong);
            expect(
              codeOf(() => struct.encode(broken)),
              `${leaf.path.join('.')}: ${String(wrong)}`,
            ).toBe('malformed');
          }
        }
      }
    });
  });
}
