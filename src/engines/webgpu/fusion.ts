/**
 * Which pairs of steps run as one kernel: each pair that can is timed fused and unfused on the device itself, in turns,
 * and fused only where that is faster; then the whole program is timed both ways. What was found is remembered by
 * adapter and exact chain.
 */
import { EngineLost, type FusionChoice, type Prepared } from '../../core/einsum/engine.ts';
import type { GemmForm } from '../../core/einsum/gemm-form.ts';
import type { Program } from '../../core/einsum/program.ts';
import { bindCalls, type BoundCalls } from './calls.ts';
import { chainMacs, chainsOf, innerExtent, isEmptyChain, type Chain } from './fusion-chain.ts';
import { fusedCall, fusedName, type FusedPlan } from './fusion-kernel.ts';
import { fusedPlans } from './fusion-plans.ts';
import type { Gpu } from './gpu.ts';
import { bytesOf, type Memory } from './memory.ts';
import { prepareSchedule } from './runner.ts';
import { formCalls, type Call, type CallStyle, type Schedule, type Value } from './schedule.ts';
import { createStopwatch } from './stopwatch.ts';
import { fill, type TuningProgress, type TuningStore } from './tuner.ts';

export interface FusionOptions {
  /** Time for one chain; 0: nothing is fused. */
  readonly budgetMs: number;
  readonly store?: TuningStore | undefined;
  readonly onTuning?: ((progress: TuningProgress) => void) | undefined;
}

export interface Fusion {
  readonly schedule: Schedule;
  readonly choices: readonly FusionChoice[];
}

export interface Fuser {
  /**
   * @param plain the program's schedule without fusion, whose calls `style` gave
   * @throws InputError when an array does not fit the device; EngineLost
   */
  readonly choose: (program: Program, plain: Schedule, style: CallStyle) => Promise<Fusion>;
}

/** T of more words per row is better written: no tile of it stays anywhere near. */
const mostInner = 256;
/** Less work than this is all overhead, however it is done. */
const fewestMacs = 5e3;
/** Fused must be faster by so much: timing is no finer. */
const margin = 0.97;
const runsEach = 3;
const finalRounds = 6;
const hopeless = 2.5;

interface Found extends FusionChoice {
  readonly plan: FusedPlan | null;
}

export function createFuser(gpu: Gpu, memory: Memory, options: FusionOptions): Fuser {
  const { budgetMs, store } = options;
  const known = new Map<string, Found>();
  const verdicts = new Map<string, boolean>();
  const find = async (chain: Chain, program: Program, style: CallStyle): Promise<Found | null> => {
    const key = `${gpu.name}|${chainKey(chain, style)}`;
    const plans = fusedPlans(chain, traitsOf(gpu));
    const stored = known.get(key) ?? (await remembered(store, key, plans));
    const found = stored ?? (await measure(gpu, memory, chain, plans, program, style, options));
    if (found === null) return null;
    known.set(key, found);
    if (stored === null) {
      const { plan: _, ...kept } = found;
      await store?.set(key, kept).catch(() => null);
    }
    return { ...found, steps: chain.steps };
  };
  const isFaster = async (
    program: Program,
    fused: Schedule,
    plain: Schedule,
    { dtype }: CallStyle,
  ): Promise<boolean> => {
    const calls = fused.calls.map(({ name }) => name);
    const key = `${gpu.name}|whole ${JSON.stringify([dtype, program.equation, program.shapes, calls])}`;
    const stored = verdicts.get(key) ?? (await store?.get(key).catch(() => null));
    const verdict = typeof stored === 'boolean' ? stored : await compare(gpu, memory, program, fused, plain);
    verdicts.set(key, verdict);
    if (stored !== verdict) await store?.set(key, verdict).catch(() => null);
    return verdict;
  };
  return {
    choose: async (program, plain, style) => {
      if (budgetMs <= 0) return { schedule: plain, choices: [] };
      const worth = chainsOf(program).filter(
        (chain) =>
          !isEmptyChain(chain) &&
          chainMacs(chain) >= fewestMacs &&
          chainMacs(chain) <= style.mostMacs &&
          innerExtent(chain) <= mostInner,
      );
      const measured: { readonly chain: Chain; readonly found: Found }[] = [];
      for (const chain of worth) {
        const found = await find(chain, program, style);
        if (found !== null) measured.push({ chain, found });
      }
      const saved = ({ found }: (typeof measured)[number]): number =>
        found.fused ? found.unfusedMs - (found.fusedMs ?? Infinity) : 0;
      // A step is in one pair at most; the pair that saves most goes first.
      const taken = new Set<number>();
      const calls: Call[] = [];
      for (const { chain, found } of measured.toSorted((x, y) => saved(y) - saved(x))) {
        if (!found.fused || found.plan === null || chain.steps.some((step) => taken.has(step))) continue;
        chain.steps.forEach((step) => taken.add(step));
        calls.push(fusedCall(chain, found.plan, style.dtype));
      }
      const fused = withFused(plain, calls);
      const kept = calls.length > 0 && (await isFaster(program, fused, plain, style));
      const isTaken = (steps: readonly number[]): boolean =>
        kept && calls.some((call) => call.steps.every((step, k) => step === steps[k]));
      const choices = measured.map(({ found: { plan: _, ...choice } }) => ({
        ...choice,
        fused: isTaken(choice.steps),
      }));
      return { schedule: kept ? fused : plain, choices };
    },
  };
}

/** The schedule with each fused call in the place of the second of its steps; the first is done there, too. */
export function withFused(schedule: Schedule, fused: readonly Call[]): Schedule {
  const calls = schedule.calls.filter(
    ({ steps }) => !fused.some((call) => call.steps.includes(steps[0] ?? -1)),
  );
  const place = (call: Call): number => call.steps.at(-1) ?? 0;
  return { ...schedule, calls: [...calls, ...fused].toSorted((x, y) => place(x) - place(y)) };
}

/** Whether a whole run is faster with the fused calls: what pairs save by themselves need not add up. */
async function compare(
  gpu: Gpu,
  memory: Memory,
  program: Program,
  fused: Schedule,
  plain: Schedule,
): Promise<boolean> {
  const both: Prepared[] = [];
  try {
    for (const schedule of [fused, plain]) both.push(await prepareSchedule(gpu, memory, program, schedule));
    for (const prepared of both)
      program.shapes.forEach((shape, operand) => {
        const words = shape.reduce((count, extent) => count * extent, 1);
        prepared.write(operand, new Float32Array(words).fill(0.5));
      });
    const best = both.map(() => Infinity);
    for (let round = 0; round < finalRounds; round++)
      for (const [k, prepared] of both.entries())
        best[k] = Math.min(best[k] ?? Infinity, ...(await prepared.time(1)));
    return (best[0] ?? 0) < (best[1] ?? 0);
  } finally {
    for (const prepared of both) prepared.destroy();
  }
}

const chainKey = ({ rows, inner, k, columns, words }: Chain, { dtype }: CallStyle): string =>
  `fusion ${JSON.stringify({ dtype, words, rows, inner, k, columns })}`;

/** What an earlier tab found, if it names a kernel that is still worth trying. */
async function remembered(
  store: TuningStore | undefined,
  key: string,
  plans: readonly FusedPlan[],
): Promise<Found | null> {
  const value = (await store?.get(key).catch(() => null)) as Partial<FusionChoice> | null | undefined;
  if (typeof value !== 'object' || value === null) return null;
  const { kernel = null, fusedMs = null, unfusedMs, fused } = value;
  if (typeof unfusedMs !== 'number' || typeof fused !== 'boolean') return null;
  const plan = plans.find((one) => fusedName(one) === kernel) ?? null;
  return plan === null && fused ? null : { steps: [], kernel, plan, fusedMs, unfusedMs, fused };
}

interface Trial {
  readonly plan: FusedPlan;
  readonly bound: BoundCalls;
  readonly ms: number;
}

/** Null where the chain does not fit the device beside what is there. */
async function measure(
  gpu: Gpu,
  memory: Memory,
  chain: Chain,
  plans: readonly FusedPlan[],
  program: Program,
  style: CallStyle,
  { budgetMs, onTuning }: FusionOptions,
): Promise<Found | null> {
  const time = createStopwatch(gpu);
  // Values 0 to 2 are read, 3 is the intermediate, 4 the output.
  const local: Chain = { ...chain, a: 0, b: 1, c: 2, between: 3, to: 4 };
  const { calls, values } = unfusedCalls(local, chain, program, style);
  const buffers: GPUBuffer[] = [];
  const bound: BoundCalls[] = [];
  const bind = async (some: readonly Call[]): Promise<BoundCalls> => {
    const made = await bindCalls(gpu, some, values, (value) => buffers[value]!);
    bound.push(made);
    return made;
  };
  const started = performance.now();
  const best = (times: readonly number[]): number => Math.min(...times);
  try {
    for (const value of values) buffers.push(await memory.take(bytesOf(value)));
    for (const buffer of buffers.slice(0, 3)) fill(gpu, buffer, style.dtype);
    const unfused = await bind(calls);
    let unfusedMs = best(await time(unfused.submits, runsEach));
    let winner: Trial | null = null;
    const shape = `steps ${chain.steps.map((step) => step + 1).join(' and ')} as one`;
    for (const [done, plan] of plans.entries()) {
      if (winner !== null && performance.now() - started > budgetMs) break;
      // Where one way is so much slower, the others are, too.
      if (winner !== null && winner.ms > hopeless * unfusedMs) break;
      onTuning?.({ shape, done, of: plans.length, bestMs: winner?.ms ?? null });
      try {
        const trial = await bind([fusedCall(local, plan, style.dtype)]);
        const ms = best(await time(trial.submits, runsEach));
        if (ms < (winner?.ms ?? Infinity)) winner = { plan, bound: trial, ms };
      } catch (error) {
        if (error instanceof EngineLost) throw error;
      }
    }
    let fusedMs = winner?.ms ?? null;
    // In turns, when it is close: a single measurement may have met a busy moment.
    if (winner !== null && winner.ms < 1.5 * unfusedMs)
      for (let round = 0; round < finalRounds; round++) {
        fusedMs = Math.min(fusedMs ?? Infinity, ...(await time(winner.bound.submits, 1)));
        unfusedMs = Math.min(unfusedMs, ...(await time(unfused.submits, 1)));
      }
    return {
      steps: chain.steps,
      kernel: winner === null ? null : fusedName(winner.plan),
      plan: winner?.plan ?? null,
      fusedMs,
      unfusedMs,
      fused: fusedMs !== null && fusedMs < margin * unfusedMs,
    };
  } catch (error) {
    if (error instanceof EngineLost) throw error;
    return null;
  } finally {
    for (const some of bound) some.destroy();
    buffers.forEach(memory.give);
  }
}

/** Both steps as they are done without fusion, on the values of `local`. */
function unfusedCalls(
  local: Chain,
  { steps, between }: Chain,
  program: Program,
  style: CallStyle,
): { readonly calls: readonly Call[]; readonly values: readonly Value[] } {
  const { words } = local;
  const value = (count: number): Value => ({ words: count, dtype: style.dtype });
  const [first, second] = steps.map((step) => program.steps[step]!);
  const values: Value[] = [words.a, words.b, words.c, first!.form.words.out, words.out].map(value);
  const calls: Call[] = [];
  const add = (form: GemmForm, step: number, left: number, right: number, to: number): void => {
    const site = { step, left, right, to, scratch: values.length };
    const made = formCalls(form, style.planOf(form), site, style);
    calls.push(...made.calls);
    if (made.scratch !== null) values.push(made.scratch);
  };
  add(first!.form, steps[0], local.a, local.b, local.between);
  const [left, right] = second!.left === between ? [local.between, local.c] : [local.c, local.between];
  add(second!.form, steps[1], left, right, local.to);
  return { calls, values };
}

const traitsOf = ({ software, device: { limits } }: Gpu) => ({
  software,
  workgroupMemory: limits.maxComputeWorkgroupStorageSize,
  mostThreads: limits.maxComputeInvocationsPerWorkgroup,
});
