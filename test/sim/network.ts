// A group over a network that delays, reorders, doubles and corrupts, and members that may be silent. After every
// step the real states are held against the model's; at the end everybody has everything, once and in order.

import { expect } from 'vitest';
import { openMessage, type Received } from '../../client/protocol/open.ts';
import { currentVector, groupKey, type Ratchet } from '../../client/protocol/ratchet.ts';
import { digestAt } from '../../client/protocol/transcript.ts';
import { sameBytes } from '../../client/wire/bytes.ts';
import type { Content } from '../../client/wire/content.ts';
import { Envelope } from '../../client/wire/envelope.ts';
import { CliquetError } from '../../client/wire/errors.ts';
import { at, Chat, createMembers, nameOf, restored, type Sent, startRatchets } from '../support/chat.ts';
import { contentOf, emptyOf, textOf } from '../support/content.ts';
import { curves, foundTestGroup } from '../support/group.ts';
import { Model } from '../support/model.ts';
import { type SeededRandom, seededRandom } from '../support/random.ts';
import { type Corrupted, corrupt, type Delivery } from './corruption.ts';

export interface NetworkOptions {
  readonly size: number;
  /** Members who receive but send nothing until the end. */
  readonly silent?: readonly number[];
  /** Probabilities. */
  readonly corruption?: number;
  readonly duplication?: number;
  readonly restoring?: number;
  /** Starts from a real agreement. */
  readonly founded?: boolean;
  readonly content?: (random: SeededRandom) => Content;
}

interface Counts {
  sent: number;
  light: number;
  opened: number;
  waited: number;
  duplicates: number;
  /** Corrupted copies that were refused at once, by error code and part. */
  refused: Map<string, number>;
  /** Corrupted copies that waited and were refused when their turn came. */
  refusedLater: number;
  /** Copies whose corruption changes nothing: the header beside a light message. */
  harmless: number;
  restored: number;
}

export function noCounts(): Counts {
  const refused = new Map<string, number>();
  return { sent: 0, light: 0, opened: 0, waited: 0, duplicates: 0, refused, refusedLater: 0, harmless: 0, restored: 0 };
}

/** Texts of all lengths, data, and empty contributions. */
function anyContent(random: SeededRandom): Content {
  const id = random.bytes(16);
  const length = random.chance(0.02) ? random.below(65_537) : random.below(random.pick([1, 20, 300, 2000]));
  if (random.chance(0.15)) return emptyOf({ id });
  if (random.chance(0.3)) {
    return contentOf(
      { type: 'bytes', mediaType: 'application/octet-stream', name: null, data: random.bytes(length) },
      { id },
    );
  }
  return textOf('ä'.repeat(length / 2), { id });
}

export class Network {
  readonly chat: Chat;
  readonly model: Model;
  readonly counts: Counts;
  /** What each member has opened, in order. */
  readonly opened: Sent[][];
  readonly #random: SeededRandom;
  readonly #options: NetworkOptions;
  readonly #queues: Sent[][];

  constructor(chat: Chat, options: NetworkOptions, counts: Counts) {
    this.chat = chat;
    this.#random = chat.random;
    this.#options = options;
    this.counts = counts;
    this.model = new Model(options.size);
    this.opened = Array.from({ length: options.size }, () => []);
    this.#queues = Array.from({ length: options.size }, () => []);
  }

  static async start(random: SeededRandom, options: NetworkOptions, counts: Counts = noCounts()): Promise<Network> {
    if (options.founded) {
      const { people, ratchets } = await foundTestGroup(random, options.size);
      return new Network(new Chat(random, people, ratchets), options, counts);
    }
    const members = await createMembers(random, options.size);
    return new Network(new Chat(random, members, await startRatchets(random, members)), options, counts);
  }

  /** One member sends, or gets one of the messages that are under way to it. */
  async step(sending: number): Promise<void> {
    const { size, silent = [] } = this.#options;
    const member = this.#random.below(size);
    this.chat.now += this.#random.below(30);
    if (this.#random.chance(sending) && !silent.includes(member)) return this.send(member);
    await this.receive(member);
  }

  async send(member: number): Promise<void> {
    const { content = anyContent, restoring = 0 } = this.#options;
    const said = content(this.#random);
    const seed = this.#random.below(2 ** 31);
    const { ratchet, sent } = await this.chat.seal(member, said, undefined, seededRandom(seed));
    if (this.#random.chance(restoring)) {
      const again = await this.chat.seal(member, said, this.#restore(member), seededRandom(seed));
      expect(again).toEqual({ ratchet, sent });
    }
    this.chat.ratchets[member] = ratchet;
    this.chat.sent.push(sent);
    this.model.sent(sent);
    this.opened[member]?.push(sent);
    this.counts.sent++;
    if (!sent.full) this.counts.light++;
    for (const [recipient, queue] of this.#queues.entries()) if (recipient !== member) queue.push(sent);
    this.checkState(member);
  }

  /** Takes any of the messages under way to a member: that is delay and reordering, of every kind. */
  async receive(member: number): Promise<void> {
    const queue = at(this.#queues, member);
    if (queue.length === 0) return;
    const { corruption = 0, duplication = 0 } = this.#options;
    const index = this.#random.below(queue.length);
    const sent = at(queue, index);
    while (this.#random.chance(corruption)) {
      await this.#giveCorrupted(member, sent, corrupt(this.#random, sent, member, this.#random.pick(this.chat.sent)));
    }
    if (!this.#random.chance(duplication)) queue.splice(index, 1);
    await this.#giveGood(member, sent);
    this.checkState(member);
  }

  /** Delivers everything that is under way. */
  async drain(): Promise<void> {
    for (;;) {
      const busy = [...this.#queues.keys()].filter((member) => at(this.#queues, member).length > 0);
      if (busy.length === 0) return;
      await this.receive(this.#random.pick(busy));
    }
  }

  #restore(member: number): Ratchet {
    const before = this.chat.ratchet(member);
    const after = restored(before);
    expect(after).toEqual(before);
    this.counts.restored++;
    return after;
  }

  async #open(member: number, { sender, header, body }: Delivery): Promise<Received> {
    const ratchet = this.chat.ratchet(member);
    const envelope = Envelope.decode(body);
    if (envelope.type !== 'message') throw new CliquetError('malformed', 'not a message');
    // A client finds the generation by this prefix; an unknown one is kept elsewhere.
    if (!sameBytes(envelope.generation, ratchet.generation.slice(0, 16))) throw new CliquetError('group-unknown');
    const received = await openMessage(curves, ratchet, sender, header, envelope, this.chat.now);
    if (this.#random.chance(this.#options.restoring ?? 0)) {
      const again = await openMessage(curves, this.#restore(member), sender, header, envelope, this.chat.now);
      expect(again).toEqual(received);
    }
    return received;
  }

  async #giveGood(member: number, sent: Sent): Promise<void> {
    const header = at(sent.headers, member);
    const delivery = { sender: sent.sender, header, body: sent.body };
    const isOpen = sent.number < (this.model.opened[member]?.[sent.sender] ?? 0);
    const waits = this.chat.ratchet(member).waiting.some(({ sender, signed, sealedSecret }) => {
      return sender === sent.sender && signed.vector[sender] === sent.number && sameBytes(sealedSecret, header);
    });
    if (isOpen || waits) {
      await expect(this.#open(member, delivery)).rejects.toMatchObject({ code: 'duplicate' });
      this.counts.duplicates++;
      return;
    }
    const covered = this.model.covers(member, sent);
    const received = await this.#open(member, delivery);
    expect(received.outcomes[0]).toMatchObject({
      type: covered ? 'opened' : 'waiting',
      sender: sent.sender,
      number: sent.number,
    });
    this.#take(member, received);
  }

  async #giveCorrupted(member: number, sent: Sent, copy: Corrupted): Promise<void> {
    const before = structuredClone(this.chat.ratchet(member));
    let received: Received;
    try {
      received = await this.#open(member, copy);
    } catch (error) {
      if (!(error instanceof CliquetError)) throw error;
      expect(this.chat.ratchet(member)).toEqual(before);
      const kind = `${copy.part}: ${error.code}`;
      this.counts.refused.set(kind, (this.counts.refused.get(kind) ?? 0) + 1);
      return;
    }
    const same = copy.sender === sent.sender && sameBytes(copy.body, sent.body);
    const header = at(sent.headers, member);
    const [first] = received.outcomes;
    // Only the header beside the body is not signed. It is looked at when the message's turn has come, and not at all
    // when the message is light.
    const excused = same && (first?.type === 'waiting' || !sent.full || sameBytes(copy.header, header));
    if (!excused) throw new Error(`a copy of ${nameOf(sent)} with another ${copy.part} was taken as ${first?.type}`);
    this.counts.harmless += first?.type === 'opened' ? 1 : 0;
    this.#take(member, received);
  }

  #take(member: number, { ratchet, outcomes }: Received): void {
    this.chat.ratchets[member] = ratchet;
    for (const outcome of outcomes) {
      if (outcome.type === 'waiting') this.counts.waited++;
      else if (outcome.type === 'refused') this.counts.refusedLater++;
      else if (outcome.type === 'opened') {
        const sent = this.chat.sent.find((each) => nameOf(each) === nameOf(outcome));
        if (sent === undefined) throw new Error('opened what nobody sent');
        expect(outcome.content).toEqual(sent.content);
        expect(outcome.step.vector).toEqual(sent.vector);
        expect(this.model.covers(member, sent)).toBe(true);
        this.model.open(member, sent);
        this.opened[member]?.push(sent);
        this.counts.opened++;
      } else throw new Error(`unexpected ${outcome.type}`);
    }
  }

  /** A state holds what the slowest member may still name, and nothing else. */
  checkState(member: number): void {
    const { members } = this.chat.ratchet(member);
    expect(currentVector(this.chat.ratchet(member))).toEqual(this.model.opened[member]);
    for (const [of, { contributions, transcripts, opened, recent }] of members.entries()) {
      const held = this.model.held(member, of);
      expect(contributions.map(({ from }) => from)).toEqual(held);
      expect(contributions.map(({ leafSecret }) => leafSecret !== null)).toEqual(held.map(() => of === member));
      expect(transcripts.length).toBe(opened + 1 - this.model.floor(member, of));
      expect(recent.length).toBe(Math.min(opened, 8));
    }
  }

  /** Everybody has opened every message once, in order for each sender, and all have come to the same key. */
  checkConverged(): void {
    const sentBy = this.chat.ratchets.map((_, sender) => this.chat.sent.filter((each) => each.sender === sender));
    const keys = this.chat.ratchets.map((ratchet, member) => {
      const bySender = sentBy.map((_, sender) => (this.opened[member] ?? []).filter((each) => each.sender === sender));
      expect(bySender.map((messages) => messages.map(nameOf))).toEqual(sentBy.map((list) => list.map(nameOf)));
      expect(ratchet.waiting).toEqual([]);
      expect([ratchet.forked, ratchet.rolledBack, ratchet.reports.length]).toEqual([false, false, 0]);
      const vector = currentVector(ratchet);
      expect(vector).toEqual(sentBy.map(({ length }) => length));
      const digest = digestAt(ratchet, vector);
      return { digest, key: groupKey(ratchet, vector, digest) };
    });
    for (const key of keys) expect(key).toEqual(keys[0]);
  }

  /** Delivers the rest; then everyone can message everyone. */
  async finish(): Promise<void> {
    await this.drain();
    this.checkConverged();
    for (const member of this.chat.ratchets.keys()) {
      await this.send(member);
      await this.drain();
    }
    this.checkConverged();
    // Each has named every earlier contribution, so nobody holds more than two of anyone.
    for (const { members } of this.chat.ratchets) {
      for (const { contributions, transcripts } of members) {
        expect(contributions.length).toBeLessThanOrEqual(2);
        expect(transcripts.length).toBeLessThanOrEqual(2);
      }
    }
  }
}
