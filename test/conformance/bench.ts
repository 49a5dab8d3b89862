// What a case works with: a relay of which only the address is known. Everything is asked as a deployment's clients
// would ask it: who is told to wait waits, and what takes its time is asked for again.

import assert from 'node:assert/strict';
import { decodeUtf8 } from '../../client/wire/bytes.ts';
import { type ErrorCode, errorCodes } from '../../client/wire/errors.ts';
import type { OutboxPage } from '../../client/wire/outbox.ts';
import type { Problem } from '../../client/wire/problem.ts';
import type { QueuePage } from '../../client/wire/queue.ts';
import { mediaTypes, streamProtocol, ticketProtocolPrefix } from '../../client/wire/routes.ts';
import { Client, type RequestOptions, randomBytes } from '../support/request.ts';
import { Connection } from './connection.ts';

export interface Case {
  readonly title: string;
  /** The sentence of docs/PROTOCOL.md that it checks, or a clause of it, word by word; several for a longer story. */
  readonly cites: string | readonly string[];
  run(bench: Bench): Promise<void>;
}

/** The relay that is tested, and how its codes are read. */
export interface Target {
  readonly url: string;
  /** Under which addresses are made up. */
  readonly domain: string;
  /** The newest code that was sent to an address, if there is one yet. */
  code(address: string): Promise<string | undefined>;
  /** How far its clock is ahead of this one, in seconds. */
  readonly ahead: number;
}

/** A case may take so long, beside the waiting that it is told to do. */
const caseMs = 60_000;
/** What goes on by itself has happened by then. */
const eventMs = 20_000;
/** A code that is sent for real. */
const codeMs = 60_000;
/** A relay that asks for more than this is not waited for. */
const maxRetrySeconds = 150;
const firstPauseMs = 10;
const maxPauseMs = 500;

type Nothing = undefined | null | false;

/** So many of something, as a tuple. */
interface Several<T> {
  1: [T];
  2: [T, T];
  3: [T, T, T];
  4: [T, T, T, T];
  5: [T, T, T, T, T];
}

export class Bench {
  readonly url: string;
  readonly domain: string;
  readonly #target: Target;
  readonly #connections: Connection[] = [];
  /** The last code that was read for an address. */
  readonly #codes = new Map<string, string>();
  /** Milliseconds that were waited because the relay has said so. */
  #waited = 0;
  #isOver = false;

  constructor(target: Target) {
    this.url = target.url;
    this.domain = target.domain;
    this.#target = target;
  }

  /** The relay's time, in seconds since 1970. */
  now(): number {
    return Math.floor(Date.now() / 1000 + this.#target.ahead);
  }

  /** An address that nobody has. */
  address(): string {
    return `${Array.from(randomBytes(8), (byte) => byte.toString(16).padStart(2, '0')).join('')}@${this.domain}`;
  }

  /** Somebody who is not registered. */
  stranger(uid = this.address()): Member {
    return new Member(this, uid);
  }

  /** That many registered clients, all of one address, which does not matter any more then. */
  async register<N extends 1 | 2 | 3 | 4 | 5>(count: N): Promise<Several<Member>[N]> {
    const uid = this.address();
    const members = Array.from({ length: count }, () => this.stranger(uid));
    const { challenge } = await (members[0] as Member).begin(members);
    const code = await this.code(uid);
    await Promise.all(members.map(async (member) => answered(await member.answer(challenge, code), 200)));
    return members as Several<Member>[N];
  }

  /** The code that was sent to an address since this was asked last. */
  async code(address: string): Promise<string> {
    const began = Date.now();
    const code = await this.eventually(
      'a code',
      async () => {
        const found = await this.#target.code(address);
        return found !== this.#codes.get(address) && found;
      },
      codeMs,
    );
    this.#codes.set(address, code);
    this.#waited += Date.now() - began;
    return code;
  }

  /** Asks, and asks again when it is told to wait. */
  async ask(request: () => Promise<Response>): Promise<Response> {
    for (;;) {
      assert.ok(!this.#isOver, 'the case is over');
      const response = await request();
      if (response.status !== 429) return response;
      const { code, retryAfter } = (await response.clone().json()) as Problem;
      if (code !== 'rate-limited' && code !== 'challenge-too-soon') return response;
      const header = Number(response.headers.get('retry-after'));
      assert.ok(retryAfter !== undefined && header === retryAfter, `${code} does not say how long to wait`);
      assert.ok(retryAfter <= maxRetrySeconds, `${code} asks to wait ${retryAfter} s, which is too long to go on`);
      this.#waited += retryAfter * 1000;
      await pause(retryAfter * 1000);
    }
  }

  /** Anything over HTTP, as it stands. */
  fetch(input: string | Request, init?: RequestInit & { readonly duplex?: 'half' }): Promise<Response> {
    const request = typeof input === 'string' && input.startsWith('/') ? this.url + input : input;
    return this.ask(() => fetch(request instanceof Request ? request.clone() : request, init));
  }

  /** Asks again until there is something. */
  async eventually<T>(what: string, ask: () => Promise<T | Nothing>, timeoutMs: number = eventMs): Promise<T> {
    const waitedBefore = this.#waited;
    const began = Date.now();
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, maxPauseMs)) {
      const found = await ask();
      if (found !== undefined && found !== null && found !== false) return found;
      const passed = Date.now() - began - (this.#waited - waitedBefore);
      assert.ok(passed < timeoutMs, `${what}: not within ${timeoutMs / 1000} s`);
      await pause(pauseMs);
    }
  }

  /** The queue from its beginning, once it has come to this entry. */
  arrived(member: Member, last: number): Promise<QueuePage> {
    return this.eventually(`entry ${last} of a queue`, async () => {
      const page = await member.queue();
      return page.hello.last >= last && page;
    });
  }

  /** The sender's outbox, once the states of its first record are these; all of it for no states at all. */
  outbox(member: Member, states: readonly string[]): Promise<OutboxPage> {
    let came: unknown;
    const found = this.eventually('the outbox', async () => {
      const page = await member.outbox();
      const first = (page.records[0]?.recipients ?? []).map(({ state }) => state);
      came = first;
      return first.join() === states.join() && page;
    });
    return found.catch(() => {
      assert.deepEqual(came, states, 'states of the recipients in the outbox');
      throw new Error('the outbox came too late');
    });
  }

  /** A stream that is open. */
  async connect(member: Member, ticket?: string): Promise<Connection> {
    const protocols = [streamProtocol, ticketProtocolPrefix + (ticket ?? (await member.ticket()))];
    const connection = await Connection.open(this.url, protocols);
    this.#connections.push(connection);
    return connection;
  }

  /** Runs a case to its end, or until its time is up. */
  async run({ run }: Case): Promise<void> {
    const began = Date.now();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, fail) => {
      timer = setInterval(() => {
        if (Date.now() - began - this.#waited > caseMs) fail(new Error(`not over after ${caseMs / 1000} s`));
      }, 250);
    });
    try {
      await Promise.race([run(this), late]);
    } finally {
      clearInterval(timer);
      this.#isOver = true;
      for (const connection of this.#connections) connection.close();
    }
  }
}

interface Begun {
  readonly challenge: string;
  readonly expires: number;
  readonly hrids: readonly string[];
}

/** A client that waits when it is told to, and signs by the relay's clock. */
export class Member extends Client {
  readonly #bench: Bench;

  constructor(bench: Bench, uid: string) {
    super({ url: bench.url }, uid);
    this.#bench = bench;
  }

  override fetch(options: RequestOptions): Promise<Response> {
    return this.#bench.ask(() => super.fetch({ created: this.#bench.now(), ...options }));
  }

  override requestChallenge(vaults?: { pk: string; hashVid: string }[]): Promise<Response> {
    return this.#bench.ask(() => super.requestChallenge(vaults));
  }

  /** Has a code sent to its address, for these. */
  async begin(members: readonly Member[] = [this]): Promise<Begun> {
    const body = await answered(await this.requestChallenge(members.map(({ vault }) => vault)), 202);
    return JSON.parse(decodeUtf8(body)) as Begun;
  }

  /** A whole registration, through challenge and answer. @returns what the last answer says */
  async register(): Promise<{ readonly hrid: string; readonly epoch: string }> {
    const { challenge } = await this.begin();
    const body = await answered(await this.answer(challenge, await this.#bench.code(this.uid)), 200);
    return JSON.parse(decodeUtf8(body));
  }
}

/** The answer's body, if it has this status. */
export async function answered(response: Response, status: number): Promise<Uint8Array<ArrayBuffer>> {
  const body = new Uint8Array(await response.arrayBuffer());
  assert.ok(response.status === status, `expected status ${status}, and ${summary(response, body)} came`);
  return body;
}

/** The problem document of a refusal: it must be whole, of this code, and say this besides. */
export async function refused(
  answer: Response | null | Promise<Response | null>,
  code: ErrorCode,
  more: Partial<Problem> = {},
): Promise<Problem> {
  const response = await answer;
  assert.ok(response !== null, `expected ${code}, and the stream was opened`);
  const body = new Uint8Array(await response.arrayBuffer());
  const isProblem = response.headers.get('content-type') === mediaTypes.problem;
  const { status } = errorCodes[code] as { status?: number };
  const problem = isProblem ? (JSON.parse(decodeUtf8(body)) as Problem) : undefined;
  const isExpected = problem?.code === code && response.status === status;
  assert.ok(isExpected, `expected ${status} ${code}, and ${summary(response, body)} came`);
  assert.equal(typeof problem.title, 'string', `the problem document of ${code} has no title`);
  const expected = { ...problem, ...more, type: `urn:cliquet:problem:${code}`, status };
  assert.deepEqual(problem, expected, `the problem document of ${code}`);
  return problem;
}

/** An answer in a few words. */
function summary({ status, headers }: Response, body: Uint8Array): string {
  if (body.length === 0) return `${status} without a body`;
  const type = headers.get('content-type') ?? 'no type';
  if (!/json|text/.test(type)) return `${status} with ${body.length} bytes of ${type}`;
  return `${status} with ${new TextDecoder().decode(body.subarray(0, 300))}`;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((wake) => setTimeout(wake, milliseconds));
}
