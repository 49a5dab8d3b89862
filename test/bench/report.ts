// What a benchmark tells: ratios first, each with its spread and its bound, then tables. All of it is Markdown, for the
// terminal as for docs/bench/. Only ratios have bounds: they are of one run, and say the same on a slow machine; times do not.

import { median, quantile } from '../support/quantile.ts';
import { plotOf, type Series, slopeOf } from './plot.ts';

/** What a ratio must reach. */
export interface Bound {
  readonly most?: number;
  readonly least?: number;
  /** Counted and not timed: the same in every round. */
  readonly counted?: boolean;
  /** So many times past its bound is too far: unless it is said, as far as a short run on a busy machine may be. */
  readonly margin?: number;
}

export interface Ratio extends Bound {
  readonly what: string;
  /** One of each round. */
  readonly samples: readonly number[];
}

interface Table {
  readonly title: string;
  readonly rows: readonly (readonly string[])[];
}

const timedMargin = 2.5;

export class Report {
  readonly name: string;
  /** As short as it can be: whether it runs, and whether a ratio is far from where it should be. */
  readonly quick: boolean;
  readonly ratios: Ratio[] = [];
  readonly tables: Table[] = [];
  /** SVGs, by name of the file. */
  readonly plots = new Map<string, string>();
  /** Every figure of every round, for `--json`. */
  readonly raw: Record<string, unknown> = {};
  readonly #progress: (text: string) => void;

  constructor(name: string, quick: boolean, progress: (text: string) => void = () => undefined) {
    this.name = name;
    this.quick = quick;
    this.#progress = progress;
  }

  /** @param samples  at least one: of each round, what one side took in terms of the other */
  ratio(what: string, samples: readonly number[], bound: Bound = {}): void {
    if (samples.length === 0) throw new RangeError(`"${what}" expected at least one sample`);
    this.ratios.push({ what, samples, ...bound });
  }

  /** @param rows  the first has the titles of the columns */
  table(title: string, rows: Table['rows']): void {
    this.tables.push({ title, rows });
  }

  /** @param name  of the file that `--write` makes in docs/bench/, without its ending */
  plot(name: string, title: string, xLabel: string, yLabel: string, series: readonly Series[]): void {
    this.plots.set(`${name}.svg`, plotOf(title, xLabel, yLabel, series));
    const xs = [...new Set(series.flatMap(({ points }) => points.map(([x]) => x)))];
    const rows = series.map(({ name: of, points }) => [
      of,
      ...xs.map((x) => figure(points.find(([at]) => at === x)?.[1] ?? Number.NaN)),
      slopeOf(points).toFixed(2),
    ]);
    this.table(`![${title}](${name}.svg)\n\n${title}: ${yLabel} by ${xLabel}:`, [
      ['', ...xs.map(figure), 'slope'],
      ...rows,
    ]);
    this.raw[name] = series;
  }

  progress(text: string): void {
    this.#progress(text);
  }

  toMarkdown(): string {
    const ratios = ['ratio', 'median', 'quartiles', 'bound', ''];
    const tables = this.tables.map(({ title, rows }) => `${title}\n\n${toTable(rows)}`);
    if (this.ratios.length > 0) tables.unshift(toTable([ratios, ...this.ratios.map(cellsOf)]));
    return tables.join('\n\n');
  }
}

/** Whether the median is on the right side of the bound, or at least not past the margin. */
export function verdictOf({ samples, most, least, margin = timedMargin }: Ratio): 'met' | 'not met' | 'far off' | null {
  if (most === undefined && least === undefined) return null;
  const at = median(samples);
  const isWithin = (allowance: number) =>
    at <= (most ?? Number.POSITIVE_INFINITY) * allowance && at >= (least ?? 0) / allowance;
  if (isWithin(1)) return 'met';
  return isWithin(margin) ? 'not met' : 'far off';
}

/** The last lines of a run, and whether every ratio is at least within its margin. */
export function conclude(reports: readonly Report[]): { readonly text: string; readonly isFine: boolean } {
  const judged = reports.flatMap(({ ratios }) => ratios.filter((ratio) => verdictOf(ratio) !== null));
  const by = (verdict: string) => judged.filter((ratio) => verdictOf(ratio) === verdict);
  const lines = by('far off').map(({ what }) => `bench: far from its bound: ${what}`);
  const counts = `${by('met').length} bounds met, ${by('not met').length} not met, ${lines.length} far off`;
  return { text: [...lines, `bench: ${counts}`].join('\n'), isFine: lines.length === 0 };
}

/** A page with a report's tables between its marks. @throws RangeError if the page has none */
export function putTables(page: string, report: Report, machine: string): string {
  const [begin, end] = [`<!-- ${report.name} -->`, `<!-- end of ${report.name} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new RangeError(`"page" expected ${begin} and then ${end}`);
  return `${page.slice(0, from)}${begin}\n\n${machine}\n\n${report.toMarkdown()}\n\n${page.slice(to)}`;
}

function cellsOf(ratio: Ratio): string[] {
  const { what, samples, most, least, counted } = ratio;
  const [lower, middle, upper] = [0.25, 0.5, 0.75].map((q) => figure(quantile(samples, q)));
  const bound = most === undefined ? (least === undefined ? '' : `≥ ${least}`) : `≤ ${most}`;
  return [what, middle ?? '', counted ? '' : `${lower}–${upper}`, bound, verdictOf(ratio) ?? ''];
}

/** Three digits. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Number.isInteger(value)) return value.toLocaleString('en');
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}

/** A table in Markdown, aligned. @param rows  the first has the titles of the columns */
export function toTable(rows: Table['rows']): string {
  const widths = rows[0]?.map((_, i) => Math.max(3, ...rows.map((row) => row[i]?.length ?? 0))) ?? [];
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, i) => (cells[i] ?? '').padEnd(width)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}
