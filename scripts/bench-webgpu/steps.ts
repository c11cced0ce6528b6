/**
 * A contraction path as pairwise steps for libraries that take two operands at a time: labels are ASCII letters, and
 * each step also as a batched matrix product.
 */
import { parseEinsum } from '../../src/core/einsum/parse.ts';
import { findPath } from '../../src/core/einsum/path.ts';
import type { BenchCase } from './cases.ts';

export interface Step {
  /** Values: the operands come first, then the results of the steps in order. */
  readonly left: number;
  readonly right: number;
  readonly leftLabels: readonly string[];
  readonly rightLabels: readonly string[];
  readonly output: readonly string[];
}

export interface Steps {
  /** The whole equation in the letters of the steps. */
  readonly equation: string;
  readonly steps: readonly Step[];
  readonly extents: ReadonlyMap<string, number>;
}

const letters = Array.from('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ');

/** Along the path of fewest MACs, which is what the page uses, too. */
export function stepsOf({ equation, shapes }: BenchCase): Steps {
  const einsum = parseEinsum(equation, shapes);
  const letterOf = new Map([...einsum.extents.keys()].map((label, k) => [label, letters[k] ?? label]));
  const renamed = (labels: readonly string[]): string[] =>
    labels.map((label) => letterOf.get(label) ?? label);
  const values = einsum.inputs.map((_, k) => k);
  const steps: Step[] = [];
  for (const { operands, inputs, output } of findPath(einsum).steps) {
    const [i = 0, j] = operands;
    if (j === undefined) throw new Error(`internal: ${equation} sums an index of one operand first`);
    const [leftLabels = [], rightLabels = []] = inputs.map(renamed);
    steps.push({
      left: values[i] ?? 0,
      right: values[j] ?? 0,
      leftLabels,
      rightLabels,
      output: renamed(output),
    });
    for (const position of operands.toSorted((a, b) => b - a)) values.splice(position, 1);
    values.push(einsum.inputs.length + steps.length - 1);
  }
  return {
    equation: `${einsum.inputs.map((term) => renamed(term).join('')).join(',')}->${renamed(einsum.output).join('')}`,
    steps,
    extents: new Map([...einsum.extents].map(([label, extent]) => [letterOf.get(label) ?? label, extent])),
  };
}

export const equationOf = ({ leftLabels, rightLabels, output }: Step): string =>
  `${leftLabels.join('')},${rightLabels.join('')}->${output.join('')}`;

/** How one operand becomes a matrix of the batched product: labels in order [batch, rows, columns]. */
export interface Side {
  readonly permutation: readonly number[];
  /** The last two axes stay swapped: the product reads the matrix transposed. */
  readonly swapped: boolean;
  readonly shape: readonly number[];
}

export interface MatrixForm {
  readonly left: Side;
  readonly right: Side;
  /** The product's axes, multiplied out again, and in which order the step's output has them. */
  readonly labels: readonly string[];
  readonly permutation: readonly number[];
}

/** Batch, rows, columns and sums of a step, in the order in which its operands have them. */
export function matrixForm(
  { leftLabels, rightLabels, output }: Step,
  extents: ReadonlyMap<string, number>,
): MatrixForm {
  const size = (labels: readonly string[]): number =>
    labels.reduce((product, label) => product * (extents.get(label) ?? 1), 1);
  const batch = leftLabels.filter((label) => rightLabels.includes(label) && output.includes(label));
  const sums = leftLabels.filter((label) => rightLabels.includes(label) && !output.includes(label));
  const rows = leftLabels.filter((label) => !rightLabels.includes(label));
  const columns = rightLabels.filter((label) => !leftLabels.includes(label));
  const side = (own: readonly string[], first: readonly string[], second: readonly string[]): Side => {
    const straight = [...batch, ...first, ...second];
    const turned = [...batch, ...second, ...first];
    const swapped = own.join('') !== straight.join('') && own.join('') === turned.join('');
    const labels = swapped ? turned : straight;
    const matrix = [size(first), size(second)];
    return {
      swapped,
      permutation: labels.map((label) => own.indexOf(label)),
      shape: [size(batch), ...(swapped ? matrix.toReversed() : matrix)],
    };
  };
  const labels = [...batch, ...rows, ...columns];
  return {
    left: side(leftLabels, rows, sums),
    right: side(rightLabels, sums, columns),
    labels,
    permutation: output.map((label) => labels.indexOf(label)),
  };
}

export const isIdentity = (permutation: readonly number[]): boolean =>
  permutation.every((axis, k) => axis === k);
