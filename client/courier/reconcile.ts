// What everybody has acknowledged while this client was away, or could not hear of it.

import { tables } from '../state/records.ts';
import { bytesKey } from '../wire/bytes.ts';
import type { OutboxRecord } from '../wire/outbox.ts';
import type { Delivered, Recipient } from '../wire/send.ts';
import { markDelivered, readEnvelope } from './outbox.ts';
import type { Registered } from './registered.ts';

/** Asks the relay what it still holds: what it no longer lists is delivered, and what it waits for nobody is over. */
export async function reconcileOutbox({ state, relay, as }: Pick<Registered, 'state' | 'relay' | 'as'>): Promise<void> {
  const accepted = state.all(tables.outgoing).filter(({ value }) => value.state === 'accepted');
  const newest = accepted.at(-1)?.value.n;
  if (newest === undefined) return;
  const listed = new Map<number, OutboxRecord>();
  let next = 0;
  for (let after = 0; ; ) {
    const { records, nextSend } = await relay.readOutbox(as, after);
    next = nextSend;
    for (const record of records) listed.set(record.n, record);
    const last = records.at(-1);
    if (last === undefined || last.n <= after || last.n >= newest) break;
    after = last.n;
  }
  await state.transact(async (tx) => {
    for (const { key, value } of accepted) {
      // After a new registration the number may be another's.
      const isSame = tx.get(tables.outgoing, key) === value;
      if (!isSame || value.n >= next) continue;
      const record = listed.get(value.n);
      if (record === undefined) await markDelivered(tx, { n: value.n, acknowledged: 1, missed: [] });
      else if (!isWaiting(record)) await markDelivered(tx, outcomeOf(record, (await readEnvelope(tx, value)).to));
    }
  });
}

function isWaiting({ recipients }: OutboxRecord): boolean {
  return recipients.some(({ state }) => state === 'pending' || state === 'queued');
}

/** What became of an envelope by what the relay lists of it. */
function outcomeOf({ n, recipients }: OutboxRecord, to: readonly Recipient[]): Delivered {
  const states = new Map(recipients.map(({ hrid, state }) => [bytesKey(hrid), state]));
  const missed: Delivered['missed'][number][] = [];
  let acknowledged = 0;
  for (const [index, { hrid }] of to.entries()) {
    const state = states.get(bytesKey(hrid));
    if (state === undefined) acknowledged++;
    // What was not taken in the first place was told by the answer to the send.
    else if (state === 'gone' || state === 'refused' || state === 'expired') missed.push({ index, code: state });
  }
  return { n, acknowledged, missed };
}
