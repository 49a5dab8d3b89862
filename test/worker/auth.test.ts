import { ed25519 } from '@noble/curves/ed25519.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { describe, expect, test } from 'vitest';
import type { Bytes } from '../../client/wire/bytes.ts';
import { claimedCaller, importPublicKey, signedRequest, verifyRequest } from '../../worker/auth.ts';
import { isPublicKey } from '../../worker/public-key.ts';
import { Client, type RequestOptions, randomBytes, signRequest } from '../support/request.ts';

const client = new Client({ url: 'https://relay.test' });
const now = 1_800_000_000_000;
const created = now / 1000;
const body = Uint8Array.of(1, 2, 3);
const post: RequestOptions = { method: 'POST', path: '/v1/messages', body, created };

async function verify(request: Request, digest: Bytes | null, at = now) {
  return verifyRequest(signedRequest(request, digest), client.hrid, await importPublicKey(client.pk), at);
}

describe('verifyRequest()', () => {
  test('returns when the request was signed', async () => {
    expect(await verify(await signRequest(client, post), sha256(body) as Bytes)).toBe(created);
    expect(await verify(await signRequest(client, { method: 'GET', path: '/v1/queue?after=1', created }), null)).toBe(
      created,
    );
  });

  test.each([-60, 60])('accepts a clock that differs by %d s', async (seconds) => {
    const request = await signRequest(client, { ...post, created: created + seconds });
    expect(await verify(request, sha256(body) as Bytes)).toBe(created + seconds);
  });

  test.each([-61, 61])('refuses one that differs by %d s, with the relay’s time', async (seconds) => {
    const request = await signRequest(client, { ...post, created: created + seconds });
    await expect(verify(request, sha256(body) as Bytes)).rejects.toMatchObject({
      problem: { code: 'stale-signature', time: created },
    });
  });

  test.each<[string, Partial<RequestOptions>]>([
    ['another key', { seed: randomBytes(32) }],
    ['another key id', { hrid: randomBytes(32) }],
    ['another tag', { tag: 'other' }],
    ['another relay', { origin: 'https://other.test' }],
    ['no digest', { components: ['@method', '@authority', '@path', '@query'] }],
    ['no method', { components: ['@authority', '@path', '@query', 'content-digest'] }],
    ['no path', { components: ['@method', '@authority', '@query', 'content-digest'] }],
    ['no query', { components: ['@method', '@authority', '@path', 'content-digest'] }],
    ['no authority', { components: ['@method', '@path', '@query', 'content-digest'] }],
  ])('refuses a signature with %s', async (_, wrong) => {
    const request = await signRequest(client, { ...post, ...wrong });
    await expect(verify(request, sha256(body) as Bytes)).rejects.toMatchObject({ problem: { code: 'bad-signature' } });
  });

  test.each<[string, (request: Request) => Request]>([
    ['method', (request) => new Request(request.url, { method: 'PUT', headers: request.headers })],
    [
      'path',
      (request) => new Request('https://relay.test/v1/queue/acks', { method: 'POST', headers: request.headers }),
    ],
    ['query', (request) => new Request(`${request.url}?a=1`, { method: 'POST', headers: request.headers })],
    [
      'signature',
      (request) => {
        request.headers.set('signature', 'cliquet=:AAAA:');
        return request;
      },
    ],
    [
      'signature input',
      (request) => {
        request.headers.set('signature-input', 'cliquet=(');
        return request;
      },
    ],
    [
      'missing signature',
      (request) => {
        request.headers.delete('signature');
        return request;
      },
    ],
  ])('refuses a request whose %s was changed', async (_, change) => {
    const request = change(await signRequest(client, post));
    await expect(verify(request, sha256(body) as Bytes)).rejects.toMatchObject({ problem: { code: 'bad-signature' } });
  });

  test('refuses a body without a digest that is signed', async () => {
    const request = await signRequest(client, { method: 'POST', path: '/v1/messages', created });
    await expect(verify(request, sha256(body) as Bytes)).rejects.toMatchObject({ problem: { code: 'bad-signature' } });
  });
});

describe('claimedCaller()', () => {
  test('reads one key id, and refuses none, two, or one that is no HRID', async () => {
    const { headers } = await signRequest(client, post);
    expect(claimedCaller(headers)).toEqual(client.hrid);
    const input = headers.get('signature-input') ?? '';
    for (const wrong of ['', `${input}, b=${input.slice(8)}`, input.replace(/keyid="..../, 'keyid="')]) {
      expect(() => claimedCaller(new Headers(wrong ? { 'signature-input': wrong } : {}))).toThrow('bad-signature');
    }
  });
});

describe('isPublicKey()', () => {
  test('accepts what belongs to a seed', () => {
    expect(isPublicKey(client.pk)).toBe(true);
  });

  test('refuses small order, torsion, what is not canonical, off the curve or of another length', () => {
    const point = (y: bigint) => {
      const bytes = new Uint8Array(32);
      for (let i = 0, rest = y; i < 32; i++, rest >>= 8n) bytes[i] = Number(rest & 255n);
      return bytes;
    };
    const p = 2n ** 255n - 19n;
    const torsion = ed25519.Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa');
    const mixed = ed25519.Point.fromBytes(client.pk).add(torsion).toBytes() as Bytes;
    for (const wrong of [
      ...[0n, 1n, p - 1n, p, p + 1n, 2n].map(point),
      torsion.toBytes() as Bytes,
      mixed,
      new Uint8Array(32).fill(255),
      client.pk.slice(1),
      new Uint8Array(33),
    ]) {
      expect(isPublicKey(wrong)).toBe(false);
    }
  });
});
