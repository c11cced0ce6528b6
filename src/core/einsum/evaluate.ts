/**
 * The slow, obvious float64 evaluator: one loop over all indices at once. It is the oracle of every kernel, so it does
 * nothing clever; `contract` evaluates step by step along a path and is what larger einsums need.
 */
import { check, invariant } from '../base/checks.ts';
import type { Einsum } from './einsum.ts';
import type { ContractionPath } from './path.ts';

export interface Values {
  readonly shape: readonly number[];
  /** Flat, row-major. */
  readonly values: Float64Array;
}

/** The most index combinations one evaluation may visit: a few seconds. */
export const mostVisited = 2e8;

/** The number of index combinations that `evaluateEinsum` visits. */
export function visited(einsum: Einsum): number {
  let product = 1;
  for (const extent of einsum.extents.values()) product *= extent;
  return product;
}

/**
 * @param operands flat, row-major, one per input
 * @throws InputError when an operand has the wrong number of values or the loop would visit more than `mostVisited`
 */
export function evaluateEinsum(einsum: Einsum, operands: readonly Float64Array[]): Values {
  const labels = [...einsum.extents.keys()];
  const extents = [...einsum.extents.values()];
  const shape = einsum.output.map((label) => einsum.extents.get(label) ?? 0);
  const count = visited(einsum);
  check(count <= mostVisited, 'einsum', `must visit at most ${mostVisited} index combinations`, count);
  check(operands.length === einsum.inputs.length, 'einsum', 'needs one operand per term', operands.length);
  const strides = einsum.inputs.map((term, k) => {
    const sizes = einsum.shapes?.[k] ?? term.map((label) => einsum.extents.get(label) ?? 0);
    const elements = sizes.reduce((product, size) => product * size, 1);
    const given = operands[k]?.length ?? 0;
    check(given === elements, 'einsum', `operand ${k} must have ${elements} values`, given);
    return stridesOf(term, sizes, labels);
  });
  const outStrides = stridesOf(einsum.output, shape, labels);
  const values = new Float64Array(shape.reduce((product, size) => product * size, 1));
  const counter = new Int32Array(labels.length);
  const offsets = new Int32Array(operands.length);
  let out = 0;
  for (let visit = 0; visit < count; visit++) {
    let product = 1;
    for (let k = 0; k < operands.length; k++) product *= operands[k]?.[offsets[k] ?? 0] ?? 0;
    values[out] = (values[out] ?? 0) + product;
    // Odometer: advance the last index, carry to the left.
    for (let axis = labels.length - 1; axis >= 0; axis--) {
      const position = (counter[axis] ?? 0) + 1;
      const wraps = position === extents[axis];
      const moved = wraps ? 1 - position : 1;
      counter[axis] = wraps ? 0 : position;
      out += moved * (outStrides[axis] ?? 0);
      for (let k = 0; k < operands.length; k++) {
        offsets[k] = (offsets[k] ?? 0) + moved * (strides[k]?.[axis] ?? 0);
      }
      if (!wraps) break;
    }
  }
  return { shape, values };
}

/** Evaluates step by step along a path; the same tensor as `evaluateEinsum` up to rounding. */
export function contract(path: ContractionPath, operands: readonly Float64Array[]): Values {
  const { einsum } = path;
  const list = operands.map((values, k) => ({ values, shape: einsum.shapes?.[k] }));
  for (const step of path.steps) {
    const taken = step.operands.map((position) => list[position]);
    const sizes = step.inputs.map(
      (labels, k) => taken[k]?.shape ?? labels.map((label) => einsum.extents.get(label) ?? 0),
    );
    const extents = new Map<string, number>();
    step.inputs.forEach((labels, k) =>
      labels.forEach((label, axis) => {
        const size = sizes[k]?.[axis] ?? 0;
        const known = extents.get(label);
        if (known === undefined || known === 1) extents.set(label, size);
      }),
    );
    const values = taken.map((item) => item?.values ?? new Float64Array());
    const result = evaluateEinsum(
      { inputs: step.inputs, output: step.output, extents, shapes: sizes },
      values,
    );
    for (const position of step.operands.toSorted((a, b) => b - a)) list.splice(position, 1);
    list.push(result);
  }
  const [last] = list;
  invariant(last?.shape !== undefined && list.length === 1, 'a path ends with one operand');
  return { shape: last.shape, values: last.values };
}

/** Per label, how far one step along it moves in the flat array; repeated labels add up, broadcast axes do not move. */
function stridesOf(term: readonly string[], sizes: readonly number[], labels: readonly string[]): Int32Array {
  const strides = new Int32Array(labels.length);
  let stride = 1;
  for (let axis = term.length - 1; axis >= 0; axis--) {
    const size = sizes[axis] ?? 0;
    const index = labels.indexOf(term[axis] ?? '');
    if (size !== 1) strides[index] = (strides[index] ?? 0) + stride;
    stride *= size;
  }
  return strides;
}
