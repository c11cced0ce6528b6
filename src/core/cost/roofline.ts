/**
 * Rooflines of a layer as it is mapped (Williams, Waterman, Patterson, "Roofline", CACM 2009): per level how many words each
 * MAC moves there, and the most MACs per cycle that its ports leave; over them the array. Attained is what the mapping runs
 * at. Words are words of the level: narrow operands move fewer.
 */
import type { Cycles, Macs, Words } from '../base/units.ts';
import { wordsTaken } from '../hardware/bit-widths.ts';
import type { LayerCost } from './layer.ts';
import type { Mapper } from './mapper.ts';
import type { Gear } from './mapping.ts';

export interface LevelRoof {
  readonly level: string;
  /** Read and written, all instances. */
  readonly words: Words;
  /** Operational intensity here: MACs per word; Infinity where no word moves. */
  readonly macsPerWord: number;
  /** MACs per cycle that the ports of the instances in use leave; Infinity = unlimited. */
  readonly macsPerCycle: number;
}

export interface Roofline {
  readonly macs: Macs;
  readonly cycles: Cycles;
  /** MACs per cycle. */
  readonly attained: number;
  /** MACs per cycle of the whole array. */
  readonly peak: number;
  /** Outermost first. */
  readonly levels: readonly LevelRoof[];
  /** The lowest roof: a level's name, or null for the array. */
  readonly boundBy: string | null;
}

/** @param gear the one that `cost` was found by, with the same mapper */
export function roofline(mapper: Mapper, cost: LayerCost, gear: Gear): Roofline {
  const { levels, mac } = mapper.accelerator;
  const words = levels.map(() => 0);
  const portCycles = levels.map(() => 0);
  for (const { gemm, place, tiled } of cost.steps) {
    if (tiled !== undefined) {
      tiled.levels.forEach((level, l) => {
        words[l] = (words[l] ?? 0) + level.words;
        portCycles[l] = (portCycles[l] ?? 0) + level.cycles;
      });
      continue;
    }
    const mapped = mapper.mapping(gemm, gear, place);
    const machine = mapper.machineOf(mapped.gemm);
    mapped.cost.levels.forEach((level, l) => {
      const at = machine.levels[l];
      let [reads, writes] = [0, 0];
      let instances = 1;
      for (const operand of ['I', 'W', 'O'] as const) {
        const counts = level.operands[operand];
        if (counts === undefined) continue;
        const takes = wordsTaken(at, operand);
        reads += counts.reads * takes;
        writes += (counts.fills + counts.updates) * takes;
        instances = counts.instances;
      }
      words[l] = (words[l] ?? 0) + instances * (reads + writes);
      const [read, write] = [at?.readWordsPerCycle ?? null, at?.writeWordsPerCycle ?? null];
      const needed = Math.max(read === null ? 0 : reads / read, write === null ? 0 : writes / write);
      portCycles[l] = (portCycles[l] ?? 0) + needed;
    });
  }
  const { macs, latencyCycles: cycles } = cost;
  const peak = mac.meshX * mac.meshY;
  const roofs = levels.map(({ name }, l): LevelRoof => ({
    level: name,
    words: words[l] ?? 0,
    macsPerWord: macs / (words[l] ?? 0),
    macsPerCycle: macs / (portCycles[l] ?? 0),
  }));
  const lowest = roofs.reduce<LevelRoof | null>(
    (least, roof) => (roof.macsPerCycle < (least?.macsPerCycle ?? peak) ? roof : least),
    null,
  );
  return { macs, cycles, attained: macs / cycles, peak, levels: roofs, boundBy: lowest?.level ?? null };
}
