import { describe, expect, test } from 'vitest';
import { interleave, ratiosOf } from './pairs.ts';
import { plotOf, slopeOf } from './plot.ts';
import { conclude, putTables, Report, verdictOf } from './report.ts';

function reportOf(...ratios: readonly Parameters<Report['ratio']>[]): Report {
  const report = new Report('relay', true);
  for (const ratio of ratios) report.ratio(...ratio);
  return report;
}

describe('verdictOf() looks at the median', () => {
  test.each([
    [[1, 1.4, 9], { most: 1.5 }, 'met'],
    [[1, 1.6, 1.7], { most: 1.5 }, 'not met'],
    [[1, 3.8, 3.9], { most: 1.5 }, 'far off'],
    [[0.1, 0.8, 0.9], { least: 0.8 }, 'met'],
    [[0.1, 0.4, 0.9], { least: 0.8 }, 'not met'],
    [[0.1, 0.3, 0.9], { least: 0.8 }, 'far off'],
    [[481], { most: 480, margin: 1 }, 'far off'],
    [[481], {}, null],
  ] as const)('%j with %j: %s', (samples, bound, verdict) => {
    expect(verdictOf({ what: 'a ratio', samples, ...bound })).toBe(verdict);
  });
});

test('conclude() fails when a ratio is past its margin, and names it', () => {
  const fine = reportOf(['near', [1.6], { most: 1.5 }], ['good', [1], { most: 1.5 }], ['unbounded', [99]]);
  expect(conclude([fine])).toEqual({ text: 'bench: 1 bounds met, 1 not met, 0 far off', isFine: true });
  const { text, isFine } = conclude([fine, reportOf(['far', [4], { most: 1.5 }])]);
  expect(isFine).toBe(false);
  expect(text).toBe('bench: far from its bound: far\nbench: 1 bounds met, 1 not met, 1 far off');
});

test('ratio() refuses a comparison in which nothing was measured', () => {
  expect(() => reportOf(['nothing', []])).toThrow(RangeError);
});

test('toMarkdown() has ratios first, beside their bounds', () => {
  const report = reportOf(['sends', [0.7, 0.9, 0.8], { least: 0.8 }]);
  report.table('Times:', [['ms'], ['1']]);
  expect(report.toMarkdown()).toBe(`| ratio | median | quartiles   | bound |     |
| ----- | ------ | ----------- | ----- | --- |
| sends | 0.800  | 0.700–0.900 | ≥ 0.8 | met |

Times:

| ms  |
| --- |
| 1   |`);
});

test('putTables() changes what is between the marks, and nothing else', () => {
  const page = 'before\n<!-- relay -->\nold\n<!-- end of relay -->\nafter';
  const put = putTables(page, reportOf(['sends', [1]]), 'a machine');
  expect(put).toMatch(/^before\n<!-- relay -->\n\na machine\n\n\| ratio.*\n\n<!-- end of relay -->\nafter$/s);
  expect(put).not.toContain('old');
  expect(() => putTables('nothing', reportOf(), 'a machine')).toThrow('<!-- relay -->');
});

test('interleave() lets the sides take turns, in one order and then in the other', async () => {
  const turns: string[] = [];
  const side = (name: string) => () => turns.push(name);
  const measured = await interleave(3, { a: side('a'), b: side('b') });
  expect(turns.join('')).toBe('abbaab');
  expect(measured).toEqual({ a: [1, 4, 5], b: [2, 3, 6] });
  expect(ratiosOf(measured.a, measured.b)).toEqual([1 / 2, 4 / 3, 5 / 6]);
});

test.each([0, 1, 2, -1])('slopeOf() finds the power %i', (power) => {
  expect(slopeOf([1, 10, 100].map((x) => [x, 3 * x ** power]))).toBeCloseTo(power);
});

test('plotOf() draws every point, and says each slope', () => {
  const points = [1, 10, 100].map((x) => [x, 2 * x] as const);
  const svg = plotOf('A <plot>', 'members', 'ms', [{ name: 'seal', points }]);
  expect(svg.match(/<circle/g)).toHaveLength(3);
  expect(svg).toContain('seal: slope 1.00');
  expect(svg).toContain('A &lt;plot>');
});
