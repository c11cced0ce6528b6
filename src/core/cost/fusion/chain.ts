/**
 * A chain (or tree) of contractions along a path, as data: the products in their order, each a GEMM with a tensor in
 * every slot, and how long every intermediate lives. Whatever derives from the first operand of the einsum takes the input
 * slot, as in a dense layer. Sums over one operand come before the products and move no words here.
 */
import type { Einsum } from '../../einsum/einsum.ts';
import type { ContractionPath, PathStep } from '../../einsum/path.ts';
import type { Operand } from '../../hardware/accelerator.ts';
import { stepGemm, withSlots } from '../gemm.ts';
import type { Gemm, Slots } from '../mapping.ts';

/** One product: which tensor stands in each slot. Tensors below the number of operands are the operands themselves. */
export interface ChainStep {
  readonly step: PathStep;
  /** Labels in the order of the slots, I then W. */
  readonly inputs: readonly (readonly string[])[];
  readonly gemm: Gemm;
  readonly slots: Readonly<Record<Operand, number>>;
}

/** What one product makes and a later one takes. */
export interface Intermediate {
  readonly tensor: number;
  readonly labels: readonly string[];
  readonly words: number;
  /** Positions in `steps`. */
  readonly madeBy: number;
  readonly usedBy: number;
  readonly slot: 'I' | 'W';
}

export interface Chain {
  readonly path: ContractionPath;
  readonly steps: readonly ChainStep[];
  readonly intermediates: readonly Intermediate[];
}

interface Item {
  readonly tensor: number;
  /** Whether it derives from the first operand. */
  readonly active: boolean;
}

export function chainOf(path: ContractionPath): Chain {
  const { einsum } = path;
  const items: Item[] = einsum.inputs.map((_, tensor) => ({ tensor, active: tensor === 0 }));
  const steps: ChainStep[] = [];
  const madeBy = new Map<number, number>();
  const intermediates: Intermediate[] = [];
  let tensors = items.length;
  for (const step of path.steps) {
    const taken = step.operands.map((position) => items[position] as Item);
    for (const position of step.operands.toSorted((a, b) => b - a)) items.splice(position, 1);
    const [first, second] = taken as [Item, Item?];
    if (second === undefined) {
      items.push(first);
      continue;
    }
    const turned = !first.active && second.active;
    const [i, w] = turned ? [second, first] : [first, second];
    const inputs = turned ? step.inputs.toReversed() : step.inputs;
    const output = tensors;
    tensors += 1;
    for (const [slot, { tensor }] of [
      ['I', i],
      ['W', w],
    ] as const) {
      const maker = madeBy.get(tensor);
      if (maker === undefined) continue;
      const labels = (steps[maker] as ChainStep).step.output;
      const words = sizeOf(einsum, labels);
      intermediates.push({ tensor, labels, words, madeBy: maker, usedBy: steps.length, slot });
    }
    madeBy.set(output, steps.length);
    const kinds = slotsFor(i.tensor, w.tensor, einsum.inputs.length);
    const gemm = withSlots(stepGemm(einsum, { inputs, output: step.output }), kinds);
    steps.push({ step, inputs, gemm, slots: { I: i.tensor, W: w.tensor, O: output } });
    items.push({ tensor: output, active: i.active || w.active });
  }
  return { path, steps, intermediates: intermediates.toSorted((a, b) => a.madeBy - b.madeBy) };
}

/** The first operand and all intermediates are activations, the other operands stored weights. */
export function slotsFor(i: number, w: number, operandCount: number): Slots {
  const isWeight = (tensor: number): boolean => tensor > 0 && tensor < operandCount;
  if (isWeight(i)) return isWeight(w) ? 'ww' : 'wa';
  return isWeight(w) ? 'aw' : 'aa';
}

export const sizeOf = (einsum: Einsum, labels: readonly string[]): number =>
  labels.reduce((all, label) => all * (einsum.extents.get(label) ?? 1), 1);
