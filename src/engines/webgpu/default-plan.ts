/** The plan that a form gets without measuring: vectors where words lie side by side, blocks as large as sides allow. */
import { extentOf, type GemmAxis, type GemmForm } from '../../core/einsum/gemm-form.ts';
import { plannedForm, type Plan } from './plan.ts';

/** Threads that keep any device busy: below, blocks are made smaller. */
const enoughThreads = 256;
/** Parts of k are worth a second kernel from here on. */
const longK = 512;
const mostParts = 64;

const unitOf = (axes: readonly GemmAxis[]): boolean => axes.at(-1)?.out === 1;

/** Which operand goes where, and what lanes lie along: the side of the output whose words are neighbours. */
export function orientation(form: GemmForm): Pick<Plan, 'swap' | 'lane'> {
  if (form.words.b === null) return { swap: false, lane: 'batch' };
  if (unitOf(form.n)) return { swap: false, lane: 'n' };
  if (unitOf(form.m)) return { swap: true, lane: 'n' };
  if (unitOf(form.batch)) return { swap: extentOf(form.m) > extentOf(form.n), lane: 'batch' };
  return { swap: extentOf(form.m) > extentOf(form.n), lane: 'n' };
}

/** The largest power of two within both. */
export const powerWithin = (side: number, most: number): number =>
  2 ** Math.floor(Math.log2(Math.max(1, Math.min(side, most))));

export function defaultPlan(form: GemmForm): Plan {
  const { swap, lane } = orientation(form);
  const { batch, m, n, k } = plannedForm(form, { swap });
  const [batchSide, rowSide, columnSide] = [extentOf(batch), extentOf(m), extentOf(n)];
  const laneSide = lane === 'n' ? columnSide : batchSide;
  const width = laneSide >= 4 ? 4 : laneSide >= 2 ? 2 : 1;
  let batches = lane === 'batch' ? width : 1;
  let rows = Math.min(rowSide, lane === 'batch' ? 4 : 8);
  let columns = lane === 'n' ? powerWithin(columnSide, 8) : Math.min(columnSide, 4);
  const threads = (): number =>
    Math.ceil(batchSide / batches) * Math.ceil(rowSide / rows) * Math.ceil(columnSide / columns);
  while (threads() < enoughThreads && (rows > 4 || columns > 4)) {
    if (rows >= columns) rows = Math.ceil(rows / 2);
    else columns /= 2;
  }
  batches = Math.min(batches, batchSide);
  const depthSide = extentOf(k);
  const splits =
    threads() < enoughThreads / 4 && depthSide >= longK
      ? Math.min(mostParts, Math.floor(depthSide / 128))
      : 1;
  const across = powerWithin(Math.ceil(columnSide / columns), 8);
  const down = powerWithin(Math.ceil(rowSide / rows), 32 / across);
  const deep = powerWithin(Math.ceil(batchSide / batches), 32 / across / down);
  return { swap, lane, width, rows, columns, batches, depth: 4, splits, group: [across, down, deep] };
}
