/**
 * Which plan is fastest, found out by trying: candidates in order of a rough guess, each run a few times, until the
 * time is up or nothing better has come for a while; the best ones run against each other once more. What wins is
 * remembered for the adapter and the class of shapes: extents to a power of two and where words lie side by side.
 */
import { invariant } from '../../core/base/checks.ts';
import type { TunedShape } from '../../core/einsum/engine.ts';
import { EngineLost } from '../../core/einsum/engine.ts';
import { extentOf, formMacs, type GemmAxis, type GemmForm } from '../../core/einsum/gemm-form.ts';
import { bindCalls, macsAtOnce, type BoundCalls } from './calls.ts';
import { candidatePlans, fitPlan } from './candidates.ts';
import type { Dtype } from './direct-kernel.ts';
import type { Gpu } from './gpu.ts';
import { bytesOf, type Memory } from './memory.ts';
import { isPlan, planName, type Plan } from './plan.ts';
import { formCalls, type Value } from './schedule.ts';
import { createStopwatch, type Stopwatch } from './stopwatch.ts';

/** What outlives the tab; values are plain JSON. */
export interface TuningStore {
  readonly get: (key: string) => Promise<unknown>;
  readonly set: (key: string, value: unknown) => Promise<void>;
}

export interface TuningProgress {
  readonly shape: string;
  readonly done: number;
  readonly of: number;
  /** Milliseconds of the best so far; null before the first. */
  readonly bestMs: number | null;
}

export interface TunerOptions {
  /** Time for one class of shapes; 0: the first guess without measuring. */
  readonly tuneMs: number;
  readonly store?: TuningStore | undefined;
  readonly onTuning?: ((progress: TuningProgress) => void) | undefined;
}

export interface Tuner {
  /** The plan for a form, measured, remembered or guessed. @throws EngineLost */
  readonly choose: (form: GemmForm, dtype: Dtype) => Promise<Plan>;
  /** The best guess, without waiting. */
  readonly guess: (form: GemmForm) => Plan;
  readonly tuned: () => readonly TunedShape[];
}

/** Less work than this is all overhead: the first guess will do. */
const fewestMacs = 5e3;
const mostTried = 40;
const patience = 10;
/** So many times slower than the best at the first run, a kernel gets no second one; nor does one that takes long. */
const hopeless = 3;
const finalists = 3;
const finalRounds = 4;
const runsEach = 3;

export function createTuner(gpu: Gpu, memory: Memory, options: TunerOptions): Tuner {
  const known = new Map<string, Promise<Plan>>();
  const report: TunedShape[] = [];
  const guess = (form: GemmForm): Plan => {
    const [first] = candidatePlans(form, gpu);
    invariant(first !== undefined, 'every form has a candidate');
    return first;
  };
  // One at a time: two would measure each other.
  let last: Promise<unknown> = Promise.resolve();
  const find = async (form: GemmForm, dtype: Dtype, shape: string): Promise<Plan> => {
    const key = `${gpu.name}|${shape}`;
    const stored = await remembered(options.store, key);
    if (stored !== null) {
      report.push({ shape, from: 'store', winner: planName(fitPlan(form, stored)), tried: [] });
      return stored;
    }
    const { winner, tried } = await search(
      gpu,
      memory,
      form,
      dtype,
      (progress) => options.onTuning?.({ shape, ...progress }),
      options.tuneMs,
    );
    report.push({ shape, from: 'tuned', winner: planName(winner), tried });
    await options.store?.set(key, winner).catch(() => null);
    return winner;
  };
  return {
    guess,
    tuned: () => report,
    choose: async (form, dtype) => {
      if (options.tuneMs <= 0 || formMacs(form) < fewestMacs) return guess(form);
      const shape = shapeClass(form, dtype);
      let plan = known.get(shape);
      if (plan === undefined) {
        const found = last.then(() => find(form, dtype, shape));
        last = found.catch(() => null);
        plan = found.catch((error: unknown) => {
          known.delete(shape);
          if (error instanceof EngineLost) throw error;
          return guess(form);
        });
        known.set(shape, plan);
      }
      return fitPlan(form, await plan);
    },
  };
}

/** A store that fails or holds something else is one that holds nothing. */
async function remembered(store: TuningStore | undefined, key: string): Promise<Plan | null> {
  const value = await store?.get(key).catch(() => null);
  return isPlan(value) ? value : null;
}

interface Trial {
  readonly plan: Plan;
  readonly bound: BoundCalls;
  readonly ms: number;
}

async function search(
  gpu: Gpu,
  memory: Memory,
  form: GemmForm,
  dtype: Dtype,
  onProgress: (progress: Omit<TuningProgress, 'shape'>) => void,
  budgetMs: number,
): Promise<{ readonly winner: Plan; readonly tried: TunedShape['tried'] }> {
  const plans = candidatePlans(form, gpu, dtype).slice(0, mostTried);
  const time = createStopwatch(gpu);
  const arrays = await takeArrays(gpu, memory, form, dtype);
  const trials: Trial[] = [];
  const tried: { kernel: string; ms: number | null }[] = [];
  const started = performance.now();
  const ranked = (): readonly Trial[] => trials.toSorted((x, y) => x.ms - y.ms);
  try {
    let since = 0;
    // On a GPU the next kernels compile while this one runs; where both are the processor's work, they would disturb.
    const ahead = gpu.software ? 0 : 4;
    for (const [position, plan] of plans.entries()) {
      const spent = performance.now() - started;
      if (trials.length > 0 && (spent > budgetMs || since >= patience)) break;
      for (const next of plans.slice(position + 1, position + 1 + ahead)) {
        for (const call of arrays.calls(next).calls) void gpu.compile(call.code).catch(() => null);
      }
      const ms = await attempt(
        gpu,
        plan,
        arrays,
        time,
        Math.min(budgetMs / 4, hopeless * (ranked()[0]?.ms ?? Infinity)),
      );
      tried.push({ kernel: planName(plan), ms: ms?.ms ?? null });
      const best = ranked()[0]?.ms ?? Infinity;
      since = ms !== null && ms.ms < best * 0.97 ? 0 : since + 1;
      if (ms !== null) trials.push(ms);
      onProgress({ done: position + 1, of: plans.length, bestMs: ranked()[0]?.ms ?? null });
    }
    const last = ranked().slice(0, finalists);
    const [first] = last;
    invariant(plans[0] !== undefined, 'every form has a candidate');
    if (first === undefined) return { winner: plans[0], tried };
    // Once more, in turns: a single measurement may have met a busy moment.
    const again = last.map(({ ms }) => ms);
    const aRound = 2 * again.reduce((sum, ms) => sum + ms, 0);
    for (let round = 0; round < finalRounds && performance.now() + aRound < started + 2 * budgetMs; round++)
      for (const [k, { bound }] of last.entries())
        again[k] = Math.min(again[k] ?? Infinity, ...(await time(bound.submits, 1)));
    const winner = last[again.indexOf(Math.min(...again))] ?? first;
    return { winner: winner.plan, tried };
  } finally {
    for (const { bound } of trials) bound.destroy();
    arrays.destroy();
  }
}

/** Null where the device refuses the kernel. */
async function attempt(
  gpu: Gpu,
  plan: Plan,
  arrays: Arrays,
  time: Stopwatch,
  giveUpMs: number,
): Promise<Trial | null> {
  const { calls, values } = arrays.calls(plan);
  try {
    const scratch = values[3];
    const bound = await bindCalls(gpu, calls, values, await arrays.buffers(scratch));
    const times = await time(bound.submits, runsEach, { giveUpMs });
    return { plan, bound, ms: Math.min(...times) };
  } catch (error) {
    if (error instanceof EngineLost) throw error;
    return null;
  }
}

interface Arrays {
  readonly calls: (plan: Plan) => {
    readonly calls: ReturnType<typeof formCalls>['calls'];
    readonly values: readonly Value[];
  };
  readonly buffers: (scratch: Value | undefined) => Promise<(value: number) => GPUBuffer>;
  readonly destroy: () => void;
}

/** Values 0 and 1 are the operands, 2 the output, 3 the parts; full of ordinary numbers. */
async function takeArrays(gpu: Gpu, memory: Memory, form: GemmForm, dtype: Dtype): Promise<Arrays> {
  const { a, b, out } = form.words;
  const values: readonly Value[] = [a, b ?? 0, out].map((words) => ({ words, dtype }));
  const taken: GPUBuffer[] = [];
  const parts = new Map<number, GPUBuffer>();
  try {
    for (const value of values) taken.push(await memory.take(bytesOf(value)));
  } catch (error) {
    taken.forEach(memory.give);
    throw error;
  }
  for (const buffer of taken.slice(0, 2)) fill(gpu, buffer, dtype);
  const style = {
    dtype,
    mostMacs: macsAtOnce(gpu),
    planOf: (adding: GemmForm): Plan => candidatePlans(adding, gpu)[0]!,
  };
  return {
    calls: (plan) => {
      const site = { step: 0, left: 0, right: b === null ? null : 1, to: 2, scratch: 3 };
      const made = formCalls(form, plan, site, style);
      return { calls: made.calls, values: made.scratch === null ? values : [...values, made.scratch] };
    },
    buffers: async (scratch) => {
      const bytes = scratch === undefined ? 0 : bytesOf(scratch);
      if (bytes > 0 && !parts.has(bytes)) parts.set(bytes, await memory.take(bytes));
      return (value) => (value === 3 ? parts.get(bytes) : taken[value])!;
    },
    destroy: () => {
      for (const buffer of [...taken, ...parts.values()]) memory.give(buffer);
    },
  };
}

const fillBytes = 1 << 20;

/** Numbers near one: zeros and denormals may run at another speed. */
export function fill({ device }: Gpu, buffer: GPUBuffer, dtype: Dtype): void {
  const numbers =
    dtype === 'f16'
      ? new Uint16Array(fillBytes / 2).map((_, k) => 0x3800 + (k % 977))
      : new Float32Array(fillBytes / 4).map((_, k) => 0.5 + (k % 977) / 1954);
  for (let from = 0; from < buffer.size; from += fillBytes)
    device.queue.writeBuffer(buffer, from, numbers.buffer, 0, Math.min(fillBytes, buffer.size - from));
}

/** `f32 b1 m128 n64 k32, a k, b n`: extents to the next power of two, and the side along which words are neighbours. */
export function shapeClass(form: GemmForm, dtype: Dtype): string {
  const up = (axes: readonly GemmAxis[]): number => 2 ** Math.ceil(Math.log2(extentOf(axes)));
  const sides = ['batch', 'm', 'n', 'k'] as const;
  const extents = sides.map(
    (side) => `${side[0]}${up(form[side])}${form[side].length > 1 ? `/${form[side].length}` : ''}`,
  );
  const along = (array: 'a' | 'b' | 'out'): string => {
    const side = sides.find((name) => form[name].at(-1)?.[array] === 1);
    const whole = side !== undefined && (form[side].at(-1)?.extent ?? 0) % 4 === 0;
    return `${array} ${side === undefined ? 'apart' : side[0]}${whole ? '4' : ''}`;
  };
  const arrays = form.words.b === null ? (['a', 'out'] as const) : (['a', 'b', 'out'] as const);
  return `${dtype} ${extents.join(' ')}, ${arrays.map(along).join(', ')}`;
}
