import { describe, expect, it } from 'vitest';
import { columns } from './compare.fixture.ts';
import { layerDifferences } from './differences.ts';
import { dense, linears, svd } from './compare.fixture.ts';
import { compareRows, type Row } from './rows.ts';
import { whyDifferent } from './why.ts';

const machine = { energyUnit: 'pJ', clockHz: 1e9 };
const row = (rows: readonly Row[], key: Row['key']): Row => {
  const found = rows.find((entry) => entry.key === key);
  if (found === undefined) throw new Error(key);
  return found;
};

describe('compareRows', () => {
  const rows = compareRows(columns, 'dense', machine);

  it('writes differences of costs: less EDP is a minus, and better', () => {
    const [reference, now] = row(rows, 'edp').cells;
    expect(reference).toMatchObject({ text: '1.00×', note: 'reference', tone: 'plain' });
    expect(now).toMatchObject({ text: '5.00×', note: 'EDP −80%', tone: 'better' });
  });

  it('takes the difference of weight energy in points, less is worse', () => {
    expect(row(rows, 'kept').cells[1]).toMatchObject({ text: '88.0', note: '−12.0 pt', tone: 'worse' });
  });

  it('shows the band beside the value, and says when there is none', () => {
    const { cells } = row(rows, 'band');
    expect(cells[0]?.text).toBe('exact');
    expect([cells[1]?.text, cells[1]?.note]).toEqual(['80.0', 'to 92.0']);
  });

  it('puts one unit on a row and keeps exact values', () => {
    expect(row(rows, 'energy')).toMatchObject({ unit: 'mJ, modelled', exactUnit: 'pJ' });
    expect(row(rows, 'energy').cells.map((cell) => cell.exact)).toEqual([10e9, 4e9, 2e9]);
    expect(row(rows, 'parameters').cells.map((cell) => cell.text)).toEqual(['84.9', '30.0', '20.0']);
  });

  it('never calls relative energies joules', () => {
    const relative = compareRows(columns, 'dense', { ...machine, energyUnit: 'relative (MAC = 1)' });
    expect(row(relative, 'energy').unit).not.toContain('J,');
    expect(row(relative, 'energy').exactUnit).toBe('relative (MAC = 1)');
  });

  it('takes differences from any column; a pin that lost turns red', () => {
    const fromPin = compareRows(columns, 'A', machine);
    expect(row(fromPin, 'energy').cells[1]).toMatchObject({ note: '+100%', tone: 'worse' });
    expect(row(fromPin, 'edp').cells[2]?.note).toBe('reference');
  });
});

describe('layerDifferences', () => {
  it('groups equal changes of a role by block', () => {
    const before = [dense(64), dense(64), dense(64)];
    expect(layerDifferences(before, [svd(64, 8), svd(64, 8), dense(64)], linears)).toEqual([
      { role: 'Q', blocks: '1-2', count: 2, from: 'Dense', to: 'SVD 8' },
    ]);
  });

  it('is empty for the same figures in other objects', () => {
    expect(layerDifferences([svd(64, 8)], [svd(64, 8)], linears.slice(0, 1))).toEqual([]);
  });
});

describe('whyDifferent', () => {
  const levels = ['DRAM', 'GLB', 'MAC'];
  const [first, now, pin] = columns;
  if (first === undefined || now === undefined || pin === undefined) throw new Error('fixture');

  it('names the level that saves most, with figures', () => {
    expect(whyDifferent('now', now.evaluation, 'dense', first.evaluation, levels)).toBe(
      'now has 5.00× lower EDP than dense: 0.40× energy times 0.50× delay; DRAM gives 67% of the energy saved; MACs 0.35×, weights 0.35×.',
    );
  });

  it('says when a design is worse', () => {
    expect(whyDifferent('now', now.evaluation, 'A', pin.evaluation, levels)).toContain(
      '2.50× higher EDP than A',
    );
  });

  it('does not explain what is the same', () => {
    expect(whyDifferent('now', now.evaluation, 'B', now.evaluation, levels)).toContain('same EDP');
  });
});
