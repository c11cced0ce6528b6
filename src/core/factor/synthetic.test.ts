import { describe, expect, it } from 'vitest';
import { norm } from '../tensor/dense.ts';
import { singularValues } from '../tensor/svd.ts';
import { decompose } from './decompose/decompose.ts';
import { syntheticMatrix, syntheticSpectra } from './synthetic.ts';

describe('syntheticMatrix', () => {
  it('has the spectrum it is named for, and the norm of unit-variance outputs', () => {
    for (const [out, columns] of [
      [40, 24],
      [24, 40],
      [1, 5],
    ] as const) {
      const w = syntheticMatrix(out, columns, 3);
      expect([w.rows, w.columns, w.values.length]).toEqual([out, columns, out * columns]);
      expect(norm(w.values) ** 2).toBeCloseTo(out, 9);
      const values = singularValues(w);
      values.forEach((value, k) => expect(value / (values[0] ?? 0)).toBeCloseTo((k + 1) ** -0.5, 7));
      const easy = singularValues(syntheticMatrix(out, columns, 3, 'geometric'));
      easy.forEach((value, k) => expect(value / (easy[0] ?? 0)).toBeCloseTo(0.9 ** k, 7));
    }
  });

  it('depends on the seed alone', () => {
    for (const spectrum of syntheticSpectra) {
      expect(syntheticMatrix(8, 6, 5, spectrum)).toEqual(syntheticMatrix(8, 6, 5, spectrum));
      expect(syntheticMatrix(8, 6, 6, spectrum)).not.toEqual(syntheticMatrix(8, 6, 5, spectrum));
    }
    expect(() => syntheticMatrix(0, 6, 5)).toThrow('weights: must have positive integer sides, got 0');
  });

  it('has singular vectors without direction: entries of no mean, rearrangements as flat as chance', () => {
    let sum = 0;
    for (let seed = 0; seed < 200; seed++) sum += syntheticMatrix(6, 6, seed).values[0] ?? 0;
    // Entries have variance 1/6 here: five standard errors of the mean of 200.
    expect(Math.abs(sum / 200)).toBeLessThan(5 * Math.sqrt(1 / 6 / 200));
    const w = syntheticMatrix(64, 64, 1);
    const ttm = decompose(w, { format: 'ttm', outModes: [8, 8], inModes: [8, 8], ranks: [16] });
    expect(ttm.relativeError).toBeGreaterThan(0.55);
    expect(ttm.relativeError).toBeLessThan(0.7);
  });
});
