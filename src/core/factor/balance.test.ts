import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { norm, relativeDistance, tensor, type Tensor } from '../tensor/dense.ts';
import { gaussian } from '../tensor/tensor.fixture.ts';
import { balanceFactors } from './balance.ts';
import { decompose } from './decompose/decompose.ts';
import { reconstruct } from './decompose/reconstruct.ts';
import { anyFactorization } from './factor.fixture.ts';
import type { Factorization } from './factorization.ts';
import { factorShapes } from './forward.ts';
import { quantizeWeights } from './quantize.ts';
import { syntheticMatrix } from './synthetic.ts';
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

  it('loses less to four bits: svd a tenth, rings most of it', () => {
    const w = syntheticMatrix(48, 48, 4);
    const cases: readonly (readonly [Factorization, gain: number])[] = [
      [{ format: 'svd', outModes: [48], inModes: [48], ranks: [12] }, 0.95],
      [{ format: 'tr', outModes: [6, 8], inModes: [6, 8], ranks: [5, 5, 5, 5] }, 0.5],
    ];
    for (const [f, gain] of cases) {
      const { factors } = decompose(w, f, { effort: 'quick' });
      const whole = reconstruct(f, factors).values;
      const lost = (given: readonly Tensor[]): number => {
        const stored = given.map(({ shape, values }) =>
          tensor(shape, quantizeWeights(values, shape, { kind: 'int', bits: 4, group: 'row' }).values),
        );
        return relativeDistance(whole, reconstruct(f, stored).values);
      };
      expect(lost(balanceFactors(f, factors))).toBeLessThan(gain * lost(factors));
    }
  });

  it('leaves zeros alone', () => {
    const f = { format: 'svd', outModes: [3], inModes: [3], ranks: [2] } as const;
    const factors = factorShapes(f).map((shape) => tensor(shape, new Float64Array(6)));
    expect(balanceFactors(f, factors)).toEqual(factors);
  });
});
