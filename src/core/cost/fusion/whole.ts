/**
 * The quick way to fuse a chain: every intermediate stays whole at an inner level or passes through the outermost one, all
 * choices are tried, and each product is mapped for the mapper's own objective by its own gear, so that what is known is
 * known to every other layer too. Least sum for energy and latency; for EDP near it, as each product minds its own
 * (`map-chain.ts` weighs them together and shares loops, in a hundred times as long).
 */
import type { Cycles, EnergyPj, Words } from '../../base/units.ts';
import { operands } from '../../hardware/accelerator.ts';
import type { Accelerator } from '../../hardware/accelerator.ts';
import { wordsHeld, wordsTaken } from '../../hardware/bit-widths.ts';
import type { GemmCost, Mapper } from '../mapper.ts';
import type { Gear, Objective } from '../mapping.ts';
import type { Place } from '../place.ts';
import type { Chain, ChainStep } from './chain.ts';
import { possibleHomes } from './homes.ts';
import { misfit } from './parts.ts';

/** Homes of the chain's first operand and of its result, 0 = the outermost level, and what others hold meanwhile. */
export interface LayerEnds {
  readonly input: number;
  readonly output: number;
  /** Words of each level. */
  readonly held: readonly Words[];
}

export const outside: LayerEnds = { input: 0, output: 0, held: [] };

export interface OnChip {
  /** Position of the product that makes it. */
  readonly madeBy: number;
  readonly words: Words;
  readonly level: string;
}

export interface FusedChain {
  /** One per step. */
  readonly costs: readonly GemmCost[];
  /** Undefined: everything in the outermost level. */
  readonly places: readonly (Place | undefined)[];
  readonly onChip: readonly OnChip[];
}

const mostChoices = 256;

/** Home of a tensor that is not made and used within the chain. */
export function endOf(chain: Chain, ends: LayerEnds, tensor: number): number {
  if (tensor === 0) return ends.input;
  return tensor === chain.steps.at(-1)?.slots.O ? ends.output : 0;
}

/**
 * The best way, or null when none is below a known score.
 * @throws InputError when a product fits nowhere
 */
export function fuseChain(
  mapper: Mapper,
  chain: Chain,
  gear: Gear,
  fusion: 'auto' | 'none',
  ends: LayerEnds,
  below = Number.POSITIVE_INFINITY,
): FusedChain | null {
  const { levels } = mapper.accelerator;
  const machine = mapper.machineOf({ batch: 1, m: 1, n: 1, k: 1 });
  const score = scores[mapper.objective];
  let best: FusedChain | null = null;
  let least = below;
  const ways = choices(machine, chain, fusion).map((homes) => {
    const places = chain.steps.map((_, s) => placeOf(machine, chain, ends, homes, s));
    return { homes, places, least: leastOf(mapper, chain, places) };
  });
  // Most promising first; what cannot win is not mapped.
  if (ways.length > 1) ways.sort((a, b) => score(a.least) - score(b.least));
  for (const { homes, places, least: floor } of ways) {
    if (score(floor) >= least) break;
    const costs = costsOf(mapper, chain, gear, places);
    if (costs === null) continue;
    const energyPj = costs.reduce((sum, cost) => sum + cost.energyPj, 0);
    const cycles = costs.reduce((sum, cost) => sum + cost.latencyCycles, 0);
    const found = score({ energyPj, cycles });
    if (found >= least) continue;
    least = found;
    const onChip = chain.intermediates.flatMap(({ madeBy, words }, i) => {
      const home = homes[i] ?? 0;
      return home > 0 ? [{ madeBy, words, level: levels[home]?.name ?? '' }] : [];
    });
    best = { costs, places, onChip };
  }
  if (best !== null || below < Number.POSITIVE_INFINITY) return best;
  // Beside what others hold nothing fits: everything goes through the outermost level, or the mapper says why not.
  const { input, output, held } = ends;
  if (input > 0 || output > 0 || held.some((words) => words > 0))
    return fuseChain(mapper, chain, gear, fusion, outside);
  throw misfit(mapper.accelerator, chain.steps[0]?.gemm);
}

interface Figures {
  readonly energyPj: EnergyPj;
  readonly cycles: Cycles;
}

const scores: Readonly<Record<Objective, (figures: Figures) => number>> = {
  edp: ({ energyPj, cycles }) => energyPj * cycles,
  energy: ({ energyPj }) => energyPj,
  latency: ({ cycles }) => cycles,
};

/** Figures that no mapping of the steps at these places is below: each MAC once, each word once at its home and inside it. */
function leastOf(mapper: Mapper, chain: Chain, places: readonly (Place | undefined)[]): Figures {
  let energyPj = 0;
  let cycles = 0;
  for (const [s, { gemm }] of chain.steps.entries()) {
    const { levels, mac } = mapper.machineOf(gemm);
    const { batch, m, n, k } = gemm;
    const macs = batch * m * n * k;
    const words = { I: batch * m * k, W: batch * k * n, O: batch * m * n };
    let energy = macs * mac.energyPj;
    let longest = macs / (mac.meshX * mac.meshY);
    for (const [l, level] of levels.entries()) {
      let [read, written] = [0, 0];
      for (const operand of operands) {
        if (!level.keeps.includes(operand) || l < (places[s]?.homes[operand] ?? 0)) continue;
        const amount = words[operand] * wordsTaken(level, operand);
        // An input is read here at least once, a result updated; inner levels take their words in before.
        if (operand === 'O') written += amount;
        else {
          read += amount;
          if (
            levels.some(
              ({ keeps }, outer) =>
                outer < l && outer >= (places[s]?.homes[operand] ?? 0) && keeps.includes(operand),
            )
          )
            written += amount;
        }
      }
      energy += read * level.readEnergyPj + written * level.writeEnergyPj;
      const instances = level.meshX * level.meshY;
      if (level.readWordsPerCycle !== null)
        longest = Math.max(longest, read / (instances * level.readWordsPerCycle));
      if (level.writeWordsPerCycle !== null)
        longest = Math.max(longest, written / (instances * level.writeWordsPerCycle));
    }
    energyPj += energy;
    cycles += longest;
  }
  // Rounding noise must not make a bound of what it bounds.
  return { energyPj: energyPj * (1 - 1e-9), cycles: cycles * (1 - 1e-9) };
}

/** Homes of the intermediates, all of them outside first. */
function choices(
  machine: Accelerator,
  chain: Chain,
  fusion: 'auto' | 'none',
): readonly (readonly number[])[] {
  let found: readonly (readonly number[])[] = [[]];
  for (const { slot, words } of chain.intermediates) {
    const inner = fusion === 'none' ? [] : possibleHomes(machine, slot, words);
    const homes = found.length * (inner.length + 1) > mostChoices ? [0] : [0, ...inner];
    found = homes.flatMap((home) => found.map((before) => [...before, home]));
  }
  return found;
}

function placeOf(
  { levels }: Accelerator,
  chain: Chain,
  ends: LayerEnds,
  homes: readonly number[],
  s: number,
): Place | undefined {
  const { slots } = chain.steps[s] as ChainStep;
  const homeOf = (tensor: number): number => {
    const index = chain.intermediates.findIndex((each) => each.tensor === tensor);
    return index < 0 ? endOf(chain, ends, tensor) : (homes[index] ?? 0);
  };
  const held = levels.map((_, l) => ends.held[l] ?? 0);
  const hold = (home: number, words: number): void => {
    if (home > 0) held[home] = (held[home] ?? 0) + words * wordsHeld(levels[home], 'O');
  };
  chain.intermediates.forEach(({ madeBy, usedBy, words }, i) => {
    if (madeBy < s && usedBy > s) hold(homes[i] ?? 0, words);
  });
  // The chain's input waits for the product that takes it.
  const taken = chain.steps.findIndex((step) => step.slots.I === 0);
  const first = chain.steps[taken]?.gemm;
  if (first !== undefined && s < taken) hold(ends.input, first.batch * first.m * first.k);
  const at = { I: homeOf(slots.I), W: homeOf(slots.W), O: homeOf(slots.O) };
  const plain = operands.every((operand) => at[operand] === 0) && held.every((words) => words === 0);
  return plain ? undefined : { homes: at, held };
}

function costsOf(
  mapper: Mapper,
  chain: Chain,
  gear: Gear,
  places: readonly (Place | undefined)[],
): readonly GemmCost[] | null {
  const costs: GemmCost[] = [];
  for (const [s, { gemm }] of chain.steps.entries()) {
    const place = places[s];
    const cost = place === undefined ? mapper.cost(gemm, gear) : mapper.costAt(gemm, gear, place);
    if (cost === null) return null;
    costs.push(cost);
  }
  return costs;
}
