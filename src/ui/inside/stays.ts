/**
 * What stays on chip around and between the steps of a layer, as it was costed, and what that saves: each intermediate
 * against the same layer with that one through the outermost level, every product mapped anew.
 */
import type { Words } from '../../core/base/units.ts';
import { chainOf, type Chain, type Intermediate } from '../../core/cost/fusion/chain.ts';
import { possibleHomes } from '../../core/cost/fusion/homes.ts';
import type { SharedLoops } from '../../core/cost/fusion/shared-loops.ts';
import type { LayerCost } from '../../core/cost/layer.ts';
import type { GemmCost, Mapper } from '../../core/cost/mapper.ts';
import { homeOfActivations } from '../../core/cost/residency.ts';
import type { Gear } from '../../core/cost/mapping.ts';
import type { Place } from '../../core/cost/place.ts';
import { operands } from '../../core/hardware/accelerator.ts';
import { wordsTaken } from '../../core/hardware/bit-widths.ts';
import { formatChange, formatCount } from '../format.ts';

/** Of the layer, in percent; below 0 = less. */
export interface Change {
  readonly energy: number;
  readonly delay: number;
}

export interface Fate {
  /** Positions of the steps that make and take it. */
  readonly madeBy: number;
  readonly usedBy: number;
  readonly words: Words;
  /** Where it stays; null = it goes through the outermost level. */
  readonly level: string | null;
  /** What staying changes; null when it does not stay. */
  readonly change: Change | null;
  /** Loops that its steps share; only the tile of one iteration then stays. */
  readonly shared: SharedLoops;
  readonly tileWords: Words;
  /** Why it does not stay: no memory on chip takes results and hands them on, none has room, or staying costs no less. */
  readonly reason: 'no memory' | 'no room' | 'dearer' | null;
}

/**
 * One per intermediate, in the order of their making.
 * @param cost of a layer that may be fused
 */
export function fates(mapper: Mapper, cost: LayerCost, gear: Gear): readonly Fate[] {
  const chain = chainOf(cost.path);
  const machine = mapper.machineOf({ batch: 1, m: 1, n: 1, k: 1 });
  return chain.intermediates.map((intermediate): Fate => {
    const { madeBy, usedBy, words, slot } = intermediate;
    const level = cost.onChip?.find((each) => each.madeBy === madeBy)?.level ?? null;
    const group = level === null ? [] : groupOf(cost, madeBy, usedBy);
    const shared = cost.steps[group[0] ?? -1]?.tiled?.shared ?? [];
    return {
      madeBy,
      usedBy,
      words,
      level,
      change:
        level === null
          ? null
          : group.length > 0
            ? apartFrom(mapper, cost, gear, group)
            : changeOf(mapper, cost, gear, intermediate),
      shared,
      tileWords: shared.reduce(
        (left, [label, factor]) => (intermediate.labels.includes(label) ? left / factor : left),
        words,
      ),
      reason:
        level !== null
          ? null
          : possibleHomes(machine, slot, 0).length === 0
            ? 'no memory'
            : possibleHomes(machine, slot, words).length === 0
              ? 'no room'
              : 'dearer',
    };
  });
}

/** Positions of the steps that run together when the layer was weighed as one, loops shared where that pays; else none. */
function groupOf({ steps }: LayerCost, madeBy: number, usedBy: number): readonly number[] {
  const shared = steps[madeBy]?.tiled?.shared;
  if (shared === undefined) return [];
  const together = steps.flatMap(({ tiled }, s) =>
    shared.length > 0 ? (tiled?.shared === shared ? [s] : []) : s >= madeBy && s <= usedBy ? [s] : [],
  );
  return together;
}

/** Against the layer with these steps each by itself. */
function apartFrom(mapper: Mapper, cost: LayerCost, gear: Gear, group: readonly number[]): Change {
  let energyPj = cost.energyPj;
  let cycles = cost.latencyCycles;
  for (const s of group) {
    const step = cost.steps[s];
    if (step === undefined) continue;
    const alone = mapper.cost(step.gemm, gear);
    energyPj += alone.energyPj - step.cost.energyPj;
    cycles += alone.latencyCycles - step.cost.latencyCycles;
  }
  return {
    energy: 100 * (cost.energyPj / energyPj - 1),
    delay: 100 * (cost.latencyCycles / cycles - 1),
  };
}

function changeOf(mapper: Mapper, cost: LayerCost, gear: Gear, intermediate: Intermediate): Change | null {
  const { madeBy, usedBy } = intermediate;
  let energyPj = cost.energyPj;
  let cycles = cost.latencyCycles;
  for (let s = madeBy; s <= usedBy; s += 1) {
    const step = cost.steps[s];
    if (step?.place === undefined) continue;
    const place = without(mapper, step.place, intermediate, s, cost.steps[madeBy]?.place?.homes.O ?? 0);
    const other: GemmCost | null =
      place === null ? mapper.cost(step.gemm, gear) : mapper.costAt(step.gemm, gear, place);
    if (other === null) return null;
    energyPj += other.energyPj - step.cost.energyPj;
    cycles += other.latencyCycles - step.cost.latencyCycles;
  }
  return {
    energy: 100 * (cost.energyPj / energyPj - 1),
    delay: 100 * (cost.latencyCycles / cycles - 1),
  };
}

/** The place of step `s` when the intermediate goes through the outermost level; null = nothing is left of it. */
function without(
  mapper: Mapper,
  { homes, held }: Place,
  { madeBy, usedBy, slot, words }: Intermediate,
  s: number,
  home: number,
): Place | null {
  const at = { ...homes, ...(s === madeBy ? { O: 0 } : s === usedBy ? { [slot]: 0 } : {}) };
  const passes = s > madeBy && s < usedBy;
  const size = words * wordsTaken(mapper.machineOf({ batch: 1, m: 1, n: 1, k: 1 }).levels[home], 'O');
  const left = held.map((each, l) => (passes && l === home ? Math.max(0, each - size) : each));
  const nothing = operands.every((operand) => at[operand] === 0) && left.every((each) => each === 0);
  return nothing ? null : { homes: at, held: left };
}

export interface Ends {
  /** Levels that input and result stay in; null = the outermost. */
  readonly input: string | null;
  readonly output: string | null;
  /** Some memory on chip takes both inputs and results. */
  readonly possible: boolean;
}

/** Where the layer's own input and result live, as it was costed. */
export function endsOf(mapper: Mapper, cost: LayerCost): Ends {
  const { accelerator } = mapper;
  const chain: Chain = chainOf(cost.path);
  const name = (home: number | undefined): string | null =>
    home === undefined || home === 0 ? null : (accelerator.levels[home]?.name ?? null);
  const first = chain.steps.findIndex(({ slots }) => slots.I === 0);
  return {
    input: name(cost.steps[first]?.place?.homes.I),
    output: name(cost.steps.at(-1)?.place?.homes.O),
    possible: homeOfActivations(accelerator) > 0,
  };
}

const reasons: Readonly<Record<NonNullable<Fate['reason']>, string>> = {
  'no memory': 'no memory on chip takes results and hands them on',
  'no room': 'too many to stay',
  dearer: 'to keep them costs no less',
};

/** `From step 1 to 2: 24,576 words stay in GLB (energy −12%, delay 0%)`, under shared loops as tiles. */
export function sayFate(fate: Fate, outermost: string): string {
  const { madeBy, usedBy, words, level, change, reason, shared, tileWords } = fate;
  const what = `From step ${madeBy + 1} to ${usedBy + 1}: ${formatCount(words)} words`;
  if (reason !== null) return `${what} go through ${outermost}: ${reasons[reason]}`;
  if (change === null) return `${what} stay in ${level}`;
  const figures = `energy ${formatChange(change.energy)}, delay ${formatChange(change.delay)}`;
  if (shared.length === 0) return `${what} stay in ${level} (${figures})`;
  const loops = shared.map(([label, factor]) => `${label} ${factor}`).join(', ');
  return `${what} pass through ${level} in tiles of ${formatCount(tileWords)}, the steps sharing loops over ${loops} (${figures})`;
}

/** `Input from GLB, result to DRAM`. */
export function sayEnds({ input, output, possible }: Ends, outermost: string): string {
  if (input === null && output === null)
    return `Input and result go through ${outermost}${possible ? '' : ': no memory on chip takes both'}`;
  if (input !== null && input === output) return `Input and result stay in ${input}`;
  return `Input from ${input ?? outermost}, result to ${output ?? outermost}`;
}
