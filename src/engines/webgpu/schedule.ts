/**
 * A program as the kernel calls of one run, in order. Values are numbered as in the program (operands, then one per
 * step); sums that are added up in parts put further values behind them. A call may do several steps of the program.
 */
import { extentOf, formMacs, type GemmForm } from '../../core/einsum/gemm-form.ts';
import type { Program } from '../../core/einsum/program.ts';
import type { Dtype } from './direct-kernel.ts';
import { kernelOf } from './kernel.ts';
import { planName, type Plan } from './plan.ts';

/** One kernel call. Bindings of group 0: the values read, in order, then the value written. */
export interface Call {
  /** Positions of the program's steps that it does. */
  readonly steps: readonly number[];
  /** One short line for people. */
  readonly name: string;
  readonly code: string;
  readonly workgroups: readonly [number, number];
  /** Above 1 it is started so often, each time with the number of the piece in a uniform after the output. */
  readonly pieces: number;
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

/** Where a form stands in a program: its step and the values it reads and writes. */
export interface FormSite {
  readonly step: number;
  readonly left: number;
  readonly right: number | null;
  readonly to: number;
  /** The number of the value for parts, where the plan has some. */
  readonly scratch: number;
}

/** What decides how a form is called, beside the form. */
export interface CallStyle {
  readonly dtype: Dtype;
  /** Work in one start. */
  readonly mostMacs: number;
  /** The plan of a sum of parts. */
  readonly planOf: (form: GemmForm) => Plan;
}

/** One call, or two where parts are added up. */
export function formCalls(
  form: GemmForm,
  plan: Plan,
  { step, left, right, to, scratch }: FormSite,
  { dtype, mostMacs, planOf }: CallStyle,
): { readonly calls: readonly Call[]; readonly scratch: Value | null } {
  const reads = right === null ? [left] : plan.swap ? [right, left] : [left, right];
  const pieces = (of: GemmForm): number => Math.ceil(formMacs(of) / mostMacs);
  const parts = plan.splits > 1;
  const { outWords, ...main } = kernelOf(form, plan, dtype, dtype, pieces(form));
  const call: Call = {
    ...main,
    steps: [step],
    name: planName(plan),
    reads,
    writes: parts ? scratch : to,
    macs: formMacs(form),
  };
  if (!parts) return { calls: [call], scratch: null };
  const adding = addingForm(form.words.out, plan.splits);
  const { outWords: _, ...sum } = kernelOf(
    adding,
    { ...planOf(adding), splits: 1 },
    'f32',
    dtype,
    pieces(adding),
  );
  const second: Call = {
    ...sum,
    steps: [step],
    name: `adds ${plan.splits} parts`,
    reads: [scratch],
    writes: to,
    macs: formMacs(adding),
  };
  return { calls: [call, second], scratch: { words: outWords, dtype: 'f32' } };
}

/** @param planOf the plan of each form that has something to multiply */
export function createSchedule(program: Program, style: CallStyle): Schedule {
  const values = programValues(program, style.dtype).slice();
  const calls: Call[] = [];
  const zeros: number[] = [];
  program.steps.forEach(({ form, left, right }, step) => {
    const to = program.shapes.length + step;
    if (isEmpty(form)) {
      zeros.push(to);
      return;
    }
    const site = { step, left, right, to, scratch: values.length };
    const made = formCalls(form, style.planOf(form), site, style);
    calls.push(...made.calls);
    if (made.scratch !== null) values.push(made.scratch);
  });
  return { calls, values, zeros, result: program.shapes.length + program.steps.length - 1 };
}
