// While a new version spreads, callers and objects of two versions meet. Calls are here as main at commit 7db1bb8 makes them;
// and as a later version might, with fields and arguments that nobody here knows.

import { env } from 'cloudflare:workers';
import { sha256 } from '@noble/hashes/sha2.js';
import { describe, expect, test } from 'vitest';
import type { Bytes } from '../../client/wire/bytes.ts';
import type { Struct } from '../../client/wire/codec.ts';
import { KeyPackageClaim, KeyPackageUpload } from '../../client/wire/key-package.ts';
import { Ack } from '../../client/wire/queue.ts';
import { Refusals } from '../../client/wire/refusals.ts';
import { Send } from '../../client/wire/send.ts';
import { signedRequest } from '../../worker/auth.ts';
import { inside } from '../support/inside.ts';
import { Client, randomBytes, signRequest } from '../support/request.ts';

type Change = (values: unknown[]) => unknown[];

/** What a stub is asked, whatever its types say. */
async function call(stub: object, method: string, ...values: unknown[]): Promise<unknown> {
  const answer = await (stub as Record<string, (...all: unknown[]) => Promise<unknown>>)[method]?.(...values);
  // The values of an answer; stubs and the like are of the platform.
  return structuredClone(answer);
}

/** With a field more in each object, and an argument more in the call. */
function later(values: unknown[]): unknown[] {
  return [...values.map(withMore), { later: true }];
}

function withMore(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withMore);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  const fields = Object.entries(value).map(([name, field]) => [name, withMore(field)]);
  return { ...Object.fromEntries(fields), later: 'x' };
}

/** Two callers' worth of calls to fresh objects, and what is answered to each. */
async function story(change: Change): Promise<unknown[]> {
  const answers: unknown[] = [];
  const ask = async (stub: object, method: string, ...values: unknown[]) => {
    const answer = await call(stub, method, ...change(values));
    answers.push(method, answer);
    return answer;
  };
  const client = new Client(inside);
  const sender = randomBytes(32);
  const [mailbox, other] = [env.MAILBOX.getByName(`rpc ${client.uid}`), env.MAILBOX.getByName(`rpc 2 ${client.uid}`)];
  const signed = async <T>(method: string, type?: Struct<T>, value?: T) => {
    const body = type === undefined || value === undefined ? undefined : type.encode(value);
    const request = await signRequest(client, { method, path: '/v1/x', body });
    return [signedRequest(request, body ? (sha256(body) as Bytes) : null), ...(body ? [body] : [])];
  };

  const { epoch } = (await ask(mailbox, 'register', client.hrid, client.pk)) as { epoch: Bytes };
  const items = [
    { n: 1, gap: null, expires: 2 ** 33, header: Uint8Array.of(1), body: Uint8Array.of(2) },
    { n: 3, gap: { fromN: 2, reason: 'expired' }, expires: 0, header: new Uint8Array(), body: new Uint8Array() },
  ];
  await ask(mailbox, 'deliver', { sender, senderEpoch: new Uint8Array(16), recipientEpoch: null, items });
  await ask(mailbox, 'read', ...(await signed('GET')), null);
  await ask(mailbox, 'read', ...(await signed('GET')), { epoch, after: 1 });
  await ask(mailbox, 'acknowledge', ...(await signed('POST', Ack, { epoch, seq: 1 })));
  const send = client.message([], Uint8Array.of(3), { to: [{ hrid: sender, header: Uint8Array.of(4) }] });
  await ask(mailbox, 'send', ...(await signed('POST', Send, send)));
  await ask(mailbox, 'outbox', ...(await signed('GET')), 0);
  const pkg = { signed: Uint8Array.of(5), kem: new Uint8Array(1216) };
  const upload = { replace: true, oneTime: [pkg], lastResort: pkg };
  await ask(mailbox, 'uploadPackages', ...(await signed('PUT', KeyPackageUpload, upload)));
  await ask(mailbox, 'claim', sender, new Uint8Array(16));
  const claim = { id: new Uint8Array(16), hrids: [sender] };
  await ask(mailbox, 'claimPackages', ...(await signed('POST', KeyPackageClaim, claim)));
  await ask(mailbox, 'refuse', ...(await signed('PUT', Refusals, { senders: [sender] })));
  await ask(mailbox, 'ticket', ...(await signed('POST')));
  await ask(mailbox, 'acked', sender, epoch, 0);
  await ask(mailbox, 'gone', sender, new Uint8Array(16));
  await ask(mailbox, 'deregister', ...(await signed('DELETE')), epoch);
  await ask(other, 'claim', sender, new Uint8Array(16));

  const registrar = env.REGISTRAR.getByName(`rpc ${client.uid}`);
  const address = { kind: 'email', uid: client.uid };
  const vaults = [{ hrid: client.hrid, pk: client.pk }];
  const { value } = (await ask(registrar, 'begin', address, vaults, Uint8Array.of(1))) as { value: { id: Bytes } };
  const [answered] = await signed('PUT', Ack, { epoch, seq: 0 });
  await ask(registrar, 'answer', value.id, client.hrid, await inside.inbox(client.uid), answered);

  const shard = env.SHARD.getByName(`rpc ${client.uid}`);
  await ask(shard, 'has', { upper: 1, lower: 2 });
  await ask(shard, 'add', 7, { upper: 1, lower: 2 }, 1);
  await ask(shard, 'has', { upper: 1, lower: 2 });
  return answers;
}

/** What is random, or the time, is only of the same kind. */
function shapeOf(value: unknown): unknown {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value === 'number' && value > 1_000_000) return 'a time';
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, shapeOf(field)]));
}

describe('calls between objects', () => {
  test('of an older caller are answered', async () => {
    const answers = await story((values) => values);
    expect(JSON.stringify(shapeOf(answers))).not.toContain('problem');
    expect(answers).toContainEqual({ status: 'stored', epoch: expect.any(Uint8Array), upTo: 3, acked: 0 });
    expect(answers).toContainEqual({ value: { n: 1, refused: [{ index: 0, code: 'unregistered' }] } });
    expect(answers.slice(-6)).toEqual(['has', false, 'add', undefined, 'has', true]);
  });

  test('of a later caller are answered alike: what nobody here knows is passed over', async () => {
    const [older, newer] = [await story((values) => values), await story(later)];
    expect(shapeOf(newer)).toEqual(shapeOf(older));
  });

  test('of the first caller of a shard, who knew no generations, are answered', async () => {
    const shard = env.SHARD.getByName('rpc first');
    await call(shard, 'add', 7, { upper: 3, lower: 4 });
    expect(await call(shard, 'has', { upper: 3, lower: 4 })).toBe(true);
  });
});
