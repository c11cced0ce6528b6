/**
 * A step of a layer as it runs: the machine at the widths of its operands, the slots that they were mapped in, the levels
 * that they live in. What a level holds and what a nest costs is read here and nowhere else, as the mapper counts it.
 */
import type { EnergyPj, Words } from '../../core/base/units.ts';
import { evaluateMapping } from '../../core/cost/counts.ts';
import { evaluateFixedStep } from '../../core/cost/fusion/fixed.ts';
import { machineAt, residentWords } from '../../core/cost/fusion/homes.ts';
import { gemmContraction } from '../../core/cost/gemm.ts';
import type { LayerStep } from '../../core/cost/layer.ts';
import type { MappedGemm, Mapper } from '../../core/cost/mapper.ts';
import type { Accounting, Contraction, Gear, Gemm, Mapping, MappingCost } from '../../core/cost/mapping.ts';
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
}

export interface StagedStep extends Stage {
  readonly mapped: MappedGemm;
}

/**
 * @returns null for a step that shares loops with others: it has no nest of its own
 * @throws InputError as the mapper does
 */
export function stageStep(mapper: Mapper, step: LayerStep, gear: Gear): StagedStep | null {
  if (step.tiled !== undefined) return null;
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

/** Words of each level that are taken whatever the loops: whole operands and what is beside the step. */
function wholeWords({ machine, gemm, place }: Stage): readonly Words[] {
  if (place === null) return [];
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
): MappingCost {
  const { machine, place, gemm, ragged } = stage;
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

/** Energy of a step that no word causes; it counts at the levels. */
export const leakageOf = ({ levels }: MappingCost): EnergyPj =>
  levels.reduce(
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
  const { machine, gemm, place } = stage;
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
  const beside = place?.held[level] ?? 0;
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
