import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bytesKey,
  compareBytes,
  concatBytes,
  decodeBase64,
  decodeBase64Url,
  decodeUtf8,
  encodeBase64,
  encodeBase64Url,
  encodeUtf8,
  isBytes,
  sameBytes,
} from '../../../client/wire/bytes.ts';

const seed = 20_260_102;
const anyBytes = fc.uint8Array({ maxLength: 70 }).map((value) => new Uint8Array(value));

describe('byte strings', () => {
  test('concatBytes() joins in order, views included', () => {
    const view = new Uint8Array([9, 1, 2, 9]).subarray(1, 3);
    expect(concatBytes(view, new Uint8Array(0), new Uint8Array([3]))).toEqual(new Uint8Array([1, 2, 3]));
    expect(concatBytes()).toEqual(new Uint8Array(0));
  });

  test('concatBytes() gives a copy', () => {
    const part = new Uint8Array([1]);
    const joined = concatBytes(part);
    part[0] = 2;
    expect(joined).toEqual(new Uint8Array([1]));
  });

  test('sameBytes() compares length and content', () => {
    expect(sameBytes(new Uint8Array([1, 2]), new Uint8Array([9, 1, 2]).subarray(1))).toBe(true);
    expect(sameBytes(new Uint8Array([1, 2]), new Uint8Array([1, 3]))).toBe(false);
    expect(sameBytes(new Uint8Array([1]), new Uint8Array([1, 0]))).toBe(false);
  });

  test('compareBytes() orders as the hexadecimal text does', () => {
    const hex = (value: Uint8Array) => Buffer.from(value).toString('hex');
    fc.assert(
      fc.property(anyBytes, anyBytes, (a, b) => {
        const byText = hex(a) < hex(b) ? -1 : hex(a) > hex(b) ? 1 : 0;
        expect(Math.sign(compareBytes(a, b))).toBe(byText);
        expect(compareBytes(a, b) === 0).toBe(sameBytes(a, b));
      }),
      { seed },
    );
  });

  test('isBytes() takes Uint8Array only', () => {
    expect(isBytes(new Uint8Array(1))).toBe(true);
    for (const other of [[1], 'a', new ArrayBuffer(1), new Uint16Array(1), null, { length: 1 }]) {
      expect(isBytes(other)).toBe(false);
    }
  });
});

describe('text forms', () => {
  test('base64 and base64url come back', () => {
    fc.assert(
      fc.property(anyBytes, (value) => {
        expect(decodeBase64Url(encodeBase64Url(value))).toEqual(value);
        expect(decodeBase64(encodeBase64(value))).toEqual(value);
        expect(encodeBase64Url(value)).toBe(Buffer.from(value).toString('base64url'));
        expect(bytesKey(value)).toBe(encodeBase64Url(value));
      }),
      { seed },
    );
  });

  test.each(['AA==', 'AB', 'A', 'A+8', 'A/8', 'AA\n', ' AA', 'AA ', 'Zm9', 'é'])(
    'decodeBase64Url() refuses %j',
    (text) => {
      expect(() => decodeBase64Url(text)).toThrow();
    },
  );

  test.each(['AA', 'AA=', 'AB==', 'A_8=', '====', 'AA==\n', 'AAAA='])('decodeBase64() refuses %j', (text) => {
    expect(() => decodeBase64(text)).toThrow();
  });

  test('decodeUtf8() takes UTF-8 and refuses everything else', () => {
    expect(decodeUtf8(encodeUtf8('Grüße 🧀'))).toBe('Grüße 🧀');
    for (const bytes of [[0xc3, 0x28], [0xff], [0xed, 0xa0, 0x80], [0xc0, 0x80], [0xf0, 0x9f]]) {
      expect(() => decodeUtf8(new Uint8Array(bytes))).toThrow(TypeError);
    }
  });
});
