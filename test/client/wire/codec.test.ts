// The fields of structs, one by one; whole structs are tested beside their definitions.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bytes,
  bytesUpTo,
  encodeContext,
  type Field,
  flag,
  list,
  nullable,
  oneOf,
  struct,
  text,
  uint,
  union,
} from '../../../client/wire/codec.ts';
import { codeOf } from '../../support/struct.ts';
import { fromHex, toHex } from '../../support/vectors.ts';

const asBytes = (value: Uint8Array) => new Uint8Array(value);
const seed = 20_260_101;

/** What a field writes and reads: `read` gets what the CBOR decoder makes of the item. */
function refuses<T>(field: Field<T>, item: unknown): boolean {
  const codes = [codeOf(() => field.read(item)), codeOf(() => field.write(item as T))];
  return codes.every((code) => code === 'malformed');
}

function takes<T>(field: Field<T>, item: T): boolean {
  return field.write(item) === item && field.read(item) === item;
}

describe('fields', () => {
  test('bytes() takes exactly its length', () => {
    expect(takes(bytes(4), new Uint8Array(4))).toBe(true);
    for (const item of [new Uint8Array(3), new Uint8Array(5), 'abcd', [0, 0, 0, 0], 4, null, new ArrayBuffer(4)]) {
      expect(refuses(bytes(4), item)).toBe(true);
    }
  });

  test('bytesUpTo() takes up to its length', () => {
    for (const length of [0, 1, 4]) expect(takes(bytesUpTo(4), new Uint8Array(length))).toBe(true);
    for (const item of [new Uint8Array(5), '', null, []]) expect(refuses(bytesUpTo(4), item)).toBe(true);
  });

  test('uint() takes integers from 0 to its maximum', () => {
    for (const item of [0, 1, 9]) expect(takes(uint(9), item)).toBe(true);
    for (const item of [10, -1, 0.5, Number.NaN, 1n, '1', null, 2 ** 53]) expect(refuses(uint(9), item)).toBe(true);
    for (const item of [0, 10]) expect(refuses(uint(9, 1), item)).toBe(true);
    expect(takes(uint(9, 1), 1)).toBe(true);
    expect(takes(uint(), Number.MAX_SAFE_INTEGER)).toBe(true);
    expect(refuses(uint(), Number.MAX_SAFE_INTEGER + 1)).toBe(true);
  });

  test('text() takes well-formed text up to its length in UTF-16 units', () => {
    for (const item of ['', 'abc', 'é', '🧀']) expect(takes(text(3), item)).toBe(true);
    for (const item of ['abcd', '🧀🧀', '\ud83e', '\udc00', 3, null, new Uint8Array(1)]) {
      expect(refuses(text(3), item)).toBe(true);
    }
  });

  test('flag takes true and false only', () => {
    for (const item of [true, false]) expect(takes(flag, item)).toBe(true);
    for (const item of [0, 1, null, undefined, 'true']) expect(refuses(flag, item)).toBe(true);
  });

  test('oneOf() takes its constants only', () => {
    for (const item of ['a', 'b'] as const) expect(takes(oneOf('a', 'b'), item)).toBe(true);
    for (const item of ['c', 'A', 1, 'toString', null]) expect(refuses(oneOf('a', 'b'), item)).toBe(true);
    expect(takes(oneOf(1, 2), 2)).toBe(true);
    for (const item of [3, '1', true, 1n]) expect(refuses(oneOf(1, 2), item)).toBe(true);
  });

  test('nullable() takes null beside its field', () => {
    expect(takes(nullable(uint()), null)).toBe(true);
    expect(takes(nullable(uint()), 7)).toBe(true);
    for (const item of [undefined, 'null', -1]) expect(refuses(nullable(uint()), item)).toBe(true);
  });

  test('list() takes from its least to its greatest number of items', () => {
    const field = list(uint(), 3, 2);
    for (const items of [
      [1, 2],
      [1, 2, 3],
    ]) {
      expect(field.write(items)).toEqual(items);
      expect(field.read(items)).toEqual(items);
    }
    for (const items of [[], [1], [1, 2, 3, 4], [1, 'x']]) expect(refuses(field, items)).toBe(true);
    for (const item of [{ length: 2 }, 'ab', new Uint8Array(2), null]) {
      expect(codeOf(() => field.read(item))).toBe('malformed');
    }
  });
});

const Point = struct('point', { x: uint(), y: uint() });
const Shape = union('shape', {
  dot: struct('dot', { at: Point }),
  none: struct('none', {}),
  label: struct('label', { words: text(1000), raw: bytesUpTo(1000) }),
});

describe('struct() and union()', () => {
  test('struct() writes its fields as an array in the order of its definition', () => {
    expect(toHex(Point.encode({ y: 2, x: 1 }))).toBe('820102');
  });

  test('union() writes the position of the variant first', () => {
    expect(toHex(Shape.encode({ type: 'dot', at: { x: 1, y: 2 } }))).toBe('8200820102');
    expect(toHex(Shape.encode({ type: 'none' }))).toBe('8101');
  });

  test.each(['8103', '8120', '8100', '8200', '81f6', '8161', '80', '8180', '8201820102', '81fb3ff0000000000000'])(
    'union() refuses %s',
    (hex) => expect(codeOf(() => Shape.decode(fromHex(hex)))).toBe('malformed'),
  );

  test('struct() refuses unknown, missing and repeated fields', () => {
    for (const hex of ['8101', '83010203', 'a2617801617902', 'a3617801617801617902', '820120', '82011801']) {
      expect(
        codeOf(() => Point.decode(fromHex(hex))),
        hex,
      ).toBe('malformed');
    }
  });

  test('decode() makes plain objects whatever the bytes say', () => {
    const decoded = Shape.decode(Shape.encode({ type: 'label', words: '__proto__', raw: new Uint8Array(0) }));
    expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype);
    expect(Object.keys(decoded)).toEqual(['type', 'words', 'raw']);
  });

  test('encode() and decode() are inverse for all values', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.record({ type: fc.constant('dot' as const), at: fc.record({ x: fc.maxSafeNat(), y: fc.maxSafeNat() }) }),
          fc.record({
            type: fc.constant('label' as const),
            words: fc.string({ unit: 'binary', maxLength: 400 }).filter((words) => !words.startsWith('\ufeff')),
            raw: fc.uint8Array({ maxLength: 300 }).map(asBytes),
          }),
        ),
        (shape) => {
          expect(Shape.decode(Shape.encode(shape))).toEqual(shape);
        },
      ),
      { seed, numRuns: 500 },
    );
  });

  test('encode() refuses text that would not come back: a byte order mark first', () => {
    const label = (words: string) => ({ type: 'label', words, raw: new Uint8Array(0) }) as const;
    expect(codeOf(() => Shape.encode(label('\ufefftext')))).toBe('malformed');
    expect(Shape.decode(Shape.encode(label('te\ufeffxt')))).toEqual(label('te\ufeffxt'));
  });

  test('decode() of any bytes is a typed error or has that one encoding', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }).map(asBytes), (input) => {
        const code = codeOf(() => expect(Shape.encode(Shape.decode(input))).toEqual(input));
        expect(['malformed', 'no error']).toContain(code);
      }),
      { seed, numRuns: 2000 },
    );
  });

  test('decode() names what was expected and never what came', () => {
    expect(() => Shape.decode(fromHex('8102'))).toThrow(/expected label/);
    expect(() => Shape.decode(Shape.encode({ type: 'none' }).map((byte) => byte ^ 0x40))).toThrow(/expected shape/);
  });
});

test('encodeContext() is deterministic CBOR of the list', () => {
  expect(toHex(encodeContext([new Uint8Array([1, 2]), 24, 'x', [1, 2]]))).toBe('84420102181861788201'.concat('02'));
  expect(toHex(encodeContext([]))).toBe('80');
});
