import { describe, expect, test } from 'vitest';
import { encodeBase64Url } from '../../../client/wire/bytes.ts';
import { bytes, oneOf, struct, text } from '../../../client/wire/codec.ts';
import { decodeInvite, encodeInvite, relayOrigin } from '../../../client/wire/invite.ts';
import { seededRandom } from '../../support/random.ts';
import { codeOf } from '../../support/struct.ts';

const random = seededRandom('invite');
const invite = { relay: 'https://relay.example.org', hrid: random.bytes(32), pk: random.bytes(32) };
const encoded = encodeInvite(invite);
const payload = encoded.slice('cliquet:'.length);

const Raw = struct('raw invite', { version: oneOf(1, 2), relay: text(5000), hrid: bytes(32), pk: bytes(32) });
const raw = (version: 1 | 2, relay: string) => `cliquet:${encodeBase64Url(Raw.encode({ ...invite, version, relay }))}`;

describe('decodeInvite()', () => {
  test('gives back what encodeInvite() wrote', () => {
    expect(decodeInvite(encoded)).toEqual(invite);
    expect(encoded).toMatch(/^cliquet:[A-Za-z0-9_-]+$/);
    expect(encoded.length).toBeLessThan(150);
  });

  test('reads it behind a link, and with space around', () => {
    expect(decodeInvite(`https://app.example.org/#${encoded}`)).toEqual(invite);
    expect(decodeInvite(` ${encoded}\n`)).toEqual(invite);
  });

  test('gives the origin of the relay only', () => {
    expect(decodeInvite(raw(1, 'https://user:pass@Relay.Example.org:443/path?x#y')).relay).toBe(
      'https://relay.example.org',
    );
    expect(decodeInvite(raw(1, 'http://localhost:8787')).relay).toBe('http://localhost:8787');
  });

  test('refuses every truncation', () => {
    for (let length = 0; length < encoded.length; length++) {
      expect(
        codeOf(() => decodeInvite(encoded.slice(0, length))),
        `${length}`,
      ).toBe('invite-invalid');
    }
  });

  test.each([
    ['nothing', ''],
    ['no scheme', payload],
    ['another case of the scheme', `CLIQUET:${payload}`],
    ['trailing text', `${encoded}A`],
    ['text in base64 with padding', `${encoded}==`],
    ['a second invite', encoded + encoded],
    ['space inside', `cliquet:${payload.slice(0, 9)} ${payload.slice(9)}`],
    ['more than 1,024 characters', `${'x'.repeat(1000)}${encoded}`],
    ['another version', raw(2, invite.relay)],
    ['a script as the relay', raw(1, 'javascript:alert(1)')],
    ['data as the relay', raw(1, 'data:text/html,x')],
    ['a file as the relay', raw(1, 'file:///etc/passwd')],
    ['no URL as the relay', raw(1, 'relay.example.org')],
    ['an empty relay', raw(1, '')],
    ['a relay of more than 256 characters', raw(1, `https://${'a'.repeat(260)}.org`)],
  ])('refuses %s', (_, input) => {
    expect(codeOf(() => decodeInvite(input))).toBe('invite-invalid');
  });

  test('encodeInvite() refuses keys of another length', () => {
    expect(codeOf(() => encodeInvite({ ...invite, pk: new Uint8Array(31) }))).toBe('malformed');
    expect(codeOf(() => encodeInvite({ ...invite, hrid: new Uint8Array(33) }))).toBe('malformed');
  });
});

describe('relayOrigin()', () => {
  test.each([
    ['https://relay.example.org/', 'https://relay.example.org'],
    ['HTTPS://Relay.Example.ORG:443', 'https://relay.example.org'],
    ['http://127.0.0.1:8787/x', 'http://127.0.0.1:8787'],
  ])('%s becomes %s', (input, origin) => {
    expect(relayOrigin(input)).toBe(origin);
  });

  test.each(['', 'relay', 'ftp://relay.example.org', 'javascript:1', 'https://', 'ws://relay.example.org'])(
    'refuses %j',
    (input) => {
      expect(codeOf(() => relayOrigin(input))).toBe('invite-invalid');
    },
  );
});
