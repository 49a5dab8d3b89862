import { expect, test } from 'vitest';
import { runSoak } from './soak.ts';

test('a relay that is used for a moment hands everything on; for ten minutes, and whether it grows: npm run test:soak', {
  timeout: 120_000,
}, async () => {
  const lines: string[] = [];
  const progress = (line: string) => void lines.push(line);
  const report = await runSoak({ host: 'deno', mailboxes: 40, milliseconds: 2000, seed: 'soak', progress });
  expect(report.received).toBe(2 * report.sends);
  expect(report.sends).toBeGreaterThan(0);
  expect(report.bytes).toHaveLength(report.files.length);
  if (process.platform === 'linux') expect(Math.min(...report.bytes, ...report.files)).toBeGreaterThan(0);
  expect(lines.at(-1)).toContain('100 %');
});
