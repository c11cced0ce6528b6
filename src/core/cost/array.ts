/**
 * The array as a fixed dataflow sees it: N along all X sides, K along all Y sides. A rank is N of one product and K of the
 * next, so it wants to be a multiple of both; a smaller one wants to divide the larger side.
 */
import type { Accelerator } from '../hardware/accelerator.ts';
import { fanOut } from './counts.ts';

/** Lanes along X and along Y, over all fan-outs. */
export function arraySides(accelerator: Accelerator): { readonly columns: number; readonly rows: number } {
  return accelerator.levels.reduce(
    (sides, _, l) => {
      const { x, y } = fanOut(accelerator, l);
      return { columns: sides.columns * x, rows: sides.rows * y };
    },
    { columns: 1, rows: 1 },
  );
}

/** The nearest rank that leaves no lane of the array empty, at most `most`; the lower one of two equally near. */
export function snapRank(accelerator: Accelerator, rank: number, most: number): number {
  const { columns, rows } = arraySides(accelerator);
  const whole = leastCommonMultiple(columns, rows);
  if (rank >= whole && most >= whole) {
    const least = Math.floor(rank / whole) * whole;
    const next = least + whole;
    return next - rank < rank - least && next <= most ? next : least;
  }
  let best = 1;
  for (let side = 1; side <= Math.min(whole, most); side += 1)
    if (whole % side === 0 && Math.abs(side - rank) < Math.abs(best - rank)) best = side;
  return best;
}

function leastCommonMultiple(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y > 0) [x, y] = [y, x % y];
  return (a / x) * b;
}
