/**
 * The engine that runs wherever WebAssembly has SIMD (every browser since 2023, Node): float32, on as many threads as pay
 * and may share memory. Each prepared program has a memory to itself, in which everything lies from the start.
 */
import { check, invariant } from '../../core/base/checks.ts';
import type { Engine, Prepared } from '../../core/einsum/engine.ts';
import type { GemmForm } from '../../core/einsum/gemm-form.ts';
import type { Program } from '../../core/einsum/program.ts';
import { checkBytes, checkOperand, checkPrecision, timeRuns } from '../on-processor.ts';
import { usualThreads } from './crew.ts';
import { layOut, wordsOf, writeProgram } from './layout.ts';
import { mostBytes, openMachines, type Machines } from './machine.ts';
import { planStep, type StepPlan } from './plan.ts';

export interface WasmOptions {
  /** This one and helpers; by default one for each core, at most 8, and one where memory cannot be shared. */
  readonly threads?: number;
  /** How a step is done; by default what a model of time prefers. */
  readonly plan?: (form: GemmForm) => StepPlan;
}

/** Below it a run is over before help has come. */
const leastSharedNs = 200_000;

/** @returns null where WebAssembly or its SIMD is missing; @throws InputError on a wrong number of threads */
export async function openWasm({
  threads = usualThreads(),
  plan = planStep,
}: WasmOptions = {}): Promise<Engine | null> {
  const good = Number.isSafeInteger(threads) && threads >= 1 && threads <= 64;
  check(good, 'threads', 'must be an integer from 1 to 64', threads);
  const machines = await openMachines(threads);
  if (machines === null) return null;
  const count = machines.threads === 1 ? 'one thread' : `${machines.threads} threads`;
  return {
    backend: 'wasm',
    description: `WebAssembly SIMD, float32, ${count}`,
    prepare: async (program, options = {}) => {
      checkPrecision('wasm', options);
      const plans = program.steps.map(({ form }) => plan(form));
      return prepare(machines, program, plans);
    },
    dispose: machines.dispose,
  };
}

async function prepare(machines: Machines, program: Program, plans: readonly StepPlan[]): Promise<Prepared> {
  const layout = layOut(program, plans, machines);
  checkBytes('wasm', layout.bytes, mostBytes);
  const machine = await machines.take(layout.bytes);
  const calls = writeProgram(machine.buffer(), program, plans, layout);
  const together = plans.reduce((sum, { nanoseconds }) => sum + nanoseconds, 0) >= leastSharedNs;
  let destroyed = false;
  // Its memory may be another program's by then.
  const ask = (): void => invariant(!destroyed, 'a program that was destroyed is used');
  const run = (): void => {
    ask();
    machine.run(calls, layout, together);
  };
  const view = (value: number, shape: readonly number[]): Float32Array => {
    ask();
    return new Float32Array(machine.buffer(), layout.values[value], wordsOf(shape));
  };
  return {
    program,
    write: (operand, given) => {
      checkOperand(program, operand, given);
      view(operand, program.shapes[operand] ?? []).set(given);
    },
    run: async () => run(),
    read: async () => Float32Array.from(view(layout.values.length - 1, program.outputShape)),
    time: (runs, signal) => timeRuns(run, runs, signal),
    destroy: () => {
      destroyed = true;
      machines.giveBack(machine);
    },
    dispatches: plans.map(({ method, swapped }, k) => ({
      steps: [k],
      kernel: swapped ? `${method}, operands swapped` : method,
    })),
  };
}
