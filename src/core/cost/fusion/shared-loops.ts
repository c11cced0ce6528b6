/**
 * Which loops a group of products may share (HEAT's fused einsums): every ordered list of up to three loops, each over a
 * divisor of its extent; a label may come twice with another between. What one product of the group sums over cannot be
 * shared, unless it is the last; a label that a product does not have makes it run again for every iteration, so recomputing
 * an intermediate is one of the choices.
 */
import { operands } from '../../hardware/accelerator.ts';
import type { Operand } from '../../hardware/accelerator.ts';
import type { Chain, ChainStep } from './chain.ts';

/** Loops outermost first. */
export type SharedLoops = readonly (readonly [label: string, factor: number])[];

/** Consecutive products `from` to `to` whose intermediates between them stay at `level` as tiles. */
export interface Group {
  readonly from: number;
  readonly to: number;
  readonly level: number;
  readonly loops: SharedLoops;
}

/** Spans of products that hand all they make, but the last one's result, to each other. */
export function spansOf(chain: Chain): readonly (readonly [from: number, to: number])[] {
  const spans: [number, number][] = [];
  for (let from = 0; from < chain.steps.length; from += 1) {
    for (let to = from + 1; to < chain.steps.length; to += 1) {
      const inside = chain.intermediates.filter(({ madeBy }) => madeBy >= from && madeBy < to);
      if (inside.every(({ usedBy }) => usedBy <= to)) spans.push([from, to]);
    }
  }
  return spans;
}

/** Labels that no product of the span sums over, its last excepted. */
export function sharable(chain: Chain, from: number, to: number): string[] {
  const steps = chain.steps.slice(from, to + 1);
  const labels = new Set(steps.flatMap((step) => operands.flatMap((operand) => labelsOf(step, operand))));
  const summed = new Set(
    steps
      .slice(0, -1)
      .flatMap((step) =>
        [...labelsOf(step, 'I'), ...labelsOf(step, 'W')].filter((l) => !step.step.output.includes(l)),
      ),
  );
  return [...labels].filter((label) => !summed.has(label)).toSorted();
}

/** Labels of the operand that the product is over; a label of one input alone is summed before. */
export function labelsOf({ inputs, step }: ChainStep, operand: Operand): readonly string[] {
  const [first = [], second = []] = inputs;
  if (operand === 'O') return step.output;
  const [own, other] = operand === 'I' ? [first, second] : [second, first];
  return own.filter((label) => other.includes(label) || step.output.includes(label));
}

export const iterations = (loops: SharedLoops): number => loops.reduce((all, [, factor]) => all * factor, 1);
export const over = (loops: SharedLoops, labels: readonly string[]): number =>
  loops.reduce((all, [label, factor]) => (labels.includes(label) ? all * factor : all), 1);

/**
 * An operand that stays over iterations: at which level, how often each of its words comes in, and the part of it that is
 * there at a time.
 */
export interface Hold {
  readonly level: number;
  readonly visits: number;
  readonly share: number;
}

/** Operands held over the loops, by position in the group * 3 + operand; others come in anew for every iteration. */
export type Holds = ReadonlyMap<number, Hold>;

/** Loops by number of their label; nothing is made anew from list to list. */
export interface Nest {
  length: number;
  readonly label: number[];
  readonly factor: number[];
}

/** Product of the factors of the loops whose labels are among these bits. */
export function overBits({ length, label, factor }: Nest, labels: number): number {
  let all = 1;
  for (let i = 0; i < length; i += 1) if ((labels >> (label[i] as number)) & 1) all *= factor[i] as number;
  return all;
}

/**
 * Every way to hold an operand over the loops that can pay: just outside a loop that it does not see and inside one that it
 * does. It comes in anew with every iteration of the last loop outside that it sees.
 */
export function heldWays(
  { length, label, factor }: Nest,
  labels: number,
): { readonly visits: number; readonly share: number }[] {
  const ways: { visits: number; share: number }[] = [];
  let [seen, unseen, visits] = [1, 1, 1];
  let before = true;
  for (let i = 0; i < length; i += 1) {
    const sees = ((labels >> (label[i] as number)) & 1) === 1;
    if (!sees && before) ways.push({ visits, share: 1 / seen });
    if (sees) {
      seen *= factor[i] as number;
      visits = unseen;
    } else unseen *= factor[i] as number;
    before = sees;
  }
  return ways;
}
