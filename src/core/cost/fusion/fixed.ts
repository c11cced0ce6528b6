/**
 * What given mappings of a chain's products cost when some operands have inner homes: each product is counted by the
 * ordinary rules on the machine on which those operands are absent above their homes; whole tensors take their full size.
 */
import { check } from '../../base/checks.ts';
import { operands } from '../../hardware/accelerator.ts';
import type { Accelerator } from '../../hardware/accelerator.ts';
import { evaluateMapping } from '../counts.ts';
import type { Accounting, Contraction, Mapping, MappingCost } from '../mapping.ts';
import { machineAt } from './homes.ts';
import type { Homes } from './homes.ts';

/** One product of a chain as it runs. */
export interface FixedStep {
  readonly contraction: Contraction;
  readonly mapping: Mapping;
  readonly homes: Homes;
  /** Words that the tensors at inner homes and those of other products take, by level. */
  readonly held: readonly number[];
}

/**
 * @throws InputError naming the level when the loops do not multiply out, fan out too far, or a level overflows
 */
export function evaluateFixedStep(
  accelerator: Accelerator,
  { contraction, mapping, homes, held }: FixedStep,
  accounting: Accounting,
): MappingCost {
  // Capacity is checked here: tensors at their homes are held whole and count in `held`.
  const machine = machineAt(accelerator, homes);
  const unbounded = { ...machine, levels: machine.levels.map((level) => ({ ...level, depthWords: null })) };
  const cost = evaluateMapping(unbounded, contraction, mapping, accounting);
  accelerator.levels.forEach(({ name, depthWords }, l) => {
    const tiles = operands.map((operand) =>
      homes[operand] > 0 && homes[operand] === l ? 0 : (cost.levels[l]?.operands[operand]?.tileWords ?? 0),
    );
    const needed = tiles.reduce((sum, words) => sum + words, held[l] ?? 0);
    check(
      depthWords === null || needed <= depthWords,
      `mapping level ${name}`,
      `everything held at a time must fit its ${depthWords} words`,
      needed,
    );
  });
  return cost;
}
