// The relay over HTTP: fetch, signed requests (RFC 9421), and one correction of the clock.

import { sha256 } from '@noble/hashes/sha2.js';
import * as v from 'valibot';
import { type Bytes, concatBytes, encodeBase64Url } from '../wire/bytes.ts';
import type { Struct } from '../wire/codec.ts';
import { CliquetError } from '../wire/errors.ts';
import { InfoSchema } from '../wire/info.ts';
import { relayOrigin } from '../wire/invite.ts';
import { parseJson } from '../wire/json.ts';
import { KeyPackageClaim, KeyPackageClaimResult, KeyPackageCount, KeyPackageUpload } from '../wire/key-package.ts';
import { OutboxPage } from '../wire/outbox.ts';
import { ProblemSchema } from '../wire/problem.ts';
import { Ack, QueuePage } from '../wire/queue.ts';
import { RegistrationChallengeSchema, RegistrationSchema, TicketSchema } from '../wire/registration.ts';
import { mediaTypes, routes } from '../wire/routes.ts';
import { Accepted, Send } from '../wire/send.ts';
import { formatContentDigest } from '../wire/signature.ts';
import { RelayProblem } from './problem.ts';
import type { Credentials, Relay } from './relay.ts';
import { signRequest } from './request-signature.ts';

/** Longer than any answer takes; a request that hangs is tried again by the caller. */
const requestTimeoutMs = 30_000;
/** Twice the largest answer, a full page of the queue. */
const maxAnswerBytes = 2 * 1024 * 1024;

export interface HttpOptions {
  /** The platform's fetch if not said. */
  readonly fetch?: typeof fetch;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly body?: Bytes;
  readonly mediaType?: string;
  readonly as?: Credentials;
}

/** @param url the relay's address; only its origin counts */
export function httpRelay(url: string, options: HttpOptions = {}): Relay {
  const origin = relayOrigin(url);
  const { fetch: send = fetch, now = Date.now } = options;
  let clockOffsetSeconds = 0;

  async function exchange(request: Request): Promise<Bytes> {
    try {
      return await attempt(request);
    } catch (error) {
      // The relay names its time: one correction, then the error is the caller's.
      if (!(error instanceof RelayProblem) || error.code !== 'stale-signature' || error.time === undefined) throw error;
      clockOffsetSeconds = error.time - Math.floor(now() / 1000);
      return attempt(request);
    }
  }

  async function attempt({ method, path, body, mediaType = mediaTypes.cbor, as }: Request): Promise<Bytes> {
    const unsigned = new Headers(body && { 'content-type': mediaType });
    const created = Math.floor(now() / 1000) + clockOffsetSeconds;
    const headers = as ? await sign(unsigned, method, origin + path, body, as, created) : unsigned;
    let response: Response;
    let answer: Bytes;
    try {
      response = await send(origin + path, {
        method,
        headers,
        ...(body && { body }),
        // Refused below: Workers have no `error` here.
        redirect: 'manual',
        signal: AbortSignal.timeout(requestTimeoutMs),
      });
      answer = await readAnswer(response);
      if (isRedirect(response)) throw new CliquetError('unreachable');
    } catch (error) {
      if (error instanceof CliquetError) throw error;
      throw new CliquetError('unreachable', undefined, { cause: error });
    }
    if (response.ok) return answer;
    throw readProblem(answer, response.headers.get('content-type'));
  }

  async function json<S extends v.GenericSchema>(schema: S, request: Request): Promise<v.InferOutput<S>> {
    const answer = await exchange({ mediaType: mediaTypes.json, ...request });
    return sensible(() => parseJson(schema, new TextDecoder().decode(answer)));
  }

  async function cbor<T>(struct: Struct<T>, request: Request): Promise<T> {
    const answer = await exchange(request);
    return sensible(() => struct.decode(answer));
  }

  return {
    url: origin,
    info: () => json(InfoSchema, { method: 'GET', path: routes.info }),
    requestRegistration: (uid, vaults, language) =>
      json(RegistrationChallengeSchema, {
        method: 'POST',
        path: routes.registrations,
        body: encodeJson({
          uid,
          vaults: vaults.map(({ pk, hashVid }) => ({ pk: encodeBase64Url(pk), hashVid: encodeBase64Url(hashVid) })),
          language,
        }),
      }),
    answerRegistration: (as, challenge, answer) =>
      json(RegistrationSchema, {
        method: 'PUT',
        path: routes.registrations,
        body: encodeJson({ challenge, answer }),
        as,
      }),
    deregister: async (as, epoch) => {
      const body = encodeJson({ epoch: encodeBase64Url(epoch) });
      await exchange({ method: 'DELETE', path: routes.registrations, body, mediaType: mediaTypes.json, as });
    },
    uploadKeyPackages: (as, upload) =>
      cbor(KeyPackageCount, { method: 'PUT', path: routes.keyPackages, body: KeyPackageUpload.encode(upload), as }),
    claimKeyPackages: (as, claim) =>
      cbor(KeyPackageClaimResult, {
        method: 'POST',
        path: routes.keyPackageClaims,
        body: KeyPackageClaim.encode(claim),
        as,
      }),
    send: (as, message) => cbor(Accepted, { method: 'POST', path: routes.messages, body: Send.encode(message), as }),
    readQueue: (as, cursor) => {
      const query = cursor === null ? '' : `?epoch=${encodeBase64Url(cursor.epoch)}&after=${cursor.seq}`;
      return cbor(QueuePage, { method: 'GET', path: routes.queue + query, as });
    },
    acknowledge: async (as, ack) => {
      await exchange({ method: 'POST', path: routes.queueAcks, body: Ack.encode(ack), as });
    },
    readOutbox: (as, after) => cbor(OutboxPage, { method: 'GET', path: `${routes.outbox}?after=${after}`, as }),
    createTicket: async (as) => (await json(TicketSchema, { method: 'POST', path: routes.tickets, as })).ticket,
  };
}

/** Pages do not see where to; others do. */
const isRedirect = ({ type, status }: Response) => type === 'opaqueredirect' || (status >= 300 && status < 400);

/** @throws CliquetError `relay-misbehaved` if it does not end */
async function readAnswer(response: Response): Promise<Bytes> {
  const reader = response.body?.getReader();
  const parts: Uint8Array[] = [];
  for (let length = 0; ; ) {
    const part = await reader?.read();
    if (part?.value === undefined) return concatBytes(...parts);
    parts.push(part.value);
    length += part.value.length;
    if (length <= maxAnswerBytes) continue;
    await reader?.cancel();
    throw new CliquetError('relay-misbehaved');
  }
}

async function sign(
  headers: Headers,
  method: string,
  targetUri: string,
  body: Bytes | undefined,
  as: Credentials,
  created: number,
): Promise<Headers> {
  // Not by WebCrypto, which a page of plain HTTP does not have.
  if (body) headers.set('content-digest', formatContentDigest(sha256(body) as Bytes));
  const fields = await signRequest(
    { method, url: targetUri, contentDigest: headers.get('content-digest') },
    {
      created,
      nonce: encodeBase64Url(crypto.getRandomValues(new Uint8Array(16))),
      keyId: encodeBase64Url(as.hrid),
    },
    as.sign,
  );
  for (const [name, value] of Object.entries(fields)) headers.set(name, value);
  return headers;
}

function encodeJson(value: unknown): Bytes {
  return new TextEncoder().encode(JSON.stringify(value));
}

function sensible<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new CliquetError('relay-misbehaved', undefined, { cause: error });
  }
}

function readProblem(answer: Bytes, contentType: string | null): CliquetError {
  if (contentType?.startsWith(mediaTypes.problem)) {
    const problem = v.safeParse(v.pipe(v.string(), v.parseJson(), ProblemSchema), new TextDecoder().decode(answer));
    if (problem.success) return new RelayProblem(problem.output);
  }
  return new CliquetError('relay-misbehaved');
}
