import { expect, test } from 'vitest';
import { runFaults } from './faults.ts';
import { hosts } from './host.ts';

test('a relay that is killed 20 times, and whose parts fail besides, loses and doubles nothing', async () => {
  const seed = process.env.SEED ?? String(Date.now());
  const host = hosts.workerd?.();
  if (host === undefined) throw new Error('no such host');
  const report = await runFaults(20, seed, host, () => {});
  expect({ seed, ...report }).toMatchObject({ seed, kills: 20, lost: 0, doubled: 0, wrong: [] });
  expect(report.accepted).toBeGreaterThan(100);
  // Kills at random, and at most of the points that were chosen.
  expect(Object.keys(report.where).length).toBeGreaterThan(10);
  expect(Object.keys(report.faults).length).toBeGreaterThan(5);
}, 240_000);
