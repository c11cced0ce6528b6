/**
 * A chain of contractions on an accelerator, fused where that pays: HEAT's fused einsum mapping. An intermediate passes
 * through the outermost level, stays whole at an inner one, absent above, its whole size taken from that level while it
 * lives, or stays there as the tile of loops that its products share. Products run one after the other: energies and cycles
 * add up. Every choice is considered, each product by the exact mapper (over perfect factors of the padded extents), so the
 * result is the optimum of this class, or says how far from it it may be.
 */
import { check, invariant } from '../../base/checks.ts';
import type { Cycles, EnergyPj, Words } from '../../base/units.ts';
import type { ContractionPath } from '../../einsum/path.ts';
import type { Accelerator } from '../../hardware/accelerator.ts';
import { wordsTaken } from '../../hardware/bit-widths.ts';
import { slotsOf } from '../bit-widths.ts';
import type { BitWidths } from '../bit-widths.ts';
import { gemmContraction } from '../gemm.ts';
import type { Placement } from '../counts.ts';
import type { Accounting, Bound, Gemm, Mapping, MappingCost, Objective } from '../mapping.ts';
import { chainOf } from './chain.ts';
import type { Chain, ChainStep, Intermediate } from './chain.ts';
import { evaluateFixedStep, inAllIterations, oneIteration } from './fixed.ts';
import type { LevelTotal } from './fixed.ts';
import { residentWords } from './homes.ts';
import type { Homes } from './homes.ts';
import { bestPlan } from './lazy.ts';
import type { Best, Planned, PlannedPart } from './lazy.ts';
import { createParts, misfit } from './parts.ts';
import type { Effort } from './group-ways.ts';
import type { Heights } from './part-search.ts';
import type { Parts, Tile } from './parts.ts';
import { proposeResidency } from './residency.ts';
import type { Fusion, Residency } from './residency.ts';
import { iterations, over } from './shared-loops.ts';
import type { Group, SharedLoops } from './shared-loops.ts';
import { scores } from './trade.ts';
import type { Point } from './trade.ts';

export interface ChainOptions {
  readonly fusion?: Fusion;
  readonly objective?: Objective;
  readonly accounting?: Accounting;
  /** `any` (the default): awkward extents may be padded; `perfect`: the extents as they are. */
  readonly factors?: 'perfect' | 'any';
  /** The first operand counts as activations, the others as weights. */
  readonly bits?: BitWidths;
  readonly heights?: Heights;
}

export interface MappedStep {
  /** The product as an einsum: labels of the input slot, of the weight slot and of the result. */
  readonly equation: string;
  readonly gemm: Gemm;
  /** The extents that everything is counted at. */
  readonly padded: Gemm;
  readonly energyPj: EnergyPj;
  readonly latencyCycles: Cycles;
  /** Outermost keeper by operand, where it is not the machine's own. */
  readonly homes: Homes;
  /** Words of each level that tensors beside its own tiles take. */
  readonly held: readonly number[];
  /** How its iterations add up. */
  readonly tile: Tile;
  /** By storage level, outermost first, of all iterations; the MACs take the rest of the energy. */
  readonly levels: readonly LevelTotal[];
  /** Loops around this product and others of its group; everything below is of one of their iterations. */
  readonly shared: SharedLoops;
  /** Over the dims of `gemmContraction(padded)`. */
  readonly mapping: Mapping;
  /** Where tensors are held at their own heights; null = all of a level at one. */
  readonly placement: Placement | null;
  readonly cost: MappingCost;
}

export interface MappedIntermediate {
  readonly indices: string;
  readonly words: Words;
  /** Name of the outermost level that holds it. */
  readonly level: string;
  readonly onChip: boolean;
  /** Loops over which it stays as tiles; none when it is whole. */
  readonly shared: SharedLoops;
  /** How often it is computed: once, unless loops are shared over an index that its product does not have. */
  readonly times: number;
  /** Its trip out to where it would otherwise live and back, at these mappings; 0 when it makes that trip. */
  readonly savedPj: EnergyPj;
}

export interface MappedChain {
  readonly energyPj: EnergyPj;
  readonly latencyCycles: Cycles;
  readonly path: ContractionPath;
  readonly steps: readonly MappedStep[];
  readonly intermediates: readonly MappedIntermediate[];
  /** How far anything that was left out may be better. */
  readonly bound: Bound;
}

/** @throws InputError when a product fits nowhere */
export function mapChain(
  accelerator: Accelerator,
  path: ContractionPath,
  options: ChainOptions = {},
): MappedChain {
  const { fusion = 'auto', objective = 'edp' } = options;
  return mapChainWith(partsFor(accelerator, options), path, fusion, objective, thoroughly);
}

/** What is left out then is rarely better, and the gap is said. */
const briefly = 500;
export const thoroughly = 600;

export function partsFor(accelerator: Accelerator, options: ChainOptions): Parts {
  const { accounting = 'timeloop', factors = 'any', bits, heights } = options;
  return createParts(accelerator, { accounting, factors, bits, heights });
}

/** `mapChain` with parts that are remembered between calls. */
export function mapChainWith(
  parts: Parts,
  path: ContractionPath,
  fusion: Fusion,
  objective: Objective,
  effort = briefly,
): MappedChain {
  for (const [label, extent] of path.einsum.extents)
    check(extent >= 1, 'chain', `extent of ${label} must be at least 1`, extent);
  const chain = chainOf(path);
  const whole = bestPlan(proposeResidency(parts, chain, fusion === 'auto' ? 'whole' : fusion), objective);
  let { plan, least } = whole;
  if (fusion === 'auto' && chain.steps.length > 1) {
    // Ways to share loops that promise no more than whole intermediates reach are never looked at.
    const limit = plan === null ? Number.POSITIVE_INFINITY : scores[objective](plan);
    const shared = shareLoops(parts, chain, objective, limit, { left: effort });
    plan = shared.plan ?? plan;
    least = Math.min(least, shared.least);
  }
  if (plan === null) throw misfit(parts.accelerator, chain.steps[0]?.gemm);
  return described(parts, chain, plan, boundOf(scores[objective](plan), least));
}

export interface BetterChain {
  /** Null: none was found. */
  readonly chain: MappedChain | null;
  /** A score that no mapping of the path is below. */
  readonly least: number;
}

/** `mapChainWith` where only chains below a known score matter: most paths are settled by what they cost at least. */
export function mapChainBelow(
  parts: Parts,
  path: ContractionPath,
  fusion: Fusion,
  objective: Objective,
  limit: number,
  effort: Effort,
): BetterChain {
  const chain = chainOf(path);
  const { plan, least } =
    fusion === 'auto'
      ? shareLoops(parts, chain, objective, limit, effort)
      : bestPlan(proposeResidency(parts, chain, fusion), objective, limit);
  if (plan === null || !(scores[objective](plan) < limit * (1 - 1e-9))) return { chain: null, least };
  return { chain: described(parts, chain, plan, boundOf(scores[objective](plan), least)), least };
}

/** The best plan below the limit, loops shared or not; the bound is of everything up to the limit. */
function shareLoops(
  parts: Parts,
  chain: Chain,
  objective: Objective,
  limit: number,
  effort: Effort,
): Best<Residency> {
  const score = scores[objective];
  const worth = (figures: Point): boolean => score(figures) < limit * (1 - 1e-9);
  const { plan, least } = bestPlan(proposeResidency(parts, chain, 'auto', worth, effort), objective, limit);
  const better = plan !== null && worth(plan) ? plan : null;
  return { plan: better, least: Math.min(least, limit) };
}

export const boundOf = (score: number, least: number): Bound =>
  least >= score * (1 - 1e-8) ? { kind: 'optimal', gap: 0 } : { kind: 'gap', gap: score / least - 1 };

/** A planned chain counted by the rules and put into words. */
function described(parts: Parts, chain: Chain, planned: Planned<Residency>, bound: Bound): MappedChain {
  const { accelerator, accounting } = parts;
  const { homes, groups } = planned.decisions;
  const steps = planned.parts.map((part, s) => describeStep(parts, chain, part, s, groups));
  const intermediates = chain.intermediates.map((each, i) => {
    const group = groups.find(({ from, to }) => from <= each.madeBy && each.madeBy < to);
    return {
      ...describeIntermediate(accelerator, accounting, each, homes[i] ?? 0),
      shared: group?.loops ?? [],
      times: timesOf(chain.steps[each.madeBy], group?.loops ?? []),
    };
  });
  return {
    energyPj: steps.reduce((sum, { energyPj }) => sum + energyPj, 0),
    latencyCycles: steps.reduce((sum, { latencyCycles }) => sum + latencyCycles, 0),
    path: chain.path,
    steps,
    intermediates,
    bound,
  };
}

/** How often a product runs over all of its indices under these loops. */
function timesOf(step: ChainStep | undefined, loops: SharedLoops): number {
  const labels = step === undefined ? [] : [...step.inputs.flat(), ...step.step.output];
  return iterations(loops) / over(loops, labels);
}

/** A planned part counted by the rules. */
export function describeStep(
  parts: Parts,
  chain: Chain,
  planned: PlannedPart,
  s: number,
  groups: readonly Group[],
): MappedStep {
  const step = chain.steps[s];
  invariant(step !== undefined, 'a part per step');
  const { part, gemm: padded } = planned;
  const { accounting } = parts;
  const accelerator = parts.machineOf(slotsOf(step.gemm));
  const { mapping, placement } = planned.mapping();
  const resident = residentWords(accelerator, part.homes, padded);
  // What a tiled product holds is all in `held`.
  const held = part.tile === null ? resident.map((words, l) => words + (part.held[l] ?? 0)) : part.held;
  const fixed = { contraction: gemmContraction(padded), mapping, homes: part.homes, held, placement };
  const cost = evaluateFixedStep(accelerator, fixed, accounting);
  const all = inAllIterations(accelerator, fixed, cost, part.tile ?? oneIteration);
  const figures = part.tile === null ? cost : all;
  const [first = [], second = []] = step.inputs;
  return {
    equation: `${first.join('')},${second.join('')}->${step.step.output.join('')}`,
    gemm: step.gemm,
    padded,
    energyPj: figures.energyPj,
    latencyCycles: figures.latencyCycles,
    levels: all.levels,
    homes: part.homes,
    held,
    tile: part.tile ?? oneIteration,
    shared: groups.find(({ from, to }) => from <= s && s <= to)?.loops ?? [],
    mapping,
    placement,
    cost,
  };
}

function describeIntermediate(
  accelerator: Accelerator,
  accounting: Accounting,
  { labels, words, slot }: Intermediate,
  home: number,
): Omit<MappedIntermediate, 'shared' | 'times'> {
  const { levels } = accelerator;
  let perWord = 0;
  // Producer: written at every keeper outside the home, and drained from the one inside it; consumer: read there again and
  // filled into the one inside.
  levels.forEach((level, l) => {
    const [made, taken] = [wordsTaken(level, 'O'), wordsTaken(level, 'I')];
    if (l < home && level.keeps.includes('O')) perWord += level.writeEnergyPj * made;
    if (l < home && level.keeps.includes(slot)) perWord += level.readEnergyPj * taken;
    if (l > 0 && l <= home && level.keeps.includes('O') && accounting === 'accelforge')
      perWord += level.readEnergyPj * made;
    if (l > 0 && l <= home && level.keeps.includes(slot)) perWord += level.writeEnergyPj * taken;
  });
  const outermost = levels.findIndex(({ keeps }) => keeps.includes('O'));
  return {
    indices: labels.join(''),
    words,
    level: levels[home > 0 ? home : outermost]?.name ?? '',
    onChip: home > 0,
    savedPj: home > 0 ? words * perWord : 0,
  };
}
