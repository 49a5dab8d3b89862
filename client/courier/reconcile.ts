// What everybody has acknowledged while this client was away, or could not hear of it.

import { tables } from '../state/records.ts';
import { markDelivered } from './outbox.ts';
import type { Registered } from './registered.ts';

/** Asks the relay what it still holds; what it no longer lists is delivered. */
export async function reconcileOutbox({ state, relay, as }: Pick<Registered, 'state' | 'relay' | 'as'>): Promise<void> {
  const accepted = state.all(tables.outgoing).filter(({ value }) => value.state === 'accepted');
  const newest = accepted.at(-1)?.value.n;
  if (newest === undefined) return;
  const listed = new Set<number>();
  let next = 0;
  for (let after = 0; ; ) {
    const { records, nextSend } = await relay.readOutbox(as, after);
    next = nextSend;
    for (const { n } of records) listed.add(n);
    const last = records.at(-1);
    if (last === undefined || last.n <= after || last.n >= newest) break;
    after = last.n;
  }
  await state.transact(async (tx) => {
    for (const { key, value } of accepted) {
      // After a new registration the number may be another's.
      const isSame = tx.get(tables.outgoing, key) === value;
      if (isSame && value.n < next && !listed.has(value.n)) await markDelivered(tx, value.n);
    }
  });
}
