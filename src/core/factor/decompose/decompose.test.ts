import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluateEinsum } from '../../einsum/evaluate.ts';
import { matrix, relativeDistance, transpose, type Matrix } from '../../tensor/dense.ts';
import { gram, matmul } from '../../tensor/matmul.ts';
import { singularValues } from '../../tensor/svd.ts';
import { gaussian, gaussianMatrix } from '../../tensor/tensor.fixture.ts';
import { anyFactorization } from '../factor.fixture.ts';
import { formats, type Factorization, type Format } from '../factorization.ts';
import { factorShapes, forwardEinsum, weightEinsum } from '../forward.ts';
import { clipRanks, rankCount, rankLimits } from '../ranks.ts';
import { product } from '../tensorization.ts';
import { decompose } from './decompose.ts';
import { reconstruct } from './reconstruct.ts';

const weights = (f: Factorization, seed: number): Matrix =>
  gaussianMatrix(product(f.outModes), product(f.inModes), seed);

const small = anyFactorization(formats, { most: 4, order: 2 });

describe('decompose', () => {
  it('gives factors of the forward einsum, and the error of what they stand for', () => {
    fc.assert(
      fc.property(anyFactorization(formats, { most: 4, order: 3 }), fc.nat(1000), (f, seed) => {
        const w = weights(f, seed);
        const { factors, relativeError } = decompose(w, f, { effort: 'quick' });
        expect(factors.map(({ shape }) => shape)).toEqual(factorShapes(f));
        const again = reconstruct(f, factors);
        expect([again.rows, again.columns]).toEqual([w.rows, w.columns]);
        expect(relativeDistance(w.values, again.values)).toBeCloseTo(relativeError, 12);
        expect(relativeError).toBeLessThan(1 + 1e-9);
      }),
      { numRuns: 60 },
    );
  });

  it('the forward einsum of the factors is X times the transpose of W rebuilt', () => {
    fc.assert(
      fc.property(small, fc.nat(1000), (f, seed) => {
        const { factors } = decompose(weights(f, seed), f, { effort: 'quick' });
        const rebuilt = reconstruct(f, factors);
        const operands = factors.map(({ values }) => values);
        const alone = evaluateEinsum(weightEinsum(f), operands);
        expect(relativeDistance(alone.values, rebuilt.values)).toBeLessThan(1e-9);
        const x = matrix(3, rebuilt.columns, gaussian(3 * rebuilt.columns, seed));
        const y = evaluateEinsum(forwardEinsum(f, 3), [x.values, ...operands]);
        expect(relativeDistance(matmul(x, transpose(rebuilt)).values, y.values)).toBeLessThan(1e-9);
      }),
      { numRuns: 60 },
    );
  });

  it('full ranks leave nothing', () => {
    for (const format of formats) {
      const flat = format === 'dense' || format === 'svd';
      const modes = flat ? { outModes: [12], inModes: [12] } : { outModes: [3, 4], inModes: [4, 3] };
      const full = new Array<number>(rankCount(format, modes.outModes.length, modes.inModes.length)).fill(
        1000,
      );
      const f = clipRanks({
        format,
        ...modes,
        ranks: format === 'block-term' ? [1, ...full.slice(1)] : full,
      });
      expect(decompose(gaussianMatrix(12, 12, 5), f).relativeError).toBeLessThan(2e-6);
    }
  });

  it('a rank more is no worse', () => {
    const exact = ['svd', 'kronecker', 'tt', 'ttm', 'tucker'] as const;
    fc.assert(
      fc.property(anyFactorization(exact, { most: 5, order: 2 }), fc.nat(1000), fc.nat(), (f, seed, pick) => {
        fc.pre(f.ranks.length > 0);
        const k = pick % f.ranks.length;
        const { min, max } = rankLimits(f)[k] ?? { min: 1, max: 1 };
        fc.pre(min < max);
        const rank = min + (pick % (max - min));
        const w = weights(f, seed);
        const at = (value: number): number =>
          decompose(w, { ...f, ranks: f.ranks.with(k, value) }).relativeError;
        // Sequential cuts and local optima may lose a little where the optimum cannot.
        expect(at(rank + 1)).toBeLessThan(at(rank) * 1.03 + 1e-6);
      }),
      { numRuns: 100 },
    );
  });

  it('svd is the tail of the singular values', () => {
    const w = gaussianMatrix(20, 14, 3);
    const values = singularValues(w);
    const energy = (list: Float64Array): number => list.reduce((sum, value) => sum + value * value, 0);
    for (const rank of [1, 5, 13]) {
      const f: Factorization = { format: 'svd', outModes: [20], inModes: [14], ranks: [rank] };
      const tail = Math.sqrt(energy(values.subarray(rank)) / energy(values));
      expect(decompose(w, f).relativeError).toBeCloseTo(tail, 7);
    }
  });

  it('recovers what it can express', () => {
    const cases: readonly Factorization[] = [
      { format: 'cp', outModes: [4, 5], inModes: [3, 6], ranks: [3] },
      { format: 'kronecker', outModes: [2, 3, 2], inModes: [3, 2, 2], ranks: [2] },
      { format: 'tr', outModes: [4, 5], inModes: [3, 6], ranks: [2, 3, 2, 3] },
      { format: 'tucker', outModes: [4, 5], inModes: [3, 6], ranks: [2, 3, 2, 3] },
    ];
    for (const f of cases) {
      const factors = factorShapes(f).map((shape, k) => ({
        shape,
        values: gaussian(product(shape), 70 + k),
      }));
      expect(decompose(reconstruct(f, factors), f).relativeError).toBeLessThan(1e-4);
    }
  });

  it('block terms: more blocks leave less, one is tucker', () => {
    const w = gaussianMatrix(12, 12, 8);
    const modes = { outModes: [3, 4], inModes: [4, 3] };
    const of = (blocks: number): number =>
      decompose(w, { format: 'block-term', ...modes, ranks: [blocks, 2, 2, 2, 2] }).relativeError;
    const tucker = decompose(w, { format: 'tucker', ...modes, ranks: [2, 2, 2, 2] }).relativeError;
    expect(of(1)).toBeCloseTo(tucker, 9);
    expect(of(2)).toBeLessThan(of(1) - 0.01);
    expect(of(4)).toBeLessThan(of(2) - 0.01);
  });

  it('is the same again with the same seed', () => {
    const f: Factorization = { format: 'cp', outModes: [4, 5], inModes: [3, 6], ranks: [3] };
    const w = weights(f, 4);
    expect(decompose(w, f, { seed: 7 })).toEqual(decompose(w, f, { seed: 7 }));
  });

  it('stands weights of any size, and more ranks than there is to fit', () => {
    const w = gaussianMatrix(9, 9, 506);
    const modes = { outModes: [3, 3, 1], inModes: [3, 3] };
    const blocks: Factorization = { format: 'block-term', ...modes, ranks: [20, 3, 3, 1, 3, 2] };
    expect(decompose(w, blocks).relativeError).toBeLessThan(1e-12);
    for (const format of formats) {
      const f = exampleOf(format, 9);
      const { relativeError } = decompose(w, f);
      for (const size of [2 ** -1000, 2 ** 300]) {
        const scaled = matrix(
          9,
          9,
          w.values.map((value) => value * size),
        );
        const found = decompose(scaled, f);
        expect(found.relativeError).toBe(relativeError);
        expect(relativeDistance(scaled.values, reconstruct(f, found.factors).values)).toBeCloseTo(
          relativeError,
          9,
        );
      }
      // Rank one, below what is asked for.
      const flat = matmul(gaussianMatrix(9, 1, 1), gaussianMatrix(1, 9, 2));
      const found = decompose(flat, f);
      expect(found.factors.every(({ values }) => values.every(Number.isFinite))).toBe(true);
      if (format === 'svd' || format === 'dense') expect(found.relativeError).toBeLessThan(1e-6);
    }
  });

  it('stands zero weights and refuses unsound ones', () => {
    for (const format of formats) {
      const f = exampleOf(format, 6);
      const covariance = gram(gaussianMatrix(6, 4));
      for (const options of [{}, { covariance }]) {
        const { factors, relativeError } = decompose(matrix(6, 6, new Float64Array(36)), f, options);
        expect(relativeError).toBe(0);
        for (const { values } of factors) expect(values.every(Number.isFinite)).toBe(true);
        expect(reconstruct(f, factors).values.every((value) => value === 0)).toBe(true);
      }
      for (const wrong of [Number.NaN, Infinity]) {
        const w = gaussianMatrix(6, 6);
        w.values[7] = wrong;
        expect(() => decompose(w, f)).toThrow('weights: must be finite numbers');
      }
    }
    const svd: Factorization = { format: 'svd', outModes: [2], inModes: [2], ranks: [1] };
    expect(() => decompose(gaussianMatrix(3, 2), svd)).toThrow('output modes: must multiply to 3');
    expect(() => decompose(gaussianMatrix(2, 2), { ...svd, ranks: [3] })).toThrow(
      'rank r of svd: must be at most 2 to be realizable, got 3',
    );
    const huge = matrix(2, 2, Float64Array.of(1e101, 0, 0, 1));
    expect(() => decompose(huge, svd)).toThrow('weights: must be at most');
  });
});

/** Ranks of two, as far as they are realizable, on two modes a side. */
function exampleOf(format: Format, side: 6 | 9): Factorization {
  const flat = format === 'dense' || format === 'svd';
  const modes = flat
    ? { outModes: [side], inModes: [side] }
    : { outModes: [side / 3, 3], inModes: [3, side / 3] };
  const count = rankCount(format, modes.outModes.length, modes.inModes.length);
  return clipRanks({ format, ...modes, ranks: new Array<number>(count).fill(2) });
}
