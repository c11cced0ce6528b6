/**
 * What given mappings of a chain's products cost when some operands have inner homes: each product is counted by the
 * ordinary rules on the machine on which those operands are absent above their homes; whole tensors take their full size.
 */
import { check } from '../../base/checks.ts';
import type { Cycles, EnergyPj, Words } from '../../base/units.ts';
import { operands } from '../../hardware/accelerator.ts';
import type { Accelerator } from '../../hardware/accelerator.ts';
import { wordsTaken } from '../../hardware/bit-widths.ts';
import { evaluateMapping, wholeCycles } from '../counts.ts';
import type { Placement } from '../counts.ts';
import type { Accounting, Contraction, Mapping, MappingCost } from '../mapping.ts';
import { machineAt } from './homes.ts';
import type { Homes } from './homes.ts';
import type { Tile } from './parts.ts';

/** One product of a chain as it runs. */
export interface FixedStep {
  readonly contraction: Contraction;
  readonly mapping: Mapping;
  readonly homes: Homes;
  /** Words of each level that the tensors at inner homes and those of other products take. */
  readonly held: readonly number[];
  /** Where tensors are held at their own heights. */
  readonly placement?: Placement | null;
}

/**
 * @throws InputError naming the level when the loops do not multiply out, fan out too far, or a level overflows
 */
export function evaluateFixedStep(
  accelerator: Accelerator,
  { contraction, mapping, homes, held, placement = null }: FixedStep,
  accounting: Accounting,
): MappingCost {
  // Capacity is checked here: tensors at their homes are held whole and count in `held`.
  const machine = machineAt(accelerator, homes);
  const unbounded = { ...machine, levels: machine.levels.map((level) => ({ ...level, depthWords: null })) };
  const cost = evaluateMapping(unbounded, contraction, mapping, accounting, placement);
  accelerator.levels.forEach(({ name, depthWords, takes }, l) => {
    const tiles = operands.map((operand) =>
      homes[operand] > 0 && homes[operand] === l
        ? 0
        : (cost.levels[l]?.operands[operand]?.tileWords ?? 0) * wordsTaken(accelerator.levels[l], operand),
    );
    const needed = tiles.reduce((sum, words) => sum + words, held[l] ?? 0);
    check(
      depthWords === null || needed <= depthWords * (takes === undefined ? 1 : 1 + 1e-9),
      `mapping level ${name}`,
      `everything held at a time must fit its ${depthWords} words`,
      needed,
    );
  });
  return cost;
}

/** What one level does in all iterations. */
export interface LevelTotal {
  readonly energyPj: EnergyPj;
  /** Read and written, all instances. */
  readonly words: Words;
  /** Of one instance. */
  readonly reads: Words;
  readonly writes: Words;
  /** Of its slower port. */
  readonly cycles: Cycles;
}

export interface AllIterations {
  readonly energyPj: EnergyPj;
  readonly latencyCycles: Cycles;
  readonly levels: readonly LevelTotal[];
}

/** Takes part in nothing: one iteration, no words beside it. */
export const oneIteration: Tile = { times: 1, revisits: 1, reads: [], writes: [] };

/** Counts of one iteration as figures of all of them, with what passes beside; each port is rounded up once. */
export function inAllIterations(
  accelerator: Accelerator,
  { contraction, mapping, homes }: FixedStep,
  cost: MappingCost,
  tile: Tile,
): AllIterations {
  const { levels } = accelerator;
  const { times, revisits } = tile;
  const own = contraction.dims.O;
  const results = own.reduce((all, dim) => all * (contraction.extents[dim] ?? 1), 1);
  const outermost = Math.max(
    homes.O,
    levels.findIndex(({ keeps }) => keeps.includes('O')),
  );
  let instances = 1;
  let spread = 1;
  let energyPj = times * cost.macEnergyPj;
  let latencyCycles = times * cost.computeCycles;
  const totals = levels.map((level, l): LevelTotal => {
    let reads = 0;
    let writes = 0;
    for (const operand of operands) {
      const words = cost.levels[l]?.operands[operand];
      if (words === undefined) continue;
      // Only the first visit of a word of the result spares reading it back.
      const again = operand === 'O' ? (results / spread) * (1 - 1 / revisits) : 0;
      const takes = wordsTaken(level, operand);
      reads += (words.reads + again) * takes;
      writes += (words.fills + words.updates + (l === outermost ? 0 : again)) * takes;
    }
    const allReads = times * reads + (tile.reads[l] ?? 0) / instances;
    const allWrites = times * writes + (tile.writes[l] ?? 0) / instances;
    const spent = instances * (allReads * level.readEnergyPj + allWrites * level.writeEnergyPj);
    energyPj += spent;
    const cyclesOf = (words: number, perCycle: number | null): number =>
      perCycle === null ? 0 : wholeCycles(words / perCycle);
    const cycles = Math.max(
      cyclesOf(allReads, level.readWordsPerCycle),
      cyclesOf(allWrites, level.writeWordsPerCycle),
    );
    latencyCycles = Math.max(latencyCycles, cycles);
    const words = instances * (allReads + allWrites);
    const total = { energyPj: spent, words, reads: allReads, writes: allWrites, cycles };
    for (const [dim, bound] of mapping[l]?.spatial ?? []) {
      instances *= bound;
      if (own.includes(dim)) spread *= bound;
    }
    return total;
  });
  return { energyPj, latencyCycles, levels: totals };
}
