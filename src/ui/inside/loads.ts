/** How busy each memory port is in a mapping, and which of them or the MACs sets the latency, in words with figures. */
import type { MappingCost } from '../../core/cost/mapping.ts';
import type { Accelerator } from '../../core/hardware/accelerator.ts';
import { formatExact, formatNumber, formatPercent } from '../format.ts';

interface PortLoad {
  readonly level: string;
  readonly direction: 'read' | 'write';
  /** Per instance. */
  readonly words: number;
  readonly wordsPerCycle: number;
  readonly cycles: number;
}

/** Every port of limited width, busiest first. */
function portLoads({ levels }: Accelerator, cost: MappingCost): readonly PortLoad[] {
  return levels
    .flatMap((level): PortLoad[] => {
      const counts = Object.values(cost.levels.find(({ name }) => name === level.name)?.operands ?? {});
      const reads = counts.reduce((sum, { reads: words }) => sum + words, 0);
      const writes = counts.reduce((sum, { fills, updates }) => sum + fills + updates, 0);
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
                cycles: Math.ceil(words / wordsPerCycle),
              },
            ],
      );
    })
    .toSorted((a, b) => b.cycles - a.cycles);
}

const plain = (value: number): string =>
  Number.isInteger(value) ? formatExact(value) : formatNumber(value, 2);

/** `DRAM bounds the latency: it reads 98,304 words at 16 a cycle, 6,144 cycles; the MACs need 4,608.` */
export function boundWords(accelerator: Accelerator, cost: MappingCost): string {
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
 * What the other accounting adds to a cost counted as Timeloop does: the reads of outputs that drain to their parent,
 * from every level that keeps outputs but the outermost.
 */
export function drainEnergyPj({ levels }: Accelerator, cost: MappingCost): number {
  const keepers = levels.flatMap((level) => {
    const counts = cost.levels.find(({ name }) => name === level.name)?.operands.O;
    return counts === undefined ? [] : [{ counts, readEnergyPj: level.readEnergyPj }];
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
