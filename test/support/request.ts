// A client of the relay for tests: it signs requests as the specification says, or on purpose otherwise, and keeps no
// state but its keys. It shares only the wire formats with the library under test elsewhere.

import { ed25519 } from '@noble/curves/ed25519.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { appendSignature, createSignature } from 'http-message-sig';
import * as v from 'valibot';
import { type Bytes, concatBytes, encodeBase64Url, encodeUtf8 } from '../../client/wire/bytes.ts';
import type { Struct } from '../../client/wire/codec.ts';
import {
  KeyPackageClaim,
  KeyPackageClaimResult,
  KeyPackageCount,
  KeyPackageUpload,
} from '../../client/wire/key-package.ts';
import { messageTtlSeconds } from '../../client/wire/limits.ts';
import { OutboxPage } from '../../client/wire/outbox.ts';
import { type Problem, ProblemSchema } from '../../client/wire/problem.ts';
import { Ack, QueuePage } from '../../client/wire/queue.ts';
import { RegistrationChallengeSchema, RegistrationSchema, TicketSchema } from '../../client/wire/registration.ts';
import { mediaTypes, routes, streamProtocol, ticketProtocolPrefix } from '../../client/wire/routes.ts';
import { Accepted, Send } from '../../client/wire/send.ts';
import {
  formatContentDigest,
  signatureAlgorithm,
  signatureLabel,
  signatureTag,
  signedComponents,
} from '../../client/wire/signature.ts';
import { TestStream } from './stream.ts';

export interface RequestOptions {
  readonly method: string;
  readonly path: string;
  readonly body?: Bytes | undefined;
  readonly mediaType?: string;
  /** What a wrong client might sign instead. */
  readonly created?: number;
  readonly hrid?: Bytes;
  readonly seed?: Bytes;
  readonly tag?: string;
  readonly origin?: string;
  readonly components?: readonly string[];
}

/** A signed request, ready to be sent, and to be changed before. */
export async function signRequest(client: Client, options: RequestOptions): Promise<Request> {
  const { method, path, body, mediaType = mediaTypes.cbor } = options;
  const headers = new Headers();
  if (body) {
    headers.set('content-type', mediaType);
    headers.set('content-digest', formatContentDigest(sha256(body) as Bytes));
  }
  const fields = [...headers].map(([name, value]) => ({ name, value }));
  const signature = await createSignature(
    { kind: 'request', method, targetUri: (options.origin ?? client.url) + path, fields },
    {
      label: signatureLabel,
      components: options.components ?? signedComponents(body !== undefined),
      parameters: {
        created: options.created ?? Math.floor(Date.now() / 1000),
        nonce: encodeBase64Url(randomBytes(16)),
        keyid: encodeBase64Url(options.hrid ?? client.hrid),
        alg: signatureAlgorithm,
        tag: options.tag ?? signatureTag,
      },
      signer: {
        algorithm: signatureAlgorithm,
        sign: (data) => ed25519.sign(data, options.seed ?? client.seed),
      },
    },
  );
  return new Request(client.url + path, {
    method,
    headers: appendSignature(headers, signature),
    ...(body ? { body } : {}),
  });
}

export function randomBytes(length: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(length));
}

/** The problem document of a refused request. @throws if it is none */
export async function readProblem(response: Response): Promise<Problem> {
  if (response.headers.get('content-type') !== mediaTypes.problem) throw new Error(`no problem but ${response.status}`);
  return v.parse(ProblemSchema, await response.json());
}

/** Everything of the answer to a request for a code that does not have to differ from one to another. */
export async function challengeShape(response: Response): Promise<Record<string, unknown>> {
  const text = await response.text();
  const document = JSON.parse(text) as { challenge: string; expires: number; hrids: string[] };
  return {
    status: response.status,
    headers: [...response.headers].filter(([name]) => name !== 'date'),
    length: text.length,
    fields: Object.entries(document).map(([name, value]) => [name, typeof value, JSON.stringify(value).length]),
    isLate: Math.abs(document.expires - Date.now() / 1000 - 600) < 5,
  };
}

/** Where a client registers, and who reads its mail. */
export interface Relay {
  readonly url: string;
  inbox(address: string): Promise<string>;
  /** How requests get there, if not over the network. */
  readonly fetch?: (request: Request) => Promise<Response>;
}

/** The relay as clients meet it whose requests come from this address; a development relay believes the header. */
export function fromNetwork(relay: Relay, address: string): Relay {
  return {
    url: relay.url,
    inbox: (uid) => relay.inbox(uid),
    fetch: (request) => {
      request.headers.set('cf-connecting-ip', address);
      return fetch(request);
    },
  };
}

export class Client {
  readonly url: string;
  readonly seed: Bytes = randomBytes(32);
  readonly pk: Bytes;
  readonly hashVid: Bytes = randomBytes(32);
  readonly uid: string;
  readonly hrid: Bytes;
  /** The number of its next send. */
  next = 1;
  readonly #fetch: (request: Request) => Promise<Response>;

  /** @param uid  its address; a new one unless it is given */
  constructor(relay: Pick<Relay, 'url' | 'fetch'>, uid: string = randomAddress()) {
    this.url = relay.url;
    this.uid = uid;
    this.#fetch = relay.fetch ?? fetch;
    this.pk = ed25519.getPublicKey(this.seed) as Bytes;
    this.hrid = sha256(concatBytes(sha256(encodeUtf8(uid)), sha256(this.pk), this.hashVid)) as Bytes;
  }

  /** A registered client, through challenge and answer. */
  static async register(relay: Relay, uid?: string): Promise<Client> {
    const client = new Client(relay, uid);
    const { challenge } = await client.challenge();
    const response = await client.answer(challenge, await relay.inbox(client.uid));
    v.parse(RegistrationSchema, await response.json());
    return client;
  }

  get vault(): { pk: string; hashVid: string } {
    return { pk: encodeBase64Url(this.pk), hashVid: encodeBase64Url(this.hashVid) };
  }

  async fetch(options: RequestOptions): Promise<Response> {
    return this.#fetch(await signRequest(this, options));
  }

  async challenge(vaults = [this.vault]): Promise<v.InferOutput<typeof RegistrationChallengeSchema>> {
    return v.parse(RegistrationChallengeSchema, await (await this.requestChallenge(vaults)).json());
  }

  requestChallenge(vaults = [this.vault]): Promise<Response> {
    return this.#fetch(jsonRequest(this.url + routes.registrations, { uid: this.uid, vaults }));
  }

  answer(challenge: string, answer: string): Promise<Response> {
    return this.json('PUT', routes.registrations, { challenge, answer });
  }

  async json(method: string, path: string, document: unknown): Promise<Response> {
    return this.fetch({ method, path, body: encodeUtf8(JSON.stringify(document)), mediaType: mediaTypes.json });
  }

  cbor<T>(method: string, path: string, type: Struct<T>, value: T): Promise<Response> {
    return this.fetch({ method, path, body: type.encode(value) });
  }

  /** A send under the next number; the number advances once it is accepted. */
  async send(to: readonly Client[], body: Bytes, overrides: Partial<Send> = {}): Promise<Accepted> {
    const response = await this.cbor('POST', routes.messages, Send, this.message(to, body, overrides));
    const accepted = await decode(response, Accepted);
    this.next = accepted.n + 1;
    return accepted;
  }

  message(to: readonly Client[], body: Bytes, overrides: Partial<Send> = {}): Send {
    const recipients = to.map(({ hrid }, i) => ({ hrid, header: Uint8Array.of(i) }));
    return { n: this.next, to: recipients, body, ttlSeconds: messageTtlSeconds, ...overrides };
  }

  async queue(query = ''): Promise<QueuePage> {
    return decode(await this.fetch({ method: 'GET', path: routes.queue + query }), QueuePage);
  }

  async outbox(after = 0): Promise<OutboxPage> {
    return decode(await this.fetch({ method: 'GET', path: `${routes.outbox}?after=${after}` }), OutboxPage);
  }

  acknowledge(ack: Ack): Promise<Response> {
    return this.cbor('POST', routes.queueAcks, Ack, ack);
  }

  async upload(upload: KeyPackageUpload): Promise<KeyPackageCount> {
    return decode(await this.cbor('PUT', routes.keyPackages, KeyPackageUpload, upload), KeyPackageCount);
  }

  async claim(of: readonly Client[], id: Bytes = randomBytes(16)): Promise<KeyPackageClaimResult['results']> {
    const claim = { id, hrids: of.map(({ hrid }) => hrid) };
    const response = await this.cbor('POST', routes.keyPackageClaims, KeyPackageClaim, claim);
    return (await decode(response, KeyPackageClaimResult)).results;
  }

  deregister(epoch: Bytes): Promise<Response> {
    return this.json('DELETE', routes.registrations, { epoch: encodeBase64Url(epoch) });
  }

  async ticket(): Promise<string> {
    const response = await this.fetch({ method: 'POST', path: routes.tickets });
    return v.parse(TicketSchema, await response.json()).ticket;
  }

  /** A stream opened with a ticket, a new one unless it is given. */
  async stream(ticket?: string): Promise<TestStream> {
    const protocols = [streamProtocol, ticketProtocolPrefix + (ticket ?? (await this.ticket()))];
    return new TestStream(new WebSocket(this.url.replace('http', 'ws') + routes.stream, protocols));
  }
}

/** An unsigned POST. */
export function jsonRequest(url: string, document: unknown): Request {
  const headers = { 'content-type': mediaTypes.json };
  return new Request(url, { method: 'POST', headers, body: JSON.stringify(document) });
}

function randomAddress(): string {
  return `${Array.from(randomBytes(8), (byte) => byte.toString(16)).join('')}@example.org`;
}

async function decode<T>(response: Response, type: Struct<T>): Promise<T> {
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return type.decode(new Uint8Array(await response.arrayBuffer()));
}
