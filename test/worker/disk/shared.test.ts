import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { Counters } from '../../../worker/counters.ts';
import { openDisk } from '../../../worker/disk/bindings.ts';
import { openShared } from '../../../worker/disk/shared.ts';
import { runtimes } from '../../support/disk-relay.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { node } from '../../support/runtime.ts';

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

  test.each(Object.entries({ node, deno: runtimes.deno }))(
    'on a full disk, on %s, says that nothing can be kept, and has what was kept before',
    (_, { command, args, env }) => {
      const folder = temporaryFolder();
      const script = join(temporaryFolder(), 'fill.ts');
      const path = (name: string) => JSON.stringify(join(import.meta.dirname, '../../../worker', name));
      writeFileSync(
        script,
        `import { openShared } from ${path('disk/shared.ts')};
         const { counters } = openShared(${JSON.stringify(folder)});
         let kept = 0;
         try {
           for (; kept < 1000; kept++) {
             counters.writeDataPoint({ indexes: ['accepted'], blobs: ['accepted', ''], doubles: [1] });
             counters.flush();
           }
         } catch {
           try { counters.flush(); } catch { console.log(kept); }
         }
         process.kill(process.pid, 'SIGKILL');`,
      );
      // A file that may not grow is met as a full disk is: by a write that fails.
      const line = ['sh', '-c', `trap '' XFSZ; ulimit -f 128; exec "$0" "$@"`, command, ...args, script];
      const { stdout, stderr } = spawnSync(line[0] ?? '', line.slice(1), {
        env: { ...process.env, ...env },
        encoding: 'utf8',
      });
      expect(stderr).toBe('');
      const kept = Number(stdout);
      expect(kept).toBeGreaterThan(2);
      expect(kept).toBeLessThan(1000);
      running(folder, ({ totals }) => expect(totals.counts).toEqual({ accepted: kept }));
    },
  );
});
