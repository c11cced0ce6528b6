import { describe, expect, it } from 'vitest';
import { einsumProgram } from '../../core/einsum/program.ts';
import { expectedOf, operandsOf, tolerance, worstError } from '../einsum-case.fixture.ts';
import { einsumTable } from '../einsum-table.fixture.ts';
import { openJs } from './js.ts';

describe('js', () => {
  it('computes every einsum of the table', async () => {
    const engine = openJs();
    const table = einsumTable();
    expect(table.length).toBeGreaterThan(200);
    const wrong: string[] = [];
    for (const row of table) {
      const prepared = await engine.prepare(einsumProgram(row.equation, row.shapes));
      operandsOf(row).forEach((values, k) => prepared.write(k, values));
      await prepared.run();
      const error = worstError(expectedOf(row), await prepared.read());
      if (error > tolerance.f64) wrong.push(`${row.name} is off by ${error}`);
    }
    expect(wrong).toEqual([]);
  });

  it('times runs, and stops when asked to', async () => {
    const prepared = await openJs().prepare(einsumProgram('i,i->', [[100], [100]]));
    const times = await prepared.time(5);
    expect(times.length).toBe(5);
    expect(times.every((ms) => ms >= 0)).toBe(true);
    const reason = new Error('enough');
    await expect(prepared.time(5, { aborted: true, reason })).rejects.toBe(reason);
  });

  it('refuses what does not fit and what it cannot do', async () => {
    const engine = openJs();
    const huge = einsumProgram('i,j->ij', [[1e5], [1e5]]);
    await expect(engine.prepare(huge)).rejects.toThrow(/at most 2147483648 bytes.*got 80001600000/);
    const program = einsumProgram('i->', [[3]]);
    await expect(engine.prepare(program, { dtype: 'f16' })).rejects.toThrow(/must be f32, got "?f16/);
    const prepared = await engine.prepare(program);
    expect(() => prepared.write(0, new Float32Array(2))).toThrow('operand 0 must have 3 values, got 2');
    expect(() => prepared.write(1, new Float32Array(3))).toThrow('operand must be below 1, got 1');
  });
});
