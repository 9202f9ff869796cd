/** One bar of a bar chart. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  /** The text at the end of the bar. */
  readonly text: string;
  readonly isOurs: boolean;
}

export interface Line {
  readonly label: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
  readonly isOurs: boolean;
}

const WIDTH = 760;
const LABELS = 300;
const ROW = 34;
const TOP = 64;

/** Follows the reader's color scheme and has its own background, so that it is readable on any page. */
const STYLE = `<style>
  .page { fill: #ffffff } .text { fill: #1f2328 } .soft { fill: #59636e } .grid { stroke: #d1d9e0 }
  .ours { fill: #0969da; stroke: #0969da } .peer { fill: #8c959f; stroke: #8c959f } .line { fill: none; stroke-width: 2.5 }
  text { font: 13px system-ui, sans-serif; stroke: none } .title { font-size: 16px; font-weight: 600 }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } .text { fill: #f0f6fc } .soft { fill: #9198a1 } .grid { stroke: #3d444d }
    .ours { fill: #4493f8; stroke: #4493f8 } .peer { fill: #656c76; stroke: #656c76 } .line { fill: none }
  }
</style>`;

/** A chart with horizontal bars from zero. */
export function barChart(title: string, note: string, bars: readonly Bar[]): string {
  const most = Math.max(...bars.map(({ value }) => value));
  const longest = WIDTH - LABELS - 110;
  const rows = bars.map(({ label, value, text, isOurs }, row) => {
    const y = TOP + row * ROW;
    const width = Math.max(1, (value / most) * longest);
    return [
      `<text class="text" x="${LABELS - 10}" y="${y + 17}" text-anchor="end">${escaped(label)}</text>`,
      `<rect class="${isOurs ? 'ours' : 'peer'}" x="${LABELS}" y="${y + 3}" width="${width.toFixed(1)}" height="20" rx="2"/>`,
      `<text class="text" x="${(LABELS + width + 8).toFixed(1)}" y="${y + 17}">${escaped(text)}</text>`,
    ].join('\n');
  });
  return page(TOP + bars.length * ROW + 12, title, note, rows.join('\n'));
}

/**
 * A line chart with a logarithmic x axis and a linear y axis from zero. Each line has its label at its last
 * point.
 */
export function lineChart(title: string, note: string, xAxis: string, lines: readonly Line[]): string {
  const height = 380;
  const [left, right, bottom] = [70, WIDTH - 190, height - 56];
  const all = lines.flatMap(({ points }) => points);
  const xs = [...new Set(all.map(({ x }) => x))].sort((a, b) => a - b);
  const mostX = Math.log10(xs.at(-1) ?? 10) || 1;
  const step = niceStep(Math.max(...all.map(({ y }) => y)));
  const mostY = Math.ceil(Math.max(...all.map(({ y }) => y)) / step) * step;
  const atX = (x: number): number => left + (Math.log10(x) / mostX) * (right - left);
  const atY = (y: number): number => bottom - (y / mostY) * (bottom - TOP - 10);
  const parts = [
    ...Array.from({ length: Math.round(mostY / step) + 1 }, (_, n) => n * step).map(
      (y) =>
        `<line class="grid" x1="${left}" x2="${right}" y1="${atY(y).toFixed(1)}" y2="${atY(y).toFixed(1)}"/>` +
        `<text class="soft" x="${left - 8}" y="${(atY(y) + 4).toFixed(1)}" text-anchor="end">${Number(y.toPrecision(6))}</text>`,
    ),
    ...xs.map(
      (x) =>
        `<text class="soft" x="${atX(x).toFixed(1)}" y="${bottom + 20}" text-anchor="middle">${x}</text>`,
    ),
    `<text class="soft" x="${(left + right) / 2}" y="${bottom + 42}" text-anchor="middle">${escaped(xAxis)}</text>`,
    ...lines.map(({ label, points, isOurs }) => {
      const kind = isOurs ? 'ours' : 'peer';
      const positions = points.map(({ x, y }) => [atX(x).toFixed(1), atY(y).toFixed(1)] as const);
      const [endX, endY] = positions.at(-1) ?? ['0', '0'];
      return [
        `<polyline class="${kind} line" points="${positions.map((position) => position.join(',')).join(' ')}"/>`,
        ...positions.map(([x, y]) => `<circle class="${kind}" cx="${x}" cy="${y}" r="4"/>`),
        `<text class="text" x="${Number(endX) + 12}" y="${Number(endY) + 4}">${escaped(label)}</text>`,
      ].join('\n');
    }),
  ];
  return page(height, title, note, parts.join('\n'));
}

function page(height: number, title: string, note: string, content: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escaped(title)}">
${STYLE}
<rect class="page" width="${WIDTH}" height="${height}" rx="8"/>
<text class="text title" x="16" y="26">${escaped(title)}</text>
<text class="soft" x="16" y="45">${escaped(note)}</text>
${content}
</svg>
`;
}

/** The step between grid lines: 1, 2 or 5 times a power of ten, so that about five steps reach `most`. */
function niceStep(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most / 5));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => most / step <= 5) ?? most;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
