/** Prints rows as a table. The first row is the header. All columns but the first are right-aligned. */
export function printTable(rows: readonly (readonly (string | number)[])[]): void {
  const texts = rows.map((row) => row.map((cell) => (typeof cell === 'number' ? grouped(cell) : cell)));
  const widths = texts[0]!.map((_, column) => Math.max(...texts.map((row) => (row[column] ?? '').length)));
  for (const [index, row] of texts.entries()) {
    const cells = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
    );
    console.log(`  ${cells.join('  ')}`.trimEnd());
    if (index === 0) console.log(`  ${widths.map((width) => '-'.repeat(width)).join('  ')}`);
  }
  console.log();
}

function grouped(number: number): string {
  return number.toLocaleString('en-US', { maximumFractionDigits: 1 });
}
