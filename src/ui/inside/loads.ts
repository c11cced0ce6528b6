/** How busy each memory port is in a mapping, and which of them or the MACs sets the latency, in words with figures. */
import { wholeCycles } from '../../core/cost/counts.ts';
import type { AccessCounts, Accounting } from '../../core/cost/mapping.ts';
import type { MappingCost } from '../../core/cost/mapping.ts';
import { operands, type Accelerator, type Operand } from '../../core/hardware/accelerator.ts';
import { wordsTaken } from '../../core/hardware/bit-widths.ts';
import { formatExact, formatNumber, formatPercent } from '../format.ts';
import type { StepCost } from './stage.ts';

interface PortLoad {
  readonly level: string;
  readonly direction: 'read' | 'write';
  /** Of the level, per instance: narrow operands move fewer. */
  readonly words: number;
  readonly wordsPerCycle: number;
  readonly cycles: number;
}

/** Every port of limited width, busiest first. */
function portLoads({ levels }: Accelerator, cost: StepCost): readonly PortLoad[] {
  return levels
    .flatMap((level, l): PortLoad[] => {
      const counts = cost.levels.find(({ name }) => name === level.name)?.operands ?? {};
      let { reads, writes } = cost.passing?.[l] ?? { reads: 0, writes: 0 };
      for (const operand of operands) {
        const words = counts[operand];
        if (words === undefined) continue;
        const takes = wordsTaken(level, operand);
        reads += words.reads * takes;
        writes += (words.fills + words.updates) * takes;
      }
      return (
        [
          ['read', reads, level.readWordsPerCycle],
          ['write', writes, level.writeWordsPerCycle],
        ] as const
      ).flatMap(([direction, words, wordsPerCycle]) =>
        wordsPerCycle === null
          ? []
          : [
              {
                level: level.name,
                direction,
                words,
                wordsPerCycle,
                cycles: wholeCycles(words / wordsPerCycle),
              },
            ],
      );
    })
    .toSorted((a, b) => b.cycles - a.cycles);
}

const plain = (value: number): string =>
  Number.isInteger(value) ? formatExact(value) : formatNumber(value, 2);

/**
 * `DRAM bounds the latency: it reads 98,304 words at 16 a cycle, 6,144 cycles; the MACs need 4,608.`
 * @param accelerator as the operands see it (`Stage.machine`)
 */
export function boundWords(accelerator: Accelerator, cost: StepCost): string {
  const { meshX, meshY } = accelerator.mac;
  const [busiest] = portLoads(accelerator, cost);
  const busy = `${formatPercent(100 * cost.utilization, cost.utilization > 0.995 ? 0 : 1)} of ${formatExact(meshX * meshY)} busy`;
  if (busiest === undefined || busiest.cycles <= cost.computeCycles) {
    const macs = `The MACs bound the latency: ${formatExact(cost.computeCycles)} cycles with ${busy}`;
    if (busiest === undefined) return `${macs}.`;
    const needs = busiest.cycles === cost.computeCycles ? 'as many' : formatExact(busiest.cycles);
    return `${macs}; the busiest port, ${busiest.level} ${busiest.direction}, needs ${needs}.`;
  }
  const { level, direction, words, wordsPerCycle, cycles } = busiest;
  return (
    `${level} bounds the latency: one instance must ${direction} ${formatExact(words)} words at ` +
    `${plain(wordsPerCycle)} a cycle, ${formatExact(cycles)} cycles; the MACs need ${formatExact(cost.computeCycles)} with ${busy}.`
  );
}

/**
 * How often a word that came into a level is handed on from there, or one that leaves was added to; of the outermost level
 * how often each word is fetched or written. Null where the counts do not tell: AccelForge's reads of results hold their way
 * out too.
 */
export function reuseOf(operand: Operand, counts: AccessCounts, accounting: Accounting): number | null {
  const { tileWords, reads, fills, updates } = counts;
  if (operand !== 'O') return reads / (fills > 0 ? fills : tileWords);
  // reads = content - owned and fills = drained - owned, with updates = content.
  const drained = fills + updates - reads;
  return accounting === 'accelforge' || drained <= 0 ? null : updates / drained;
}

/**
 * What the other accounting adds to a cost counted as Timeloop does: the reads of outputs that drain to their parent,
 * from every level that keeps outputs but the outermost.
 */
export function drainEnergyPj({ levels }: Accelerator, cost: MappingCost): number {
  const keepers = levels.flatMap((level) => {
    const counts = cost.levels.find(({ name }) => name === level.name)?.operands.O;
    return counts === undefined
      ? []
      : [{ counts, readEnergyPj: level.readEnergyPj * wordsTaken(level, 'O') }];
  });
  // reads = content - owned and fills = drained - owned, with updates = content.
  return keepers
    .slice(1)
    .reduce(
      (sum, { counts: { instances, reads, fills, updates }, readEnergyPj }) =>
        sum + instances * (fills + updates - reads) * readEnergyPj,
      0,
    );
}
