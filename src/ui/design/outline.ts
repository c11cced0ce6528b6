/** The outline of a set of cells, as an SVG path in cell units: one segment where a chosen cell meets another kind. */
export function outlinePath(
  rows: number,
  columns: number,
  chosen: (row: number, column: number) => boolean,
): string {
  const has = (row: number, column: number): boolean =>
    row >= 0 && column >= 0 && row < rows && column < columns && chosen(row, column);
  const parts: string[] = [];
  const scan = (
    lines: number,
    length: number,
    side: (line: number, at: number) => number,
    segment: (line: number, from: number, to: number) => string,
  ): void => {
    for (let line = 0; line <= lines; line++) {
      for (let at = 0; at < length;) {
        const kind = side(line, at);
        let end = at + 1;
        while (end < length && side(line, end) === kind) end++;
        if (kind !== 0) parts.push(segment(line, at, end));
        at = end;
      }
    }
  };
  scan(
    rows,
    columns,
    (row, column) => Number(has(row, column)) - Number(has(row - 1, column)),
    (row, from, to) => `M${from} ${row}H${to}`,
  );
  scan(
    columns,
    rows,
    (column, row) => Number(has(row, column)) - Number(has(row, column - 1)),
    (column, from, to) => `M${column} ${from}V${to}`,
  );
  return parts.join('');
}
