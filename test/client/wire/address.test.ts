import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseAddress } from '../../../client/wire/address.ts';
import { CliquetError } from '../../../client/wire/errors.ts';
import { codeOf } from '../../support/struct.ts';

const seed = 20_260_103;

describe('parseAddress() e-mail', () => {
  test.each([
    ['Alice@Example.ORG', 'alice@example.org'],
    ['  alice@example.org \n', 'alice@example.org'],
    ["o'neil+tag_1=x/y@mail.example.org", "o'neil+tag_1=x/y@mail.example.org"],
    ['alice@MÜNCHEN.example', 'alice@xn--mnchen-3ya.example'],
    ['alice@xn--mnchen-3ya.example', 'alice@xn--mnchen-3ya.example'],
    ['alice@faß.example', 'alice@xn--fa-hia.example'],
    ['alice@ｅxample.org', 'alice@example.org'],
    ['a\u0308nne@example.org', '\u00e4nne@example.org'],
    ['\u00c4NNE@example.org', '\u00e4nne@example.org'],
    ['H\u0331@example.org', '\u1e96@example.org'],
    ['ΑΣ@example.org', 'ας@example.org'],
  ])('%j becomes %j', (input, uid) => {
    expect(parseAddress(input)).toEqual({ kind: 'email', uid });
  });

  test.each([
    '',
    '@',
    'alice@',
    '@example.org',
    'alice@localhost',
    'alice@example.org.',
    'alice@.example.org',
    'alice@-example.org',
    'alice@exa_mple.org',
    'alice@1.2.3.4',
    'alice@0x7f.1',
    'alice@[::1]',
    'alice@[127.0.0.1]',
    'alice@example.org:25',
    'alice@example.org/x',
    'alice@user:pass@example.org',
    'alice@e\u00adxample.org',
    'alice@xn--a.example',
    'a@b@example.org',
    'a..b@example.org',
    '.a@example.org',
    'a.@example.org',
    '"a b"@example.org',
    'a b@example.org',
    'a\u0000@example.org',
    'a\r\nBcc: x@example.org',
    'a<x>@example.org',
    '\ud800@example.org',
    `${'a'.repeat(65)}@example.org`,
    `alice@${'a'.repeat(64)}.org`,
    `alice@${'a.'.repeat(125)}org`,
    `${'a'.repeat(255)}`,
  ])('refuses %j', (input) => {
    expect(codeOf(() => parseAddress(input))).toBe('address-invalid');
  });

  test('the longest parts are taken', () => {
    const local = 'a'.repeat(64);
    const domain = `${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(57)}.de`;
    expect(`${local}@${domain}`.length).toBe(253);
    expect(parseAddress(`${local}@${domain}`).uid).toBe(`${local}@${domain}`);
  });
});

describe('parseAddress() phone', () => {
  test.each([
    ['+49 (30) 123-456', '+4930123456'],
    ['+1.202/555 0199', '+12025550199'],
    ['+1234567', '+1234567'],
    ['+123456789012345', '+123456789012345'],
  ])('%j becomes %j', (input, uid) => {
    expect(parseAddress(input)).toEqual({ kind: 'phone', uid });
  });

  test.each([
    '0049301234',
    '+0123456789',
    '+123456',
    '+1234567890123456',
    '++491234567',
    '+49x1234567',
    '491234567',
    '+',
    '+٤٩١٢٣٤٥٦٧',
  ])('refuses %j', (input) => {
    expect(codeOf(() => parseAddress(input))).toBe('address-invalid');
  });
});

describe('parseAddress() any text', () => {
  const local = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
  const address = fc.oneof(
    local.map((name) => `${name}@example.org`),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).map((name) => `alice@${name}.example`),
    fc.string({ unit: fc.constantFrom(...'+0123456789 -()'), maxLength: 20 }),
    fc.string({ unit: 'binary', maxLength: 30 }),
  );

  test('is refused with one code or has a normal form that is its own', () => {
    let taken = 0;
    fc.assert(
      fc.property(address, (input) => {
        try {
          const parsed = parseAddress(input);
          taken += 1;
          expect(parseAddress(parsed.uid)).toEqual(parsed);
        } catch (error) {
          if (!(error instanceof CliquetError)) throw error;
          expect(error.code).toBe('address-invalid');
        }
      }),
      { seed, numRuns: 2000 },
    );
    expect(taken).toBeGreaterThan(200);
  });

  test('the message does not repeat the address', () => {
    expect(() => parseAddress('secret name@example.org')).toThrow(/^(?!.*secret)/);
  });
});
