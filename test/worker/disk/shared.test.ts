import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { Counters } from '../../../worker/counters.ts';
import { openDisk } from '../../../worker/disk/bindings.ts';
import { openShared } from '../../../worker/disk/shared.ts';
import { temporaryFolder } from '../../support/folder.ts';

/** What counts a relay that runs on the folder until `work` has ended. */
function running<T>(folder: string, work: (counters: Counters) => T): T {
  const shared = openShared(folder);
  try {
    return work(new Counters(shared.counters, Date.now()));
  } finally {
    shared.close();
  }
}

describe('openShared()', () => {
  test('keeps what was counted, since the first start', () => {
    const folder = temporaryFolder();
    const since = running(folder, ({ count, totals }) => {
      count('accepted', '');
      count('refused', 'too-large', 2);
      return totals.since;
    });
    running(folder, (counters) => {
      expect(counters.scope).toBe('relay');
      expect(counters.totals).toEqual({ since, counts: { accepted: 1, 'refused too-large': 2 } });
      counters.count('accepted', '');
    });
    running(folder, ({ totals }) => expect(totals.counts).toEqual({ accepted: 2, 'refused too-large': 2 }));
  });

  test('keeps the filter of a folder of version 1', async () => {
    const folder = temporaryFolder();
    const old = new DatabaseSync(join(folder, 'relay.sqlite'));
    old.exec(`create table filter (key text primary key, value blob not null) without rowid;
              insert into filter values ('filter/1/7', x'010203')`);
    old.close();
    const { filter, close } = openShared(folder);
    expect(new Uint8Array((await filter.get('filter/1/7', 'arrayBuffer')) ?? new ArrayBuffer(0))).toEqual(
      Uint8Array.of(1, 2, 3),
    );
    close();
    running(folder, ({ totals }) => expect(totals.counts).toEqual({}));
  });

  test('leaves the folder of a newer relay as it is, and says so', () => {
    const folder = temporaryFolder();
    openShared(folder).close();
    const newer = new DatabaseSync(join(folder, 'relay.sqlite'));
    newer.exec('update relay set schema = 3');
    newer.close();
    expect(() => openDisk(folder, 1)).toThrow(/^A newer version of the relay has used the folder/);
    const after = new DatabaseSync(join(folder, 'relay.sqlite'));
    expect(after.prepare('select schema from relay').get()).toEqual({ schema: 3 });
    after.close();
  });
});
