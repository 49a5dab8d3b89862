// Rows and alarms of Durable Objects, which are most of what a deployment pays.

import { runInDurableObject } from 'cloudflare:test';

import { saveStates } from '../../worker/mailbox/outbox.ts';

export interface Counted {
  readonly rows: number;
  readonly rowsRead: number;
  readonly alarms: number;
  /** Rows that say who has acknowledged, while others have not: how many depends on when alarms fire. */
  readonly saves: number;
}

/** Counts from here on what these objects write and read, where the platform counts it. */
export async function countRows(stubs: readonly DurableObjectStub[]): Promise<() => Counted> {
  const cursors: { readonly rowsWritten: number; readonly rowsRead: number }[] = [];
  let alarms = 0;
  let saves = 0;
  for (const stub of stubs) {
    await runInDurableObject(stub, (_, { storage }) => {
      const exec = storage.sql.exec.bind(storage.sql);
      storage.sql.exec = <T extends Record<string, SqlStorageValue>>(query: string, ...values: unknown[]) => {
        const cursor = exec<T>(query, ...values);
        cursors.push(cursor);
        if (query === saveStates) saves++;
        return cursor;
      };
      const setAlarm = storage.setAlarm.bind(storage);
      storage.setAlarm = (...time) => {
        alarms++;
        return setAlarm(...time);
      };
    });
  }
  return () => ({
    rows: cursors.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0),
    rowsRead: cursors.reduce((sum, { rowsRead }) => sum + rowsRead, 0),
    alarms,
    saves,
  });
}
