/**
 * A step of a layer as it runs: the machine at the widths of its operands, the slots that they were mapped in, the levels
 * that they live in. What a level holds and what a nest costs is read here and nowhere else, as the mapper counts it.
 */
import type { EnergyPj, Words } from '../../core/base/units.ts';
import { evaluateMapping } from '../../core/cost/counts.ts';
import { evaluateFixedStep, inAllIterations } from '../../core/cost/fusion/fixed.ts';
import { machineAt, residentWords } from '../../core/cost/fusion/homes.ts';
import { gemmContraction } from '../../core/cost/gemm.ts';
import type { LayerStep, LoopedStep } from '../../core/cost/layer.ts';
import type { MappedGemm, Mapper } from '../../core/cost/mapper.ts';
import type {
  AccessCounts,
  Accounting,
  Contraction,
  Gear,
  Gemm,
  LevelCost,
  Mapping,
  MappingCost,
} from '../../core/cost/mapping.ts';
import { turned, type Place } from '../../core/cost/place.ts';
import { evaluateRagged } from '../../core/cost/ragged.ts';
import { operands, type Accelerator, type Operand } from '../../core/hardware/accelerator.ts';
import { wordsTaken } from '../../core/hardware/bit-widths.ts';

export interface Stage {
  readonly machine: Accelerator;
  /** As it is mapped. */
  readonly gemm: Gemm;
  readonly swapped: boolean;
  /** Of the slots as mapped; null = every operand comes from the outermost level and nothing is beside it. */
  readonly place: Place | null;
  /** Loops cover more than the extents, last tiles are partial, and only real words count. */
  readonly ragged?: true;
  /** The step was weighed together with others: it may be one iteration of loops that they share; all that `place` holds is in `held`. */
  readonly looped?: LoopedStep;
}

/** Words that pass a level beside the iterations of its products: what stays over them and what is come back to. */
export interface Passing {
  readonly reads: Words;
  readonly writes: Words;
  readonly energyPj: EnergyPj;
}

/** Of all iterations; what passes beside them stands apart, by level. */
export interface StepCost extends MappingCost {
  readonly passing?: readonly Passing[];
}

export interface StagedStep extends Stage {
  readonly mapped: MappedGemm & { readonly cost: StepCost };
}

/**
 * @param accounting of the mapper
 * @throws InputError as the mapper does
 */
export function stageStep(mapper: Mapper, step: LayerStep, gear: Gear, accounting: Accounting): StagedStep {
  if (step.tiled !== undefined) return stageLooped(mapper, step, step.tiled, accounting);
  const mapped = mapper.mapping(step.gemm, gear, step.place);
  const swapped = mapped.swapped === true;
  const place = step.place === undefined ? null : swapped ? turned(step.place) : step.place;
  return {
    mapped,
    machine: mapper.machineOf(mapped.gemm),
    gemm: mapped.gemm,
    swapped,
    place,
    ...(mapped.ragged && { ragged: true }),
  };
}

function stageLooped(
  mapper: Mapper,
  { cost }: LayerStep,
  looped: LoopedStep,
  accounting: Accounting,
): StagedStep {
  const { gemm, mapping, homes, held } = looped;
  const machine = mapper.machineOf(gemm);
  const stage: Stage = { machine, gemm, swapped: false, place: { homes, held }, looped };
  const counted = countOn(stage, gemmContraction(cost.padded), mapping, accounting);
  return { ...stage, mapped: { ...cost, gemm, mapping, cost: counted } };
}

/** Words of each level that are taken whatever the loops: whole operands and what is beside the step. */
function wholeWords({ machine, gemm, place, looped }: Stage): readonly Words[] {
  if (place === null) return [];
  if (looped !== undefined) return place.held;
  return residentWords(machine, place.homes, gemm).map((words, l) => words + (place.held[l] ?? 0));
}

/**
 * What a nest costs on this stage.
 * @param contraction at the extents that the loops cover
 * @throws InputError naming the level of a loop or tile that cannot be
 */
export function countOn(
  stage: Stage,
  contraction: Contraction,
  mapping: Mapping,
  accounting: Accounting,
): StepCost {
  const { machine, place, gemm, ragged, looped } = stage;
  if (looped !== undefined) return countLooped(stage, looped, contraction, mapping, accounting);
  const whole =
    place === null
      ? evaluateMapping(machine, contraction, mapping, accounting)
      : evaluateFixedStep(
          machine,
          { contraction, mapping, homes: place.homes, held: wholeWords(stage) },
          accounting,
        );
  if (ragged === undefined) return whole;
  // The padded nest is legal, so its real words can be counted.
  const at = place === null ? machine : machineAt(machine, place.homes);
  return evaluateRagged(at, gemmContraction(gemm), mapping, accounting);
}

/** What is left of a difference of large sums, free of rounding. */
const settled = (value: number): number => (value < 1e-6 ? 0 : value);

const isSameNest = (a: Mapping, b: Mapping): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);

/** All iterations, with the words that pass beside them. */
function countLooped(
  { machine, place }: Stage,
  looped: LoopedStep,
  contraction: Contraction,
  mapping: Mapping,
  accounting: Accounting,
): StepCost {
  const { homes, held } = place ?? { homes: { I: 0, W: 0, O: 0 }, held: [] };
  const { tile } = looped;
  // Heights of its own are those of one nest: another one holds all tensors of a level at one height.
  const placement = isSameNest(mapping, looped.mapping) ? looped.placement : null;
  const fixed = { contraction, mapping, homes, held, placement };
  const once = evaluateFixedStep(machine, fixed, accounting);
  const all = inAllIterations(machine, fixed, once, tile);
  const { times } = tile;
  const passing: Passing[] = [];
  const levels = once.levels.map((level, l): LevelCost => {
    const total = all.levels[l];
    const at = machine.levels[l];
    let [reads, writes, energyPj] = [total?.reads ?? 0, total?.writes ?? 0, total?.energyPj ?? 0];
    const operandCounts: Partial<Record<Operand, AccessCounts>> = {};
    for (const operand of operands) {
      const each = level.operands[operand];
      if (each === undefined) continue;
      const own = {
        ...each,
        reads: times * each.reads,
        fills: times * each.fills,
        updates: times * each.updates,
        energyPj: times * each.energyPj,
      };
      operandCounts[operand] = own;
      reads -= own.reads * wordsTaken(at, operand);
      writes -= (own.fills + own.updates) * wordsTaken(at, operand);
      energyPj -= own.energyPj;
    }
    passing.push({ reads: settled(reads), writes: settled(writes), energyPj: settled(energyPj) });
    return {
      name: level.name,
      cycles: Math.max(total?.cycles ?? 0, times * once.computeCycles),
      energyPj: total?.energyPj ?? 0,
      operands: operandCounts,
    };
  });
  return {
    energyPj: all.energyPj,
    latencyCycles: all.latencyCycles,
    edpPjCycles: all.energyPj * all.latencyCycles,
    macs: times * once.macs,
    macEnergyPj: times * once.macEnergyPj,
    computeCycles: times * once.computeCycles,
    utilization: once.utilization,
    levels,
    passing,
  };
}

/** Energy of a step that no word causes; it counts at the levels. */
export const leakageOf = ({ levels, passing }: StepCost): EnergyPj =>
  passing !== undefined
    ? 0
    : levels.reduce(
        (sum, level) =>
          sum + Object.values(level.operands).reduce((left, { energyPj }) => left - energyPj, level.energyPj),
        0,
      );

export interface Holding {
  /** Null: tensors of other steps and layers. */
  readonly operand: Operand | null;
  /** Words of the level, at the width of the operand. */
  readonly words: Words;
  /** The whole tensor stays here, not a tile. */
  readonly whole: boolean;
}

/** What one instance of a level holds at a time. */
export function holdings(stage: Stage, cost: MappingCost, level: number): readonly Holding[] {
  const { machine, gemm, place, looped } = stage;
  const at = machine.levels[level];
  const found = operands.flatMap((operand): Holding[] => {
    const counts = cost.levels[level]?.operands[operand];
    if (counts === undefined) return [];
    if (place !== null && level > 0 && place.homes[operand] === level) {
      const alone = { I: 0, W: 0, O: 0, [operand]: level };
      return [{ operand, words: residentWords(machine, alone, gemm)[level] ?? 0, whole: true }];
    }
    return [{ operand, words: counts.tileWords * wordsTaken(at, operand), whole: false }];
  });
  const home = found.reduce((sum, { whole, words }) => (whole ? sum + words : sum), 0);
  const beside = Math.max(0, (place?.held[level] ?? 0) - (looped === undefined ? 0 : home));
  return beside > 0 ? [...found, { operand: null, words: beside, whole: true }] : found;
}

export interface Held {
  readonly words: Words;
  /** Share of the capacity, 0 to 1; null = unlimited. */
  readonly full: number | null;
}

export function heldAt(stage: Stage, cost: MappingCost, level: number): Held {
  const words = holdings(stage, cost, level).reduce((sum, holding) => sum + holding.words, 0);
  const depth = stage.machine.levels[level]?.depthWords ?? null;
  return { words, full: depth === null ? null : words / depth };
}

const roles = { a: 'inputs', w: 'weights', c: 'cache' } as const;

/** What stands in each slot as it is mapped. */
export function operandNames({ gemm }: Stage): Readonly<Record<Operand, string>> {
  const [first, second] = [...(gemm.slots ?? 'aw')] as ['a' | 'w' | 'c', 'a' | 'w' | 'c'];
  const [i, w] = [roles[first], roles[second]];
  return i === w ? { I: `first ${i}`, W: `second ${w}`, O: 'outputs' } : { I: i, W: w, O: 'outputs' };
}
