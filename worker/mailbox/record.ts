// A record: one message of the owner's, as its row holds it, and how to read it.

import { type Bytes, bytesKey, concatBytes } from '../../client/wire/bytes.ts';
import { maxRecipients } from '../../client/wire/limits.ts';
import type { Accepted, Delivered, Recipient, Send } from '../../client/wire/send.ts';
import { Refusal } from '../errors.ts';
import { recipientOverheadBytes } from '../limits.ts';
import { acknowledged, missOf, refusalOf, refusedState, waited } from './recipient.ts';

/** What a row says but for digest, headers and body. */
export type RecordRow = {
  readonly n: number;
  readonly expires: number;
  readonly states: Bytes;
  readonly recipients: Bytes;
  readonly lengths: Bytes;
  readonly bodyBytes: number;
};

/** What memory keeps of a row. */
export interface OutboxEntry {
  /** Seconds since 1970: when what is not delivered ends; once nobody is waited for, when the record goes. */
  expires: number;
  readonly states: Bytes;
  /** Recipients that are waited for. */
  left: number;
  /** What it counts of the sender's total. */
  size: number;
}

/** Headers and body were let go: whoever still lacks them gets a gap. */
export function isReleased({ lengths }: Pick<RecordRow, 'lengths'>): boolean {
  return lengths.length === 0;
}

export function createRow(send: Send, refused: Accepted['refused'], expires: number): RecordRow {
  const states = new Uint8Array(send.to.length).fill(waited);
  for (const { index, code } of refused) states[index] = refusedState(code);
  return {
    n: send.n,
    expires,
    states,
    recipients: concatBytes(...send.to.map(({ hrid }) => hrid)),
    lengths: concatBytes(...send.to.map(({ header }) => Uint8Array.of(header.length >> 8, header.length & 0xff))),
    bodyBytes: send.body.length,
  };
}

/** @throws Refusal `too-many-recipients` or `duplicate-recipient` */
export function checkRecipients({ to }: Send): void {
  if (to.length > maxRecipients) throw new Refusal('too-many-recipients');
  if (new Set(to.map(({ hrid }) => bytesKey(hrid))).size < to.length) throw new Refusal('duplicate-recipient');
}

export function sendBytes(to: readonly Recipient[], body: Bytes): number {
  return to.reduce((bytes, { header }) => bytes + header.length + recipientOverheadBytes, body.length);
}

export function headerLength({ lengths }: Pick<RecordRow, 'lengths'>, index: number): number {
  return ((lengths[2 * index] ?? 0) << 8) | (lengths[2 * index + 1] ?? 0);
}

/** The answer that the send was given. */
export function acceptedOf(n: number, states: Bytes): Accepted {
  return { n, refused: fromStates(states, refusalOf) };
}

/** What became of the message. */
export function deliveredOf(n: number, states: Bytes): Delivered {
  return {
    n,
    acknowledged: states.filter((state) => state === acknowledged).length,
    missed: fromStates(states, missOf),
  };
}

function fromStates<C>(states: Bytes, codeOf: (state: number) => C | null): { index: number; code: C }[] {
  return [...states].flatMap((state, index) => {
    const code = codeOf(state);
    return code === null ? [] : [{ index, code }];
  });
}
