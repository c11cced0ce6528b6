/**
 * Examples in two halves: what layers read is taken from one, models are measured on the other, so that factors are not
 * praised for what they were fitted to. Every second one, for files often come class by class.
 */
import { check } from '../base/checks.ts';
import type { Labels, UserInput, UserInputs } from '../onnx/user-inputs.ts';

export interface Halves {
  readonly calibration: UserInputs;
  readonly heldOut: UserInputs;
}

/** @param most of each half; @throws InputError when there are too few to be parted */
export function halves(
  inputs: UserInputs,
  most: { readonly calibration: number; readonly heldOut: number },
): Halves {
  const block = inputs.batch ?? 1;
  const blocks = inputs.count / block;
  check(
    blocks >= 2,
    'examples',
    `must be ${2 * block} at least: one half tells what layers read, the other is measured on`,
    inputs.count,
  );
  const taken = (first: 0 | 1, limit: number): UserInputs => {
    const own: number[] = [];
    for (let at = first; at < blocks && (own.length + 1) * block <= Math.max(block, limit); at += 2)
      own.push(at);
    return rowsOf(
      inputs,
      own.flatMap((at) => Array.from({ length: block }, (_, k) => at * block + k)),
    );
  };
  return { calibration: taken(0, most.calibration), heldOut: taken(1, most.heldOut) };
}

function rowsOf(inputs: UserInputs, rows: readonly number[]): UserInputs {
  const { mask, batch } = inputs;
  return {
    count: rows.length,
    batch,
    mask:
      mask === null
        ? null
        : { shape: [rows.length, mask.shape[1]], values: gathered(mask.values, mask.shape[1], rows) },
    inputs: inputs.inputs.map((each): UserInput => {
      if (each.isShared) return each;
      const { shape, values } = each;
      return {
        ...each,
        shape: [rows.length, ...shape.slice(1)],
        values: gathered(values, sizeOf(shape), rows),
      };
    }),
    labels: new Map(
      [...inputs.labels].map(([name, { shape, values }]): [string, Labels] => [
        name,
        { shape: [rows.length, ...shape.slice(1)], values: gathered(values, sizeOf(shape), rows) },
      ]),
    ),
  };
}

const sizeOf = (shape: readonly number[]): number =>
  shape.slice(1).reduce((product, extent) => product * extent, 1);

function gathered(values: Float64Array, size: number, rows: readonly number[]): Float64Array {
  const chosen = new Float64Array(rows.length * size);
  rows.forEach((row, k) => chosen.set(values.subarray(row * size, (row + 1) * size), k * size));
  return chosen;
}
