import { expect, test } from 'vitest';
import { tableOf } from './times.ts';

test('tableOf() adds up by folder, and names what took longest', () => {
  const took = [
    { file: 'client/wire/a.test.ts', tests: 3, seconds: 1 },
    { file: 'client/b.test.ts', tests: 2, seconds: 2.25 },
    { file: 'e2e/c.test.ts', tests: 1, seconds: 60 },
    { file: 'd.test.ts', tests: 4, seconds: 0.5 },
  ];
  const lines = tableOf(took, 61.4)
    .split('\n')
    .map((line) => line.trim().split(/\s+/).join(' '));
  expect(lines).toEqual([
    '',
    'part files tests seconds',
    'e2e 1 1 60.0',
    'client 2 5 3.3',
    'beside 1 4 0.5',
    'all 4 10 63.8',
    '',
    'The longest files:',
    '60.0 e2e/c.test.ts',
    '2.3 client/b.test.ts',
    '1.0 client/wire/a.test.ts',
    '0.5 d.test.ts',
    '',
    'All of it took 1 min 1 s.',
  ]);
});
