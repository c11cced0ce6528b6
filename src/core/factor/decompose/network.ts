/**
 * Tensor networks evaluated along their cheapest contraction path, each pairwise step as (batched) matrix products on
 * permuted operands. Compiled once per shape: alternating methods run the same network over and over. The slow evaluator
 * is its oracle in the tests. Left out: repeated indices within one operand.
 */
import { invariant } from '../../base/checks.ts';
import type { Einsum } from '../../einsum/einsum.ts';
import { findPath } from '../../einsum/path.ts';
import { permute } from '../../tensor/dense.ts';
import { addProduct } from '../../tensor/matmul.ts';
import { product } from '../tensorization.ts';

export interface Network {
  /** Multiply-accumulates of one run. */
  readonly macs: number;
  /** @param operands flat, row-major, one per input; @returns flat in the order of the output's labels */
  readonly run: (operands: readonly Float64Array[]) => Float64Array;
}

interface Held {
  readonly labels: readonly string[];
  readonly values: Float64Array;
}

type Join = (a: Float64Array, b: Float64Array) => Float64Array;

interface Step {
  readonly operands: readonly number[];
  readonly labels: readonly string[];
  readonly join: Join;
}

/** No operands at all make 1. */
export function compileNetwork(einsum: Einsum): Network {
  if (einsum.inputs.length === 0) return { macs: 0, run: () => Float64Array.of(1) };
  const path = findPath(einsum);
  const held = einsum.inputs.map((term) => term);
  const last = path.steps.length - 1;
  const steps = path.steps.map(({ operands, output }, k): Step => {
    const [a = [], b] = operands.map((position) => held[position]!);
    const step =
      b === undefined
        ? compileSum(einsum, a, output)
        : compileJoin(einsum, a, b, output, k === last ? einsum.output : null);
    for (const position of [...operands].sort((x, y) => y - x)) held.splice(position, 1);
    held.push(step.labels);
    return { operands, ...step };
  });
  return {
    macs: path.macs,
    run: (operands) => {
      const items: Held[] = operands.map((values, k) => ({ labels: einsum.inputs[k] ?? [], values }));
      for (const { operands: positions, labels, join } of steps) {
        const [a, b = a] = positions.map((position) => items[position]!);
        invariant(a !== undefined && b !== undefined, 'a contraction path without its operand');
        const values = join(a.values, b.values);
        for (const position of [...positions].sort((x, y) => y - x)) items.splice(position, 1);
        items.push({ labels, values });
      }
      const [result] = items;
      invariant(result !== undefined, 'a network without a result');
      return result.values;
    },
  };
}

const sizeOf = (einsum: Einsum, labels: readonly string[]): number => product(extentsOf(einsum, labels));

const extentsOf = (einsum: Einsum, labels: readonly string[]): readonly number[] =>
  labels.map((label) => einsum.extents.get(label) ?? 1);

/** Values of `from` in the order `to` of the same labels; the very same array when nothing moves. */
function arrange(einsum: Einsum, from: readonly string[], to: readonly string[]) {
  // Axes of extent one may stand anywhere.
  const long = (labels: readonly string[]): readonly string[] =>
    labels.filter((label) => einsum.extents.get(label) !== 1);
  if (long(from).join('\n') === long(to).join('\n')) return (values: Float64Array) => values;
  const shape = extentsOf(einsum, from);
  const order = to.map((label) => from.indexOf(label));
  return (values: Float64Array) => permute({ shape, values }, order).values;
}

/** One operand: sums over what the output lacks. */
function compileSum(einsum: Einsum, a: readonly string[], output: readonly string[]): Omit<Step, 'operands'> {
  const summed = a.filter((label) => !output.includes(label));
  const move = arrange(einsum, a, [...output, ...summed]);
  const [kept, inner] = [sizeOf(einsum, output), sizeOf(einsum, summed)];
  const join: Join = (values) => {
    const moved = move(values);
    if (inner === 1) return moved;
    const sums = new Float64Array(kept);
    for (let i = 0, at = 0; i < kept; i++) for (let j = 0; j < inner; j++) sums[i]! += moved[at++]!;
    return sums;
  };
  return { labels: output, join };
}

function compileJoin(
  einsum: Einsum,
  a: readonly string[],
  b: readonly string[],
  output: readonly string[],
  wanted: readonly string[] | null,
): Omit<Step, 'operands'> {
  const shared = a.filter((label) => b.includes(label));
  const batch = shared.filter((label) => output.includes(label));
  const summed = shared.filter((label) => !output.includes(label));
  const left = a.filter((label) => !b.includes(label));
  const right = b.filter((label) => !a.includes(label));
  const labels = [...batch, ...left, ...right];
  const moveA = arrange(einsum, a, [...batch, ...left, ...summed]);
  const moveB = arrange(einsum, b, [...batch, ...right, ...summed]);
  const moveC = wanted === null ? null : arrange(einsum, labels, wanted);
  const count = sizeOf(einsum, batch);
  const [m, n, k] = [sizeOf(einsum, left), sizeOf(einsum, right), sizeOf(einsum, summed)];
  const join: Join = (x, y) => {
    const values = multiply(count, m, n, k, moveA(x), moveB(y));
    return moveC === null ? values : moveC(values);
  };
  return { labels: wanted ?? labels, join };
}

/** Products of `count` pairs [m, k] and [n, k]^T. */
function multiply(
  count: number,
  m: number,
  n: number,
  k: number,
  x: Float64Array,
  y: Float64Array,
): Float64Array {
  const values = new Float64Array(count * m * n);
  if (k > 1) {
    for (let p = 0; p < count; p++) addProduct({ m, n, k }, x, p * m * k, y, p * n * k, values, p * m * n);
    return values;
  }
  let at = 0;
  for (let p = 0; p < count; p++)
    for (let i = p * m; i < (p + 1) * m; i++) {
      const factor = x[i]!;
      for (let j = p * n; j < (p + 1) * n; j++) values[at++] = factor * y[j]!;
    }
  return values;
}
