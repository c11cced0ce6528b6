/**
 * Where tensors live. The home of an operand is the outermost level that keeps it: level 0 as a rule; an intermediate that
 * stays on chip has an inner level for its home, is absent above, and takes its whole size there for as long as it lives.
 */
import { operands } from '../../hardware/accelerator.ts';
import type { Accelerator, Operand } from '../../hardware/accelerator.ts';
import { wordsHeld } from '../../hardware/bit-widths.ts';
import type { Accounting, Dataflow, Gemm } from '../mapping.ts';
import { compileMachine } from '../tables.ts';
import type { MachineTables } from '../tables.ts';

/** By operand: the level that it is whole in and absent above; 0 = wherever the machine keeps it. */
export type Homes = Readonly<Record<Operand, number>>;

/** The machine on which these operands are absent above their homes. */
export function machineAt(accelerator: Accelerator, homes: Homes): Accelerator {
  if (operands.every((operand) => homes[operand] === 0)) return accelerator;
  return {
    ...accelerator,
    levels: accelerator.levels.map((level, l) => ({
      ...level,
      keeps: level.keeps.filter((operand) => l >= homes[operand]),
    })),
  };
}

/** Words of each level that the operands take that are whole at their homes. */
export function residentWords({ levels }: Accelerator, homes: Homes, gemm: Gemm): number[] {
  const { batch, m, n, k } = gemm;
  const words = { I: batch * m * k, W: batch * k * n, O: batch * m * n };
  const held = new Array<number>(levels.length).fill(0);
  for (const operand of operands) {
    const home = homes[operand];
    if (home > 0) held[home] = (held[home] ?? 0) + words[operand] * wordsHeld(levels[home], operand);
  }
  return held;
}

/** Tables of the machine with these homes; whole operands take no tile there. `depth` is the caller's to fill. */
export function tablesAt(
  accelerator: Accelerator,
  homes: Homes,
  accounting: Accounting,
  dataflow: Dataflow = 'flexible',
): { readonly tables: MachineTables; readonly depth: Float64Array } {
  const compiled = compileMachine(machineAt(accelerator, homes), accounting, dataflow);
  const depth = compiled.depth.slice();
  const takes = compiled.takes.slice();
  // In the tables operands go by the dim that they miss: W, I, O.
  (['W', 'I', 'O'] as const).forEach((operand, dim) => {
    if (homes[operand] > 0) takes[homes[operand] * 3 + dim] = 0;
  });
  return { tables: { ...compiled, depth, takes }, depth };
}

/** Levels at which an intermediate that is taken in `slot` may stay: one instance, inside the outermost. */
export function possibleHomes(accelerator: Accelerator, slot: 'I' | 'W', words: number): number[] {
  const { levels } = accelerator;
  return levels.flatMap((level, l) => {
    const outside = levels.slice(0, l).some(({ keeps }) => keeps.includes('O') || keeps.includes(slot));
    const fits = level.depthWords === null || words * wordsHeld(level, 'O') < level.depthWords;
    const keeps = level.keeps.includes('O') && level.keeps.includes(slot);
    return outside && keeps && fits && level.meshX * level.meshY === 1 ? [l] : [];
  });
}
