import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../../client/wire/bytes.ts';
import { formatContentDigest, parseContentDigest, signedComponents } from '../../../client/wire/signature.ts';
import { codeOf } from '../../support/struct.ts';
import { fromHex } from '../../support/vectors.ts';

// RFC 9530, Appendix B.1 and D: the SHA-256 Content-Digest of {"hello": "world"}.
const example = 'sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:';
const digest = fromHex(createHash('sha256').update(encodeUtf8('{"hello": "world"}')).digest('hex'));

describe('Content-Digest', () => {
  test('formatContentDigest() writes what RFC 9530 does', () => {
    expect(formatContentDigest(digest)).toBe(example);
  });

  test('parseContentDigest() reads it back', () => {
    expect(parseContentDigest(example)).toEqual(digest);
  });

  test.each([
    '',
    'sha-256=::',
    'sha-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=',
    `${example}, ${example}`,
    `${example}, sha-512=:AA==:`,
    `sha-512=:AA==:, ${example}`,
    example.toUpperCase(),
    ` ${example}`,
    `${example} `,
    `${example};x=1`,
    example.replace('PE=:', 'PF=:'),
    example.replace('X48E', 'X48-'),
    example.replace('X48E', 'X4'),
    example.replace('X48E', 'X48EAAAA'),
    `${example}\n`,
  ])('parseContentDigest() refuses %j', (header) => {
    expect(codeOf(() => parseContentDigest(header))).toBe('bad-signature');
  });
});

test('signedComponents() cover the request line, and the digest of a body', () => {
  expect(signedComponents(false)).toEqual(['@method', '@authority', '@path', '@query']);
  expect(signedComponents(true)).toEqual(['@method', '@authority', '@path', '@query', 'content-digest']);
  signedComponents(true).push('x');
  expect(signedComponents(true)).toHaveLength(5);
});
