// A signature (RFC 9421) made by hand from section 6 of docs/PROTOCOL.md alone, so that each part of it can be altered,
// left out or doubled.

import { ed25519 } from '@noble/curves/ed25519.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { type Bytes, encodeBase64, encodeBase64Url, encodeUtf8 } from '../../client/wire/bytes.ts';
import { KeyPackageClaim, KeyPackageUpload } from '../../client/wire/key-package.ts';
import { Ack } from '../../client/wire/queue.ts';
import { Refusals } from '../../client/wire/refusals.ts';
import { mediaTypes, routes } from '../../client/wire/routes.ts';
import { Send } from '../../client/wire/send.ts';
import { randomBytes } from '../support/request.ts';
import type { Bench, Member } from './bench.ts';

export interface Asked {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly body?: Bytes | undefined;
  readonly mediaType?: string;
}

/** What is signed, and how it is named, if it is not as it should be. */
export interface Altered {
  readonly method?: string;
  readonly authority?: string;
  /** With its query. */
  readonly path?: string;
  readonly components?: readonly string[];
  /** Undefined leaves a parameter out. */
  readonly parameters?: Readonly<Record<string, string | number | undefined>>;
  readonly label?: string;
  readonly seed?: Bytes;
  /** The Content-Digest that is sent and signed; null for none. */
  readonly digest?: string | null;
}

export function digestOf(body: Bytes): string {
  return `sha-256=:${encodeBase64(sha256(body))}:`;
}

export function signByHand(bench: Bench, member: Member, asked: Asked, altered: Altered = {}): Request {
  const { method, path, body, mediaType = mediaTypes.cbor } = asked;
  const digest = altered.digest === undefined ? body && digestOf(body) : (altered.digest ?? undefined);
  const [signedPath = '', query = ''] = (altered.path ?? path).split('?');
  const values: Readonly<Record<string, string | undefined>> = {
    '@method': altered.method ?? method,
    '@authority': altered.authority ?? new URL(bench.url).host,
    '@path': signedPath,
    '@query': `?${query}`,
    'content-digest': digest,
  };
  const covered = altered.components ?? Object.keys(values).filter((name) => values[name] !== undefined);
  const parameters = {
    created: bench.now(),
    nonce: encodeBase64Url(randomBytes(16)),
    keyid: encodeBase64Url(member.hrid),
    alg: 'ed25519',
    tag: 'cliquet',
    ...altered.parameters,
  };
  const written = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : `;${name}=${typeof value === 'number' ? value : `"${value}"`}`,
  );
  const input = `(${covered.map((name) => `"${name}"`).join(' ')})${written.join('')}`;
  const base = [...covered.map((name) => `"${name}": ${values[name]}`), `"@signature-params": ${input}`].join('\n');
  const signature = encodeBase64(ed25519.sign(encodeUtf8(base), altered.seed ?? member.seed));
  const label = altered.label ?? 'cliquet';
  const headers = new Headers({ 'signature-input': `${label}=${input}`, signature: `${label}=:${signature}:` });
  if (body) headers.set('content-type', mediaType);
  if (digest !== undefined) headers.set('content-digest', digest);
  return new Request(bench.url + path, { method, headers, ...(body ? { body } : {}) });
}

export const sendOf = (sender: Member, to: Member): Asked => ({
  method: 'POST',
  path: routes.messages,
  body: Send.encode(sender.message([to], encodeUtf8('x'))),
});

/** One request of each route, none of which does any harm. */
export function everyRequest(member: Member, epoch: Bytes = new Uint8Array(16)): Asked[] {
  return [
    sendOf(member, member),
    { method: 'GET', path: routes.queue },
    { method: 'GET', path: `${routes.queue}?epoch=${encodeBase64Url(epoch)}&after=0` },
    { method: 'POST', path: routes.queueAcks, body: Ack.encode({ epoch, seq: 0 }) },
    { method: 'GET', path: routes.outbox },
    { method: 'PUT', path: routes.refusals, body: Refusals.encode({ senders: [] }) },
    {
      method: 'PUT',
      path: routes.keyPackages,
      body: KeyPackageUpload.encode({ replace: true, oneTime: [], lastResort: null }),
    },
    {
      method: 'POST',
      path: routes.keyPackageClaims,
      body: KeyPackageClaim.encode({ id: randomBytes(16), hrids: [member.hrid] }),
    },
    { method: 'POST', path: routes.tickets },
    {
      method: 'DELETE',
      path: routes.registrations,
      body: encodeUtf8(JSON.stringify({ epoch: encodeBase64Url(epoch) })),
      mediaType: mediaTypes.json,
    },
  ];
}
