/**
 * Which arrays of a form a kernel may read or write four words at a time, and along what. Four neighbours are one
 * vector when one axis has stride 1 and a multiple of 4 positions, and every other axis moves by whole vectors.
 */
import type { GemmAxis, GemmForm } from '../../core/einsum/gemm-form.ts';
import type { Plan } from './plan.ts';

export type ArrayName = 'a' | 'b' | 'out';

/** Along its side of the block (rows of a, columns of b, or batches), along k, or word by word. */
export type Packing = 'side' | 'k' | 'none';

/** The axis that the innermost loop walks: one with words side by side, else the longest. Undefined without k. */
export function innerAxis(k: readonly GemmAxis[]): GemmAxis | undefined {
  const rank = ({ extent, a, b }: GemmAxis): number => (a === 1 || b === 1 ? 1e12 : 0) + extent;
  return k.toSorted((x, y) => rank(y) - rank(x))[0];
}

/** The axes that one array's vectors may lie along: those of its side of a thread's block. */
export function sideOf(form: GemmForm, array: ArrayName, lane: Plan['lane']): readonly GemmAxis[] {
  if (lane === 'batch') return form.batch;
  return array === 'a' ? form.m : form.n;
}

export function packingOf(form: GemmForm, array: ArrayName, plan: Plan): Packing {
  const { batch, m, n, k } = form;
  const all = [...batch, ...m, ...n, ...k];
  const wholeBut = (unit: GemmAxis | undefined): boolean =>
    unit !== undefined &&
    unit[array] === 1 &&
    unit.extent % 4 === 0 &&
    all.every((axis) => axis === unit || axis[array] % 4 === 0);
  // Only whole vectors are written.
  if (array === 'out' && plan.width !== 4) return 'none';
  const size = plan.lane === 'batch' ? plan.batches : array === 'a' ? plan.rows : plan.columns;
  if (size % 4 === 0 && wholeBut(sideOf(form, array, plan.lane).at(-1))) return 'side';
  if (array === 'out') return 'none';
  const inner = innerAxis(k);
  // An axis as short as one pass is unrolled whole.
  const depth = Math.min(plan.depth, inner?.extent ?? 0);
  return depth % 4 === 0 && wholeBut(inner) ? 'k' : 'none';
}
