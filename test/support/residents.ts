// What the tests of mailboxes have in common, beside the town itself.

import { maxQueueEntries } from '../../worker/limits.ts';
import { type Resident, Town } from './town.ts';

/** A town and its first three residents. */
export function populate(count = 3): { town: Town; a: Resident; b: Resident; c: Resident; others: Resident[] } {
  const town = new Town();
  const [a, b, c, ...others] = town.populate(count);
  if (a === undefined || b === undefined || c === undefined) throw new Error('at least three');
  return { town, a, b, c, others };
}

/** Per record after that number, what the outbox says of each recipient that has not acknowledged. */
export async function states(resident: Resident, after = 0): Promise<string[]> {
  const { records } = await resident.outbox(after);
  return records.map(({ n, recipients }) => `${n} ${recipients.map(({ state }) => state).join(' ')}`);
}

export function rows(resident: Resident, table: string): unknown[] {
  return resident.host.sql.query(`select * from ${table}`);
}

/** Fills a queue to the last place, by a sender that nobody knows. */
export function fill(resident: Resident): void {
  const items = Array.from({ length: maxQueueEntries }, (_, i) => ({
    n: i + 1,
    gap: null,
    expires: Number.MAX_SAFE_INTEGER,
    header: new Uint8Array(),
    body: new Uint8Array(),
  }));
  const sender = new Uint8Array(32);
  resident.mailbox.deliver({ sender, senderEpoch: new Uint8Array(16), recipientEpoch: null, items });
}
