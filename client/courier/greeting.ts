// What the first word of a connection says of this store: whether it goes on where it was, is an older copy, or has a
// relay that is one.

import { tables } from '../state/records.ts';
import type { Transaction } from '../state/state.ts';
import { sameBytes } from '../wire/bytes.ts';
import { CliquetError } from '../wire/errors.ts';
import type { Ack, Hello } from '../wire/queue.ts';
import { repostLost, rollBack, startOver } from './outbox.ts';

/** @returns up to where the queue is taken in */
export async function takeHello(tx: Transaction, hello: Hello): Promise<Ack> {
  const numbers = tx.get(tables.numbers, '');
  if (numbers === undefined) throw new CliquetError('client-closed');
  const { cursor } = numbers;
  // This client has sent, taken in or registered anew what this store does not know of: the store is an older copy.
  const isSameQueue = cursor !== null && sameBytes(cursor.epoch, hello.epoch);
  if (isSameQueue && cursor.seq >= hello.acked && numbers.nextSend >= hello.nextSend) {
    repostLost(tx, hello.nextSend);
    if (cursor.seq <= hello.last) return cursor;
    // The relay was restored from an older copy: what it gives numbers to anew is taken in; the ratchet drops the rest.
    const older = { epoch: hello.epoch, seq: hello.acked };
    tx.put(tables.numbers, '', { ...(tx.get(tables.numbers, '') ?? numbers), cursor: older });
    return older;
  }
  const next = { epoch: hello.epoch, seq: Math.max(isSameQueue ? cursor.seq : 0, hello.acked) };
  tx.put(tables.numbers, '', { ...numbers, cursor: next });
  if (!isSameQueue) startOver(tx);
  await rollBack(tx, hello.nextSend);
  return next;
}
