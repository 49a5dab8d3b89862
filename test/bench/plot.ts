// A log–log plot as an SVG of its own: what grows by a power is a straight line in it, and its slope is the power.

export interface Series {
  readonly name: string;
  /** Both above 0. */
  readonly points: readonly (readonly [x: number, y: number])[];
}

const width = 640;
const height = 400;
const margin = { left: 70, right: 40, top: 40, bottom: 50 } as const;
const colours = ['#2563eb', '#dc2626', '#059669', '#d97706', '#7c3aed'];

/** The power by which y grows with x: least squares over the logarithms. 0: it does not grow; 1: it grows alike. */
export function slopeOf(points: Series['points']): number {
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)] as const);
  const mean = (of: 0 | 1) => logs.reduce((sum, each) => sum + each[of], 0) / logs.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const square = logs.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return logs.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / square;
}

/** @param series  at least one, with two points or more */
export function plotOf(title: string, xLabel: string, yLabel: string, series: readonly Series[]): string {
  const points = series.flatMap((each) => each.points);
  const x = scaleOf(
    points.map(([at]) => at),
    margin.left,
    width - margin.right,
  );
  const y = scaleOf(
    points.map(([, at]) => at),
    height - margin.bottom,
    margin.top,
  );
  const [bottom, right] = [height - margin.bottom, width - margin.right];
  const grid = [
    ...x.ticks.map(
      (at) =>
        `<path class="grid" d="M${x.place(at)} ${margin.top}V${bottom}"/><text x="${x.place(at)}" y="${bottom + 18}" text-anchor="middle">${power(at)}</text>`,
    ),
    ...y.ticks.map(
      (at) =>
        `<path class="grid" d="M${margin.left} ${y.place(at)}H${right}"/><text x="${margin.left - 8}" y="${y.place(at) + 4}" text-anchor="end">${power(at)}</text>`,
    ),
  ];
  const lines = series.map(({ name, points: own }, i) => {
    const colour = colours[i % colours.length];
    const places = own.map(([atX, atY]) => [x.place(atX), y.place(atY)] as const);
    const dots = places.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="3" fill="${colour}"/>`).join('');
    const legend = margin.top + 16 + 18 * i;
    return `<path d="M${places.map((place) => place.join(' ')).join('L')}" fill="none" stroke="${colour}" stroke-width="2"/>${dots}
  <text x="${margin.left + 12}" y="${legend}" style="fill:${colour}">${escaped(name)}: slope ${slopeOf(own).toFixed(2)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">
  <style>
    svg { background: #fff } text { font: 13px system-ui, sans-serif; fill: #333 } .grid { stroke: #ddd; fill: none }
    @media (prefers-color-scheme: dark) { svg { background: #111 } text { fill: #ccc } .grid { stroke: #333 } }
  </style>
  <text x="${margin.left}" y="24" style="font-weight:600">${escaped(title)}</text>
  ${grid.join('\n  ')}
  <text x="${(margin.left + right) / 2}" y="${height - 10}" text-anchor="middle">${escaped(xLabel)}</text>
  <text transform="translate(16 ${(margin.top + bottom) / 2}) rotate(-90)" text-anchor="middle">${escaped(yLabel)}</text>
  ${lines.join('\n  ')}
</svg>
`;
}

/** From the power of ten below the smallest to the one above the largest. */
function scaleOf(values: readonly number[], from: number, to: number) {
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))));
  const ticks = Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i));
  const place = (value: number) =>
    Math.round(10 * (from + ((Math.log10(value) - low) / (high - low)) * (to - from))) / 10;
  return { ticks, place };
}

const power = (value: number): string =>
  Number(value.toPrecision(1)).toLocaleString('en', { maximumFractionDigits: 6 });

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
