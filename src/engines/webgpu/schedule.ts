/**
 * A program as the kernel calls of one run, in order. Values are numbered as in the program (operands, then one per
 * step); sums that are added up in parts put further values behind them. A call may do several steps of the program.
 */
import { extentOf, formMacs, type GemmForm } from '../../core/einsum/gemm-form.ts';
import type { Program } from '../../core/einsum/program.ts';
import { directKernel, type Dtype } from './direct-kernel.ts';
import { planName, type Plan } from './plan.ts';

/** One kernel call. Bindings of group 0: the values read, in order, then the value written. */
export interface Call {
  /** Positions of the program's steps that it does. */
  readonly steps: readonly number[];
  /** One short line for people. */
  readonly name: string;
  readonly code: string;
  readonly workgroups: readonly [number, number];
  readonly reads: readonly number[];
  readonly writes: number;
  /** Multiply-accumulates, for how long it may take. */
  readonly macs: number;
}

export interface Value {
  readonly words: number;
  readonly dtype: Dtype;
}

export interface Schedule {
  readonly calls: readonly Call[];
  readonly values: readonly Value[];
  /** Values that nobody writes and that are all zero: sums over nothing. */
  readonly zeros: readonly number[];
  /** The value with the result. */
  readonly result: number;
}

const size = (shape: readonly number[]): number => shape.reduce((words, extent) => words * extent, 1);

/** The values of a program before anything is added. */
export const programValues = ({ shapes, steps }: Program, dtype: Dtype): readonly Value[] =>
  [...shapes.map(size), ...steps.map(({ shape }) => size(shape))].map((words) => ({ words, dtype }));

/** Whether there is anything to multiply. */
export const isEmpty = ({ batch, m, n, k }: GemmForm): boolean =>
  extentOf(batch) * extentOf(m) * extentOf(n) * extentOf(k) === 0;

/** The form that adds `parts` neighbouring copies of an output of `words` words. */
export const addingForm = (words: number, parts: number): GemmForm => ({
  batch: [{ extent: words, a: 1, b: 0, out: 1 }],
  m: [],
  n: [],
  k: [{ extent: parts, a: words, b: 0, out: 0 }],
  words: { a: words * parts, b: null, out: words },
});

/** The calls of one form; `scratch` is the number of the value for parts, where the plan has some. */
export function formCalls(
  form: GemmForm,
  plan: Plan,
  dtype: Dtype,
  of: { readonly step: number; readonly left: number; readonly right: number | null; readonly to: number },
  scratch: number,
  planAdding: (form: GemmForm) => Plan,
): { readonly calls: readonly Call[]; readonly scratch: Value | null } {
  const { step, left, right, to } = of;
  const reads = right === null ? [left] : plan.swap ? [right, left] : [left, right];
  const parts = plan.splits > 1;
  const main = directKernel(form, plan, dtype);
  const call: Call = {
    steps: [step],
    name: planName(plan),
    code: main.code,
    workgroups: main.workgroups,
    reads,
    writes: parts ? scratch : to,
    macs: formMacs(form),
  };
  if (!parts) return { calls: [call], scratch: null };
  const adding = addingForm(form.words.out, plan.splits);
  const addPlan = planAdding(adding);
  const sum = directKernel(adding, addPlan, 'f32', dtype);
  const second: Call = {
    steps: [step],
    name: `adds ${plan.splits} parts`,
    code: sum.code,
    workgroups: sum.workgroups,
    reads: [scratch],
    writes: to,
    macs: formMacs(adding),
  };
  return { calls: [call, second], scratch: { words: main.outWords, dtype: 'f32' } };
}

/** @param planOf the plan of each form; the plan of a sum of parts must not have parts itself */
export function createSchedule(program: Program, dtype: Dtype, planOf: (form: GemmForm) => Plan): Schedule {
  const values = programValues(program, dtype).slice();
  const calls: Call[] = [];
  const zeros: number[] = [];
  program.steps.forEach(({ form, left, right }, step) => {
    const to = program.shapes.length + step;
    if (isEmpty(form)) {
      zeros.push(to);
      return;
    }
    const made = formCalls(form, planOf(form), dtype, { step, left, right, to }, values.length, planOf);
    calls.push(...made.calls);
    if (made.scratch !== null) values.push(made.scratch);
  });
  return { calls, values, zeros, result: program.shapes.length + program.steps.length - 1 };
}
