/**
 * A strided product computed the plain way, in float64: one loop per axis, the last ones over k. What every kernel
 * of a form is held against, and the arithmetic of the JavaScript engine.
 */
import type { GemmAxis, GemmForm } from './gemm-form.ts';

type Array64 = Float64Array | Float32Array;

/**
 * Writes every word of `out` that the form has; sums in float64.
 * @param b may be null for a form of one operand
 */
export function evaluateForm(form: GemmForm, a: Array64, b: Array64 | null, out: Array64): void {
  const rows = offsets([...form.batch, ...form.m, ...form.n]);
  const inner = offsets(form.k);
  for (let row = 0; row < rows.count; row++) {
    const fromA = rows.a[row]!;
    const fromB = rows.b[row]!;
    let sum = 0;
    if (b === null) for (let k = 0; k < inner.count; k++) sum += a[fromA + inner.a[k]!]!;
    else for (let k = 0; k < inner.count; k++) sum += a[fromA + inner.a[k]!]! * b[fromB + inner.b[k]!]!;
    out[rows.out[row]!] = sum;
  }
}

interface Offsets {
  readonly count: number;
  readonly a: Int32Array;
  readonly b: Int32Array;
  readonly out: Int32Array;
}

/** Where in each array every combination of positions lies, the last axis turning fastest. */
function offsets(axes: readonly GemmAxis[]): Offsets {
  const count = axes.reduce((combinations, { extent }) => combinations * extent, 1);
  const a = new Int32Array(count);
  const b = new Int32Array(count);
  const out = new Int32Array(count);
  let turn = count;
  let repeats = 1;
  for (const axis of axes) {
    turn /= Math.max(1, axis.extent);
    for (let at = 0, repeat = 0; repeat < repeats; repeat++)
      for (let position = 0; position < axis.extent; position++)
        for (let i = 0; i < turn; i++, at++) {
          a[at]! += position * axis.a;
          b[at]! += position * axis.b;
          out[at]! += position * axis.out;
        }
    repeats *= axis.extent;
  }
  return { count, a, b, out };
}
