/**
 * A rough guess of how long a plan takes, for the order in which plans are tried and for what is used unmeasured. Its
 * unit is a product of two numbers; what else costs how much was measured on SwiftShader and is a rule of thumb for
 * GPUs.
 */
import { extentOf, type GemmAxis, type GemmForm } from '../../core/einsum/gemm-form.ts';
import { teamOf } from './block-product.ts';
import { packingOf, type ArrayName } from './packing.ts';
import { plannedForm, type Plan } from './plan.ts';

/** Threads that fill a device; too few outputs for them are divided along k. */
export const enoughThreads = { software: 16, hardware: 8192 } as const;

/** The smallest multiple that holds `count`. */
const upTo = (count: number, multiple: number): number => Math.ceil(count / multiple) * multiple;

/** Threads that a plan starts, but for those that fill up its workgroups. */
export function threadsOf(form: GemmForm, plan: Plan): number {
  const { batch, m, n } = plannedForm(form, plan);
  const { rows, columns, batches, splits } = plan;
  const team = teamOf(plan);
  const along = (axes: readonly GemmAxis[], size: number): number => Math.ceil(extentOf(axes) / size);
  return along(batch, batches) * along(m, rows) * along(n, columns) * splits * team;
}

/** What a word costs beside a product, alone and as one of four; the same on SwiftShader and on GPUs, roughly. */
const wordCost = { none: 3, side: 1.5, k: 1.5 } as const;

const nearbyCost = 0.5;
/** Of a processor that poses as a GPU. */
const cores = 4;
/** To begin with: SwiftShader measured, 0.07 and 0.1 us beside 0.008 for a product. */
const startCost = {
  software: { thread: 130, workgroup: 13 },
  hardware: { thread: 20, workgroup: 0 },
} as const;

/**
 * A rough measure of time for sorting only: words moved and products of all threads, longer where threads are too few
 * to fill the device and where the code is long.
 */
export function guessTime(form: GemmForm, plan: Plan, software: boolean): number {
  const { rows, columns, batches, splits, depth, shared, group } = plan;
  const planned = plannedForm(form, plan);
  const threads = threadsOf(form, plan);
  const team = teamOf(plan);
  const perThread = extentOf(form.k) / splits / team;
  const products = rows * columns * batches;
  // Where f16 is multiplied at all it is multiplied faster.
  const multiplied = plan.half === true ? products * 0.7 : products;
  const cost = (array: ArrayName): number => wordCost[packingOf(planned, array, plan)];
  const right = form.words.b === null ? 0 : columns * cost('b');
  // Words of a tile are fetched once for all that share them and read again nearby.
  const loads =
    shared === 'tiles'
      ? (rows + columns) * nearbyCost + (rows * cost('a')) / group[0] + right / group[1]
      : (rows * cost('a') + right) * batches;
  const pass = multiplied + loads + 4 / depth;
  const kind = software ? 'software' : 'hardware';
  const full = enoughThreads[kind];
  const inGroup = group[0] * group[1] * group[2];
  const workgroups = Math.ceil(threads / inGroup);
  // A core takes whole workgroups, four threads at a time.
  const taken = software ? upTo(workgroups, cores) * upTo(inGroup, 4) : threads;
  const waves = Math.max(1, taken / full);
  const joining = team > 1 ? products * (1 + Math.log2(team)) * (shared === 'team' ? 8 : 2) : 0;
  const adding = splits > 1 ? 200 + (form.words.out * splits) / full : 0;
  const length = software ? 1 + products * depth * 1e-3 : products > 32 ? 1.2 : 1;
  const compiling = software ? 30 * products * Math.min(depth, perThread) : 0;
  const own = pass * perThread + joining + products * cost('out') + startCost[kind].thread;
  return (waves * own + adding) * length + workgroups * startCost[kind].workgroup + compiling;
}
