import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matrix, permute, relativeDistance, tensor, transpose, type Matrix } from '../../tensor/dense.ts';
import { gram, matmul, timesTransposed } from '../../tensor/matmul.ts';
import { singularValues } from '../../tensor/svd.ts';
import { gaussian, gaussianMatrix } from '../../tensor/tensor.fixture.ts';
import { anyFactorization } from '../factor.fixture.ts';
import { formats, type Factorization } from '../factorization.ts';
import { factorShapes } from '../forward.ts';
import { clipRanks, rankCount } from '../ranks.ts';
import { product } from '../tensorization.ts';
import { dot } from './conjugate.ts';
import { momentsOf, weightedDistance, weightedSquare } from './covariance.ts';
import { decompose } from './decompose.ts';
import { normalEquations, runFed, type Fed } from './normal-equations.ts';
import { reconstruct } from './reconstruct.ts';

/** Of `rows` inputs that are correlated, unequally large and not centred; fewer rows than inputs: singular. */
function moments(inputs: number, rows: number, seed = 1): Matrix {
  const x = matmul(gaussianMatrix(rows, inputs, seed), gaussianMatrix(inputs, inputs, seed + 1));
  const values = x.values.map((value, i) => (value + (i % inputs)) / (1 + (i % inputs)));
  return gram(transpose(matrix(rows, inputs, values)));
}

const small = anyFactorization(formats, { most: 4, order: 3 });

describe('decompose with second moments of the inputs', () => {
  it('is never worse under them than the plain factors, whatever the format and however singular', () => {
    fc.assert(
      fc.property(small, fc.integer({ min: 1, max: 40 }), fc.nat(1000), (f, rows, seed) => {
        const w = gaussianMatrix(product(f.outModes), product(f.inModes), seed);
        const covariance = moments(w.columns, rows, seed);
        const plain = decompose(w, f, { effort: 'quick' });
        const weighted = decompose(w, f, { covariance, effort: 'quick' });
        const given = momentsOf(covariance, w.columns);
        expect(given).not.toBeNull();
        if (given === null) return;
        expect(plain.weightedError).toBeNull();
        const bound = weightedDistance(w, reconstruct(f, plain.factors), given);
        expect(weighted.weightedError).toBeLessThanOrEqual(bound);
        expect(weighted.factors.map(({ shape }) => shape)).toEqual(factorShapes(f));
        const rebuilt = reconstruct(f, weighted.factors);
        expect(weighted.weightedError).toBe(weightedDistance(w, rebuilt, given));
        expect(weighted.relativeError).toBe(relativeDistance(w.values, rebuilt.values));
      }),
      { numRuns: 50 },
    );
  });

  it('svd leaves exactly the tail of the singular values of W C^(1/2)', () => {
    for (const [out, inputs] of [
      [20, 14],
      [14, 20],
    ] as const) {
      const w = gaussianMatrix(out, inputs, 3);
      const covariance = moments(inputs, 50);
      const { values } = singularValuesUnder(w, covariance);
      const energy = (list: Float64Array): number => list.reduce((sum, value) => sum + value * value, 0);
      for (const rank of [1, 5, 13]) {
        const f: Factorization = { format: 'svd', outModes: [out], inModes: [inputs], ranks: [rank] };
        const tail = Math.sqrt(energy(values.subarray(rank)) / energy(values));
        expect(decompose(w, f, { covariance }).weightedError).toBeCloseTo(tail, 7);
      }
    }
  });

  it('equal inputs change nothing for svd, and the error never rises with the rank', () => {
    const w = gaussianMatrix(9, 12, 3);
    const identity = matrix(
      12,
      12,
      Float64Array.from({ length: 144 }, (_, i) => Number(i % 13 === 0)),
    );
    const of = (rank: number, covariance: Matrix): number => {
      const f: Factorization = { format: 'svd', outModes: [9], inModes: [12], ranks: [rank] };
      return decompose(w, f, { covariance }).weightedError ?? Number.NaN;
    };
    const plain: Factorization = { format: 'svd', outModes: [9], inModes: [12], ranks: [4] };
    expect(of(4, identity)).toBeCloseTo(decompose(w, plain).relativeError, 9);
    const errors = [1, 2, 3, 5, 8, 9].map((rank) => of(rank, moments(12, 30)));
    expect([...errors].sort((a, b) => b - a)).toEqual(errors);
    expect(errors.at(-1)).toBeLessThan(1e-9);
  });

  it('full ranks leave nothing', () => {
    for (const format of formats) {
      const flat = format === 'dense' || format === 'svd';
      const modes = flat ? { outModes: [12], inModes: [12] } : { outModes: [3, 4], inModes: [4, 3] };
      const count = rankCount(format, modes.outModes.length, modes.inModes.length);
      const full = new Array<number>(count).fill(1000);
      const f = clipRanks({
        format,
        ...modes,
        ranks: format === 'block-term' ? [1, ...full.slice(1)] : full,
      });
      const { weightedError } = decompose(gaussianMatrix(12, 12, 5), f, { covariance: moments(12, 30) });
      expect(weightedError).toBeLessThan(1e-5);
    }
  });

  it('inputs that span few directions need few ranks, and the rest of W is kept as far as ranks go', () => {
    const w = gaussianMatrix(10, 12, 1);
    const covariance = moments(12, 3);
    const of = (rank: number) =>
      decompose(w, { format: 'svd', outModes: [10], inModes: [12], ranks: [rank] }, { covariance });
    expect(of(3).weightedError).toBeLessThan(1e-4);
    expect(of(10).relativeError).toBeLessThan(1e-6);
    expect(of(6).relativeError).toBeLessThan(of(3).relativeError);
  });

  it('gains much over the plain factors where inputs are correlated', () => {
    const w = gaussianMatrix(24, 24, 9);
    const covariance = moments(24, 100);
    const given = momentsOf(covariance, 24);
    const modes = { outModes: [4, 6], inModes: [4, 6] };
    const cases: readonly Factorization[] = [
      { format: 'kronecker', ...modes, ranks: [4] },
      { format: 'cp', ...modes, ranks: [8] },
      { format: 'tucker', ...modes, ranks: [3, 4, 3, 4] },
      { format: 'tt', ...modes, ranks: [4, 8, 5] },
      { format: 'ttm', ...modes, ranks: [5] },
      { format: 'tr', ...modes, ranks: [3, 3, 3, 3] },
      { format: 'block-term', ...modes, ranks: [2, 3, 3, 3, 3] },
    ];
    for (const f of cases) {
      const plain = decompose(w, f, { effort: 'quick' });
      const before = given === null ? 0 : weightedDistance(w, reconstruct(f, plain.factors), given);
      const { weightedError, relativeError } = decompose(w, f, { covariance, effort: 'quick' });
      expect(weightedError).toBeLessThan(0.8 * before);
      expect(relativeError).toBeGreaterThan(plain.relativeError);
    }
  });

  it('is the same again, whatever the scale of the inputs', () => {
    const f: Factorization = { format: 'tt', outModes: [3, 4], inModes: [4, 3], ranks: [2, 3, 2] };
    const w = gaussianMatrix(12, 12, 5);
    const covariance = moments(12, 30);
    const scaled = { ...covariance, values: covariance.values.map((value) => value * 2 ** -300) };
    expect(decompose(w, f, { covariance: scaled })).toEqual(decompose(w, f, { covariance }));
  });

  it('inputs that are all zero weigh nothing; unsound moments are refused by name', () => {
    const f: Factorization = { format: 'svd', outModes: [3], inModes: [2], ranks: [1] };
    const w = gaussianMatrix(3, 2);
    const of = (...values: number[]) =>
      decompose(w, f, { covariance: matrix(2, values.length / 2, Float64Array.from(values)) });
    expect(of(0, 0, 0, 0)).toEqual({ ...decompose(w, f), weightedError: 0 });
    expect(() => of(1, 2)).toThrow('covariance: must be 2 x 2, got [2,1]');
    expect(() => of(1, Number.NaN, 0, 1)).toThrow('covariance: must be finite numbers');
    expect(() => of(1, 0.5, 0, 1)).toThrow('covariance: must be symmetric');
    expect(() => of(1, 2, 2, 1)).toThrow('covariance: must be positive semidefinite');
    expect(() => of(-1, 0, 0, -1)).toThrow('covariance: must be positive semidefinite');
  });
});

function singularValuesUnder(w: Matrix, covariance: Matrix) {
  const given = momentsOf(covariance, w.columns);
  return { values: singularValues(matmul(w, given?.root ?? covariance)) };
}

describe('normal equations', () => {
  const networks = formats.filter((format) => !['dense', 'svd', 'block-term'].includes(format));
  it('are those of the weighted error, solved directly or by steps', () => {
    fc.assert(
      fc.property(
        anyFactorization(networks, { most: 4, order: 3 }),
        fc.nat(),
        fc.nat(1000),
        fc.boolean(),
        fc.boolean(),
        (f, pick, seed, cheap, weighted) => {
          const shapes = factorShapes(f);
          fc.pre(shapes.length > 1);
          const k = pick % shapes.length;
          const [out, inputs] = [product(f.outModes), product(f.inModes)];
          const w = gaussianMatrix(out, inputs, seed);
          const c = weighted ? moments(inputs, 2 * inputs + 2, seed) : null;
          const factors = shapes.map((shape, j) => tensor(shape, gaussian(product(shape), seed + j)));
          const equations = normalEquations(f, c, k, cheap ? 0 : 1e9);
          expect(equations).not.toBeNull();
          if (equations === null) return;
          const { right, whole, parts, order, ordered } = equations;
          const own = tensor(shapes[k] ?? [], gaussian(product(shapes[k] ?? []), seed + 50));
          const x = permute(own, order).values;
          expect(permute(own, order).shape).toEqual(ordered);
          const given = factors.map(({ values }) => values);
          const run = (fed: Fed, first: Float64Array): Float64Array => runFed(fed, first, given);
          const image = reconstruct(f, factors.with(k, own));
          const target = c === null ? w.values : timesTransposed(w, c).values;
          expectClose(dot(run(right, target), x), dot(target, image.values));
          const squared = c === null ? dot(image.values, image.values) : weightedSquare(image, c);
          if (whole !== null) expectClose(dot(run(whole, x), x), squared);
          else if (parts.length === 1) {
            const [part] = parts;
            const rows = matrix(x.length / (part?.side ?? 1), part?.side ?? 1, x);
            const applied = part?.makeSystem((fed) => run(fed, x)).apply(rows);
            expectClose(dot(applied?.values ?? x, x), squared);
          }
        },
      ),
      { numRuns: 250 },
    );
  });
});

function expectClose(a: number, b: number): void {
  expect(Math.abs(a - b)).toBeLessThan(1e-8 * (1 + Math.abs(b)));
}
