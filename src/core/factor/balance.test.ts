import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { norm, relativeDistance, tensor } from '../tensor/dense.ts';
import { gaussian } from '../tensor/tensor.fixture.ts';
import { balanceFactors } from './balance.ts';
import { reconstruct } from './decompose/reconstruct.ts';
import { anyFactorization } from './factor.fixture.ts';
import { factorShapes } from './forward.ts';
import { quantizeWeights } from './quantize.ts';
import { product } from './tensorization.ts';

const rms = (values: Float64Array): number => norm(values) / Math.sqrt(values.length);

describe('balanceFactors', () => {
  it('keeps the product and makes the factors equally large', () => {
    fc.assert(
      fc.property(anyFactorization(), fc.nat(1000), (f, seed) => {
        const shapes = factorShapes(f);
        const factors = shapes.map((shape, k) =>
          tensor(
            shape,
            gaussian(product(shape), seed + k).map((value) => value * 100 ** ((k % 3) - 1)),
          ),
        );
        const balanced = balanceFactors(f, factors);
        expect(balanced.map(({ shape }) => shape)).toEqual(shapes);
        const whole = reconstruct(f, factors).values;
        expect(relativeDistance(whole, reconstruct(f, balanced).values)).toBeLessThan(1e-9);
        const sizes = balanced.map(({ values }) => rms(values));
        expect(Math.max(...sizes) / Math.min(...sizes)).toBeLessThan(1.2);
      }),
      { numRuns: 200 },
    );
  });

  it('per component: the smaller singular values keep their digits', () => {
    const f = { format: 'svd', outModes: [32], inModes: [32], ranks: [8] } as const;
    const factors = factorShapes(f).map((shape, k) =>
      tensor(
        shape,
        // Components fall by a factor of four each, all of it in the second factor.
        gaussian(product(shape), k).map((value, i) => (k === 0 ? value : value * 4 ** -Math.floor(i / 32))),
      ),
    );
    const lost = (given: typeof factors): number => {
      const stored = given.map(({ shape, values }) =>
        tensor(shape, quantizeWeights(values, shape, { kind: 'int', bits: 4, group: 'row' }).values),
      );
      return relativeDistance(reconstruct(f, factors).values, reconstruct(f, stored).values);
    };
    const balanced = balanceFactors(f, factors);
    for (const [k, { values }] of balanced.entries()) {
      const component = (r: number) =>
        rms(values.filter((_, i) => (k === 0 ? i % 8 === r : Math.floor(i / 32) === r)));
      const other = balanced[1 - k]?.values ?? values;
      for (let r = 0; r < 8; r++)
        expect(component(r)).toBeCloseTo(
          rms(other.filter((_, i) => (k === 1 ? i % 8 === r : Math.floor(i / 32) === r))),
          9,
        );
    }
    expect(lost([...balanced])).toBeGreaterThan(0);
  });

  it('leaves zeros alone', () => {
    const f = { format: 'svd', outModes: [3], inModes: [3], ranks: [2] } as const;
    const factors = factorShapes(f).map((shape) => tensor(shape, new Float64Array(6)));
    expect(balanceFactors(f, factors)).toEqual(factors);
  });
});
