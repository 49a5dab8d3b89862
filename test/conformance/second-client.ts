// A second opinion on docs/PROTOCOL.md, sections 4 to 10 and 14: a small client, written from that page alone.
// It registers, is put into groups, opens and sends messages, and follows the group. It keeps everything in memory,
// connects once, founds and changes nothing, and heals nothing (section 15): what it cannot use it passes over.
import { ml_kem768_x25519 as xwing } from '@noble/post-quantum/hybrid.js';
import { accept, acceptNotice, Envelope, type Group, isRemoved, type Me } from './second-group.ts';
import type { Entry, Generation, Opened } from './second-ratchet.ts';
import {
  ascii,
  at,
  type Bytes,
  base64url,
  bool,
  bytes,
  check,
  decode,
  either,
  encode,
  H,
  hash,
  hex,
  identityOf,
  is,
  leafOf,
  list,
  now,
  type Of,
  orNull,
  random,
  readInvite,
  refuse,
  safetyNumber,
  same,
  sign,
  signRaw,
  struct,
  text,
  uint,
  upTo,
  type Value,
  writeInvite,
} from './second-wire.ts';

const DAY = 86_400;
const Hello = struct(bytes(16), uint, uint, uint, uint, bool, uint);
const QueueEntry = either(
  struct(is(0), uint, bytes(32), upTo(1536), upTo(131072)),
  struct(is(1), uint, bytes(32), uint, uint, is('expired', 'full', 'withdrawn')),
);
type Arrival = Extract<Of<typeof QueueEntry>, { 0: 0 }>;
const Failures = list(struct(uint, text(64)), 255);
const Frame = either(
  struct(is(0), Hello),
  struct(is(1), QueueEntry),
  struct(is(2), uint),
  struct(is(3), struct(uint, Failures)),
  struct(is(4), struct(uint, uint, Failures)),
  struct(is(5), text(64), orNull(uint), orNull(uint), orNull(uint)),
);
const vector = list(uint, 256, 1);
const SignedHeader = struct(vector, bytes(32), bytes(32), bytes(64));
const nine = [bytes(16), uint, text(128), uint, upTo(66560), orNull(bytes(16)), orNull(uint), bool] as const;
const Content = struct(
  ...nine,
  list(struct(uint, SignedHeader, SignedHeader), 4),
  list(struct(bytes(32), vector, bytes(32), uint), 4),
  orNull(bytes(32)),
);
const Text = struct(text(65536));

export type SecondEvent =
  | { type: 'group'; group: Bytes; name: string; invited: boolean }
  | { type: 'changed'; group: Bytes; name: string; members: number }
  | { type: 'removed'; group: Bytes }
  | { type: 'content'; group: Bytes; author: Bytes; kind: string; text: string | null }
  | { type: 'lost'; sender: Bytes; why: string }
  | { type: 'refused'; code: string };

export class SecondClient {
  readonly #relay: string;
  readonly #address: string;
  readonly #me: Me;
  readonly #onEvent: (event: SecondEvent) => void;
  readonly #seen = new Set<string>();
  readonly #own = new Map<Generation, { contents: number; told: number }>();
  readonly #answers = new Map<
    number,
    { done: (failures: [number, string][]) => void; failed: (error: Error) => void }
  >();
  readonly #timers = new Set<NodeJS.Timeout>();
  #early: Arrival[] = [];
  #socket: WebSocket | null = null;
  #drained = false;
  #next = 1;
  #epoch: Bytes = new Uint8Array();

  /** `relay` is an origin; `address` an e-mail address or phone number in its normal form. */
  constructor(relay: string, address: string, onEvent: (event: SecondEvent) => void, seed: Bytes = random(32)) {
    this.#relay = relay;
    this.#address = address;
    this.#onEvent = onEvent;
    this.#me = { ...identityOf(seed, address), contacts: new Map(), packages: new Map(), groups: new Map() };
  }

  get hrid(): Bytes {
    return this.#me.hrid;
  }

  async register(code: () => Promise<string>): Promise<void> {
    const { pk, vid, hrid } = this.#me;
    const vaults = [{ pk: base64url(pk), hashVid: base64url(hash(vid)) }];
    const asked = await fetch(`${this.#relay}/v1/registrations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ uid: this.#address, vaults }),
    });
    check(asked.status === 202, `registration: ${asked.status}`);
    const { challenge, hrids } = (await asked.json()) as { challenge: string; hrids: string[] };
    check(hrids[0] === base64url(hrid), 'hrid-mismatch');
    const answer = ascii(JSON.stringify({ challenge, answer: await code() }));
    await this.#request('PUT', '/v1/registrations', answer, 'application/json');
  }

  invite(): string {
    return writeInvite(this.#relay, this.#me);
  }

  addContact(invite: string): void {
    const { hrid, pk } = readInvite(invite, this.#relay);
    check(same(this.#me.contacts.get(hex(hrid)) ?? pk, pk), 'identity-conflict');
    this.#me.contacts.set(hex(hrid), pk);
  }

  /** Section 7: new one-time packages and one of last resort, in place of what is there. */
  async uploadPackages(count = 20): Promise<void> {
    for (const one of this.#me.packages.values()) {
      if (!one.oneTime) one.until = Math.min(one.until, now() + 2 * DAY);
    }
    const oneTime = Array.from({ length: count }, () => this.#newPackage(true));
    await this.#request(
      'PUT',
      '/v1/key-packages',
      encode([true, oneTime, this.#newPackage(false)]),
      'application/cbor',
    );
  }

  /** Resolves when the queue is drained. */
  async connect(): Promise<void> {
    const answer = await this.#request('POST', '/v1/tickets');
    const { ticket } = (await answer.json()) as { ticket: string };
    const url = `${this.#relay.replace(/^http/, 'ws')}/v1/stream`;
    const socket = new WebSocket(url, ['cliquet.v1', `cliquet.ticket.${ticket}`]);
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    await new Promise<void>((drained, failed) => {
      socket.addEventListener('close', ({ code }) => {
        failed(new Error(`closed: ${code}`));
        for (const { failed } of this.#answers.values()) failed(new Error('closed'));
      });
      socket.addEventListener('message', ({ data }) => {
        if (data instanceof ArrayBuffer) this.#takeFrame(decode(new Uint8Array(data), Frame), drained);
      });
    });
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#socket?.close();
  }

  groups(): { id: Bytes; name: string; invited: boolean; members: Entry[] }[] {
    return [...this.#me.groups.values()]
      .filter(({ out }) => !out)
      .map(({ id, name, invited, tip }) => ({ id, name, invited, members: tip.roster }));
  }

  /** The person agrees to an invitation. */
  accept(group: Bytes): void {
    this.#group(group).invited = false;
  }

  safetyNumber(group: Bytes): string {
    return safetyNumber(this.#group(group).tip.roster);
  }

  /** Resolves when the relay has taken the message, with those for whom it has not. */
  say(group: Bytes, words: string): Promise<[number, string][]> {
    return this.#say(this.#group(group), 'text', encode([words]));
  }

  #group(id: Bytes): Group {
    const group = this.#me.groups.get(hex(id));
    check(group !== undefined && !group.out, 'unknown-group');
    return group;
  }

  async #say(group: Group, kind: string, body: Bytes): Promise<[number, string][]> {
    check(this.#drained && !group.invited && !group.out, 'not-ready');
    const { tip } = group;
    const content = [random(16), now(), kind, 1, body, null, null, false, [], this.#laterWords(group), null];
    const sealed = tip.seal(encode(content), this.#me.seed);
    const own = this.#ownIn(tip);
    if (kind !== 'empty') own.contents += 1;
    const n = this.#next;
    this.#next += 1;
    const accepted = new Promise<[number, string][]>((done, failed) => this.#answers.set(n, { done, failed }));
    this.#post([0, [n, sealed.recipients, sealed.body, 30 * DAY]]);
    return accepted;
  }

  /** Section 14: how far this client has come in the generations that the tip follows. */
  #laterWords({ generations, tip }: Group): Value[] {
    const words: Value[] = [];
    const earlier = generations.filter((one) => one !== tip).sort((a, b) => b.number - a.number);
    for (const generation of earlier) {
      const v = generation.vector;
      const sum = v.reduce((a, b) => a + b);
      const own = this.#ownIn(generation);
      if (sum <= own.told || words.length === 4) continue;
      own.told = sum;
      words.push([generation.id, v, generation.digest(v), own.contents]);
    }
    return words;
  }

  #ownIn(generation: Generation): { contents: number; told: number } {
    const own = this.#own.get(generation) ?? { contents: 0, told: -1 };
    this.#own.set(generation, own);
    return own;
  }

  #takeFrame(frame: Of<typeof Frame>, drained: () => void): void {
    switch (frame[0]) {
      case 0: {
        const [epoch, , , next, packages, lastResortFresh] = frame[1];
        this.#epoch = epoch;
        this.#next = next;
        if (packages < 10 || !lastResortFresh) this.uploadPackages().catch(() => {});
        break;
      }
      case 1:
        this.#take(frame[1]);
        break;
      case 2:
        this.#drained = true;
        drained();
        break;
      case 3: {
        const [n, failures] = frame[1];
        this.#answers.get(n)?.done(failures);
        this.#answers.delete(n);
        break;
      }
      case 5: {
        const [, code, n] = frame;
        if (n === null) this.#onEvent({ type: 'refused', code });
        else this.#answers.get(n)?.failed(new Error(code));
        break;
      }
    }
  }

  #take(entry: Of<typeof QueueEntry>): void {
    if (entry[0] === 1) this.#onEvent({ type: 'lost', sender: entry[2], why: entry[5] });
    else this.#open(entry);
    this.#post([1, [this.#epoch, entry[1]]]);
  }

  #open(entry: Arrival): void {
    try {
      const [, , sender, header, body] = entry;
      const envelope = decode(body, Envelope);
      if (envelope[0] === 0) {
        const accepted = accept(this.#me, sender, header, envelope);
        if (accepted !== null) this.#opened(accepted);
      } else if (envelope[0] === 1) {
        const [, prefix, ...parts] = envelope;
        const generation = this.#generation(prefix);
        if (generation === undefined) this.#keep(entry);
        else for (const opened of generation.receive(sender, header, parts)) this.#hear(generation, opened);
      } else if (envelope[0] === 2) {
        const group = acceptNotice(this.#me, envelope);
        if (group !== null) this.#onEvent({ type: 'removed', group: group.id });
      }
    } catch (error) {
      const code = error instanceof Error ? error.message : 'internal-error';
      if (code === 'keys-gone') this.#keep(entry);
      else this.#onEvent({ type: 'refused', code });
    }
  }

  /** It came before the agreement that it needs. */
  #keep(entry: Arrival): void {
    if (this.#early.length < 256) this.#early.push(entry);
  }

  #generation(prefix: Bytes): Generation | undefined {
    const generations = [...this.#me.groups.values()].flatMap(({ generations }) => generations);
    return generations.find(({ id }) => same(id.subarray(0, 16), prefix));
  }

  #opened({ group, generation, isNew, contributes }: NonNullable<ReturnType<typeof accept>>): void {
    const { id, name, invited } = group;
    if (isNew) this.#onEvent({ type: 'group', group: id, name, invited });
    else this.#onEvent({ type: 'changed', group: id, name, members: group.tip.roster.length });
    const early = this.#early;
    this.#early = [];
    for (const entry of early) this.#open(entry);
    if (!contributes) return;
    const contribute = async () => {
      const now = this.#group(id);
      const { self, vector } = generation;
      if (now.tip === generation && vector[self] === 0) await this.#say(now, 'empty', encode([]));
    };
    const wait = 2000 + Math.random() * 250 * generation.roster.length;
    const timer = setTimeout(() => contribute().catch(() => {}), wait);
    this.#timers.add(timer);
  }

  #hear(generation: Generation, { from, content }: Opened): void {
    const group = this.#me.groups.get(hex(generation.group));
    if (group === undefined) return;
    if (isRemoved(group, from)) refuse('message-refused');
    const [id, , kind, version, body] = decode(content, Content);
    const key = `${hex(from.hrid)}:${hex(id)}`;
    if (this.#seen.has(key) || kind === 'empty') return;
    this.#seen.add(key);
    const words = kind === 'text' && version === 1 ? at(decode(body, Text), 0) : null;
    this.#onEvent({ type: 'content', group: group.id, author: from.hrid, kind, text: words });
  }

  #newPackage(oneTime: boolean): Value {
    const [leafSecret, kemSeed] = [random(32), random(32)];
    const kem = xwing.keygen(kemSeed).publicKey;
    const [from, until] = [now() - 3600, now() + 80 * DAY];
    const kind = oneTime ? 'one-time' : 'last-resort';
    const encoded = encode([this.#me.hrid, leafOf(leafSecret), hash(kem), from, until, kind]);
    const id = hex(H('key package id', encoded));
    this.#me.packages.set(id, { leafSecret, kemSeed, until, oneTime });
    return [encode([encoded, sign(this.#me.seed, 'key package', encoded)]), kem];
  }

  #post(frame: Value): void {
    this.#socket?.send(new Uint8Array(encode(frame)));
  }

  /** Section 6. */
  async #request(method: string, path: string, body?: Bytes, type?: string): Promise<Response> {
    const { host } = new URL(this.#relay);
    const digest = body && `sha-256=:${Buffer.from(hash(body)).toString('base64')}:`;
    const parts = [
      ['@method', method],
      ['@authority', host],
      ['@path', path],
      ['@query', '?'],
      ...(digest ? [['content-digest', digest]] : []),
    ];
    const params =
      `(${parts.map(([name]) => `"${name}"`).join(' ')});created=${now()};nonce="${base64url(random(16))}"` +
      `;keyid="${base64url(this.#me.hrid)}";alg="ed25519";tag="cliquet"`;
    const base = [...parts.map(([name, value]) => `"${name}": ${value}`), `"@signature-params": ${params}`].join('\n');
    const signature = Buffer.from(signRaw(this.#me.seed, ascii(base))).toString('base64');
    const response = await fetch(`${this.#relay}${path}`, {
      method,
      headers: {
        'signature-input': `cliquet=${params}`,
        signature: `cliquet=:${signature}:`,
        ...(digest && { 'content-digest': digest }),
        ...(type && { 'content-type': type }),
      },
      ...(body && { body: new Uint8Array(body) }),
    });
    check(response.ok, `${path}: ${response.status} ${response.ok ? '' : await response.text()}`);
    return response;
  }
}
