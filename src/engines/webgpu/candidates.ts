/**
 * The few plans worth trying for a form, best guess first. The rules are those of nn-JIT.web (MobiSys 2024), cut down
 * from millions by what a device allows: threads a multiple of 32 and at most 256 where there are so many, at most 64
 * (a program that poses as a GPU: 128) outputs a thread, small code where every line is compiled on the processor,
 * parts of k only where there would be too few threads.
 */
import { extentOf, type GemmAxis, type GemmForm } from '../../core/einsum/gemm-form.ts';
import type { Dtype } from './block-product.ts';
import { enoughThreads, guessTime, threadsOf } from './guess.ts';
import { innerAxis } from './packing.ts';
import { plannedForm, planName, type Plan } from './plan.ts';
import { tileBytes } from './tiled-kernel.ts';

/** What about a device decides which plans are worth trying. */
export interface DeviceTraits {
  readonly software: boolean;
  /** Bytes of memory that a workgroup may share; plans use at most half of it. */
  readonly sharedBytes: number;
  /** Threads that exchange values without memory; 0 where there are none, or not always as many. */
  readonly subgroup: number;
}

type Pair = readonly [number, number];

/** Rows and columns of a thread, and passes of k; measured on SwiftShader, chosen by rule for GPUs. */
const blocks: Readonly<Record<'software' | 'hardware', readonly (readonly [number, number, number])[]>> = {
  software: [
    [16, 8, 1],
    [8, 16, 1],
    [8, 8, 1],
    [4, 8, 1],
    [8, 4, 4],
    [16, 4, 1],
    [4, 8, 4],
    [8, 8, 4],
    [4, 4, 4],
    [2, 8, 4],
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

/** The same for tiles in shared memory: only GPUs, barriers take seconds to compile elsewhere. */
const tiles: readonly (readonly [number, number, number])[] = [
  [8, 8, 8],
  [8, 8, 16],
  [4, 4, 16],
  [4, 8, 16],
  [8, 4, 16],
  [4, 4, 32],
];
const tileGroups: readonly Pair[] = [
  [16, 16],
  [8, 8],
  [16, 8],
  [8, 16],
];
/** Threads that share out one block's k, and its rows and columns. */
const teams: readonly (readonly [number, number, number])[] = [
  [64, 1, 1],
  [32, 4, 1],
  [64, 4, 1],
  [128, 1, 1],
  [32, 1, 4],
  [64, 1, 4],
  [256, 1, 1],
  [64, 4, 4],
];

const groups: Readonly<Record<'software' | 'hardware', readonly Pair[]>> = {
  software: [
    [4, 1],
    [8, 4],
    [1, 4],
    [64, 1],
  ],
  hardware: [
    [16, 4],
    [8, 8],
    [16, 16],
    [32, 4],
    [16, 8],
  ],
};

const shortestPart = 32;
const mostParts = 64;
const smallestTeam = 8;
const longForTeams = 128;

/** Batches of a thread whose lanes lie along them. */
const batchesEach = [4, 16] as const;
const mostOutputs = { software: 128, hardware: 64 } as const;

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

/** A plan made to fit a form, whatever form it was found for; without shared memory where that makes no sense there. */
export function fitPlan(form: GemmForm, { shared, ...wanted }: Plan): Plan {
  const swap = wanted.swap && form.words.b !== null;
  const { batch, m, n, k } = plannedForm(form, { swap });
  const [batchSide, rowSide, columnSide] = [extentOf(batch), extentOf(m), extentOf(n)];
  const splits = Math.max(1, Math.min(wanted.splits, Math.floor(extentOf(k) / shortestPart)));
  const [across, down] = wanted.group;
  if (shared === 'tiles') {
    const { rows, columns, lane, width } = wanted;
    const whole = lane === 'n' && width === 4 && rows % 4 === 0 && columns % 4 === 0;
    if (form.words.b !== null && whole && rows * down <= rowSide && columns * across <= columnSide)
      return { ...wanted, swap, shared, batches: 1, splits, group: [across, down, 1] };
  }
  const laneSide = wanted.lane === 'n' ? columnSide : batchSide;
  const columns =
    wanted.lane === 'n' ? powerWithin(columnSide, wanted.columns) : Math.min(columnSide, wanted.columns);
  const batches = wanted.lane === 'batch' ? powerWithin(batchSide, wanted.batches) : 1;
  const rows = Math.min(rowSide, wanted.rows);
  const width = Math.min(
    powerWithin(laneSide, wanted.width),
    wanted.lane === 'n' ? columns : batches,
  ) as Plan['width'];
  const block = { ...wanted, swap, width, rows, columns, batches, splits };
  const team = powerWithin((innerAxis(k)?.extent ?? 0) / wanted.depth / splits, across);
  const enough = shared === 'team' ? team >= smallestTeam : team === across;
  if ((shared === 'team' || shared === 'subgroup') && enough)
    return { ...block, shared, group: [team, 1, 1] };
  const counts = [columnSide / columns, rowSide / rows, batchSide / batches].map(Math.ceil);
  const threads = wanted.group.reduce((product, side) => product * side, 1);
  const x = powerUp(counts[0] ?? 1, across);
  const y = powerUp(counts[1] ?? 1, threads / x);
  const z = Math.min(64, powerUp((counts[2] ?? 1) * splits, threads / x / y));
  return { ...block, group: [x, y, z] };
}

/** The smallest power of two that holds `count`, but at most `most`. */
const powerUp = (count: number, most: number): number =>
  Math.max(1, Math.min(2 ** Math.ceil(Math.log2(Math.max(1, count))), most));

/** Different plans, best guess first. */
export function candidatePlans(form: GemmForm, traits: DeviceTraits, dtype: Dtype = 'f32'): readonly Plan[] {
  const { software } = traits;
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
        const along = way.lane === 'batch';
        const block = along ? [Math.min(rows, 4), Math.min(columns, 4)] : [rows, columns];
        const [high = 1, wide = 1] = block;
        for (const batches of along ? batchesEach : [1]) {
          if (high * wide * batches > mostOutputs[kind]) continue;
          const plan: Plan = {
            ...way,
            width: 4,
            rows: high,
            columns: wide,
            batches,
            depth,
            splits: 1,
            group: [group[0], group[1], 1],
          };
          for (const splits of partsWorthTrying(form, plan, software)) {
            add({ ...plan, splits });
            if (dtype === 'f16' && form.words.b !== null && depth >= 4) add({ ...plan, splits, half: true });
          }
        }
      }
  if (!software)
    for (const way of orientations(form)) {
      for (const plan of sharedPlans(form, way, traits)) add(plan);
    }
  return [...plans.values()]
    .map((plan) => ({ plan, time: guessTime(form, plan, software) }))
    .toSorted((x, y) => x.time - y.time)
    .map(({ plan }) => plan);
}

/** Tiles where both sides are long, teams where k is and the outputs are few. */
function* sharedPlans(
  form: GemmForm,
  way: Pick<Plan, 'swap' | 'lane'>,
  { sharedBytes, subgroup }: DeviceTraits,
): Generator<Plan> {
  const { k } = form;
  const mostBytes = sharedBytes / 2;
  const plan: Omit<Plan, 'rows' | 'columns' | 'depth' | 'group'> = {
    ...way,
    width: 4,
    batches: 1,
    splits: 1,
  };
  if (form.words.b !== null && way.lane === 'n')
    for (const [across, down] of tileGroups)
      for (const [rows, columns, depth] of tiles) {
        const tiled: Plan = { ...plan, shared: 'tiles', rows, columns, depth, group: [across, down, 1] };
        const fitted = fitPlan(form, tiled);
        if (fitted.shared !== 'tiles' || tileBytes(fitted) > mostBytes) continue;
        for (const splits of partsWorthTrying(form, tiled, false)) yield { ...tiled, splits };
      }
  const outputs = form.words.out;
  if (extentOf(k) < longForTeams || outputs > enoughThreads.hardware) return;
  for (const [team, rows, columns] of teams) {
    const batches = way.lane === 'batch' ? columns : 1;
    const wanted: Plan = { ...plan, shared: 'team', rows, columns, batches, depth: 4, group: [team, 1, 1] };
    const bytes = team * rows * columns * batches * 4;
    for (const splits of partsWorthTrying(form, wanted, false)) {
      const cut: Plan = { ...wanted, splits };
      if (bytes <= mostBytes && fitPlan(form, cut).shared === 'team') yield cut;
      const exchanging: Plan = { ...cut, shared: 'subgroup', group: [subgroup, 1, 1] };
      if (subgroup > 1 && fitPlan(form, exchanging).shared === 'subgroup') yield exchanging;
    }
  }
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
