// Two members of a group of any size who talk with each other, while all others say nothing; the protocol alone, without
// a store and without a relay.

import type { Curves } from '../../client/crypto/curves.ts';
import { systemRandom } from '../../client/crypto/random.ts';
import { openMessage } from '../../client/protocol/open.ts';
import type { Ratchet } from '../../client/protocol/ratchet.ts';
import { type SealedMessage, sealMessage } from '../../client/protocol/seal.ts';
import type { Bytes } from '../../client/wire/bytes.ts';
import { Envelope } from '../../client/wire/envelope.ts';
import { textOf } from '../support/content.ts';
import { accept, createPeople, found, type Person, startOfTime } from '../support/group.ts';
import { seededRandom } from '../support/random.ts';

interface Member {
  readonly person: Person;
  readonly ratchet: Ratchet;
}

export const said = 'The boat leaves at nine from the harbour, with bread and cheese.';

export class Talk {
  readonly #curves: Curves;
  #members: readonly [Member, Member];
  #sender: 0 | 1 = 0;
  #sealed: SealedMessage | undefined;

  constructor(curves: Curves, members: readonly [Member, Member]) {
    this.#curves = curves;
    this.#members = members;
  }

  /** Only the two who talk accept; the others need not, to be silent. */
  static async found(size: number): Promise<readonly [Member, Member]> {
    const people = await createPeople(seededRandom(`talk ${size}`), size);
    const [first, second] = people as [Person, Person];
    const { ratchet, headers, body } = await found(seededRandom('found'), people);
    if (ratchet === null) throw new Error('the founder is in the group');
    const accepted = await accept(second, first.hrid, headers[1] as Bytes, body);
    return [
      { person: first, ratchet },
      { person: second, ratchet: accepted.ratchet },
    ];
  }

  async send(): Promise<void> {
    const { person, ratchet } = this.#members[this.#sender];
    const content = textOf(said, { id: systemRandom(16) });
    this.#sealed = await sealMessage(this.#curves, systemRandom, ratchet, person.identity.seed, content, startOfTime);
    this.#keep(this.#sender, this.#sealed.ratchet);
  }

  async receive(): Promise<void> {
    if (this.#sealed === undefined) throw new Error('nothing was said');
    const { headers, body } = this.#sealed;
    const other = this.#sender === 0 ? 1 : 0;
    const { ratchet } = this.#members[other];
    const [to, from] = [ratchet.self, this.#members[this.#sender].ratchet.self];
    const envelope = Envelope.decode(body);
    if (envelope.type !== 'message') throw new Error('what was sent is not what came');
    const received = await openMessage(this.#curves, ratchet, from, headers[to] as Bytes, envelope, startOfTime);
    if (received.outcomes[0]?.type !== 'opened') throw new Error('a message does not open');
    this.#keep(other, received.ratchet);
  }

  /** The other one speaks next. */
  turn(): void {
    this.#sender = this.#sender === 0 ? 1 : 0;
  }

  /** Whether the last message carried a contribution. */
  get wasFull(): boolean {
    return this.#sealed?.step.leaf !== null;
  }

  /** Speaks until the next message of this sender is a light one. */
  async untilLight(): Promise<void> {
    const { lightRun, othersContributed } = this.#members[this.#sender].ratchet;
    if (lightRun < 8 && !othersContributed) return;
    await this.send();
    await this.receive();
  }

  #keep(position: 0 | 1, ratchet: Ratchet): void {
    const [first, second] = this.#members;
    const kept = { person: this.#members[position].person, ratchet };
    this.#members = position === 0 ? [kept, second] : [first, kept];
  }
}
