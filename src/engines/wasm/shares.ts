/** How a step is cut into pieces that threads take one after the other. */
import { extentOf } from '../../core/einsum/gemm-form.ts';
import type { StepPlan } from './plan.ts';

/** In the order of the module's numbers. */
const extents = ['batch', 'm', 'n'] as const;

export interface Shares {
  /** Which extent is cut: 0 batch, 1 m, 2 n. */
  readonly over: number;
  readonly extent: number;
  /** How much of it a piece is; the last one may be less. */
  readonly piece: number;
  readonly pieces: number;
}

/** Pieces a thread: several, so that one that comes late or is slow delays little. */
const piecesEach = 4;

export function sharesOf({ form, method }: StepPlan, threads: number): Shares {
  const [batch, m, n] = [extentOf(form.batch), extentOf(form.m), extentOf(form.n)];
  const wanted = threads * piecesEach;
  const cut = (over: (typeof extents)[number], extent: number, multiple: number, least: number): Shares => {
    const piece = Math.max(least, Math.ceil(extent / wanted / multiple) * multiple);
    return { over: extents.indexOf(over), extent, piece, pieces: Math.ceil(extent / piece) };
  };
  if (batch >= 2 * threads) return cut('batch', batch, 1, 1);
  const product = method === 'packed' || method === 'direct';
  // Each piece of n packs its own panels; where rows are copied too, each piece of m copies its own.
  if (product && form.k.length <= 1 && n >= 32 * threads) return cut('n', n, 16, 32);
  // Each piece of m packs all panels.
  return product ? cut('m', m, 4, 32) : cut('m', m, 4, 16);
}
