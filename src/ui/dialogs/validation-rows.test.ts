import { describe, expect, it } from 'vitest';
import shipped from '../../../public/validation.json' with { type: 'json' };
import type { CountedCase, Validation } from '../../core/cost/validation.ts';
import {
  countedRows,
  countedTotals,
  formatCycles,
  formatDeviation,
  machinesOf,
  optimumRows,
  optimumTotals,
} from './validation-rows.ts';

const file = shipped as Validation;
const all = { machine: null, text: '' };

describe('the validation table', () => {
  it('lists every case, and only those of a filter', () => {
    expect(countedRows(file, all)).toEqual(file.counted);
    expect(optimumRows(file, all)).toEqual(file.optima);
    expect(machinesOf(file)).toEqual(['ws16', 'simba', 'eyeriss', 'ws8t']);
    const simba = countedRows(file, { machine: 'simba', text: 'm 128' });
    expect(simba.length).toBeGreaterThan(0);
    expect(simba.length).toBeLessThan(file.counted.length);
    for (const row of simba) expect(`${row.machine} ${row.extents}`).toMatch(/^simba .*128/);
    expect(countedRows(file, { machine: null, text: 'AccelForge' })).toHaveLength(4);
    expect(
      optimumRows(file, { machine: 'ws16', text: 'energy' }).every((r) => r.objective === 'energy'),
    ).toBe(true);
    expect(countedRows(file, { machine: null, text: 'nothing like it' })).toEqual([]);
  });

  it('adds up what it lists', () => {
    const row: CountedCase = {
      id: 'a',
      tool: 'Timeloop',
      machine: 'ws16',
      einsum: '',
      extents: '',
      counts: 40,
      equal: 39,
      cycles: 1,
      energy: 3.4e-9,
    };
    expect(countedTotals([row])).toBe(
      '1 mapping: 39 of 40 counts equal; cycles differ by at most 1, energies by at most 0.00000034%.',
    );
    expect(countedTotals([{ ...row, energy: 0 }, row].slice(0, 1))).toMatch(/energies by nothing\.$/);
    expect(countedTotals([])).toMatch(/^No case/);
    expect(optimumTotals(file.optima)).toMatch(/^94 GEMMs: 94 at the proven optimum\. Timeloop's own mapper/);
    expect(optimumTotals([])).toMatch(/^No case/);
  });

  it('writes small differences as they are', () => {
    expect(formatCycles(0)).toBe('0');
    expect(formatCycles(0.000_43)).toBe('<0.001');
    expect(formatDeviation(0)).toBe('0%');
    expect(formatDeviation(0.0012)).toBe('0.12%');
  });
});
