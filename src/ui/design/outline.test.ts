import { describe, expect, it } from 'vitest';
import { outlinePath } from './outline.ts';

const path = (rows: readonly string[]): string =>
  outlinePath(rows.length, rows[0]?.length ?? 0, (row, column) => rows[row]?.[column] === '#');

describe('outline of a selection', () => {
  it.each([
    [['...'], ''],
    [['.#.'], 'M1 0H2M1 1H2M1 0V1M2 0V1'],
    [['##', '##'], 'M0 0H2M0 2H2M0 0V2M2 0V2'],
    [['#.', '.#'], 'M0 0H1M0 1H1M1 1H2M1 2H2M0 0V1M1 0V1M1 1V2M2 1V2'],
  ])('%j', (rows, expected) => expect(path(rows)).toBe(expected));

  it('draws a hole from inside too', () => {
    expect(path(['###', '#.#', '###'])).toContain('M1 1H2');
  });
});
