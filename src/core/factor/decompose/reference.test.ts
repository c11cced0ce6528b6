/**
 * Errors held against TensorLy's and numpy's (`decomposition.json`): singular-value methods to rounding, alternating
 * methods within 2 % of the best of its random starts. RANKSCAPE_LONG runs every row, the 768 x 768 ones too.
 */
import { env } from 'node:process';
import { describe, expect, it } from 'vitest';
import { reference } from '../../base/reference.ts';
import { matrix, relativeDistance, tensor, transpose, type Matrix, type Tensor } from '../../tensor/dense.ts';
import { timesTransposed } from '../../tensor/matmul.ts';
import { createRandom } from '../../base/random.ts';
import type { Factorization } from '../factorization.ts';
import { alternateCp, rankOneSum } from './cp.ts';
import { decompose } from './decompose.ts';
import { closeRing, decomposeRing } from './ring.ts';
import { cutTrain, joinTrain } from './train.ts';
import { boxFactors, decomposeTucker, expandBox } from './tucker.ts';

interface Row {
  readonly rank?: number;
  readonly terms?: number;
  readonly ranks?: readonly number[];
  readonly error?: number;
  readonly als_random_best?: number;
  readonly tr_als_best?: number;
  readonly tt_svd?: number;
  readonly ttm_svd?: number;
  readonly hooi_tensorly?: number;
  readonly st_hosvd?: number;
  readonly bound_lower?: number;
}
interface Results {
  readonly results: readonly Row[];
}
interface MatrixCase {
  readonly first_values: readonly number[];
  readonly svd: Results | readonly Row[];
  readonly kronecker_sum: Results;
  readonly ttm_2: Results;
  readonly ttm_3: Results;
  readonly ttm_4?: Results;
  readonly [name: string]: unknown;
}
interface TensorCase {
  readonly first_values: readonly number[];
  readonly cp: readonly Row[];
  readonly tt: readonly Row[];
  readonly tucker: readonly Row[];
  readonly tr: readonly Row[];
}
const table = reference<{
  readonly matrices: Readonly<Record<string, MatrixCase>>;
  readonly tensors: Readonly<Record<string, TensorCase>>;
}>('decomposition.json');

// The generating formulas of the file.

function boxMuller(size: number, seed: number): Float64Array {
  let x = seed;
  const next = (): number => {
    x = Number((1664525n * BigInt(x) + 1013904223n) % 4294967296n);
    return x;
  };
  return Float64Array.from({ length: size }, () => {
    const u = next() / 2 ** 32 || 1e-12;
    const v = next() / 2 ** 32;
    return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
  });
}

function cosines(n: number, s: (k: number) => number): Matrix {
  const u = Float64Array.from({ length: n * n }, (_, at) => {
    const [i, k] = [Math.floor(at / n), at % n];
    return k === 0 ? Math.sqrt(1 / n) : Math.sqrt(2 / n) * Math.cos((Math.PI * (i + 0.5) * k) / n);
  });
  const v = Float64Array.from({ length: n * n }, (_, at) => {
    const [j, k] = [Math.floor(at / n), at % n];
    return s(k) * Math.sqrt(2 / n) * Math.cos((Math.PI * (j + 0.5) * (k + 0.5)) / n);
  });
  return timesTransposed(matrix(n, n, u), matrix(n, n, v));
}

function kroneckerPlusNoise(): Matrix {
  const [a, b, noise] = [boxMuller(144, 7), boxMuller(64, 8), boxMuller(96 * 96, 9)];
  const values = noise.map((value, at) => {
    const [i, j] = [Math.floor(at / 96), at % 96];
    return 0.1 * value + a[(i >> 3) * 12 + (j >> 3)]! * b[(i & 7) * 8 + (j & 7)]!;
  });
  return matrix(96, 96, values);
}

function gaussMix(): Matrix {
  const a = boxMuller(768 * 768, 31).map((value, at) => value * (1 + (at % 768)) ** -0.5);
  const product = timesTransposed(matrix(768, 768, a), matrix(768, 768, boxMuller(768 * 768, 32)));
  return { ...product, values: product.values.map((value) => value / 768) };
}

const matrices: Readonly<Record<string, () => Matrix>> = {
  'dct_geometric_0.9_96x96': () => cosines(96, (k) => 0.9 ** k),
  gauss_96x96: () => matrix(96, 96, boxMuller(96 * 96, 12345)),
  kron_plus_noise_96x96: kroneckerPlusNoise,
  'dct_power0.5_768x768': () => cosines(768, (k) => (k + 1) ** -0.5),
  'gaussmix_power0.5_768x768': gaussMix,
};

const tensors: Readonly<Record<string, () => Tensor>> = {
  hilbert_8x9x10: () =>
    tensor(
      [8, 9, 10],
      Float64Array.from(
        { length: 720 },
        (_, at) => 1 / (Math.floor(at / 90) + (Math.floor(at / 10) % 9) + (at % 10) + 1),
      ),
    ),
  cp_rank3_plus_noise_8x9x10: () => {
    const factors = [8, 9, 10].map((n, k) => {
      const columns = [0, 1, 2].map((q) => boxMuller(n, 200 + 100 * k + q));
      return transpose(matrix(3, n, Float64Array.from(columns.flatMap((column) => [...column]))));
    });
    const noise = boxMuller(720, 500);
    const { shape, values } = rankOneSum(factors);
    return tensor(
      shape,
      values.map((value, i) => value + 0.05 * noise[i]!),
    );
  },
};

/** No worse than the reference but for rounding; `slack` for alternating methods. */
function notWorse(error: number, best: number | undefined, slack = 1e-6): void {
  expect(best).toBeDefined();
  expect(error).toBeLessThanOrEqual((best ?? 0) * (1 + slack) + 1e-7);
}

const rowsOf = (value: unknown): readonly Row[] =>
  Array.isArray(value) ? (value as readonly Row[]) : ((value as Results | undefined)?.results ?? []);

const long = env['RANKSCAPE_LONG'] !== undefined;

describe.skipIf(table === null)(
  'decompositions of the reference matrices (needs the reference figures)',
  () => {
    const names = Object.keys(matrices).filter((name) => long || !/768|noise|gauss/.test(name));

    it.each(names)(
      '%s',
      (name) => {
        const given = table?.matrices[name];
        const w = matrices[name]?.() ?? matrix(0, 0, new Float64Array());
        const n = w.rows;
        (given?.first_values ?? []).forEach((value, i) => expect(w.values[i]).toBeCloseTo(value, 10));
        const [two, three, four] =
          n === 96
            ? [[12, 8], [4, 4, 6], []]
            : [
                [24, 32],
                [8, 8, 12],
                [4, 4, 6, 8],
              ];
        const error = (
          format: Factorization['format'],
          modes: readonly number[],
          ranks: readonly number[],
        ): number => decompose(w, { format, outModes: modes, inModes: modes, ranks }).relativeError;
        let compared = 0;
        const each = (
          key: string,
          ours: (row: Row) => number,
          theirs: (row: Row) => number | undefined,
          slack?: number,
        ): void => {
          const rows = rowsOf(given?.[key]);
          // Alternating methods take their time: a few rows stand for all outside a long run.
          for (const row of long || !/tucker|cp|tr/.test(key) ? rows : rows.slice(0, 2)) {
            const found = ours(row);
            notWorse(found, theirs(row), slack);
            // What no tensor of these ranks can go below.
            expect(found).toBeGreaterThan((row.bound_lower ?? 0) * (1 - 1e-6) - 1e-7);
            compared++;
          }
        };
        each(
          'svd',
          ({ rank = 0 }) => error('svd', [n], [rank]),
          (row) => row.error,
        );
        each(
          'kronecker_sum',
          ({ terms = 0 }) => error('kronecker', two ?? [], [terms]),
          (row) => row.error,
        );
        for (const [key, modes = []] of [
          ['ttm_2', two],
          ['ttm_3', three],
          ['ttm_4', four],
        ] as const)
          each(
            key,
            ({ ranks = [] }) => error('ttm', modes, ranks),
            (row) => row.ttm_svd,
          );
        for (const [key, modes = []] of [
          ['tt_order4', two],
          ['tt_order6', three],
          ['tt_2x2', two],
          ['tt_3x3', three],
        ] as const)
          each(
            key,
            ({ ranks = [] }) => error('tt', modes, ranks),
            (row) => row.tt_svd,
          );
        for (const [key, modes = []] of [
          ['tucker_order4', two],
          ['tucker_order6', three],
          ['tucker_2x2', two],
          ['tucker_3x3', three],
        ] as const)
          each(
            key,
            ({ ranks = [] }) => error('tucker', modes, ranks),
            (row) => row.hooi_tensorly ?? row.st_hosvd,
            // Local optima: HOOI from another start.
            1e-3,
          );
        for (const [key, modes = []] of [
          ['cp_order4', two],
          ['cp_order6', three],
        ] as const)
          each(
            key,
            ({ rank = 0 }) => error('cp', modes, [rank]),
            (row) => row.als_random_best,
            0.02,
          );
        each(
          'tr_order4',
          ({ ranks = [] }) => error('tr', two ?? [], ranks.slice(0, -1)),
          (row) => row.tr_als_best,
          0.02,
        );
        expect(compared).toBeGreaterThan(20);
      },
      600_000,
    );
  },
);

describe.skipIf(table === null)(
  'decompositions of the reference tensors (needs the reference figures)',
  () => {
    it.each(Object.keys(tensors))('%s', (name) => {
      const given = table?.tensors[name];
      const t = tensors[name]?.() ?? tensor([0], new Float64Array());
      (given?.first_values ?? []).forEach((value, i) => expect(t.values[i]).toBeCloseTo(value, 10));
      for (const { rank = 0, als_random_best } of given?.cp ?? []) {
        const found = rankOneSum(alternateCp(t, rank, createRandom(1)));
        const error = relativeDistance(t.values, found.values);
        notWorse(error, als_random_best, 0.02);
        // TensorLy's alternating least squares stall there.
        if (name.startsWith('hilbert') && rank >= 4) expect(error).toBeLessThan((als_random_best ?? 0) / 4);
      }
      for (const { ranks = [], tt_svd } of given?.tt ?? []) {
        const cores = cutTrain(t, ranks).map((core, k) => {
          const left = ranks[k - 1] ?? 1;
          return tensor([left, core.rows / left, core.columns], core.values);
        });
        notWorse(relativeDistance(t.values, joinTrain(cores, t.shape).values), tt_svd);
      }
      for (const { ranks = [], hooi_tensorly } of given?.tucker ?? []) {
        const [core = t, ...factors] = boxFactors(decomposeTucker(t, ranks, createRandom(1)));
        notWorse(relativeDistance(t.values, expandBox(core, factors).values), hooi_tensorly, 1e-6);
      }
      for (const { ranks = [], tr_als_best } of given?.tr ?? []) {
        const cores = decomposeRing(t, ranks.slice(0, -1), 1, createRandom(1));
        notWorse(relativeDistance(t.values, closeRing(cores).values), tr_als_best, 0.02);
      }
    });
  },
);
