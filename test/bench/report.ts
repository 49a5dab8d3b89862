// What a benchmark tells: ratios first, each with its spread and its bound, then tables. All of it is Markdown, for the
// terminal as for docs/bench/. Only ratios have bounds: they are of one run, and say the same on a slow machine; times do not.

import { median, quantile } from '../support/quantile.ts';

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
