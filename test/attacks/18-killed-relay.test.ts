// 18. The relay is killed between any two steps of accept, fan-out, deliver and acknowledge; alarms go off twice, calls fail
// before and after they took effect, objects are put away, lines are cut. Nothing is lost, nothing doubled. With 200 kills,
// which go through every point: npm run test:faults.

import { expect, test } from 'vitest';
import { runFaults } from '../faults/faults.ts';
import { hosts } from '../faults/host.ts';

test.each(['workerd', 'deno'] as const)(
  'a relay on %s that is killed 20 times, and whose parts fail besides, loses and doubles nothing',
  async (name) => {
    const seed = process.env.SEED ?? String(Date.now());
    const report = await runFaults(20, seed, hosts[name](), () => {});
    expect({ seed, ...report }).toMatchObject({ seed, kills: 20, lost: 0, doubled: 0, wrong: [] });
    expect(report.accepted).toBeGreaterThan(100);
    // Kills at random, and at most of the points that were chosen.
    expect(Object.keys(report.where).length).toBeGreaterThan(10);
    expect(Object.keys(report.faults).length).toBeGreaterThan(5);
  },
  240_000,
);
