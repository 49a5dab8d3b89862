// A second opinion on docs/PROTOCOL.md, section 13: the vector ratchet of one generation. It sends full messages only,
// which is always allowed, and opens full and light ones. It refuses what that section says, in that order.
import {
  at,
  type Bytes,
  bytes,
  check,
  decode,
  dh,
  encode,
  H,
  hash,
  hex,
  join,
  kdf,
  leafOf,
  list,
  openWith,
  random,
  refuse,
  same,
  sealWith,
  sign,
  struct,
  uint,
  verify,
} from './second-wire.ts';

export interface Entry {
  hrid: Bytes;
  pk: Bytes;
  joined: Bytes;
  role: 'admin' | 'member';
}

/** The one name of a leaf: its generation, and the number of messages after which it counts there. */
export type Origin = readonly [generation: Bytes, from: number];

interface Contribution {
  from: number;
  origin: Origin;
  leaf: Bytes;
  /** Of one's own only. */
  secret: Bytes | null;
  r: Bytes;
}

interface Member {
  opened: number;
  chain: Bytes;
  contributions: Contribution[];
  transcripts: Map<number, Bytes>;
  newest: number[];
  clone: boolean;
}

interface Message {
  j: number;
  n: number;
  v: number[];
  digest: Bytes;
  signature: Bytes;
  payload: Bytes;
  nonce: Bytes;
  outer: Bytes;
  inner: Bytes;
  part: Bytes;
}

export interface Opened {
  from: Entry;
  v: number[];
  content: Bytes;
}

export interface Beginning {
  id: Bytes;
  group: Bytes;
  number: number;
  roster: Entry[];
  self: number;
  /** IKabc. */
  first: Bytes;
  leaves: { leaf: Bytes; origin: Origin }[];
  ownSecret: Bytes;
}

const Signed = (members: number) => struct(list(uint, members, members), bytes(32), bytes(64));
const Outer = struct(bytes(32), bytes(32));
const ZERO = new Uint8Array(32);

export class Generation {
  readonly id: Bytes;
  readonly group: Bytes;
  readonly number: number;
  readonly roster: Entry[];
  readonly self: number;
  readonly members: Member[];
  readonly exportSecret: Bytes;
  /** A fork, or an older store: nothing more is sent here. */
  halted = false;
  readonly #headerKey: Bytes;
  #waiting: Message[] = [];

  constructor({ id, group, number, roster, self, first, leaves, ownSecret }: Beginning) {
    this.id = id;
    this.group = group;
    this.number = number;
    this.roster = roster;
    this.self = self;
    this.exportSecret = kdf(first, 'export secret', [id]);
    this.#headerKey = kdf(first, 'header key', [id]);
    this.members = roster.map(({ hrid }, p) => ({
      opened: 0,
      chain: kdf(first, 'chain key', [id, p]),
      contributions: [
        { from: 0, ...at(leaves, p), secret: p === self ? ownSecret : null, r: kdf(first, 'first secret', [id, p]) },
      ],
      transcripts: new Map([[0, H('first transcript', id, hrid)]]),
      newest: roster.map(() => 0),
      clone: false,
    }));
  }

  get vector(): number[] {
    return this.members.map(({ opened }) => opened);
  }

  digest(v: number[]): Bytes {
    return H(
      'digest',
      ...this.members.map(({ transcripts }, m) => transcripts.get(at(v, m)) ?? refuse('message-refused')),
    );
  }

  seal(content: Bytes, seed: Bytes): { body: Bytes; recipients: [Bytes, Bytes][] } {
    check(!this.halted, 'halted');
    const v = this.vector;
    const digest = this.digest(v);
    const key = this.#messageKey(this.self, v, digest);
    const nonce = random(24);
    const secret = random(32);
    const leaf = leafOf(secret);
    const r = random(32);
    const outer = sealWith(kdf(key, 'outer'), nonce, encode([leaf, H('contribution commitment', r)]));
    const inner = sealWith(kdf(join(key, r), 'content', [nonce]), nonce, pad(content));
    const payload = this.#payload(this.self, v, digest, nonce, outer, inner);
    const signature = sign(seed, 'message', payload);
    const header = sealWith(this.#headerKey, nonce, encode([v, digest, signature]));
    const recipients = this.roster.flatMap(({ hrid }, i): [Bytes, Bytes][] => {
      if (i === this.self) return [];
      const wrap = kdf(join(dh(secret, this.#named(i, v).leaf), key), 'wrap', [i]);
      return [[hrid, sealWith(wrap, ZERO.subarray(0, 24), r)]];
    });
    this.#advance(this.self, v, payload, signature, { leaf, secret, r });
    return { body: encode([1, this.id.subarray(0, 16), nonce, header, outer, inner]), recipients };
  }

  /** What opens by this message: itself, what had waited for it, or nothing if it has to wait or is a duplicate. */
  receive(sender: Bytes, part: Bytes, [nonce, header, outer, inner]: [Bytes, Bytes, Bytes, Bytes]): Opened[] {
    const j = this.roster.findIndex(({ hrid }) => same(hrid, sender));
    check(j >= 0 && j !== this.self, 'message-refused');
    const plain = openWith(this.#headerKey, nonce, header, 'message-refused');
    const [v, digest, signature] = decode(plain, Signed(this.roster.length));
    check(
      v.every((count, m) => m === this.self || count <= at(this.members, m).opened + 1024),
      'too-far-ahead',
    );
    check(part.length === 0 || part.length === 48, 'message-refused');
    const payload = this.#payload(j, v, digest, nonce, outer, inner);
    check(verify('message', payload, signature, at(this.roster, j).pk), 'message-refused');
    const from = at(this.members, j);
    check(!from.clone, 'message-refused');
    if (at(v, this.self) > at(this.members, this.self).opened) {
      this.halted = true;
      refuse('rolled-back');
    }
    const message = { j, n: at(v, j), v, digest, signature, payload, nonce, outer, inner, part };
    if (this.#isCopy(message)) return [];
    if (this.#isEarly(message)) {
      check(this.#waiting.length < 4096, 'too-far-ahead');
      check(this.#waiting.filter((waiting) => waiting.j === j).length < 256, 'too-far-ahead');
      this.#waiting.push(message);
      return [];
    }
    const opened = [this.#open(message)];
    for (;;) {
      const next = this.#waiting.findIndex((waiting) => !this.#isEarly(waiting));
      if (next < 0) return opened;
      const [waiting] = this.#waiting.splice(next, 1);
      if (waiting === undefined || waiting.n < at(this.members, waiting.j).opened) continue;
      try {
        opened.push(this.#open(waiting));
      } catch {
        // It had its turn.
      }
    }
  }

  /** Whether the message has come before. Another one under the same number is a clone's. */
  #isCopy({ j, n, payload, signature, part }: Message): boolean {
    const from = at(this.members, j);
    const rivals = this.#waiting.filter((waiting) => waiting.j === j && waiting.n === n);
    const [before, after] = [from.transcripts.get(n), from.transcripts.get(n + 1)];
    const differs =
      n < from.opened
        ? before !== undefined && after !== undefined && !same(after, transcript(before, payload, signature))
        : rivals.some((rival) => !same(rival.payload, payload));
    if (differs) {
      from.clone = true;
      this.#waiting = this.#waiting.filter((waiting) => waiting.j !== j);
      refuse('clone');
    }
    return n < from.opened || rivals.some((rival) => same(rival.signature, signature) && same(rival.part, part));
  }

  #isEarly({ v }: Message): boolean {
    return v.some((count, m) => count > at(this.members, m).opened);
  }

  #open({ j, v, digest, signature, payload, nonce, outer, inner, part }: Message): Opened {
    const from = at(this.members, j);
    check(
      from.newest.every((least, m) => at(v, m) >= least),
      'message-refused',
    );
    if (!same(this.digest(v), digest)) {
      this.halted = true;
      refuse('fork');
    }
    const key = this.#messageKey(j, v, digest);
    const plain = openWith(kdf(key, 'outer'), nonce, outer, 'message-refused');
    let r = ZERO;
    let carried: { leaf: Bytes; secret: null; r: Bytes } | null = null;
    if (plain.length > 0) {
      const [leaf, commitment] = decode(plain, Outer);
      const { secret } = this.#named(this.self, v);
      check(secret !== null, 'message-refused');
      const wrap = kdf(join(dh(secret, leaf), key), 'wrap', [this.self]);
      r = new Uint8Array(openWith(wrap, ZERO.subarray(0, 24), part, 'message-refused'));
      check(same(H('contribution commitment', r), commitment), 'message-refused');
      carried = { leaf, secret: null, r };
    }
    const content = unpad(openWith(kdf(join(key, r), 'content', [nonce]), nonce, inner, 'message-refused'));
    this.#advance(j, v, payload, signature, carried);
    return { from: at(this.roster, j), v, content };
  }

  #payload(j: number, v: number[], digest: Bytes, nonce: Bytes, outer: Bytes, inner: Bytes): Bytes {
    return encode([this.group, this.id, at(this.roster, j).hrid, v, digest, hash(join(nonce, outer, inner))]);
  }

  #named(m: number, v: number[]): Contribution {
    const found = at(this.members, m).contributions.findLast(({ from }) => from <= at(v, m));
    return found ?? refuse('message-refused');
  }

  #messageKey(j: number, v: number[], digest: Bytes): Bytes {
    const secrets = join(...this.members.map((_, m) => this.#named(m, v).r));
    const group = kdf(secrets, 'group key', [this.group, this.id, v, digest]);
    return kdf(join(at(this.members, j).chain, group), 'message key', [j, at(v, j)]);
  }

  #advance(
    j: number,
    v: number[],
    payload: Bytes,
    signature: Bytes,
    carried: { leaf: Bytes; secret: Bytes | null; r: Bytes } | null,
  ): void {
    const member = at(this.members, j);
    const last = member.transcripts.get(member.opened) ?? refuse('message-refused');
    member.chain = kdf(member.chain, 'next');
    member.opened += 1;
    member.transcripts.set(member.opened, transcript(last, payload, signature));
    if (carried !== null) {
      member.contributions.push({ from: member.opened, origin: [this.id, member.opened], ...carried });
    }
    member.newest = v.with(j, at(v, j) + 1);
    // Deleting: what no vector can name any more.
    this.members.forEach((state, m) => {
      const floor = Math.min(...this.members.map(({ newest }) => at(newest, m)));
      const named = state.contributions.findLastIndex(({ from }) => from <= floor);
      state.contributions = state.contributions.slice(named);
      for (const number of state.transcripts.keys()) if (number < floor) state.transcripts.delete(number);
    });
  }
}

const transcript = (before: Bytes, payload: Bytes, signature: Bytes): Bytes =>
  H('transcript', before, hash(join(payload, signature)));

/** Padmé: the length of `length` content bytes and the mark, padded. */
function padded(length: number): number {
  const marked = length + 1;
  if (marked <= 256) return 256;
  const e = Math.floor(Math.log2(marked));
  const step = 2 ** (e - Math.floor(Math.log2(e)) - 1);
  return Math.ceil(marked / step) * step;
}

function pad(content: Bytes): Bytes {
  const out = new Uint8Array(padded(content.length));
  out.set(content);
  out[content.length] = 0x80;
  return out;
}

function unpad(plain: Bytes): Bytes {
  const end = plain.findLastIndex((byte) => byte !== 0);
  check(plain[end] === 0x80 && padded(end) === plain.length, 'message-refused');
  return plain.subarray(0, end);
}

export const originKey = ([generation, from]: Origin): string => `${hex(generation)}:${from}`;
