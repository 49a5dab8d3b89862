import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pad, unpad } from '../../../client/protocol/padding.ts';

const seed = 20_260_104;

/** The Padmé length (PURBs, §4, algorithm 2), written anew in whole numbers: no logarithm that could be off by one. */
function padme(length: number): number {
  const exponent = length.toString(2).length - 1;
  const mantissa = exponent.toString(2).length;
  const mask = 2 ** Math.max(exponent - mantissa, 0) - 1;
  return (length + mask) & ~mask;
}

const expected = (content: number) => Math.max(256, padme(content + 1));

describe('pad()', () => {
  test.each([
    [0, 256],
    [20, 256],
    [255, 256],
    [256, 272],
    [271, 272],
    [272, 288],
    [1000, 1024],
    [1023, 1024],
    [1024, 1088],
    [65_535, 65_536],
    [65_536, 67_584],
  ])('makes %i bytes %i', (content, padded) => {
    expect(pad(new Uint8Array(content)).length).toBe(padded);
  });

  test('has the Padmé length at every length up to 70,000', () => {
    for (let content = 0; content < 70_000; content += content < 2100 ? 1 : 61) {
      expect(pad(new Uint8Array(content)).length).toBe(expected(content));
    }
    for (let exponent = 8; exponent <= 17; exponent++) {
      for (const content of [2 ** exponent - 2, 2 ** exponent - 1, 2 ** exponent]) {
        expect(pad(new Uint8Array(content)).length).toBe(expected(content));
      }
    }
  });

  test.each([
    [0, 4096],
    [4095, 4096],
    [4096, 4352],
  ])('makes %i bytes %i where 4,096 are asked for', (content, padded) => {
    const padded4096 = pad(new Uint8Array(content), 4096);
    expect(padded4096.length).toBe(padded);
    expect(unpad(padded4096, 4096)).toEqual(new Uint8Array(content));
    if (content === 0) expect(unpad(padded4096)).toBe(null);
  });

  test('adds at most 12 % above 256 bytes', () => {
    for (let content = 256; content < 70_000; content += 97) {
      expect(pad(new Uint8Array(content)).length / (content + 1)).toBeLessThan(1.12);
    }
  });
});

describe('unpad()', () => {
  const content = fc.uint8Array({ maxLength: 1500 }).map((value) => new Uint8Array(value));

  test('gives back what pad() was given', () => {
    fc.assert(
      fc.property(content, (value) => {
        expect(unpad(pad(value))).toEqual(value);
      }),
      { seed, numRuns: 300 },
    );
  });

  test('keeps zeros and markers at the end of the content', () => {
    for (const end of [[0], [0, 0, 0], [0x80], [0x80, 0], [0, 0x80]]) {
      const value = new Uint8Array([1, ...end]);
      expect(unpad(pad(value))).toEqual(value);
    }
  });

  test('refuses every change that pad() would not make', () => {
    fc.assert(
      fc.property(content, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, where, change) => {
        const padded = pad(value);
        const position = where % padded.length;
        padded[position] = (padded[position] ?? 0) ^ change;
        const read = unpad(padded);
        if (read !== null) expect(pad(read)).toEqual(padded);
        // Behind the marker nothing but zero is right, unless a new marker moves the end.
        if (position > value.length && change !== 0x80) expect(read).toBe(null);
      }),
      { seed, numRuns: 500 },
    );
  });

  test.each([
    ['nothing', new Uint8Array(0)],
    ['zeros only', new Uint8Array(256)],
    ['no marker', new Uint8Array(256).fill(1)],
    ['another marker', pad(new Uint8Array(3)).map((byte) => (byte === 0x80 ? 0x81 : byte))],
    ['a byte behind the marker', pad(new Uint8Array(3)).with(255, 1)],
    ['one byte too few', pad(new Uint8Array(3)).slice(0, 255)],
    ['one byte too many', new Uint8Array([...pad(new Uint8Array(3)), 0])],
    ['the next length up', new Uint8Array([...pad(new Uint8Array(3)), ...new Uint8Array(16)])],
    ['a length below 256', new Uint8Array([1, 0x80])],
  ])('refuses %s', (_, padded) => {
    expect(unpad(new Uint8Array(padded))).toBe(null);
  });
});
