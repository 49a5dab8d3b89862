// What a group needs and no person has to ask for: removals are carried out, displaced changes made again, keys renewed,
// lost messages asked for, and members who have lost their keys let in again. Whoever can do it waits a random while, the
// first in the roster the shortest, so that one does it and the others see that it is done.

import { positionOf } from '../protocol/lineage.ts';
import { currentVector, type Ratchet } from '../protocol/ratchet.ts';
import { emit } from '../state/events.ts';
import { ratchetsOf } from '../state/generations.ts';
import { healingOf, putHealing, unheldSince } from '../state/healing.ts';
import { loadLineage } from '../state/lineages.ts';
import { loadRatchet } from '../state/ratchets.ts';
import { type GroupRecord, tables } from '../state/records.ts';
import type { Transaction } from '../state/state.ts';
import { type Bytes, bytesKey, sameBytes } from '../wire/bytes.ts';
import { CliquetError } from '../wire/errors.ts';
import { maxMembers, messageIdBytes } from '../wire/limits.ts';
import { carryOut, changeAgain, displacedChanges } from './changes.ts';
import { closeGenerations } from './closing.ts';
import { aheadSince, mustReturnSince, openRatchet, soundRatchet, waitingRatchets } from './condition.ts';
import type { Delays } from './delays.ts';
import { type Missing, missingByWord, missingContent, missingIn, missingOf, waitSeconds } from './missing.ts';
import { nothing, openNext } from './opener.ts';
import { sealContent } from './outbox.ts';
import type { Registered } from './registered.ts';
import { askToRejoin, letIn, openRequests, tellRequest } from './rejoin.ts';
import { sharedWith } from './returning.ts';

const carrySeconds = 30;
/** A sender who was asked for what is lost, and is not heard for so long, does not answer. */
const gapSeconds = 24 * 3600;
/** Generations that were followed by others are looked through this often. */
const closeSeconds = 300;
const againSeconds = 5;
/** When what is lost of an earlier generation is asked for: after so long, so long after that, and once more. */
const askEarlierSeconds = [waitSeconds, 3600, 24 * 3600];
/** So often is asked whether the members have moved on. */
const maxDoubts = 3;
/** Each member in the roster waits so much longer than the one before. */
const turnSeconds = 30;
const refreshTurnSeconds = 120;
/** If nobody who is where the others are has answered by then, nobody is; before the next request begins the turns anew. */
const lastResortSeconds = 45 * 60;
/** New keys are due after so long, or so many messages. */
const refreshAfterSeconds = 7 * 24 * 3600;
const refreshAfterMessages = 500;

export interface HealerOptions {
  readonly client: Registered;
  readonly change: <R>(run: (tx: Transaction) => R | Promise<R>) => Promise<R>;
  readonly delays: Delays;
}

export class Healer {
  readonly #options: HealerOptions;
  #wasDue = false;
  /** What was asked for of earlier generations, by group. */
  readonly #asked = new Map<string, { readonly what: string; readonly times: number }>();

  constructor(options: HealerOptions) {
    this.#options = options;
  }

  /** Does what is due in all groups. The queue is taken in. */
  async heal(): Promise<void> {
    const { state } = this.#options.client;
    for (const { key } of state.all(tables.groups)) {
      try {
        this.#wasDue = false;
        await this.#healGroup(key);
        // What was due waits for the next time only once it is looked at again.
        if (this.#wasDue) await this.#healGroup(key);
      } catch (error) {
        // The relay, or a member's packages, cannot be reached now: it is due again when it is looked at next.
        if (!(error instanceof CliquetError) || error.code === 'store-unwritable' || error.code === 'client-closed') {
          throw error;
        }
        // From now on: the wait of the last time may be over.
        this.#options.delays.forget(`retry ${key}`);
        this.#wait(`retry ${key}`, () => turnSeconds);
      }
    }
  }

  async #healGroup(key: string): Promise<void> {
    await this.#return(key);
    const group = this.#group(key);
    if (group?.status !== 'active') return;
    await this.#close(key, group);
    const isSound = soundRatchet(this.#options.client.state, group) !== undefined;
    await this.#answer(key, isSound);
    if (!isSound) return;
    await this.#carry(key, group);
    await this.#again(key);
    await this.#refresh(key);
    await this.#ask(key);
    await this.#askEarlier(key);
  }

  #group(key: string): GroupRecord | undefined {
    return this.#options.client.state.get(tables.groups, key);
  }

  #wait(name: string, delay: (fraction: number) => number | null): boolean {
    const { client, delays } = this.#options;
    const isDue = delays.isDue(name, delay, client.now());
    if (isDue) this.#wasDue = true;
    return isDue;
  }

  /** Asks to be let in again, if that is needed, and not more often than it helps. */
  async #return(key: string): Promise<void> {
    const { client, change } = this.#options;
    const { state, now } = client;
    const group = this.#group(key);
    if (group === undefined) return;
    const since = mustReturnSince(state, group);
    const healing = healingOf(state, group.id);
    if (since === null) {
      if (healing.since !== null) await change((tx) => endHealing(tx, group.id));
      this.#options.delays.forget(`return ${key}`);
      return;
    }
    if (healing.since === null) {
      await change((tx) => putHealing(tx, group.id, { ...healingOf(tx, group.id), since, requests: 0 }));
    }
    const at = Math.max(since, healing.askAt);
    if (
      healing.requests >= maxDoubts &&
      at <= now() &&
      (aheadSince(state, group) ?? unheldSince(state, group)) !== null
    ) {
      await change((tx) => stopDoubting(tx, key, now()));
      return;
    }
    if (this.#wait(`return ${key}`, () => Math.max(0, at - now())) && at <= now()) await askToRejoin(client, group.id);
  }

  /** Closes what nothing more is to come in. */
  async #close(key: string, group: GroupRecord): Promise<void> {
    const { client, change } = this.#options;
    const isOpen = ratchetsOf(client.state, group.id).length > 1;
    if (this.#wait(`close ${key}`, () => (isOpen ? closeSeconds : null))) {
      await change((tx) => closeGenerations(tx, group, client.now()));
    }
  }

  async #carry(key: string, group: GroupRecord): Promise<void> {
    const name = `carry ${key} ${bytesKey(group.generation)}`;
    if (!this.#wait(name, (fraction) => (group.pending ? fraction * carrySeconds : null))) return;
    await carryOut(this.#options.client, group.id);
  }

  async #again(key: string): Promise<void> {
    const group = this.#group(key);
    if (group === undefined || group.pending) return;
    const { client } = this.#options;
    for (const { key: change, value } of displacedChanges(client.state, group)) {
      const name = `again ${change} ${bytesKey(value.generation)}`;
      if (!this.#wait(name, (fraction) => fraction * againSeconds)) continue;
      await changeAgain(client, change, value);
    }
  }

  /** Lets members in again who ask for it, also if this client is behind itself and nobody else has. */
  async #answer(key: string, isSound: boolean): Promise<void> {
    const group = this.#group(key);
    if (group === undefined) return;
    const { client, change } = this.#options;
    const { state, self, now } = client;
    const turn = positionOf(group.roster, self.hrid);
    const open: Bytes[] = [];
    let isDue = false;
    for (const { hrid, record } of openRequests(state, group)) {
      const name = `answer ${key} ${bytesKey(hrid)} ${record.askedAt} ${record.agreed} ${isSound}`;
      const isShared = sharedWith(state, record) !== null;
      if (isShared || record.agreed) open.push(hrid);
      if (!isShared && !record.agreed && record.told) continue;
      // Whoever's person has agreed answers at once; a person is only asked if nobody has let it in who can without.
      const turns = (fraction: number) =>
        record.agreed ? 0 : isShared ? turn + fraction : record.held.length === 0 ? 0 : group.roster.length + 2;
      const patience = isSound ? 0 : lastResortSeconds;
      const delay = (fraction: number) =>
        Math.max(0, record.receivedAt + turns(fraction) * turnSeconds + patience - now());
      if (!this.#wait(name, delay)) continue;
      if (isShared || record.agreed) isDue = true;
      else await change((tx) => tellRequest(tx, group.id, hrid));
    }
    // One generation is enough for all.
    if (isDue) await letIn(client, group.id, open, { isLastResort: !isSound });
  }

  async #refresh(key: string): Promise<void> {
    const group = this.#group(key);
    const { client } = this.#options;
    const ratchet = group && loadRatchet(client.state, group.generation);
    if (group === undefined || ratchet === undefined || ratchet.members.length < 2) return;
    const name = `refresh ${key} ${bytesKey(group.generation)}`;
    const messages = currentVector(ratchet).reduce((sum, count) => sum + count, 0);
    const turn = (fraction: number) => (ratchet.self + fraction) * refreshTurnSeconds;
    const byAge = (fraction: number) => ratchet.since + refreshAfterSeconds + turn(fraction) - client.now();
    const delay = (fraction: number) =>
      messages >= refreshAfterMessages ? Math.min(turn(fraction), byAge(fraction)) : byAge(fraction);
    if (!this.#wait(name, (fraction) => Math.max(0, delay(fraction)))) return;
    // Of a group of an earlier version nothing is known that could be built on.
    if (loadLineage(client.state, group.id).size === 0) return;
    await openNext(client, group.id, (_, { generation }) =>
      bytesKey(generation) === bytesKey(ratchet.generation) ? { operation: nothing, because: [], returned: [] } : null,
    );
  }

  /** Asks for messages that others have seen and this client has not. */
  async #ask(key: string): Promise<void> {
    const { client, change } = this.#options;
    const { state, random, now: clock } = client;
    const now = clock();
    const group = this.#group(key);
    const ratchet = group && openRatchet(state, group);
    if (group === undefined || ratchet === undefined) return;
    const { gaps, missingAt } = healingOf(state, group.id);
    // Earlier generations too: what is still to come there may be lost.
    const ratchets = waitingRatchets(state, group);
    const waiting = ratchets.flatMap((each) => each.waiting.map(({ since }) => since));
    const isAsked = missingAt !== null && waiting.some((since) => since + waitSeconds <= missingAt);
    if (missingAt !== null && !isAsked) {
      await change((tx) => putHealing(tx, group.id, { ...healingOf(tx, group.id), missingAt: null }));
    }
    const since = Math.min(...waiting);
    const isDue = this.#wait(`missing ${key} ${since}`, () =>
      waiting.length === 0 || isAsked ? null : Math.max(0, since + waitSeconds - now),
    );
    const missing = isDue ? ratchets.flatMap((each) => missingIn(each, now - waitSeconds)) : [];
    const unasked = gaps.filter(({ askedAt }) => askedAt === null).map(({ sender }) => sender);
    const isNew = ({ generation, position }: Missing) =>
      !missing.some((each) => each.position === position && sameBytes(each.generation, generation));
    const all = [...missing, ...ratchets.flatMap((each) => missingOf(each, unasked)).filter(isNew)].slice(
      0,
      maxMembers,
    );
    if (all.length > 0 || unasked.length > 0) {
      await change(async (tx) => {
        const present = tx.get(tables.groups, key);
        if (present === undefined || openRatchet(tx, present) === undefined) return;
        // Who has gone cannot be asked any more.
        if (all.length > 0) await sealContent(tx, client, present, missingContent(random(messageIdBytes), all, now));
        const healing = healingOf(tx, group.id);
        const asked = healing.gaps.map((gap) => ({ ...gap, askedAt: gap.askedAt ?? now }));
        putHealing(tx, group.id, { ...healing, gaps: asked, missingAt: missing.length > 0 ? now : healing.missingAt });
      });
    }
    await this.#tellGaps(key, ratchet);
  }

  /**
   * Asks for what is lost of generations in which nobody speaks any more, three times: if it does not come, it is told once
   * they are closed.
   */
  async #askEarlier(key: string): Promise<void> {
    const { client, change } = this.#options;
    const { state, random, now } = client;
    const group = this.#group(key);
    if (group === undefined || openRatchet(state, group) === undefined) return;
    const missing = waitingRatchets(state, group)
      .filter(({ endedAt }) => endedAt !== null)
      .flatMap((ratchet) => missingByWord(ratchet).filter(({ position }) => isMember(group, ratchet, position)))
      .slice(0, maxMembers);
    const what = missing.map(({ generation, position, from }) => `${bytesKey(generation)} ${position} ${from}`).join();
    const before = this.#asked.get(key);
    const asked = before?.what === what ? before : { what, times: 0 };
    this.#asked.set(key, asked);
    const wait = missing.length === 0 ? undefined : askEarlierSeconds[asked.times];
    if (!this.#wait(`earlier ${key} ${what}`, () => wait ?? null)) return;
    this.#asked.set(key, { what, times: asked.times + 1 });
    const content = missingContent(random(messageIdBytes), missing, now());
    await change(async (tx) => {
      const present = tx.get(tables.groups, key);
      if (present !== undefined && openRatchet(tx, present) !== undefined)
        await sealContent(tx, client, present, content);
    });
  }

  /** What is lost of a sender who has not been heard since it was asked for it is told. */
  async #tellGaps(key: string, ratchet: Ratchet): Promise<void> {
    const { client, change } = this.#options;
    const now = client.now();
    const { gaps } = healingOf(client.state, ratchet.group);
    const at = Math.min(...gaps.map(({ askedAt }) => (askedAt ?? now) + gapSeconds));
    if (!this.#wait(`gaps ${key}`, () => (gaps.length === 0 ? null : Math.max(0, at - now)))) return;
    await change((tx) => {
      const healing = healingOf(tx, ratchet.group);
      const isOver = ({ askedAt }: (typeof gaps)[number]) => askedAt !== null && askedAt + gapSeconds <= now;
      for (const { sender, reason, generation, opened } of healing.gaps.filter(isOver)) {
        const member = ratchet.members.find(({ hrid }) => sameBytes(hrid, sender));
        const before = sameBytes(generation, ratchet.generation) ? opened : 0;
        const isHeard = member !== undefined && member.opened > before;
        if (!isHeard) emit(tx, { type: 'gap', sender, reason });
      }
      putHealing(tx, ratchet.group, { ...healing, gaps: healing.gaps.filter((gap) => !isOver(gap)) });
    });
  }
}

/** Nobody knows of what a member seemed to speak in: it was a mistake, or mischief. */
function stopDoubting(tx: Transaction, key: string, now: number): void {
  const group = tx.get(tables.groups, key);
  if (group === undefined) return;
  tx.put(tables.groups, key, { ...group, since: now });
  putHealing(tx, group.id, {
    ...healingOf(tx, group.id),
    since: null,
    requests: 0,
    packages: [],
    unopened: [],
    unheld: [],
  });
}

function endHealing(tx: Transaction, group: Bytes): void {
  putHealing(tx, group, { ...healingOf(tx, group), since: null, requests: 0, packages: [] });
}

/** Who has gone cannot be asked any more. */
function isMember({ roster }: GroupRecord, { members }: Ratchet, position: number): boolean {
  const hrid = members[position]?.hrid;
  return hrid !== undefined && positionOf(roster, hrid) >= 0;
}
