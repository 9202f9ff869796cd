/** Formats with three significant figures and thousands separators: 1,230 · 45.6 · 0.789. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const rounded = value === 0 ? 0 : Number(value.toPrecision(3));
  return rounded.toLocaleString('en-US', { maximumSignificantDigits: 3 });
}

export const ratio = (value: number): string => (Number.isFinite(value) ? `${figure(value)} ×` : '–');
export const kilobytes = (bytes: number): number => bytes / 1024;

/**
 * A Markdown table, padded so that it is readable in a terminal too. `numbers` right-aligns all columns but
 * the first.
 */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  content: 'numbers' | 'words' = 'words',
): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const isRight = (column: number): boolean => content === 'numbers' && column > 0;
  const cell = (text: string, column: number): string =>
    isRight(column) ? text.padStart(widths[column]!) : text.padEnd(widths[column]!);
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  const rule = widths.map((width, column) => `${'-'.repeat(width - 1)}${isRight(column) ? ':' : '-'}`);
  return [line(head), `| ${rule.join(' | ')} |`, ...rows.map(line)].join('\n');
}
