/**
 * What vector work costs: every word of its arrays read or written once at the level where the array lives, parameters at the
 * outermost level; cycles = words / bandwidth, reads and writes at the same time. One operation after the other, as products
 * run, and leak meanwhile. Energies of the arithmetic and of hops are left out.
 */
import type { Cycles, EnergyPj, Words } from '../base/units.ts';
import type { Accelerator, MemoryLevel } from '../hardware/accelerator.ts';
import { wordsTaken } from '../hardware/bit-widths.ts';
import { leakageByLevel } from '../hardware/extras.ts';
import type { VectorWork } from '../workload/vector.ts';
import type { Activation } from '../workload/schedule.ts';

export interface VectorCost {
  readonly energyPj: EnergyPj;
  readonly latencyCycles: Cycles;
  /** One entry per storage level, outermost first, then the MACs (leakage only); sums to `energyPj`. */
  readonly energyByLevelPj: readonly EnergyPj[];
  /** By level. */
  readonly reads: readonly Words[];
  readonly writes: readonly Words[];
}

/**
 * @param accelerator as activations see it (`Mapper.machineOf`)
 * @param levelOf where an array lives; absent = in the outermost level
 */
export function costVector(
  accelerator: Accelerator,
  work: VectorWork,
  levelOf: (activation: Activation, block: number | null) => number = () => 0,
): VectorCost {
  const { levels } = accelerator;
  const reads = levels.map(() => 0);
  const writes = levels.map(() => 0);
  const add = (to: number[], level: number, words: number): void => {
    to[level] = (to[level] ?? 0) + words;
  };
  for (const each of work.reads) add(reads, levelOf(each, work.block), each.words);
  add(writes, levelOf(work.writes, work.block), work.writes.words);
  add(reads, 0, work.parameters);
  const latencyCycles = levels.reduce(
    (most, level, l) =>
      Math.max(
        most,
        cyclesOf(level, reads[l] ?? 0, level.readWordsPerCycle),
        cyclesOf(level, writes[l] ?? 0, level.writeWordsPerCycle),
      ),
    0,
  );
  const leakage = leakageByLevel(accelerator).map((perCycle) => perCycle * latencyCycles);
  const energyByLevelPj = levels.map((level, l) => {
    const moved = (reads[l] ?? 0) * level.readEnergyPj + (writes[l] ?? 0) * level.writeEnergyPj;
    return wordsTaken(level, 'O') * moved + (leakage[l] ?? 0);
  });
  energyByLevelPj.push(leakage.at(-1) ?? 0);
  return {
    energyPj: energyByLevelPj.reduce((sum, energy) => sum + energy, 0),
    latencyCycles,
    energyByLevelPj,
    reads,
    writes,
  };
}

const cyclesOf = (level: MemoryLevel, words: number, perCycle: number | null): number =>
  perCycle === null
    ? 0
    : Math.ceil((words * wordsTaken(level, 'O')) / (perCycle * level.meshX * level.meshY));
