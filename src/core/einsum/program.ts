/**
 * An einsum along a contraction path as a list of strided products that an engine runs one after the other. Values are
 * numbered: first the operands, then one per step. The order of an intermediate's axes is free, so it is chosen such
 * that the step that writes it and the step that reads it have the fewest axes after merging, weighted by their work
 * (fewer axes: longer runs of neighbouring words).
 */
import { invariant } from '../base/checks.ts';
import type { Einsum } from './einsum.ts';
import { formMacs, gemmForm, stepExtents, type GemmForm, type LabelledStep } from './gemm-form.ts';
import { replace } from './greedy.ts';
import { parseEinsum, printEinsum } from './parse.ts';
import { findPath, followPath, type ContractionPath } from './path.ts';

export interface ProgramStep {
  readonly form: GemmForm;
  /** Numbers of the values read; null: a step of one operand. */
  readonly left: number;
  readonly right: number | null;
  /** Labels and shapes of what it reads and labels of what it writes, in the order of axes in memory. */
  readonly labelled: LabelledStep;
  readonly shape: readonly number[];
}

export interface Program {
  /** Explicit, without ellipses. */
  readonly equation: string;
  /** Shapes of the operands; float words, row-major. */
  readonly shapes: readonly (readonly number[])[];
  readonly outputShape: readonly number[];
  /** At least one; the last one writes the result. */
  readonly steps: readonly ProgramStep[];
}

/**
 * @param path positions per step as opt_einsum's; by default the one with the fewest multiply-accumulates
 * @throws InputError from parsing or when the path does not end with one operand
 */
export function einsumProgram(
  equation: string,
  shapes: readonly (readonly number[])[],
  path?: readonly (readonly number[])[],
): Program {
  const einsum = parseEinsum(equation, shapes);
  return programOf(path === undefined ? findPath(einsum) : followPath(einsum, path));
}

/** The program that follows a path already found. */
export function programOf(path: ContractionPath): Program {
  const { einsum } = path;
  const shapes = operandShapes(einsum);
  const links = link(path, shapes);
  const steps: ProgramStep[] = [];
  const labels = einsum.inputs.slice();
  const sizes = shapes.slice();
  links.forEach(({ reads, output }, k) => {
    const labelled = (order: readonly string[]): LabelledStep => ({
      inputs: reads.map((value) => labels[value] ?? []),
      shapes: reads.map((value) => sizes[value] ?? []),
      output: order,
    });
    const extents = stepExtents(labelled(output));
    const value = shapes.length + k;
    const consumer = links.find((other) => other.reads.includes(value));
    const shapeOf = (order: readonly string[]): number[] => order.map((label) => extents.get(label) ?? 1);
    const order =
      consumer === undefined
        ? output
        : bestOrder(output, (tried) => {
            const read: LabelledStep = {
              inputs: consumer.reads.map((each) =>
                each === value ? tried : (labels[each] ?? links[each - shapes.length]?.output ?? []),
              ),
              shapes: consumer.reads.map((each) =>
                each === value ? shapeOf(tried) : (sizes[each] ?? links[each - shapes.length]?.shape ?? []),
              ),
              output: consumer.output,
            };
            return axesCost(gemmForm(labelled(tried))) + axesCost(gemmForm(read));
          });
    const [left, right] = reads;
    invariant(left !== undefined, 'a step reads a value');
    labels.push(order);
    sizes.push(shapeOf(order));
    steps.push({
      form: gemmForm(labelled(order)),
      left,
      right: right ?? null,
      labelled: labelled(order),
      shape: shapeOf(order),
    });
  });
  return { equation: printEinsum(einsum), shapes, outputShape: sizes.at(-1) ?? [], steps };
}

/** Multiply-accumulates of all steps, a sum over one operand counted by the words it visits. */
export function programMacs(program: Program): number {
  return program.steps.reduce((macs, { form }) => macs + formMacs(form), 0);
}

interface Link {
  readonly reads: readonly number[];
  readonly output: readonly string[];
  readonly shape: readonly number[];
}

const operandShapes = ({ shapes, inputs, extents }: Einsum): readonly (readonly number[])[] =>
  shapes ?? inputs.map((labels) => labels.map((label) => extents.get(label) ?? 1));

/** Positions in the shrinking list of operands as numbers of values. */
function link({ einsum, steps }: ContractionPath, shapes: readonly (readonly number[])[]): readonly Link[] {
  const values = shapes.map((_, k) => k);
  const labels = einsum.inputs.slice();
  const sizes = shapes.slice();
  return steps.map(({ operands, output }) => {
    const reads = operands.map((position) => values[position] ?? 0);
    const extents = stepExtents({
      inputs: reads.map((value) => labels[value] ?? []),
      shapes: reads.map((value) => sizes[value] ?? []),
      output,
    });
    const shape = output.map((label) => extents.get(label) ?? 1);
    replace(values, operands[0] ?? 0, operands.at(-1) ?? 0, labels.length);
    labels.push(output);
    sizes.push(shape);
    return { reads, output, shape };
  });
}

/** Axes count as often as they are walked. */
const axesCost = (form: GemmForm): number =>
  (form.batch.length + form.m.length + form.n.length + form.k.length) * formMacs(form);

/** Up to here every order is tried: 120 of them. */
const mostOrdered = 5;

/** The order with the lowest cost; the first one among equals, and the given one before all. */
function bestOrder(labels: readonly string[], cost: (order: readonly string[]) => number): readonly string[] {
  if (labels.length < 2 || labels.length > mostOrdered) return labels;
  let best = labels;
  let lowest = cost(labels);
  for (const order of orders(labels)) {
    const axes = cost(order);
    if (axes < lowest) {
      lowest = axes;
      best = order;
    }
  }
  return best;
}

function* orders(labels: readonly string[]): Generator<readonly string[]> {
  if (labels.length <= 1) yield labels;
  for (const first of labels)
    for (const rest of orders(labels.filter((label) => label !== first))) yield [first, ...rest];
}
