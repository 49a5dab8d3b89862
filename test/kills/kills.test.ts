import { expect, test } from 'vitest';
import { runKills } from './kills.ts';

test('clients that are killed 20 times while they send and receive lose and double nothing', async () => {
  const seed = process.env.SEED ?? String(Date.now());
  const report = await runKills(20, seed, () => {});
  expect({ seed, ...report }).toMatchObject({ seed, lost: 0, doubled: 0, wrong: [] });
  expect(report.messages).toBeGreaterThan(50);
  // Kills in one place only would show little.
  expect(Object.keys(report.where).length).toBeGreaterThan(2);
}, 180_000);
