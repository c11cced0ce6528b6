import { describe, expect, it } from 'vitest';
import { createRandom } from '../base/random.ts';
import { decompose } from '../factor/decompose/decompose.ts';
import type { Factorization } from '../factor/factorization.ts';
import { matrix, relativeDistance, type Matrix } from '../tensor/dense.ts';
import { createRebuilder, rebuiltWeight } from './rebuild.ts';

const random = createRandom(7);
const gaussian = (rows: number, columns: number): Matrix =>
  matrix(rows, columns, Float64Array.from({ length: rows * columns }, random.normal));

const w = gaussian(24, 16);
const svd = (rank: number): Factorization => ({
  format: 'svd',
  outModes: [24],
  inModes: [16],
  ranks: [rank],
});
const dense: Factorization = { format: 'dense', outModes: [24], inModes: [16], ranks: [] };
const away = (made: Matrix): number => relativeDistance(w.values, made.values);

describe('a weight rebuilt from its factors', () => {
  it('is itself when dense or of full rank', () => {
    expect(rebuiltWeight(w, dense)).toBe(w);
    expect(away(rebuiltWeight(w, svd(16)))).toBeLessThan(1e-12);
  });

  it('is as far away as its decomposition says', () => {
    expect(away(rebuiltWeight(w, svd(5)))).toBeCloseTo(decompose(w, svd(5)).relativeError, 12);
  });

  it('keeps what the inputs use', () => {
    // Inputs in four directions only: rank four loses nothing of them.
    const directions = gaussian(16, 4);
    const covariance = matrix(
      16,
      16,
      Float64Array.from({ length: 256 }, (_, k) => {
        const [i, j] = [Math.floor(k / 16), k % 16];
        let sum = 0;
        for (let d = 0; d < 4; d++) sum += directions.values[i * 4 + d]! * directions.values[j * 4 + d]!;
        return sum;
      }),
    );
    const made = rebuiltWeight(w, svd(4), { covariance });
    for (let d = 0; d < 4; d++)
      for (let o = 0; o < 24; o++) {
        let [is, was] = [0, 0];
        for (let i = 0; i < 16; i++) {
          is += made.values[o * 16 + i]! * directions.values[i * 4 + d]!;
          was += w.values[o * 16 + i]! * directions.values[i * 4 + d]!;
        }
        expect(is).toBeCloseTo(was, 6);
      }
    expect(away(rebuiltWeight(w, svd(4)))).toBeGreaterThan(0.1);
  });

  it('is rounded as it is stored: finer steps come nearer, of factors as of a dense matrix', () => {
    for (const f of [dense, svd(16)]) {
      const errors = ([8, 6, 4, 3] as const).map((bits) =>
        away(rebuiltWeight(w, f, { quantization: { kind: 'int', bits, group: 'row' } })),
      );
      expect(errors).toEqual(errors.toSorted((a, b) => a - b));
      expect(errors[0]).toBeGreaterThan(1e-4);
      expect(errors[0]).toBeLessThan(0.02);
      expect(errors[3]).toBeGreaterThan(0.05);
    }
  });

  it('rounds factors, not their product: few ranks stay few', () => {
    const made = rebuiltWeight(w, svd(2), { quantization: { kind: 'int', bits: 4, group: 'row' } });
    expect(decompose(made, svd(2)).relativeError).toBeLessThan(1e-9);
    expect(decompose(made, svd(1)).relativeError).toBeGreaterThan(0.1);
  });
});

describe('a rebuilder', () => {
  it('makes each once, and another one for all that changes it', () => {
    const { rebuilt } = createRebuilder();
    const first = rebuilt('a', w, svd(3));
    expect(rebuilt('a', w, { ...svd(3) })).toBe(first);
    const others = [
      rebuilt('b', gaussian(24, 16), svd(3)),
      rebuilt('a', w, svd(4)),
      rebuilt('a', w, svd(3), { quantization: { kind: 'int', bits: 8, group: 'row' } }),
      rebuilt('a', w, svd(3), {
        covariance: matrix(
          16,
          16,
          new Float64Array(256).map((_, k) => (k % 17 ? 0 : k)),
        ),
      }),
    ];
    expect(new Set([first, ...others]).size).toBe(5);
    expect(first).toEqual(rebuiltWeight(w, svd(3)));
  });
});
