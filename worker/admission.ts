// The edge's part in admitting a signed request: size, digest, and whether the caller may be registered at all. What
// is left (signature, budget) is its mailbox's part. The order matters: nothing answers a stranger's question about
// membership.

import type { Context } from 'hono';
import { type Bytes, sameBytes } from '../client/wire/bytes.ts';
import { parseContentDigest } from '../client/wire/signature.ts';
import { claimedCaller, type SignedRequest, signedRequest } from './auth.ts';
import { checkMediaType, readBody } from './body.ts';
import type { Env, MailboxCalls } from './env.ts';
import { Refusal } from './errors.ts';
import { requestPrefix } from './prefix.ts';
import type { Services } from './services.ts';

/** The types of the relay's Hono application. */
export interface App {
  Bindings: Env;
  Variables: { services: Services };
}

export interface Body {
  readonly mediaType: string;
  readonly maxBytes: number;
}

export interface Admission {
  /** Whom the request claims to come from. */
  readonly hrid: Bytes;
  readonly request: SignedRequest;
  readonly body: Bytes;
}

/**
 * Reads a signed request.
 * @param expected  its body; null if it has none
 * @throws Refusal
 */
export async function readSigned(c: Context<App>, expected: Body | null): Promise<Admission> {
  const { raw } = c.req;
  if (expected !== null) checkMediaType(raw, expected.mediaType);
  const body = await readBody(raw, expected?.maxBytes ?? 0);
  const hrid = claimedCaller(raw.headers);
  return { hrid, body, request: signedRequest(raw, body.length > 0 ? await checkDigest(raw, body) : null) };
}

/** Reads a signed request of a registered client, and finds its mailbox. @throws Refusal */
export async function admit(
  c: Context<App>,
  expected: Body | null,
): Promise<Admission & { mailbox: DurableObjectStub<MailboxCalls> }> {
  const { services } = c.var;
  const admission = await readSigned(c, expected);
  const absent = await services.filter.isAbsent(admission.hrid, () =>
    services.allowStranger(`confirm ${requestPrefix(c.req.raw)}`),
  );
  if (absent) throw new Refusal('not-registered');
  return { ...admission, mailbox: await services.mailbox(admission.hrid) };
}

async function checkDigest(request: Request, body: Bytes): Promise<Bytes> {
  const claimed = parseContentDigest(request.headers.get('content-digest') ?? '');
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', body));
  if (!sameBytes(claimed, digest)) throw new Refusal('bad-signature', { detail: 'Content-Digest is of another body' });
  return digest;
}
