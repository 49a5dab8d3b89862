// A choir: a large group in which everybody hears everything at once. Then all members hold the same but for who they are,
// what they have still to answer, and the secrets of their own leaves: so one real state stands for all, one member really
// opens what is sent, and the others' counters follow its own. Whether a member has something to say is asked as a client
// asks it.

import { Delays } from '../../client/courier/delays.ts';
import { contributionDue } from '../../client/protocol/contribution.ts';
import type { Ratchet } from '../../client/protocol/ratchet.ts';
import { sealMessage } from '../../client/protocol/seal.ts';
import type { Content } from '../../client/wire/content.ts';
import { at, createMembers, type Member, openBytes, startRatchets } from '../support/chat.ts';
import { emptyOf } from '../support/content.ts';
import { curves, startOfTime, textContent } from '../support/group.ts';
import type { SeededRandom } from '../support/random.ts';

/** The member who really opens. */
const listener = 1;

/** What is a member's alone. */
type Own = Pick<
  Ratchet,
  'lightRun' | 'lastFullAt' | 'othersContributed' | 'unansweredContent' | 'unansweredSince' | 'owesContribution'
>;

function ownOf(ratchet: Ratchet): Own {
  const { lightRun, lastFullAt, othersContributed, unansweredContent, unansweredSince, owesContribution } = ratchet;
  return { lightRun, lastFullAt, othersContributed, unansweredContent, unansweredSince, owesContribution };
}

export class Choir {
  now: number = startOfTime;
  /** Messages that were sent: contents, empty ones, and of both those with a contribution; bytes to the relay. */
  readonly counts = { contents: 0, empty: 0, full: 0, bytes: 0 };
  readonly #random: SeededRandom;
  readonly #members: readonly Member[];
  readonly #own: Own[];
  readonly #delays: readonly Delays[];
  #shared: Ratchet;

  private constructor(random: SeededRandom, members: readonly Member[], shared: Ratchet) {
    this.#random = random;
    this.#members = members;
    this.#shared = shared;
    this.#own = members.map(() => ownOf(shared));
    this.#delays = members.map(
      () =>
        new Delays(
          () => random.below(1000) / 1000,
          () => {},
        ),
    );
  }

  /** @param joined  whether all but the first have just come: they contribute at once */
  static async start(random: SeededRandom, size: number, joined: boolean): Promise<Choir> {
    const members = await createMembers(random, size);
    const choir = new Choir(random, members, at(await startRatchets(random, members), listener));
    for (const own of choir.#own.keys()) if (own > 0) choir.#change(own, { owesContribution: joined });
    return choir;
  }

  #change(member: number, change: Partial<Own>): void {
    this.#own[member] = { ...at(this.#own, member), ...change };
  }

  #stateOf(member: number): Ratchet {
    return { ...this.#shared, ...at(this.#own, member), self: member };
  }

  /** A member says something, and everybody who has to answer by then does. */
  async say(member: number): Promise<void> {
    await this.#send(member, textContent(this.#random, 'a text of twenty-five'));
    this.counts.contents++;
    await this.answer();
  }

  /** Time goes by, and whoever has to say something by then does. */
  async pass(seconds: number, step = 60): Promise<void> {
    for (const end = this.now + seconds; this.now < end; ) {
      this.now += step;
      await this.answer();
    }
  }

  async answer(): Promise<void> {
    for (const [member, delays] of this.#delays.entries()) {
      const due = (fraction: number) => contributionDue(this.#stateOf(member), fraction, this.now);
      if (!delays.isDue('contribute', due, this.now)) continue;
      await this.#send(member, emptyOf({ id: this.#random.bytes(16) }));
      this.counts.empty++;
    }
  }

  async #send(sender: number, content: Content): Promise<void> {
    const { seed } = at(this.#members, sender).identity;
    const sealed = await sealMessage(curves, this.#random.bytes, this.#stateOf(sender), seed, content, this.now);
    const { body, headers } = sealed;
    const full = headers.some(({ length }) => length > 0);
    this.counts.full += full ? 1 : 0;
    this.counts.bytes += headers.reduce((sum, { length }) => sum + length, body.length);
    this.#own[sender] = ownOf(sealed.ratchet);
    if (sender === listener) {
      this.#shared = sealed.ratchet;
      this.#hear(sender, { othersContributed: true, counted: 0 });
      return;
    }
    const before = this.#shared.unansweredContent;
    const { ratchet, outcomes } = await openBytes(this.#shared, sender, at(headers, listener), body, this.now);
    if (outcomes[0]?.type !== 'opened') throw new Error('the listener does not open it');
    this.#shared = ratchet;
    this.#hear(sender, { othersContributed: full, counted: ratchet.unansweredContent - before });
  }

  /** All others have opened it. */
  #hear(sender: number, { othersContributed, counted }: { othersContributed: boolean; counted: number }): void {
    for (const [member, own] of this.#own.entries()) {
      if (member === sender) continue;
      this.#change(member, {
        othersContributed: own.othersContributed || othersContributed,
        unansweredContent: own.unansweredContent + counted,
        unansweredSince: counted > 0 ? (own.unansweredSince ?? this.now) : own.unansweredSince,
      });
    }
  }
}
