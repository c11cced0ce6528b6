/**
 * The mapper: for one accelerator, the cheapest mapping of any GEMM, remembered.
 */
import type { Accelerator } from '../hardware/accelerator.ts';
import type { Cycles, EnergyPj } from '../base/units.ts';
import { check } from '../base/checks.ts';
import { mappingOf } from './chain.ts';
import { evaluateMapping } from './counts.ts';
import { createSolver } from './solver.ts';
import { checkGemm, gemmContraction } from './gemm.ts';
import type { Accounting, Bound, Gear, Gemm, Mapping, MappingCost, Objective } from './mapping.ts';
import { goals } from './objective.ts';
import { compileMachine } from './tables.ts';

export interface MapperOptions {
  readonly accounting?: Accounting;
  readonly objective?: Objective;
  /** `any` (the default): awkward extents may be padded; `perfect`: the extents as they are. */
  readonly factors?: 'perfect' | 'any';
}

export interface GemmCost {
  readonly energyPj: EnergyPj;
  readonly latencyCycles: Cycles;
  /** Levels outermost first, then the MACs; sums to `energyPj`. */
  readonly energyByLevelPj: readonly EnergyPj[];
  /** The extents at which everything was counted. */
  readonly padded: Gemm;
  readonly bound: Bound;
}

export interface MappedGemm extends GemmCost {
  readonly mapping: Mapping;
  readonly cost: MappingCost;
}

/** One remembered result; plain data, so that it can be posted between a worker and the page. */
export interface MapperEntry {
  readonly gemm: Gemm;
  readonly gear: Gear;
  readonly cost: GemmCost;
  readonly mapping: Mapping;
}

export interface Mapper {
  readonly accelerator: Accelerator;
  readonly objective: Objective;
  /** @throws InputError for unsound extents, or when the accelerator cannot hold even tiles of one word */
  readonly cost: (gemm: Gemm, gear: Gear) => GemmCost;
  readonly mapping: (gemm: Gemm, gear: Gear) => MappedGemm;
  /** Whether `cost` would answer from memory. */
  readonly known: (gemm: Gemm, gear: Gear) => boolean;
  readonly entries: () => readonly MapperEntry[];
  readonly remember: (entries: readonly MapperEntry[]) => void;
}

export function createMapper(accelerator: Accelerator, options: MapperOptions = {}): Mapper {
  const accounting = options.accounting ?? 'timeloop';
  const objective = options.objective ?? 'edp';
  const machine = compileMachine(accelerator, accounting);
  const solver = createSolver(machine, goals[objective]);
  const memo = new Map<string, MapperEntry>();
  const keyOf = (g: Gemm, gear: Gear): string => `${gear} ${g.batch} ${g.m} ${g.n} ${g.k}`;
  const solve = (gemm: Gemm, gear: Gear): MapperEntry => {
    const { batch, m, n, k } = checkGemm(gemm);
    const solution = solver.solve([[m, n, k, batch]]);
    check(solution !== null, `accelerator ${accelerator.name}`, 'must be able to hold the tensors');
    const mapping = mappingOf(machine, solution.choice);
    const cost = evaluateMapping(accelerator, gemmContraction(gemm), mapping, accounting);
    return {
      gemm,
      gear,
      mapping,
      cost: {
        energyPj: cost.energyPj,
        latencyCycles: cost.latencyCycles,
        energyByLevelPj: [...cost.levels.map((level) => level.energyPj), cost.macEnergyPj],
        padded: gemm,
        bound: { kind: 'optimal', gap: 0 },
      },
    };
  };
  const entry = (gemm: Gemm, gear: Gear): MapperEntry => {
    const key = keyOf(gemm, gear);
    let found = memo.get(key);
    if (found === undefined) {
      found = solve(gemm, gear);
      memo.set(key, found);
    }
    return found;
  };
  return {
    accelerator,
    objective,
    cost: (gemm, gear) => entry(gemm, gear).cost,
    mapping: (gemm, gear) => {
      const { cost, mapping } = entry(gemm, gear);
      return {
        ...cost,
        mapping,
        cost: evaluateMapping(accelerator, gemmContraction(cost.padded), mapping, accounting),
      };
    },
    known: (gemm, gear) => memo.has(keyOf(gemm, gear)),
    entries: () => [...memo.values()],
    remember: (entries) => {
      for (const e of entries) memo.set(keyOf(e.gemm, e.gear), e);
    },
  };
}
