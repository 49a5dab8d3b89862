// A passive attacker: it holds copies of states of any members, taken at any time, and everything that ever went over
// the relay, with the header of every recipient. It opens what can be opened, with the protocol's own functions, until
// nothing new follows: chain keys run forward; each secret r comes from a copy or from any header; each new secret may
// open messages that were closed before. It trusts nothing to be renewed: it tries old leaf secrets on new leaves, chain
// keys on older messages, known secrets on new commitments, and contents without r.

import { open, zeroNonce } from '../../client/crypto/aead.ts';
import { hashLabeled } from '../../client/crypto/hash.ts';
import { deriveKey } from '../../client/crypto/kdf.ts';
import { unpad } from '../../client/protocol/padding.ts';
import {
  contentKey,
  type KeptContribution,
  messageKey,
  nextChainKey,
  outerKey,
  type Ratchet,
  wrapKey,
} from '../../client/protocol/ratchet.ts';
import { type Bytes, bytesKey, concatBytes, sameBytes } from '../../client/wire/bytes.ts';
import { Content } from '../../client/wire/content.ts';
import { Contribution, Envelope, type MessageEnvelope, MessageHeader } from '../../client/wire/envelope.ts';
import type { Sent } from './chat.ts';
import { curves } from './group.ts';
import { Contributions } from './model.ts';

/** Of a message, only what the relay sees. */
export type Recorded = Pick<Sent, 'sender' | 'body' | 'headers'>;

export interface Broken {
  readonly content: Content;
  /** The content key and the nonce, to see whether two messages share them. */
  readonly key: string;
  readonly nonce: string;
}

interface Target {
  readonly sender: number;
  readonly envelope: MessageEnvelope;
  readonly headers: readonly Bytes[];
  readonly number: number;
  readonly vector: readonly number[];
  readonly digest: Bytes;
  readonly full: boolean;
}

/** The key by which what a member contributed from some count on is kept. */
const slot = (member: number, from: number) => `${member} ${from}`;

class Attacker {
  readonly #context: Ratchet;
  readonly #targets: readonly Target[];
  readonly #contributions: Contributions;
  readonly #chains: Map<number, Bytes>[];
  readonly #secrets = new Map<string, Bytes>();
  /** By their public keys. */
  readonly #leafSecrets = new Map<string, Bytes>();
  readonly #leaves = new Map<string, Bytes>();
  readonly #tried = new Set<string>();
  readonly opened = new Map<string, Broken>();

  constructor(
    copies: readonly [Ratchet, ...Ratchet[]],
    traffic: readonly Recorded[],
    leafSecrets: ReadonlyMap<string, Bytes>,
  ) {
    for (const [leaf, secret] of leafSecrets) this.#leafSecrets.set(leaf, secret);
    this.#context = copies[0];
    this.#targets = traffic.map((recorded) => readHeader(this.#context, recorded));
    this.#contributions = new Contributions(this.#context.members.length, this.#targets);
    this.#chains = this.#context.members.map(() => new Map());
    for (const copy of copies) {
      for (const [member, { opened, chainKey, contributions }] of copy.members.entries()) {
        this.#chains[member]?.set(opened, chainKey);
        for (const contribution of contributions) this.#learn(member, contribution);
      }
    }
  }

  #learn(member: number, { from, leaf, secret, leafSecret }: KeptContribution): void {
    this.#leaves.set(slot(member, from), leaf);
    this.#secrets.set(slot(member, from), secret);
    if (leafSecret !== null) this.#leafSecrets.set(bytesKey(leaf), leafSecret);
  }

  /** Tries everything again until a round opens nothing and teaches nothing. */
  async run(): Promise<void> {
    const known = () => this.opened.size + this.#secrets.size + this.#leaves.size;
    for (let before = -1; before !== known(); ) {
      before = known();
      for (const target of this.#targets) await this.#attack(target);
    }
  }

  /** What CK_{member,number} may be: what follows from an earlier one; else all that is held, should it not have moved. */
  #chainKeys(member: number, number: number): readonly Bytes[] {
    const chain = this.#chains[member] ?? new Map<number, Bytes>();
    const nearest = Math.max(-1, ...[...chain.keys()].filter((held) => held <= number));
    let key = chain.get(nearest);
    if (key === undefined) return [...chain.values()];
    for (let at = nearest; at < number; at++) {
      key = nextChainKey(key);
      chain.set(at + 1, key);
    }
    return [key];
  }

  async #attack(target: Target): Promise<void> {
    const { sender, number, envelope } = target;
    const name = `${sender}:${number}`;
    if (this.opened.has(name)) return;
    for (const key of this.#messageKeys(target)) {
      const outer = open(outerKey(key), envelope.nonce, envelope.outer);
      if (outer === null) continue;
      const secret = outer.length === 0 ? null : await this.#secretOf(target, key, Contribution.decode(outer));
      // Without r too: it must not open then.
      const innerKey = contentKey(key, secret ?? null, envelope.nonce);
      const padded = open(innerKey, envelope.nonce, envelope.inner);
      const plaintext = padded && unpad(padded);
      if (plaintext === null) continue;
      const content = Content.decode(plaintext);
      this.opened.set(name, { content, key: bytesKey(innerKey), nonce: bytesKey(envelope.nonce) });
    }
  }

  #messageKeys({ sender, number, vector, digest }: Target): readonly Bytes[] {
    const secrets = vector.map((count, member) => this.#secrets.get(this.#named(member, count)));
    if (!secrets.every((secret) => secret !== undefined)) return [];
    const { group, generation } = this.#context;
    const groupKey = deriveKey(concatBytes(...secrets), 'group key', [group, generation, vector, digest]);
    return this.#chainKeys(sender, number).map((chainKey) => messageKey(chainKey, groupKey, sender, number));
  }

  /** r of a contribution whose outer layer is open: one that is held already, or from a header. */
  async #secretOf(target: Target, key: Bytes, contribution: Contribution): Promise<Bytes | undefined> {
    const own = slot(target.sender, target.number + 1);
    this.#leaves.set(own, contribution.leaf);
    const held = [...this.#secrets.values()].find((secret) => commits(contribution, secret));
    const secret = held ?? (await this.#unwrap(target, key, contribution));
    if (secret !== undefined) this.#secrets.set(own, secret);
    return secret;
  }

  #named(member: number, count: number): string {
    return slot(member, this.#contributions.named(member, count));
  }

  /**
   * r from the header of any recipient, with any leaf secret that is held: the recipient's, likely the one that is named,
   * on the new leaf, and the new leaf's own on the recipient's. What failed once is not tried again.
   */
  async #unwrap(target: Target, key: Bytes, contribution: Contribution): Promise<Bytes | undefined> {
    const { sender, vector } = target;
    const named = vector.map((count, member) => this.#leaves.get(this.#named(member, count)));
    const likely = named.flatMap((leaf) => this.#leafSecrets.get(leaf ? bytesKey(leaf) : '') ?? []);
    for (const own of [...likely, ...this.#leafSecrets.values()]) {
      const secret = await this.#tryHeaders(target, key, contribution, own, contribution.leaf);
      if (secret !== undefined) return secret;
    }
    const ofSender = this.#leafSecrets.get(bytesKey(contribution.leaf));
    for (const [recipient, leaf] of named.entries()) {
      if (ofSender === undefined || leaf === undefined || recipient === sender) continue;
      const secret = await this.#tryHeaders(target, key, contribution, ofSender, leaf);
      if (secret !== undefined) return secret;
    }
    return undefined;
  }

  async #tryHeaders(
    { sender, number, headers }: Target,
    key: Bytes,
    contribution: Contribution,
    own: Bytes,
    other: Bytes,
  ): Promise<Bytes | undefined> {
    const attempt = `${sender}:${number} ${bytesKey(own)} ${bytesKey(other)}`;
    if (this.#tried.has(attempt)) return undefined;
    this.#tried.add(attempt);
    const shared = await curves.agree(own, other);
    for (const [recipient, header] of headers.entries()) {
      const secret = shared && open(wrapKey(shared, key, recipient), zeroNonce, header);
      if (secret !== null && commits(contribution, secret)) return secret;
    }
    return undefined;
  }
}

function commits({ commitment }: Contribution, secret: Bytes): boolean {
  return sameBytes(hashLabeled('contribution commitment', secret), commitment);
}

function readHeader({ headerKey }: Ratchet, { sender, body, headers }: Recorded): Target {
  const envelope = Envelope.decode(body);
  if (envelope.type !== 'message') throw new TypeError('expected a message');
  const header = open(headerKey, envelope.nonce, envelope.header);
  if (header === null) throw new Error('recorded under another generation');
  const { vector, digest } = MessageHeader.decode(header);
  const full = headers.some(({ length }) => length > 0);
  return { sender, envelope, headers, number: vector[sender] ?? 0, vector, digest, full };
}

/**
 * What the attacker opens of the recorded messages of one generation, by `sender:number`.
 * @param leafSecrets  held beside those in the copies, by `bytesKey` of their public keys
 */
export async function attack(
  copies: readonly Ratchet[],
  traffic: readonly Recorded[],
  leafSecrets: ReadonlyMap<string, Bytes> = new Map(),
): Promise<ReadonlyMap<string, Broken>> {
  const [first, ...others] = copies;
  if (first === undefined) return new Map();
  const attacker = new Attacker([first, ...others], traffic, leafSecrets);
  await attacker.run();
  return attacker.opened;
}
