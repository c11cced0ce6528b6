/**
 * The engine that runs wherever WebAssembly has SIMD (every browser since 2023, Node): float32, on this thread. Each
 * prepared program has a memory to itself, in which everything lies from the start.
 */
import { invariant } from '../../core/base/checks.ts';
import type { Engine, Prepared } from '../../core/einsum/engine.ts';
import type { GemmForm } from '../../core/einsum/gemm-form.ts';
import type { Program } from '../../core/einsum/program.ts';
import { checkBytes, checkOperand, checkPrecision, timeRuns } from '../on-processor.ts';
import { layOut, wordsOf, writeProgram } from './layout.ts';
import { mostBytes, openMachines, type Machines } from './machine.ts';
import { planStep, type StepPlan } from './plan.ts';

export interface WasmOptions {
  /** How a step is done; by default what a model of time prefers. */
  readonly plan?: (form: GemmForm) => StepPlan;
}

/** @returns null where WebAssembly or its SIMD is missing */
export async function openWasm({ plan = planStep }: WasmOptions = {}): Promise<Engine | null> {
  const machines = await openMachines();
  if (machines === null) return null;
  return {
    backend: 'wasm',
    description: 'WebAssembly SIMD, float32, one thread',
    prepare: async (program, options = {}) => {
      checkPrecision('wasm', options);
      const plans = program.steps.map(({ form }) => plan(form));
      return prepare(machines, program, plans);
    },
    dispose: machines.clear,
  };
}

async function prepare(machines: Machines, program: Program, plans: readonly StepPlan[]): Promise<Prepared> {
  const layout = layOut(program, plans, machines.scratchBytes);
  checkBytes('wasm', layout.bytes, mostBytes);
  const machine = await machines.take(layout.bytes);
  const calls = writeProgram(machine.buffer(), program, plans, layout);
  let destroyed = false;
  // Its memory may be another program's by then.
  const ask = (): void => invariant(!destroyed, 'a program that was destroyed is used');
  const run = (): void => {
    ask();
    machine.run(calls, layout.scratch);
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
