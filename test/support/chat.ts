// A group that talks: the states of its members, everything that was sent, and deliveries one by one. It starts from a
// random IKabc without an agreement, which is several times faster than founding a group.

import { expect } from 'vitest';
import { leafPublicKey } from '../../client/crypto/curves.ts';
import { sha256 } from '../../client/crypto/hash.ts';
import { startRatchet } from '../../client/protocol/generation.ts';
import { createIdentity, type Identity } from '../../client/protocol/identity.ts';
import { openMessage, type Received } from '../../client/protocol/open.ts';
import {
  currentVector,
  KeptContribution,
  MemberCore,
  type Ratchet,
  RatchetCore,
  WaitingMessage,
} from '../../client/protocol/ratchet.ts';
import { sealMessage } from '../../client/protocol/seal.ts';
import type { Bytes } from '../../client/wire/bytes.ts';
import type { Content } from '../../client/wire/content.ts';
import { Envelope } from '../../client/wire/envelope.ts';
import { CliquetError, type ErrorCode } from '../../client/wire/errors.ts';
import { emptyOf } from './content.ts';
import { forgeMessage, type MessageForgery } from './forge-message.ts';
import { curves, startOfTime, textContent } from './group.ts';
import type { SeededRandom } from './random.ts';

/** A member of a test group: what its device holds beside the ratchet. */
export interface Member {
  readonly identity: Identity;
  readonly hrid: Bytes;
}

/** A message as the relay sees it, and what it says. */
export interface Sent {
  readonly sender: number;
  readonly number: number;
  readonly vector: readonly number[];
  /** Whether it carries a contribution. */
  readonly full: boolean;
  readonly body: Bytes;
  readonly headers: readonly Bytes[];
  readonly content: Content;
}

export async function createMembers(random: SeededRandom, size: number): Promise<Member[]> {
  return Array.from({ length: size }, () => {
    const identity = createIdentity(random.bytes);
    return { identity, hrid: sha256(identity.pk, identity.vid) };
  });
}

/** What all members of a generation know at its start, and a secret that only each one knows. */
export async function startRatchets(
  random: SeededRandom,
  members: readonly Member[],
  context: { readonly group?: Bytes; readonly agreementId?: Bytes; readonly secret?: Bytes } = {},
): Promise<Ratchet[]> {
  const { group = random.bytes(32), agreementId = random.bytes(32), secret = random.bytes(32) } = context;
  const leafSecrets = members.map(() => random.bytes(32));
  const leaves = await Promise.all(
    leafSecrets.map(async (leafSecret) => ({
      leaf: await leafPublicKey(curves, leafSecret),
      origin: { type: 'author' as const },
    })),
  );
  const roster = members.map(({ hrid, identity }) => ({
    hrid,
    pk: identity.pk,
    joined: agreementId,
    role: 'admin' as const,
  }));
  return leafSecrets.map((leafSecret, self) =>
    startRatchet({
      group,
      agreementId,
      number: 0,
      now: startOfTime,
      secret,
      roster,
      leaves,
      author: 0,
      self,
      leafSecret,
      owesContribution: false,
    }),
  );
}

/** The item at an index that exists. */
export function at<T>(items: { at(index: number): T | undefined; readonly length: number }, index: number): T {
  const item = items.at(index);
  if (item === undefined) throw new RangeError(`no item ${index} of ${items.length}`);
  return item;
}

/** Hands bytes from the relay to a state, as a client does that has found the generation. */
export async function openBytes(
  ratchet: Ratchet,
  sender: number,
  header: Bytes,
  body: Bytes,
  now: number = startOfTime,
): Promise<Received> {
  const envelope = Envelope.decode(body);
  if (envelope.type !== 'message') throw new CliquetError('malformed', 'expected a message');
  return openMessage(curves, ratchet, sender, header, envelope, now);
}

/** The state as it comes back from a store, which keeps its parts apart. */
export function restored(ratchet: Ratchet): Ratchet {
  return {
    ...RatchetCore.decode(RatchetCore.encode(ratchet)),
    members: ratchet.members.map((member) => ({
      ...MemberCore.decode(MemberCore.encode(member)),
      contributions: member.contributions.map((kept) => KeptContribution.decode(KeptContribution.encode(kept))),
      transcripts: member.transcripts,
    })),
    waiting: ratchet.waiting.map((message) => WaitingMessage.decode(WaitingMessage.encode(message))),
  };
}

/** The code with which something is refused. */
export async function refusal(act: () => Promise<unknown>): Promise<ErrorCode | 'accepted'> {
  try {
    await act();
    return 'accepted';
  } catch (error) {
    if (error instanceof CliquetError) return error.code;
    throw error;
  }
}

export class Chat {
  readonly random: SeededRandom;
  readonly members: readonly Member[];
  readonly ratchets: Ratchet[];
  readonly sent: Sent[] = [];
  now: number = startOfTime;

  constructor(random: SeededRandom, members: readonly Member[], ratchets: readonly Ratchet[]) {
    this.random = random;
    this.members = members;
    this.ratchets = [...ratchets];
  }

  static async start(random: SeededRandom, size: number): Promise<Chat> {
    const members = await createMembers(random, size);
    return new Chat(random, members, await startRatchets(random, members));
  }

  ratchet(position: number): Ratchet {
    return at(this.ratchets, position);
  }

  /** Seals a message from some state of the member; the chat's own state stays. */
  async seal(sender: number, content: Content | string, from: Ratchet = this.ratchet(sender), random = this.random) {
    const said = typeof content === 'string' ? textContent(random, content) : content;
    const { seed } = at(this.members, sender).identity;
    const sealed = await sealMessage(curves, random.bytes, from, seed, said, this.now);
    const { body, headers, number, step } = sealed;
    const sent: Sent = { sender, number, vector: step.vector, full: step.leaf !== null, body, headers, content: said };
    return { ratchet: sealed.ratchet, sent };
  }

  async send(sender: number, content: Content | string = `message ${this.sent.length}`): Promise<Sent> {
    const { ratchet, sent } = await this.seal(sender, content);
    this.ratchets[sender] = ratchet;
    this.sent.push(sent);
    return sent;
  }

  /** Delivers one message to one member, whose state goes on. */
  async give(recipient: number, { sender, headers, body }: Sent): Promise<Received> {
    const received = await openBytes(this.ratchet(recipient), sender, at(headers, recipient), body, this.now);
    this.ratchets[recipient] = received.ratchet;
    return received;
  }

  /** The code with which a member refuses a message; its state is then as before. */
  async refusedBy(recipient: number, sent: Sent): Promise<ErrorCode | 'accepted'> {
    const before = structuredClone(this.ratchet(recipient));
    const code = await refusal(() => this.give(recipient, sent));
    if (code !== 'accepted') expect(this.ratchet(recipient)).toEqual(before);
    return code;
  }

  /** Seals in the name of a member whose state was changed first, or was another's. */
  async sealAs(sender: number, from: Ratchet, text: string): Promise<Sent> {
    return (await this.seal(sender, text, from)).sent;
  }

  /** A message that a member makes against the protocol; its state stays. */
  async forge(sender: number, forgery: MessageForgery = {}, from: Ratchet = this.ratchet(sender)): Promise<Sent> {
    const { body, headers } = await forgeMessage(this.random, from, this.seedOf(sender), forgery);
    const vector = forgery.vector ?? currentVector(from);
    const content: Content = emptyOf();
    return { sender: from.self, number: vector[from.self] ?? 0, vector, full: true, body, headers, content };
  }

  vector(position: number): readonly number[] {
    return currentVector(this.ratchet(position));
  }

  seedOf(position: number): Bytes {
    return at(this.members, position).identity.seed;
  }

  /** Delivers to all others, or to those named. */
  async deliver(sent: Sent, to: readonly number[] = [...this.ratchets.keys()]): Promise<void> {
    for (const recipient of to) if (recipient !== sent.sender) await this.give(recipient, sent);
  }

  /** Sends and delivers to all. */
  async say(sender: number, content?: Content | string): Promise<Sent> {
    const sent = await this.send(sender, content);
    await this.deliver(sent);
    return sent;
  }
}

/** The messages that a delivery opened, as `sender:number`, in order. */
export function openedIn({ outcomes }: Received): string[] {
  return outcomes.flatMap((outcome) => (outcome.type === 'opened' ? [`${outcome.sender}:${outcome.number}`] : []));
}

export const nameOf = ({ sender, number }: Pick<Sent, 'sender' | 'number'>): string => `${sender}:${number}`;
