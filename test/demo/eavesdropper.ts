// What somebody could do who gets hold of more than it should: what the relay keeps for another, tried with all keys of
// a store.

import { selectCurves } from '../../client/crypto/select-curves.ts';
import { openMessage } from '../../client/protocol/open.ts';
import type { Ratchet } from '../../client/protocol/ratchet.ts';
import { ratchetsOf } from '../../client/state/generations.ts';
import { loadRatchet } from '../../client/state/ratchets.ts';
import { tables } from '../../client/state/records.ts';
import { loadState } from '../../client/state/schema.ts';
import { sqliteStore } from '../../client/store/sqlite.ts';
import { httpRelay } from '../../client/transport/http.ts';
import { bytesKey, decodeBase64Url, sameBytes } from '../../client/wire/bytes.ts';
import { readBody } from '../../client/wire/content-body.ts';
import { Envelope, type MessageEnvelope } from '../../client/wire/envelope.ts';
import { CliquetError } from '../../client/wire/errors.ts';

/** A message as the relay keeps it; all of it base64url. */
export interface Kept {
  readonly from: string;
  readonly header: string;
  readonly body: string;
}

export interface Tried {
  /** How many generations' keys there were. */
  readonly keys: number;
  /** What they have opened. */
  readonly texts: readonly string[];
}

const nowSeconds = () => Math.floor(Date.now() / 1000);

/** What waits at the relay for the client in a store; it is left there. */
export async function readKept(storeFile: string): Promise<Kept[]> {
  const state = await loadState(sqliteStore(storeFile), nowSeconds());
  try {
    const identity = state.get(tables.identity, '');
    if (!identity?.hrid) throw new Error('nobody is registered in this store');
    const curves = await selectCurves();
    const sign = (message: Uint8Array<ArrayBuffer>) => curves.sign(identity.seed, message);
    const { entries } = await httpRelay(identity.relay).readQueue({ hrid: identity.hrid, sign }, null);
    return entries.flatMap((entry) =>
      entry.type === 'gap'
        ? []
        : { from: bytesKey(entry.from), header: bytesKey(entry.header), body: bytesKey(entry.body) },
    );
  } finally {
    await state.close();
  }
}

/** Tries all keys of a store on messages, in their order; the store stays as it is. */
export async function tryKeys(storeFile: string, kept: readonly Kept[]): Promise<Tried> {
  const state = await loadState(sqliteStore(storeFile), nowSeconds());
  try {
    const ratchets = state
      .all(tables.groups)
      .flatMap(({ value }) => ratchetsOf(state, value.id))
      .flatMap((generation) => loadRatchet(state, generation) ?? []);
    const texts: string[] = [];
    for (const message of kept) {
      const envelope = Envelope.decode(decodeBase64Url(message.body));
      if (envelope.type !== 'message') continue;
      for (const [i, ratchet] of ratchets.entries()) {
        const opened = await tryKey(ratchet, message, envelope);
        if (opened === null) continue;
        ratchets[i] = opened.ratchet;
        texts.push(...opened.texts);
      }
    }
    return { keys: ratchets.length, texts };
  } finally {
    await state.close();
  }
}

async function tryKey(before: Ratchet, { from, header }: Kept, envelope: MessageEnvelope) {
  const sender = before.members.findIndex(({ hrid }) => sameBytes(hrid, decodeBase64Url(from)));
  if (sender < 0) return null;
  try {
    const curves = await selectCurves();
    const sealed = decodeBase64Url(header);
    const { ratchet, outcomes } = await openMessage(curves, before, sender, sealed, envelope, nowSeconds());
    const bodies = outcomes.flatMap((outcome) => (outcome.type === 'opened' ? (readBody(outcome.content) ?? []) : []));
    return { ratchet, texts: bodies.flatMap((body) => (body.type === 'text' ? body.text : [])) };
  } catch (error) {
    if (error instanceof CliquetError && error.code === 'message-refused') return null;
    throw error;
  }
}
