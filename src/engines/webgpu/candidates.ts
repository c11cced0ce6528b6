/**
 * The few plans worth trying for a form, best guess first. The rules are those of nn-JIT.web (MobiSys 2024), cut down
 * from millions by what a device allows: threads a multiple of 32 and at most 256 where there are so many, at most 64
 * (a program that poses as a GPU: 128) outputs a thread, small code where every line is compiled on the processor,
 * parts of k only where there would be too few threads.
 */
import { extentOf, type GemmAxis, type GemmForm } from '../../core/einsum/gemm-form.ts';
import { packingOf, type ArrayName } from './packing.ts';
import { plannedForm, planName, type Plan } from './plan.ts';

/** What about a device decides which plans are worth trying. */
export interface DeviceTraits {
  readonly software: boolean;
}

type Pair = readonly [number, number];

/** Rows and columns of a thread, and passes of k; measured on SwiftShader, chosen by rule for GPUs. */
const blocks: Readonly<Record<'software' | 'hardware', readonly (readonly [number, number, number])[]>> = {
  software: [
    [8, 8, 1],
    [4, 8, 1],
    [8, 4, 4],
    [16, 4, 1],
    [4, 8, 4],
    [8, 8, 4],
    [16, 8, 1],
    [4, 4, 4],
    [2, 8, 4],
    [8, 16, 1],
    [2, 4, 4],
    [1, 4, 4],
    [4, 1, 4],
    [2, 4, 1],
    [1, 4, 1],
    [4, 1, 1],
    [1, 1, 1],
  ],
  hardware: [
    [4, 4, 4],
    [8, 4, 4],
    [4, 8, 4],
    [8, 8, 4],
    [8, 8, 1],
    [4, 4, 8],
    [2, 4, 4],
    [2, 8, 4],
    [1, 4, 8],
    [1, 4, 4],
    [4, 1, 8],
    [1, 1, 8],
  ],
};

const groups: Readonly<Record<'software' | 'hardware', readonly Pair[]>> = {
  software: [
    [4, 1],
    [8, 4],
    [1, 4],
  ],
  hardware: [
    [16, 4],
    [8, 8],
    [16, 16],
    [32, 4],
    [16, 8],
  ],
};

/** Threads that fill a device; too few outputs for them are divided along k. */
const enoughThreads = { software: 16, hardware: 8192 } as const;
const shortestPart = 32;
const mostParts = 64;

/** The largest power of two within both. */
const powerWithin = (side: number, most: number): number =>
  2 ** Math.floor(Math.log2(Math.max(1, Math.min(side, most))));

const runsAlong = (axes: readonly GemmAxis[]): boolean => axes.at(-1)?.out === 1;

/** Ways to lay the form out: the side whose words are neighbours in the output carries the vectors. */
function orientations(form: GemmForm): readonly Pick<Plan, 'swap' | 'lane'>[] {
  if (form.words.b === null) return [{ swap: false, lane: 'batch' }];
  const ways: Pick<Plan, 'swap' | 'lane'>[] = [];
  const [m, n] = [extentOf(form.m), extentOf(form.n)];
  const wide: Pick<Plan, 'swap' | 'lane'> = { swap: m > n, lane: 'n' };
  if (runsAlong(form.n) && n > 1) ways.push({ swap: false, lane: 'n' });
  else if (runsAlong(form.m) && m > 1) ways.push({ swap: true, lane: 'n' });
  else if (runsAlong(form.batch)) {
    ways.push({ swap: m > n, lane: 'batch' });
    if (Math.max(m, n) >= 4) ways.push(wide);
  }
  // A narrow side leaves most of a vector empty: the other one may carry it.
  if (Math.min(m, n) < 4 && Math.max(m, n) >= 4) ways.push(wide);
  return ways.length === 0 ? [wide] : ways;
}

/** The block of a plan made to fit a form, whatever form it was found for; null where it makes no sense there. */
export function fitPlan(form: GemmForm, wanted: Plan): Plan {
  const swap = wanted.swap && form.words.b !== null;
  const { batch, m, n, k } = plannedForm(form, { swap });
  const [batchSide, rowSide, columnSide] = [extentOf(batch), extentOf(m), extentOf(n)];
  const laneSide = wanted.lane === 'n' ? columnSide : batchSide;
  const width = powerWithin(laneSide, wanted.width) as Plan['width'];
  const columns =
    wanted.lane === 'n' ? powerWithin(columnSide, wanted.columns) : Math.min(columnSide, wanted.columns);
  const batches = wanted.lane === 'batch' ? powerWithin(batchSide, wanted.batches) : 1;
  const rows = Math.min(rowSide, wanted.rows);
  const tiles = [columnSide / columns, rowSide / rows, batchSide / batches].map(Math.ceil);
  const threads = wanted.group.reduce((product, side) => product * side, 1);
  const across = powerUp(tiles[0] ?? 1, wanted.group[0]);
  const down = powerUp(tiles[1] ?? 1, threads / across);
  const deep = Math.min(64, powerUp((tiles[2] ?? 1) * wanted.splits, threads / across / down));
  const splits = Math.max(1, Math.min(wanted.splits, Math.floor(extentOf(k) / shortestPart)));
  return {
    ...wanted,
    swap,
    width: Math.min(width, wanted.lane === 'n' ? columns : batches) as Plan['width'],
    rows,
    columns,
    batches,
    splits,
    group: [across, down, deep],
  };
}

/** The smallest power of two that holds `count`, but at most `most`. */
const powerUp = (count: number, most: number): number =>
  Math.max(1, Math.min(2 ** Math.ceil(Math.log2(Math.max(1, count))), most));

/** Different plans, best guess first. */
export function candidatePlans(form: GemmForm, { software }: DeviceTraits): readonly Plan[] {
  const kind = software ? 'software' : 'hardware';
  const plans = new Map<string, Plan>();
  const add = (plan: Plan): void => {
    const fitted = fitPlan(form, plan);
    const name = planName(fitted);
    if (!plans.has(name)) plans.set(name, fitted);
  };
  for (const group of groups[kind])
    for (const way of orientations(form))
      for (const [rows, columns, depth] of blocks[kind]) {
        const threads = group[0] * group[1];
        const plan: Plan = {
          ...way,
          width: 4,
          rows: way.lane === 'n' ? rows : Math.min(rows, 4),
          columns: way.lane === 'n' ? columns : Math.min(columns, 4),
          batches: way.lane === 'batch' ? 4 : 1,
          depth,
          splits: 1,
          group: [group[0], threads / group[0], 1],
        };
        for (const splits of partsWorthTrying(form, plan, software)) add({ ...plan, splits });
      }
  return [...plans.values()]
    .map((plan) => ({ plan, time: guess(form, plan, software) }))
    .toSorted((x, y) => x.time - y.time)
    .map(({ plan }) => plan);
}

function threadsOf(form: GemmForm, plan: Plan): number {
  const { batch, m, n } = plannedForm(form, plan);
  const { rows, columns, batches, splits } = plan;
  const along = (axes: readonly GemmAxis[], size: number): number => Math.ceil(extentOf(axes) / size);
  return along(batch, batches) * along(m, rows) * along(n, columns) * splits;
}

function partsWorthTrying(form: GemmForm, wanted: Plan, software: boolean): readonly number[] {
  const plan = fitPlan(form, wanted);
  const threads = threadsOf(form, plan);
  const enough = enoughThreads[software ? 'software' : 'hardware'];
  const most = Math.min(mostParts, Math.floor(extentOf(form.k) / shortestPart));
  if (threads * 2 > enough || most < 2) return [1];
  const fill = Math.min(most, powerUp(enough / threads, mostParts));
  return fill <= 4 ? [1, fill] : [1, fill, Math.max(2, fill / 4)];
}

/** What a word costs beside a product, alone and as one of four; the same on SwiftShader and on GPUs, roughly. */
const wordCost = { none: 3, side: 1.5, k: 1.5 } as const;

/**
 * A rough measure of time for sorting only: words moved and products of all threads, longer where threads are too few
 * to fill the device and where the code is long.
 */
function guess(form: GemmForm, plan: Plan, software: boolean): number {
  const { rows, columns, batches, splits, depth } = plan;
  const planned = plannedForm(form, plan);
  const threads = threadsOf(form, plan);
  const perThread = extentOf(form.k) / splits;
  const products = rows * columns * batches;
  const cost = (array: ArrayName): number => wordCost[packingOf(planned, array, plan)];
  const right = form.words.b === null ? 0 : columns * cost('b');
  const pass = products + (rows * cost('a') + right) * batches + 4 / depth;
  const full = enoughThreads[software ? 'software' : 'hardware'];
  const waves = Math.max(1, threads / full);
  const adding = splits > 1 ? 200 + (form.words.out * splits) / full : 0;
  const length = software ? 1 + products * depth * 2.5e-3 : products > 32 ? 1.2 : 1;
  const compiling = software ? 30 * products * Math.min(depth, perThread) : 0;
  return (waves * (pass * perThread + products * cost('out')) + adding) * length + compiling;
}
