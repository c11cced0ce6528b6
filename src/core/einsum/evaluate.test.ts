import { describe, expect, it } from 'vitest';
import { InputError } from '../base/checks.ts';
import { reference } from '../base/reference.ts';
import { contract, evaluateEinsum } from './evaluate.ts';
import { parseEinsum } from './parse.ts';
import { findPath } from './path.ts';

interface Row {
  readonly eq: string;
  readonly shapes: readonly (readonly number[])[];
  readonly output_shape: readonly number[];
  readonly output: readonly number[];
}

const table = reference<{ cases: readonly Row[] }>('einsum_numeric.json');
const sines = (shape: readonly number[], k: number): Float64Array =>
  Float64Array.from({ length: shape.reduce((n, size) => n * size, 1) }, (_, i) => Math.sin(0.37 * i + k));

describe.skipIf(table === null)('outputs of the reference table to 1e-12', () => {
  for (const row of table?.cases ?? []) {
    it(`${row.eq} of ${JSON.stringify(row.shapes)}`, () => {
      const einsum = parseEinsum(row.eq, row.shapes);
      const operands = row.shapes.map(sines);
      for (const result of [evaluateEinsum(einsum, operands), contract(findPath(einsum), operands)]) {
        expect(result.shape).toEqual(row.output_shape);
        expect(result.values.length).toBe(row.output.length);
        row.output.forEach((value, k) =>
          expect(Math.abs((result.values[k] ?? NaN) - value)).toBeLessThan(1e-12),
        );
      }
    });
  }
});

describe('evaluate', () => {
  it('sums over an empty axis to zero', () => {
    const einsum = parseEinsum('ij,jk->ik', [
      [2, 0],
      [0, 2],
    ]);
    expect([...evaluateEinsum(einsum, [new Float64Array(0), new Float64Array(0)]).values]).toEqual([
      0, 0, 0, 0,
    ]);
  });

  it('refuses a wrong number of values and absurd sizes instead of hanging', () => {
    const einsum = parseEinsum('ij->ji', [[2, 3]]);
    expect(() => evaluateEinsum(einsum, [new Float64Array(5)])).toThrow(InputError);
    const large = parseEinsum('abc->', [[1e4, 1e4, 1e4]]);
    expect(() => evaluateEinsum(large, [new Float64Array(1)])).toThrow('einsum: must visit at most');
  });
});
