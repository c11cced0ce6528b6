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
import { matmul } from '../../tensor/matmul.ts';
import { clipRanks } from '../ranks.ts';
import { product } from '../tensorization.ts';
import { alternate, effort, thoroughWork } from './effort.ts';
import { planSweeps } from './sweeps.ts';
import { cutTrain } from './train.ts';

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
  const modes = { outModes: t.shape.slice(0, outOrder), inModes: t.shape.slice(outOrder) };
  const plan = planSweeps({ format: 'tr', ...modes, ranks }, null, work);
  check(plan !== null, 'ranks of tr', 'are too large for alternating least squares', ranks);
  const { starts, sweeps } = effort(2 * plan.macs, work);
  const whole = norm(t.values);
  let best: readonly Tensor[] = [];
  let least = Infinity;
  for (let start = 0; start < starts; start++) {
    const begin = start === 0 ? openRing(t, ranks, outOrder, random) : randomRing(t.shape, ranks, random, 1);
    const { factors: cores } = alternate(
      begin,
      (given) => plan.sweep(t.values, whole * whole, given),
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
