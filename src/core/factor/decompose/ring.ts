/**
 * Tensor rings by alternating least squares (Zhao et al. 2016): one start from the train inside (first rank one, by
 * TT-SVD, the rest of the ring filled with little noise), the others from chance.
 */
import { check } from '../../base/checks.ts';
import type { Random } from '../../base/random.ts';
import {
  matrix,
  norm,
  permute,
  relativeDistance,
  tensor,
  type Matrix,
  type Tensor,
} from '../../tensor/dense.ts';
import { gram, matmul, timesTransposed } from '../../tensor/matmul.ts';
import { solveRight } from '../../tensor/solve.ts';
import { clipRanks } from '../ranks.ts';
import { product } from '../tensorization.ts';
import { alternate, effort, thoroughWork, type Swept } from './effort.ts';
import { cutTrain } from './train.ts';

/** Entries of the largest matrix that a least-squares step may hold: 400 MB. */
const mostHeld = 5e7;
const patience = 1e-9;

/** The tensor of cores [r_k, n_k, r_(k+1)] around the ring. */
export function closeRing(cores: readonly Tensor[]): Tensor {
  const shape = cores.map((core) => core.shape[1] ?? 1);
  const [first, ...others] = cores;
  const [closing = 1, mode = 1, next = 1] = first?.shape ?? [];
  // [n_1, (r_0 r_1)] x [(r_0 r_1), rest]
  const start = permute(first ?? tensor([1, 1, 1], new Float64Array(1)), [1, 0, 2]);
  const rest = others.length === 0 ? closed(closing) : chain(others, closing);
  return tensor(shape, matmul(matrix(mode, closing * next, start.values), rest).values);
}

/** Identity as the chain of no cores: [(r_0 r_0), 1]. */
function closed(rank: number): Matrix {
  return matrix(
    rank * rank,
    1,
    Float64Array.from({ length: rank * rank }, (_, i) => Number(i % (rank + 1) === 0)),
  );
}

/** Cores in ring order joined: [(last bond, first bond), modes], `last` the size of the bond that ends it. */
function chain(cores: readonly Tensor[], last: number): Matrix {
  const first = cores[0]?.shape[0] ?? 1;
  let joined: Matrix | null = null;
  for (const { shape: [left = 1, mode = 1, right = 1] = [], values } of cores) {
    const next =
      joined === null
        ? matrix(left, mode * right, values)
        : matmul(joined, matrix(left, mode * right, values));
    joined = matrix(next.values.length / right, right, next.values);
  }
  const modes = (joined?.rows ?? first) / first;
  const moved = permute(tensor([first, modes, last], joined?.values ?? new Float64Array(first)), [2, 0, 1]);
  return matrix(last * first, modes, moved.values);
}

/**
 * @param ranks r_0 .. r_(K-1), realizable; @returns cores [r_k, n_k, r_(k+1)]
 * @throws InputError when the ranks are too large for it
 */
export function decomposeRing(
  t: Tensor,
  ranks: readonly number[],
  outOrder: number,
  random: Random,
  work = thoroughWork,
): readonly Tensor[] {
  const count = t.shape.length;
  const at = (k: number): number => ranks[k % count] ?? 1;
  const sizes = t.shape.map((mode, k) => (at(k) * at(k + 1) * t.values.length) / mode);
  check(Math.max(...sizes) <= mostHeld, 'ranks of tr', 'are too large for alternating least squares', ranks);
  // Mode k first, the others behind it in ring order.
  const unfoldings = t.shape.map((mode, k) => {
    const order = t.shape.map((_, j) => (k + j) % count);
    return matrix(mode, t.values.length / mode, permute(t, order).values);
  });
  const perSweep = t.shape.reduce((sum, mode, k) => sum + sizes[k]! * (mode + at(k) * at(k + 1)), 0);
  const { starts, sweeps } = effort(2 * perSweep, work);
  const whole = norm(t.values);
  let best: readonly Tensor[] = [];
  let least = Infinity;
  for (let start = 0; start < starts; start++) {
    const begin = start === 0 ? openRing(t, ranks, outOrder, random) : randomRing(t.shape, ranks, random, 1);
    const { factors: cores } = alternate(
      begin,
      (given) => sweepRing(whole, unfoldings, given),
      sweeps,
      patience,
    );
    const error = relativeDistance(t.values, closeRing(cores).values);
    if (error < least) [best, least] = [cores, error];
  }
  return best;
}

function randomRing(
  modes: readonly number[],
  ranks: readonly number[],
  random: Random,
  scale: number,
): readonly Tensor[] {
  return modes.map((mode, k) => {
    const shape = [ranks[k] ?? 1, mode, ranks[(k + 1) % ranks.length] ?? 1];
    return tensor(
      shape,
      Float64Array.from({ length: product(shape) }, () => scale * random.normal()),
    );
  });
}

/** The train of the inner ranks in the first row and column of the closing bond, the rest nearly empty. */
function openRing(t: Tensor, ranks: readonly number[], outOrder: number, random: Random): readonly Tensor[] {
  const train = clipRanks({
    format: 'tt',
    outModes: t.shape.slice(0, outOrder),
    inModes: t.shape.slice(outOrder),
    ranks: ranks.slice(1),
  });
  const cores = cutTrain(t, train.ranks);
  const size = norm(t.values) / Math.sqrt(t.values.length);
  return randomRing(t.shape, ranks, random, 1e-3 * (size || 1)).map(({ shape, values }, k) => {
    const [, mode = 1, right = 1] = shape;
    const core = cores[k] ?? matrix(0, 0, values);
    const left = core.rows / mode;
    const filled = values.slice();
    for (let a = 0; a < left; a++)
      for (let n = 0; n < mode; n++)
        for (let b = 0; b < core.columns; b++)
          filled[(a * mode + n) * right + b] = core.values[(a * mode + n) * core.columns + b]!;
    return tensor(shape, filled);
  });
}

/** One least-squares step per core. */
function sweepRing(whole: number, unfoldings: readonly Matrix[], begin: readonly Tensor[]): Swept<Tensor> {
  const cores = [...begin];
  const count = cores.length;
  let squared = whole * whole;
  unfoldings.forEach((unfolded, k) => {
    const others = Array.from({ length: count - 1 }, (_, j) => cores[(k + 1 + j) % count]!);
    const [left = 1, mode = 1, right = 1] = cores[k]?.shape ?? [];
    const design = others.length === 0 ? closed(left) : chain(others, left);
    const g = gram(design);
    const projected = timesTransposed(unfolded, design);
    const solved = solveRight(projected, g);
    cores[k] = permute(tensor([mode, left, right], solved.values), [1, 0, 2]);
    if (k === count - 1) {
      const fitted = matmul(solved, g);
      for (let i = 0; i < solved.values.length; i++)
        squared += solved.values[i]! * (fitted.values[i]! - 2 * projected.values[i]!);
    }
  });
  return { factors: balanced(cores), error: Math.sqrt(Math.max(0, squared)) / (whole || 1) };
}

/** The same ring with cores of equal norm, so that extrapolation cannot drive their scales apart. */
function balanced(cores: readonly Tensor[]): readonly Tensor[] {
  const norms = cores.map(({ values }) => norm(values));
  if (norms.includes(0)) return cores;
  const mean = Math.exp(norms.reduce((sum, size) => sum + Math.log(size), 0) / norms.length);
  return cores.map(({ shape, values }, k) => ({
    shape,
    values: values.map((value) => (value * mean) / norms[k]!),
  }));
}
