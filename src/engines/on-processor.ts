/** What the two engines that compute in this thread have in common: their checks, and timing by the clock. */
import { check } from '../core/base/checks.ts';
import type { Backend, PrepareOptions, StopSignal } from '../core/einsum/engine.ts';
import type { Program } from '../core/einsum/program.ts';

/** @throws InputError when anything but f32 is asked for */
export function checkPrecision(backend: Backend, { dtype = 'f32' }: PrepareOptions): void {
  check(dtype === 'f32', 'einsum', `${backend} computes in f32 alone, precision must be f32`, dtype);
}

/** @throws InputError naming both counts */
export function checkBytes(backend: Backend, bytes: number, most: number): void {
  check(
    bytes <= most,
    'einsum',
    `${backend} holds at most ${most} bytes, all arrays together must fit`,
    bytes,
  );
}

/** @throws InputError when there is no such operand or it has another number of words */
export function checkOperand({ shapes }: Program, operand: number, values: Float32Array): void {
  const shape = shapes[operand];
  check(shape !== undefined, 'einsum', `operand must be below ${shapes.length}`, operand);
  const words = shape.reduce((product, extent) => product * extent, 1);
  check(values.length === words, 'einsum', `operand ${operand} must have ${words} values`, values.length);
}

/** The event loop gets its turn this often, so that a run can be stopped. */
const turnMs = 40;

/** Milliseconds of each run; throws the signal's reason when it is aborted. */
export async function timeRuns(
  run: () => void | Promise<void>,
  runs: number,
  signal?: StopSignal,
): Promise<readonly number[]> {
  const times: number[] = [];
  let turn = performance.now();
  for (let k = 0; k < runs; k++) {
    if (signal?.aborted === true) throw signal.reason;
    const start = performance.now();
    await run();
    const end = performance.now();
    times.push(end - start);
    if (end - turn < turnMs) continue;
    await new Promise((resolve) => setTimeout(resolve));
    turn = performance.now();
  }
  return times;
}
