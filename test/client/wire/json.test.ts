import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { encodeBase64Url } from '../../../client/wire/bytes.ts';
import { jsonBytes, parseJson } from '../../../client/wire/json.ts';
import { codeOf } from '../../support/struct.ts';

const Schema = v.strictObject({ key: jsonBytes(32), inner: v.optional(v.array(v.strictObject({ n: v.number() }))) });
const key = new Uint8Array(32).fill(7);
const valid = { key: encodeBase64Url(key), inner: [{ n: 1 }] };

function messageOf(text: string): string {
  try {
    parseJson(Schema, text);
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
  return 'no error';
}

describe('parseJson()', () => {
  test('decodes bytes from base64url', () => {
    expect(parseJson(Schema, JSON.stringify(valid))).toEqual({ key, inner: [{ n: 1 }] });
  });

  test.each([
    ['31 bytes', encodeBase64Url(new Uint8Array(31))],
    ['33 bytes', encodeBase64Url(new Uint8Array(33))],
    ['padding', `${encodeBase64Url(key)}=`],
    ['ordinary base64', Buffer.from(new Uint8Array(32).fill(255)).toString('base64').replace('=', '')],
    ['bits beyond the end', `${encodeBase64Url(key).slice(0, -1)}B`],
    ['a number', 7],
    ['null', null],
    ['very long text', 'A'.repeat(100_000)],
  ])('refuses %s where 32 bytes belong', (_, wrong) => {
    expect(codeOf(() => parseJson(Schema, JSON.stringify({ key: wrong })))).toBe('malformed');
  });

  test.each([
    '',
    '{',
    'undefined',
    'null',
    '[]',
    '3',
    '"x"',
    '{}',
    '{"key":"AA","key":"AA"}',
    `${'['.repeat(100_000)}`,
  ])('refuses %.20s', (text) => {
    expect(codeOf(() => parseJson(Schema, text))).toBe('malformed');
  });

  test('names the field that does not fit, never its value', () => {
    expect(messageOf(JSON.stringify({ ...valid, key: 'secret' }))).toMatch(/\(field key\)$/);
    expect(messageOf(JSON.stringify({ ...valid, inner: [{ n: 1 }, { n: 'secret' }] }))).toMatch(
      /\(field inner\.1\.n\)$/,
    );
    expect(messageOf(JSON.stringify({ inner: [] }))).toMatch(/\(field key\)$/);
    expect(messageOf('secret')).toMatch(/\(expected JSON\)$/);
  });

  test('does not repeat the name of a field that does not belong', () => {
    const message = messageOf(JSON.stringify({ ...valid, 'secret@example.org': 1 }));
    expect(message).toMatch(/a field that does not belong/);
    expect(message).not.toMatch(/secret/);
  });

  test('keeps no prototype from the text', () => {
    const Open = v.object({ a: v.number() });
    const parsed = parseJson(Open, '{"a":1,"__proto__":{"polluted":true}}');
    expect(Object.keys(parsed)).toEqual(['a']);
    expect('polluted' in parsed).toBe(false);
    expect(codeOf(() => parseJson(Schema, `{"key":"${valid.key}","__proto__":{"inner":[]}}`))).toBe('malformed');
  });
});
