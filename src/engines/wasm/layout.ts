/**
 * Where everything of a program lies in its memory, in bytes: the head and the list of what threads share, a 1, the
 * steps, all values, scratch for each thread.
 */
import { extentOf } from '../../core/einsum/gemm-form.ts';
import type { Program } from '../../core/einsum/program.ts';
import { stepBytes, writeStep } from './descriptor.ts';
import { methods, type StepPlan } from './plan.ts';
import { sharesOf } from './shares.ts';

export interface Layout {
  readonly one: number;
  /** One per step of the program. */
  readonly steps: readonly number[];
  /** As the program numbers its values. */
  readonly values: readonly number[];
  readonly entries: number;
  /** One per thread. */
  readonly scratch: readonly number[];
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
/** As `assembly/threads.ts` has them. */
const head = { at: 64, bytes: 64, count: 72, entries: 76 } as const;
const entryBytes = 32;

export const wordsOf = (shape: readonly number[]): number =>
  shape.reduce((words, extent) => words * extent, 1);

export interface LayoutOptions {
  /** That a product takes. */
  readonly scratchBytes: number;
  readonly threads: number;
}

export function layOut(
  program: Program,
  plans: readonly StepPlan[],
  { scratchBytes, threads }: LayoutOptions,
): Layout {
  let bytes = head.at + head.bytes;
  const take = (size: number): number => {
    const at = bytes;
    bytes += Math.ceil(size / guardBytes) * guardBytes;
    return at;
  };
  const one = take(wordBytes);
  const entries = take(plans.length * entryBytes);
  const steps = plans.map(({ form }) => take(stepBytes(form)));
  const shapes = [...program.shapes, ...program.steps.map(({ shape }) => shape)];
  const values = shapes.map((shape) => take(wordsOf(shape) * wordBytes));
  const longest = Math.max(...plans.map(({ form }) => extentOf(form.k)));
  const each = Math.max(scratchBytes, longest * wordBytes);
  const scratch = Array.from({ length: threads }, () => take(each));
  return { one, steps, values, entries, scratch, bytes: bytes + guardBytes };
}

/** Writes what the steps are; @returns the calls that do them on one thread, empty ones left out */
export function writeProgram(
  memory: ArrayBufferLike,
  program: Program,
  plans: readonly StepPlan[],
  layout: Layout,
): readonly Call[] {
  const words = new Uint32Array(memory);
  new Float32Array(memory, layout.one, 1)[0] = 1;
  const calls: Call[] = [];
  plans.forEach((plan, k) => {
    const { form, swapped, method, lanes } = plan;
    const { left = 0, right = null } = program.steps[k] ?? {};
    const first = layout.values[left] ?? 0;
    const second = right === null ? layout.one : (layout.values[right] ?? 0);
    const [a, b] = swapped ? [second, first] : [first, second];
    const out = layout.values[program.shapes.length + k] ?? 0;
    const step = layout.steps[k] ?? 0;
    writeStep(words, step, form, { a, b, out }, lanes);
    if ([form.batch, form.m, form.n].some((axes) => extentOf(axes) === 0)) return;
    const call = { step, method: methods.indexOf(method), batches: extentOf(form.batch) };
    const { over, extent, piece, pieces } = sharesOf(plan, layout.scratch.length);
    const entry = layout.entries + calls.length * entryBytes;
    words.set([step, call.method, over, extent, piece, pieces, 0, 0], entry / wordBytes);
    calls.push(call);
  });
  words[head.count / wordBytes] = calls.length;
  words[head.entries / wordBytes] = layout.entries;
  return calls;
}
