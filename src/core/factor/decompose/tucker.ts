/**
 * Tucker: sequentially truncated HOSVD (Vannieuwenhoven et al. 2012), then HOOI (De Lathauwer et al. 2000) until it gains
 * nothing.
 */
import type { Random } from '../../base/random.ts';
import { fold, matrix, norm, transpose, unfold, type Matrix, type Tensor } from '../../tensor/dense.ts';
import { matmul } from '../../tensor/matmul.ts';
import { leftVectors } from '../../tensor/svd.ts';
import { effort, thoroughWork } from './effort.ts';

export interface Box {
  readonly core: Tensor;
  /** Orthonormal bases as rows, [r_k, n_k]. */
  readonly bases: readonly Matrix[];
}

/** Mode `axis` of t multiplied by m [r, n]. */
export function modeProduct(t: Tensor, m: Matrix, axis: number): Tensor {
  return fold(matmul(m, unfold(t, axis)), t.shape.with(axis, m.rows), axis);
}

/** The tensor [n_1, ..] of a core and its factors [n_k, r_k]. */
export function expandBox(core: Tensor, factors: readonly Tensor[]): Tensor {
  return factors.reduce(
    (t, { shape: [mode = 1, rank = 1], values }, axis) => modeProduct(t, matrix(mode, rank, values), axis),
    core,
  );
}

export function sequentialHosvd(t: Tensor, ranks: readonly number[]): Box {
  let core = t;
  const bases = ranks.map((rank, axis) => {
    const basis = leftVectors(unfold(core, axis), rank);
    core = modeProduct(core, basis, axis);
    return basis;
  });
  return { core, bases };
}

const patience = 1e-8;
/** HOOI is near its end after a few rounds; a start costs as much as its rounds. */
const mostRounds = 40;

/**
 * The first start from ST-HOSVD, the others from chance: on flat spectra the optima differ by a thousandth.
 * @param ranks realizable
 */
export function decomposeTucker(
  t: Tensor,
  ranks: readonly number[],
  random: Random,
  work = thoroughWork,
): Box {
  const begin = sequentialHosvd(t, ranks);
  if (ranks.every((rank, axis) => rank === t.shape[axis])) return begin;
  const { starts, sweeps } = effort(40 * t.shape.length ** 2 * t.values.length, work);
  let best = iterate(t, begin, sweeps);
  for (let start = 1; start < starts; start++) {
    const bases = ranks.map((rank, axis) => {
      const mode = t.shape[axis] ?? 1;
      return matrix(rank, mode, Float64Array.from({ length: rank * mode }, random.normal));
    });
    const box = iterate(t, improveBox(t, { core: t, bases }), sweeps);
    if (norm(box.core.values) > norm(best.core.values)) best = box;
  }
  return best;
}

/** HOOI until it gains nothing. */
function iterate(t: Tensor, begin: Box, sweeps: number): Box {
  let box = begin;
  let kept = norm(box.core.values);
  const whole = norm(t.values);
  for (let sweep = 0; sweep < Math.min(sweeps, mostRounds); sweep++) {
    box = improveBox(t, box);
    const now = norm(box.core.values);
    if (now - kept <= patience * whole) break;
    kept = now;
  }
  return box;
}

/** One round of HOOI: every basis the best one given the others. */
export function improveBox(t: Tensor, { bases: before }: Box): Box {
  const bases = [...before];
  let core = t;
  for (let axis = 0; axis < bases.length; axis++) {
    let projected = t;
    bases.forEach((basis, k) => {
      if (k !== axis) projected = modeProduct(projected, basis, k);
    });
    const basis = leftVectors(unfold(projected, axis), before[axis]?.rows ?? 1);
    bases[axis] = basis;
    core = modeProduct(projected, basis, axis);
  }
  return { core, bases };
}

/** As tensors: the core, then [n_k, r_k]. */
export function boxFactors({ core, bases }: Box): readonly Tensor[] {
  return [
    core,
    ...bases.map((basis) => {
      const { rows, columns, values } = transpose(basis);
      return { shape: [rows, columns], values };
    }),
  ];
}
