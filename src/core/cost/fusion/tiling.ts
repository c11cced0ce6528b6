/**
 * Sharing loops: when an intermediate is too large to stay whole, a group of products runs under common outer loops, and
 * only the tile of one iteration stays (HEAT's fused einsums). A loop over an index that a product does not have makes it
 * run again for every iteration: its operands are fetched again unless they are held over those iterations, and an
 * intermediate without that index is recomputed.
 */
import { operands } from '../../hardware/accelerator.ts';
import type { Accelerator, Operand } from '../../hardware/accelerator.ts';
import { wordsTaken } from '../../hardware/bit-widths.ts';
import { slotsOf } from '../bit-widths.ts';
import { stepGemm, withSlots } from '../gemm.ts';
import type { Accounting, Gemm } from '../mapping.ts';
import type { Chain, ChainStep } from './chain.ts';
import { sizeOf } from './chain.ts';
import type { Homes } from './homes.ts';
import type { Parts, Tile } from './parts.ts';
import { iterations, labelsOf, over } from './shared-loops.ts';
import type { Group, Holds } from './shared-loops.ts';

/** One product of a group, as `parts.part` takes it. */
export interface TiledStep {
  readonly gemm: Gemm;
  readonly homes: Homes;
  readonly held: readonly number[];
  readonly tile: Tile;
}

/** The group under its loops with these operands held over them, as parts to be. */
export function tiledSteps(
  { accelerator, machineOf, accounting }: Pick<Parts, 'accelerator' | 'machineOf' | 'accounting'>,
  chain: Chain,
  { from, to, level, loops }: Group,
  holds: Holds,
  /** Homes of the tensors that come in, go out or pass by whole. */
  homeOf: (tensor: number) => number,
  /** Words of each level that whole tensors take while the group runs. */
  beside: readonly number[],
): TiledStep[] {
  const { einsum } = chain.path;
  const steps = chain.steps.slice(from, to + 1);
  const inside = chain.intermediates.filter(({ madeBy }) => madeBy >= from && madeBy < to);
  const isInside = (tensor: number): boolean => inside.some((each) => each.tensor === tensor);
  const times = iterations(loops);
  const extents = new Map(einsum.extents);
  for (const [label, factor] of loops) extents.set(label, (extents.get(label) ?? 1) / factor);
  const wordsOf = (step: ChainStep, operand: Operand): number => sizeOf(einsum, labelsOf(step, operand));
  const heldOver = accelerator.levels.map(() => 0);
  steps.forEach((step, s) =>
    operands.forEach((operand, o) => {
      const hold = holds.get(s * operands.length + o);
      if (hold === undefined) return;
      const takes = wordsTaken(machineOf(slotsOf(step.gemm)).levels[hold.level], operand);
      heldOver[hold.level] = (heldOver[hold.level] ?? 0) + wordsOf(step, operand) * hold.share * takes;
    }),
  );
  return steps.map((step, s): TiledStep => {
    const slots = slotsOf(step.gemm);
    const gemm = withSlots(
      stepGemm({ ...einsum, extents }, { inputs: step.inputs, output: step.step.output }),
      slots,
    );
    const homes = { I: 0, W: 0, O: 0 };
    const reads = accelerator.levels.map(() => 0);
    const writes = accelerator.levels.map(() => 0);
    operands.forEach((operand, o) => {
      const tensor = step.slots[operand];
      homes[operand] = isInside(tensor) ? level : homeOf(tensor);
      const hold = holds.get(s * operands.length + o);
      if (hold === undefined) return;
      homes[operand] = hold.level;
      const words = wordsOf(step, operand);
      const moves = words * hold.visits;
      const again = operand === 'O' ? moves - words : moves;
      pass(machineOf(slots), accounting, operand, hold.level, moves, again, reads, writes);
    });
    const held = heldOver.map((words, l) => words + (beside[l] ?? 0));
    for (const { madeBy, usedBy, labels, words } of inside) {
      if (madeBy <= from + s && usedBy >= from + s)
        held[level] =
          (held[level] ?? 0) + (words / over(loops, labels)) * wordsTaken(accelerator.levels[level], 'O');
    }
    // An intermediate is made anew; only the last result is come back to.
    const revisits = s === steps.length - 1 ? times / over(loops, labelsOf(step, 'O')) : 1;
    return { gemm, homes, held, tile: { times, revisits, reads, writes } };
  });
}

/** Words of each level between the outermost keeper and the level that holds the operand: `down` fetched, and for results `up` drained. */
function pass(
  { levels }: Accelerator,
  accounting: Accounting,
  operand: Operand,
  level: number,
  moves: number,
  again: number,
  reads: number[],
  writes: number[],
): void {
  const keepers = levels.flatMap(({ keeps }, l) => (l <= level && keeps.includes(operand) ? [l] : []));
  keepers.slice(1).forEach((child, hop) => {
    const parent = keepers[hop] ?? 0;
    const down = operand === 'O' ? again : moves;
    const [outside, inside] = [wordsTaken(levels[parent], operand), wordsTaken(levels[child], operand)];
    reads[parent] = (reads[parent] ?? 0) + down * outside;
    writes[child] = (writes[child] ?? 0) + down * inside;
    if (operand !== 'O') return;
    writes[parent] = (writes[parent] ?? 0) + moves * outside;
    if (accounting === 'accelforge') reads[child] = (reads[child] ?? 0) + moves * inside;
  });
}
