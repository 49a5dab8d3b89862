// A group as the application sees it, and the events that it hears.

import { acceptInvitation, declineInvitation } from './inbox.ts';
import { currentVector, groupKey, type Ratchet } from './protocol/ratchet.ts';
import { safetyNumber } from './protocol/safety-number.ts';
import { fingerprint } from './protocol/step.ts';
import { digestAt } from './protocol/transcript.ts';
import { loadRatchet } from './ratchets.ts';
import { type GroupRecord, tables } from './records.ts';
import { numberKey, type State, type Transaction } from './state.ts';
import { type Bytes, bytesKey, encodeBase64Url, encodeUtf8 } from './wire/bytes.ts';
import { type Content, normalText } from './wire/content.ts';
import { CliquetError } from './wire/errors.ts';
import { maxContentBytes, messageIdBytes } from './wire/limits.ts';
import type { Role } from './wire/record.ts';

/** What a group needs of the client that it belongs to. */
export interface GroupHost {
  readonly state: State;
  readonly random: (length: number) => Bytes;
  change<R>(run: (tx: Transaction) => R | Promise<R>): Promise<R>;
}

export interface Member {
  /** The HRID, base64url. */
  readonly hrid: string;
  readonly role: Role;
  /** Whether this is the client itself. */
  readonly isSelf: boolean;
}

/** Where the ratchet stands, as it can be shown: fingerprints and counts, no secret. */
export interface Stage {
  /** How many messages of each member were opened here, in roster order. */
  readonly vector: readonly number[];
  /** Fingerprint of the group key at that vector (S1Kabc, S2Kabc, …), 16 hex digits. */
  readonly groupKey: string;
  /** Messages that wait for others before them. */
  readonly waiting: number;
}

/** What can be sent: text, or bytes with a media type. */
export type Sendable = string | { readonly mediaType: string; readonly data: Uint8Array };

export class Group {
  readonly #host: GroupHost;
  /** base64url of the 32-byte group id. */
  readonly id: string;

  constructor(host: GroupHost, id: string) {
    this.#host = host;
    this.id = id;
  }

  get name(): string {
    return this.#record.name;
  }

  /** `invited` until the person has answered an invitation. */
  get status(): GroupRecord['status'] {
    return this.#record.status;
  }

  /** Everybody in the group, in roster order. */
  get members(): readonly Member[] {
    const self = this.#host.state.get(tables.identity, '')?.hrid;
    return this.#record.roster.map(({ hrid, role }) => ({
      hrid: bytesKey(hrid),
      role,
      isSelf: self !== null && self !== undefined && bytesKey(self) === bytesKey(hrid),
    }));
  }

  /**
   * Sends content to everybody in the group. It is stored durably when the promise is fulfilled; sealing and delivery
   * go on by themselves, now or when the relay can be reached, and events tell of them.
   * @param content  text, or bytes with a media type; at most 64 KiB
   * @returns the message's id, which the events carry
   * @throws CliquetError `not-accepted`, `rolled-back`, `content-too-large`
   */
  async send(content: Sendable): Promise<string> {
    const id = this.#host.random(messageIdBytes);
    const stored = toContent(id, content);
    await this.#host.change((tx) => {
      const record = this.#record;
      if (record.status !== 'active') throw new CliquetError('not-accepted');
      if (loadRatchet(tx, record.generation)?.rolledBack) throw new CliquetError('rolled-back');
      const next = Number(tx.all(tables.unsent).at(-1)?.key ?? -1) + 1;
      tx.put(tables.unsent, numberKey(next), { group: record.id, content: stored });
    });
    return encodeBase64Url(id);
  }

  /**
   * Accepts the invitation; what was sent to the group meanwhile is told as events.
   * @throws CliquetError `already-accepted`
   */
  async accept(): Promise<void> {
    await this.#host.change((tx) => acceptInvitation(tx, this.#record));
  }

  /**
   * Declines the invitation: nothing is sent, and nothing of the group is kept.
   * @throws CliquetError `already-accepted`
   */
  async decline(): Promise<void> {
    await this.#host.change((tx) => declineInvitation(tx, this.#record));
  }

  /** SNabc: twelve groups of five digits. Equal on all members' screens, or somebody stands in the middle. */
  safetyNumber(): string {
    return safetyNumber(this.#record.roster);
  }

  /** Where the ratchet stands. */
  stage(): Stage {
    const ratchet = this.#ratchet;
    const vector = currentVector(ratchet);
    const key = groupKey(ratchet, vector, digestAt(ratchet, vector));
    return { vector, groupKey: hex(fingerprint(key)), waiting: ratchet.waiting.length };
  }

  get #record(): GroupRecord {
    const record = this.#host.state.get(tables.groups, this.id);
    if (record === undefined) throw new CliquetError('group-unknown');
    return record;
  }

  get #ratchet(): Ratchet {
    const ratchet = loadRatchet(this.#host.state, this.#record.generation);
    if (ratchet === undefined || ratchet.members.length === 0) throw new CliquetError('group-unknown');
    return ratchet;
  }
}

function toContent(id: Bytes, content: Sendable): Content {
  if (typeof content === 'string') {
    if (encodeUtf8(content).length > maxContentBytes) throw new CliquetError('content-too-large');
    return { type: 'text', id, text: normalText(content), reports: [] };
  }
  const { mediaType, data } = content;
  if (data.length > maxContentBytes) throw new CliquetError('content-too-large');
  return { type: 'bytes', id, mediaType, data: new Uint8Array(data), reports: [] };
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
