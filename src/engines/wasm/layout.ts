/** Where everything of a program lies in its memory, in bytes: a 1, the steps, all values, scratch. */
import { extentOf } from '../../core/einsum/gemm-form.ts';
import type { Program } from '../../core/einsum/program.ts';
import { stepBytes, writeStep } from './descriptor.ts';
import { methods, type StepPlan } from './plan.ts';

export interface Layout {
  readonly one: number;
  /** One per step of the program. */
  readonly steps: readonly number[];
  /** As the program numbers its values. */
  readonly values: readonly number[];
  readonly scratch: number;
  readonly bytes: number;
}

/** One step as the module is asked for it. */
export interface Call {
  readonly step: number;
  readonly method: number;
  readonly batches: number;
}

const wordBytes = 4;
/** Tiles may read up to 15 words beyond an array. */
const guardBytes = 64;

export const wordsOf = (shape: readonly number[]): number =>
  shape.reduce((words, extent) => words * extent, 1);

/** @param scratchBytes that a product takes */
export function layOut(program: Program, plans: readonly StepPlan[], scratchBytes: number): Layout {
  let bytes = guardBytes;
  const take = (size: number): number => {
    const at = bytes;
    bytes += Math.ceil(size / guardBytes) * guardBytes;
    return at;
  };
  const one = take(wordBytes);
  const steps = plans.map(({ form }) => take(stepBytes(form)));
  const shapes = [...program.shapes, ...program.steps.map(({ shape }) => shape)];
  const values = shapes.map((shape) => take(wordsOf(shape) * wordBytes));
  const longest = Math.max(...plans.map(({ form }) => extentOf(form.k)));
  const scratch = take(Math.max(scratchBytes, longest * wordBytes));
  return { steps, values, one, scratch, bytes: bytes + guardBytes };
}

/** Writes what the steps are; @returns the calls that do them, empty ones left out */
export function writeProgram(
  memory: ArrayBufferLike,
  program: Program,
  plans: readonly StepPlan[],
  layout: Layout,
): readonly Call[] {
  const fields = new Uint32Array(memory);
  new Float32Array(memory, layout.one, 1)[0] = 1;
  return plans.flatMap(({ form, swapped, method, lanes }, k): Call[] => {
    const { left = 0, right = null } = program.steps[k] ?? {};
    const first = layout.values[left] ?? 0;
    const second = right === null ? layout.one : (layout.values[right] ?? 0);
    const [a, b] = swapped ? [second, first] : [first, second];
    const out = layout.values[program.shapes.length + k] ?? 0;
    const step = layout.steps[k] ?? 0;
    writeStep(fields, step, form, { a, b, out }, lanes);
    const empty = [form.batch, form.m, form.n].some((axes) => extentOf(axes) === 0);
    return empty ? [] : [{ step, method: methods.indexOf(method), batches: extentOf(form.batch) }];
  });
}
