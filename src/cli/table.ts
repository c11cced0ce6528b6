/**
 * Plain text for a terminal: aligned columns, numbers to the right.
 */

/** Figures of this size read better with separators; fractions keep four significant digits. */
export function figure(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return value.toLocaleString('en-US');
  if (value !== 0 && (Math.abs(value) >= 1e15 || Math.abs(value) < 1e-3)) return value.toExponential(4);
  return value.toLocaleString('en-US', { maximumSignificantDigits: Math.abs(value) >= 1000 ? 10 : 5 });
}

type Cell = string | number | null | undefined;

const show = (cell: Cell): string => (typeof cell === 'number' ? figure(cell) : (cell ?? '-'));

/** Rows under a heading; a column whose cells are all numbers is aligned to the right. */
export function table(heading: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const shown = rows.map((row) => heading.map((_, column) => show(row[column])));
  const widths = heading.map((title, column) =>
    shown.reduce((widest, row) => Math.max(widest, row[column]?.length ?? 0), title.length),
  );
  const right = heading.map(
    (_, column) => rows.length > 0 && rows.every((row) => typeof (row[column] ?? 0) === 'number'),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return right[column] === true ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  return [line(heading), line(widths.map((width) => '-'.repeat(width))), ...shown.map(line)].join('\n');
}

/** `name  value` lines. */
export function facts(entries: readonly (readonly [string, Cell])[]): string {
  const width = entries.reduce((widest, [name]) => Math.max(widest, name.length), 0);
  return entries.map(([name, value]) => `${name.padEnd(width)}  ${show(value)}`).join('\n');
}
