// Seals what is to be sent: what the person has said, and the empty messages that are due.

import { contributionDue } from '../protocol/contribution.ts';
import { hasNews } from '../protocol/later.ts';
import { positionOf } from '../protocol/lineage.ts';
import type { Ratchet } from '../protocol/ratchet.ts';
import { coresOf, ratchetsOf } from '../state/generations.ts';
import { loadRatchet } from '../state/ratchets.ts';
import { type GroupRecord, type Outgoing, tables } from '../state/records.ts';
import type { Reader, Transaction } from '../state/state.ts';
import { emptyContent } from '../state/unsent.ts';
import { type Bytes, bytesKey, sameBytes } from '../wire/bytes.ts';
import { CliquetError } from '../wire/errors.ts';
import { messageIdBytes } from '../wire/limits.ts';
import { openRatchet } from './condition.ts';
import type { Delays } from './delays.ts';
import { sealContent, tellFailed } from './outbox.ts';
import type { Registered } from './registered.ts';

export interface SealerOptions {
  readonly client: Registered;
  readonly change: (run: (tx: Transaction) => Promise<void>) => Promise<void>;
  /** Whether the queue is taken in: nothing is sealed before. */
  readonly isReady: () => boolean;
  /** Something was sealed: it may leave while the next is being sealed. */
  readonly sealed: () => void;
  readonly delays: Delays;
}

export class Sealer {
  readonly #options: SealerOptions;

  constructor(options: SealerOptions) {
    this.#options = options;
  }

  async seal(): Promise<void> {
    await this.#tellClones();
    await this.#sealUnsent();
    await this.#contribute();
  }

  async #sealUnsent(): Promise<void> {
    const { client, change, isReady, sealed, delays } = this.#options;
    const { state } = client;
    for (const { key, value } of state.all(tables.unsent)) {
      if (!isReady()) return;
      const waits = state.get(tables.groups, bytesKey(value.group));
      if (waits === undefined || openRatchet(state, waits) === undefined) continue;
      try {
        await change(async (tx) => {
          // Taken back meanwhile; its place may be another's. Or the group has changed.
          const group = tx.get(tables.groups, bytesKey(value.group));
          if (tx.get(tables.unsent, key) !== value || group === undefined) return;
          if (openRatchet(tx, group) === undefined) return;
          await sealContent(tx, client, group, value.content);
          tx.delete(tables.unsent, key);
        });
        sealed();
      } catch (error) {
        // The store's failures are waited out; others are the content's.
        if (!(error instanceof CliquetError) || error.code === 'store-unwritable') throw error;
        const { code } = error;
        await change(async (tx) => {
          if (tx.get(tables.unsent, key) !== value) return;
          tx.delete(tables.unsent, key);
          await tellFailed(tx, value.group, value.content.id, code);
        });
      }
      delays.forget(`contribute ${bytesKey(value.group)}`);
    }
  }

  /**
   * A clone that was found shortly before the group moved on is told in the generation in which it can be verified, and
   * before anything is said in the present one, which would end what this client has to say there.
   */
  async #tellClones(): Promise<void> {
    const { client, change, isReady } = this.#options;
    const { state, random, now } = client;
    for (const { value: group } of state.all(tables.groups)) {
      if (openRatchet(state, group) === undefined) continue;
      for (const generation of ratchetsOf(state, group.id)) {
        if (!isReady()) return;
        if (!sameBytes(generation, group.generation) && hasClones(state, group, generation)) {
          const content = emptyContent(random(messageIdBytes), now());
          await change(async (tx) => {
            if (hasClones(tx, group, generation)) await sealContent(tx, client, { ...group, generation }, content);
          });
        }
      }
    }
  }

  /** Sends the empty messages that are due. */
  async #contribute(): Promise<void> {
    const { client, change, isReady, delays } = this.#options;
    const { state, random, now } = client;
    for (const { key, value } of state.all(tables.groups)) {
      const ratchet = openRatchet(state, value);
      const unansweredSince = ratchet === undefined ? null : unansweredIn(state, value.id);
      const due = (fraction: number) =>
        ratchet === undefined ? null : contributionDue({ ...ratchet, unansweredSince }, fraction, now());
      if (!delays.isDue(`contribute ${key}`, due, now()) || !isReady()) continue;
      const content = emptyContent(random(messageIdBytes), now());
      await change(async (tx) => {
        const group = tx.get(tables.groups, key);
        if (group !== undefined && openRatchet(tx, group) !== undefined) await sealContent(tx, client, group, content);
      });
    }
  }
}

/** Whether there is a clone to tell of in a generation, and somebody there to be told. */
function hasClones(reader: Reader, { roster }: GroupRecord, generation: Bytes): boolean {
  const core = reader.get(tables.ratchets, bytesKey(generation));
  if (core === undefined || core.reports.length === 0 || core.rolledBack) return false;
  const ratchet = loadRatchet(reader, generation);
  const isOther = ({ hrid }: Ratchet['members'][number], position: number) =>
    position !== ratchet?.self && positionOf(roster, hrid) >= 0;
  return ratchet?.members.some(isOther) ?? false;
}

/**
 * Since when a word of this client is waited for: seconds since 1970, or null. Once the group has moved on, only such a
 * word tells an author that its content has come, and the others that there is something which has not come to them.
 */
function unansweredIn(reader: Reader, group: Bytes): number | null {
  const cores = coresOf(reader, group);
  const times = cores.flatMap(({ unansweredSince }) => unansweredSince ?? []);
  const ended = cores.flatMap(({ generation, endedAt }) => (endedAt === null ? [] : generation));
  times.push(...unheardIn(reader, ended));
  return times.length === 0 ? null : Math.min(...times);
}

/** When this client said in earlier generations what not everybody has confirmed, unless it has told of it since. */
function unheardIn(reader: Reader, ended: readonly Bytes[]): number[] {
  if (ended.length === 0) return [];
  const isUnheard = ({ message, state }: Outgoing) =>
    message?.isContent === true && (state === 'accepted' || state === 'delivered');
  const unheard = reader.all(tables.outgoing).flatMap(({ value }) => (isUnheard(value) ? [value] : []));
  return ended.flatMap((generation) => {
    const here = unheard.filter((said) => sameBytes(said.generation, generation));
    const ratchet = here.length === 0 ? undefined : loadRatchet(reader, generation);
    return ratchet !== undefined && hasNews(ratchet) ? here.map(({ sealedAt }) => sealedAt) : [];
  });
}
