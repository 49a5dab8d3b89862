// Groups that change and heal: stories played by the parts that real clients consist of.

import { expect, test } from 'vitest';
import { slow } from '../support/seeds.ts';
import { addReports, playStory, type StoriesReport } from './stories.ts';

/** So that the four parts run beside other files' tests, and a failure names a short list. */
const perPart = slow ? 25 : 10;

let all: StoriesReport | undefined;

test.each([0, 1, 2, 3])(
  'stories, part %i: everybody ends at the same place, and nothing is lost unsaid or told twice',
  async (part) => {
    const seed = process.env.SEED ?? 'ordinary';
    for (let number = part * perPart; number < (part + 1) * perPart; number++) {
      const report = await playStory(seed, number);
      all = all === undefined ? report : addReports(all, report);
      expect({ seed, number, ...report }).toMatchObject({ wrong: [], diverged: 0, lost: 0, doubled: 0 });
    }
  },
  600_000,
);

test('the stories had everything in them', () => {
  const happened = Object.keys(all?.acts ?? {});
  const expected = [
    'send',
    'add',
    'remove',
    'leave',
    'promote',
    'demote',
    'rename',
    'die',
    'copy',
    'rollBack',
    'clone',
    'lose',
  ];
  expect(happened).toEqual(expect.arrayContaining(expected));
  expect(all?.envelopes).toMatchObject({
    agreement: expect.any(Number),
    message: expect.any(Number),
    notice: expect.any(Number),
    request: expect.any(Number),
  });
  expect(all?.missed).toBeGreaterThan(0);
});
