// The edge's part in admitting a signed request: size, digest, and whether the caller may be registered at all. What
// is left (signature, budget) is its mailbox's part. The order matters: nothing answers a stranger's question about
// membership, so a caller whose signature does not verify is told the same as one whom nobody knows.

import type { Context } from 'hono';
import { type Bytes, sameBytes } from '../client/wire/bytes.ts';
import { parseContentDigest } from '../client/wire/signature.ts';
import { claimedCaller, type SignedRequest, signedRequest } from './auth.ts';
import { checkMediaType, readBody } from './body.ts';
import type { Env, MailboxCalls } from './env.ts';
import { Refusal, type Result, unwrap } from './errors.ts';
import { prefixOf } from './prefix.ts';
import type { Services } from './services.ts';

/** The types of the relay's Hono application. */
export interface App {
  Bindings: Env;
  Variables: {
    services: Services;
    /** The IP address that the request came from, '' if it is not known. */
    address: string;
  };
}

export interface Body {
  readonly mediaType: string;
  readonly maxBytes: number;
  /** Looks at it before anybody knows whether the caller is registered, so that its refusal does not tell. */
  check?(body: Bytes): void;
}

export interface Admission {
  /** Whom the request claims to come from. */
  readonly hrid: Bytes;
  readonly request: SignedRequest;
  readonly body: Bytes;
}

/** A request of somebody who may be registered. */
export interface Admitted extends Admission {
  readonly mailbox: MailboxCalls;
  /** What the mailbox has answered. @throws Refusal if it has refused */
  unwrap<T>(result: Result<T>): Promise<T>;
}

/**
 * Reads a signed request. What its header fields tell comes before its body is read.
 * @param expected  its body; null if it has none
 * @param check     looks at whom it claims to come from, before its body is read
 * @throws Refusal
 */
export async function readSigned(
  c: Context<App>,
  expected: Body | null,
  check: (hrid: Bytes) => void = () => undefined,
): Promise<Admission> {
  const { raw } = c.req;
  if (expected !== null) checkMediaType(raw, expected.mediaType);
  const hrid = claimedCaller(raw.headers);
  check(hrid);
  const { bodyTimeoutMs: timeoutMs } = c.var.services.settings;
  const body = await readBody(raw, { maxBytes: expected?.maxBytes ?? 0, timeoutMs });
  const request = signedRequest(raw, body.length > 0 ? await checkDigest(raw, body) : null);
  expected?.check?.(body);
  return { hrid, body, request };
}

/** Reads a signed request of a registered client, and finds its mailbox. @throws Refusal */
export async function admit(c: Context<App>, expected: Body | null): Promise<Admitted> {
  const { services } = c.var;
  const { strangers } = services;
  const prefix = prefixOf(c.var.address);
  return strangers.count(prefix, async () => {
    const admission = await readSigned(c, expected, (hrid) => strangers.check(prefix, hrid));
    const { hrid } = admission;
    const absent = await services.filter.isAbsent(hrid, () => services.allowStranger(`confirm ${prefix}`));
    if (absent) throw new Refusal('not-registered');
    return {
      ...admission,
      mailbox: await services.mailbox(hrid),
      unwrap: (result) =>
        strangers.count(prefix, () => {
          const code = 'problem' in result ? result.problem.code : null;
          if (code === 'bad-signature') throw new Refusal('not-registered');
          // Who has spent its budget has proved itself before, and is not noted again: it must not crowd others out.
          if (code !== 'not-registered' && code !== 'rate-limited') strangers.admit(prefix, hrid);
          return unwrap(result);
        }),
    };
  });
}

async function checkDigest(request: Request, body: Bytes): Promise<Bytes> {
  const claimed = parseContentDigest(request.headers.get('content-digest') ?? '');
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', body));
  if (!sameBytes(claimed, digest)) throw new Refusal('bad-signature', { detail: 'Content-Digest is of another body' });
  return digest;
}
