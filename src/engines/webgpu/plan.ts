/**
 * How a kernel computes a form: what one thread does, how threads are grouped. A plan is data that the generator
 * turns into WGSL; which plans are worth trying is candidates.ts, which one is fastest the tuner finds out.
 */
import { invariant } from '../../core/base/checks.ts';
import { transposeForm, type GemmForm } from '../../core/einsum/gemm-form.ts';

export interface Plan {
  /** Operands in each other's place, so that rows become columns. */
  readonly swap: boolean;
  /** Along which axis of the output the components of a vector lie. */
  readonly lane: 'n' | 'batch';
  /** Components of a vector. */
  readonly width: 1 | 2 | 4;
  /** Outputs of one thread: rows (m), columns (n, a multiple of the width where lanes lie along n), batches. */
  readonly rows: number;
  readonly columns: number;
  readonly batches: number;
  /** Positions of k in one pass of the innermost loop. */
  readonly depth: number;
  /** Parts that the longest axis of k is cut into, each written apart and added up by a second kernel. */
  readonly splits: number;
  /**
   * Memory that a workgroup shares: `tiles` of both operands, `depth` positions of k each, from which its threads' blocks
   * are computed; or `team`: all threads have the same block, share out k and add up. `subgroup`: a team of as many as
   exchange values without memory. Absent: every thread for itself.
   */
  readonly shared?: 'tiles' | 'team' | 'subgroup';
  /** Where operands are f16: products in f16, too, added up in f32 once a pass. */
  readonly half?: boolean;
  /** Threads of a workgroup along columns, rows, batches (and parts). */
  readonly group: readonly [number, number, number];
}

const sharedNames = { tiles: 'shared tiles', team: 'one team', subgroup: 'one subgroup' } as const;

/** One short line for people. */
export function planName(plan: Plan): string {
  const { swap, lane, width, rows, columns, batches, depth, splits, shared, half, group } = plan;
  const tile = `${batches > 1 ? `${batches}x` : ''}${rows}x${columns}`;
  return [
    `${group.filter((threads, k) => k < 2 || threads > 1).join('x')} threads`,
    `${tile} each`,
    `k ${depth}`,
    ...(width > 1 ? [`vec${width}${lane === 'batch' ? ' batch' : ''}`] : []),
    ...(shared === undefined ? [] : [sharedNames[shared]]),
    ...(half === true ? ['f16 products'] : []),
    ...(splits > 1 ? [`${splits} parts`] : []),
    ...(swap ? ['swapped'] : []),
  ].join(', ');
}

/** The form as the plan's kernel sees it; axes of a one-operand form are all batch. */
export function plannedForm(form: GemmForm, { swap }: Pick<Plan, 'swap'>): GemmForm {
  if (form.words.b !== null) return swap ? transposeForm(form) : form;
  invariant(!swap, 'one operand has nothing to swap with');
  const axes = [...form.batch, ...form.m];
  return { ...form, batch: axes.toSorted((x, y) => y.out - x.out), m: [] };
}

/** Whether a remembered value is a plan; its numbers are checked where it is fitted to a form. */
export function isPlan(value: unknown): value is Plan {
  if (typeof value !== 'object' || value === null) return false;
  const { swap, lane, width, rows, columns, batches, depth, splits, shared, half, group } = value as Record<
    string,
    unknown
  >;
  const block = [width, rows, columns, batches, depth];
  const threads: readonly unknown[] = Array.isArray(group) ? group : [];
  const product = (counts: readonly unknown[]): number =>
    counts.reduce<number>((all, count) => all * (Number.isInteger(count) ? Number(count) : NaN), 1);
  return (
    typeof swap === 'boolean' &&
    (lane === 'n' || lane === 'batch') &&
    (shared === undefined || Object.hasOwn(sharedNames, String(shared))) &&
    (half === undefined || typeof half === 'boolean') &&
    threads.length === 3 &&
    [...block, ...threads, splits].every((count) => Number(count) >= 1) &&
    product(block) <= 4096 &&
    product(threads) <= 256 &&
    product([splits]) <= 64
  );
}
