/**
 * Our counts and optima against tables made with other tools, case by case, as a summary of our own: what the page shows
 * of its validation. The tables are Timeloop's analysis of fixed mappings (Parashar et al., ISPASS 2019), AccelForge's of
 * unfused low-rank pairs, and optima proven by an exhaustive search. The tests beside `counts` and `mapper` hold the
 * same facts; this makes them readable.
 */
import type { Operand } from '../hardware/accelerator.ts';
import { presetByName } from '../hardware/presets.ts';
import { evaluateMapping } from './counts.ts';
import { createMapper } from './mapper.ts';
import type { Accounting, Contraction, Loop, Mapping, MappingCost, Objective } from './mapping.ts';
import { costModel } from './version.ts';

/** One mapping, counted by us and by another tool. */
export interface CountedCase {
  readonly id: string;
  readonly tool: 'Timeloop' | 'AccelForge';
  readonly machine: string;
  readonly einsum: string;
  readonly extents: string;
  /** Whole numbers compared: instances, words held, reads, fills, updates, MACs (AccelForge: reads and writes). */
  readonly counts: number;
  readonly equal: number;
  /** Largest difference in cycles, over the levels and the total. */
  readonly cycles: number;
  /** Largest relative deviation of an energy, over the operands of all levels and the total; the tools print few digits. */
  readonly energy: number;
}

/** One GEMM, mapped by us and proven by an exhaustive search. */
export interface OptimumCase {
  readonly machine: string;
  readonly extents: string;
  readonly objective: Objective;
  /** Our optimum over the proven one. */
  readonly ratio: number;
  /** EDP of Timeloop's own mapper with its default settings over ours; `none` where it found none, null where it was not run. */
  readonly timeloopMapper: number | 'none' | null;
}

export interface Validation {
  readonly costModel: number;
  readonly counted: readonly CountedCase[];
  readonly optima: readonly OptimumCase[];
}

type Extents = Readonly<Record<string, number>>;

/** `timeloop_mappings.json` */
interface TimeloopTable {
  readonly cases: readonly {
    readonly id: string;
    readonly machine: string;
    readonly einsum: Readonly<Record<Operand, string>>;
    readonly extents: Extents;
    readonly mapping: Mapping;
    readonly expected: {
      readonly macs: number;
      readonly cycles: number;
      readonly energy_pJ: number;
      readonly levels: Readonly<Record<string, Readonly<Record<string, TimeloopWords | number>>>>;
    };
  }[];
}

interface TimeloopWords {
  readonly instances: number;
  readonly tile_words: number;
  readonly reads: number;
  readonly fills: number;
  readonly updates: number;
  readonly energy_pJ: number;
}

/** `fused_chain.json` */
interface AccelForgeTable {
  readonly fixed: readonly {
    readonly kind: 'fused' | 'unfused';
    readonly M: number;
    readonly K: number;
    readonly N: number;
    readonly R: number;
    /** Rows per tile. */
    readonly MT: number;
    readonly energy_pJ: number;
    readonly latency_ns: number;
    /** `Einsum|level|tensor|read or write` -> words, all instances. */
    readonly actions: Readonly<Record<string, number>>;
  }[];
}

/** `optimal_mappings.json` */
interface OptimaTable {
  readonly cases: readonly {
    readonly machine: string;
    readonly extents: Extents;
    readonly objective: Objective;
    readonly optimum: { readonly edp_pJ_cycles: number; readonly energy_pJ: number; readonly cycles: number };
  }[];
}

/** `best_mappings.json` */
interface BestTable {
  readonly cases: readonly {
    readonly machine: string;
    readonly extents: Extents;
    readonly best_known: { readonly edp_pJ_cycles: number };
    /** Null: it found none. */
    readonly timeloop_mapper_default: { readonly edp_pJ_cycles: number | null };
  }[];
}

export interface ReferenceTables {
  readonly timeloop: TimeloopTable;
  readonly accelforge: AccelForgeTable;
  readonly optima: OptimaTable;
  readonly best: BestTable;
}

export function validate({ timeloop, accelforge, optima, best }: ReferenceTables): Validation {
  return {
    costModel,
    counted: [...countedByTimeloop(timeloop), ...countedByAccelForge(accelforge)],
    optima: [...bestMappings(best), ...provenOptima(optima)],
  };
}

/** Running comparison of one case. */
interface Tally {
  counts: number;
  equal: number;
  cycles: number;
  energy: number;
}

const newTally = (): Tally => ({ counts: 0, equal: 0, cycles: 0, energy: 0 });

function compareCount(tally: Tally, ours: number | undefined, theirs: number): void {
  tally.counts += 1;
  if (ours === theirs) tally.equal += 1;
}

function compareEnergy(tally: Tally, ours: number | undefined, theirs: number): void {
  const deviation = theirs === 0 ? Math.abs(ours ?? 0) : Math.abs((ours ?? 0) / theirs - 1);
  tally.energy = Math.max(tally.energy, deviation);
}

function compareCycles(tally: Tally, ours: number, theirs: number): void {
  tally.cycles = Math.max(tally.cycles, Math.abs(ours - theirs));
}

/** Three digits are enough to read; the last bits of a sum are no difference. */
const rounded = (value: number): number => (value < 1e-12 ? 0 : Number(value.toPrecision(3)));

const extentsText = (extents: Extents): string =>
  Object.entries(extents)
    .map(([dim, extent]) => `${dim} ${extent}`)
    .join(', ');

const timeloopNames: readonly (readonly [string, Operand])[] = [
  ['Inputs', 'I'],
  ['Weights', 'W'],
  ['Outputs', 'O'],
];

function countedByTimeloop({ cases }: TimeloopTable): readonly CountedCase[] {
  return cases.map(({ id, machine, einsum, extents, mapping, expected }) => {
    const contraction: Contraction = {
      dims: { I: [...einsum.I], W: [...einsum.W], O: [...einsum.O] },
      extents,
    };
    const cost = evaluateMapping(presetByName(machine), contraction, mapping);
    const tally = newTally();
    compareCount(tally, cost.macs, expected.macs);
    compareCycles(tally, cost.latencyCycles, expected.cycles);
    compareEnergy(tally, cost.energyPj, expected.energy_pJ);
    for (const level of cost.levels) {
      const theirs = expected.levels[level.name] ?? {};
      compareCycles(tally, level.cycles, Number(theirs['cycles']));
      for (const [name, operand] of timeloopNames) {
        const words = theirs[name];
        if (typeof words !== 'object') continue;
        const ours = level.operands[operand];
        compareCount(tally, ours?.instances, words.instances);
        compareCount(tally, ours?.tileWords, words.tile_words);
        compareCount(tally, ours?.reads, words.reads);
        compareCount(tally, ours?.fills, words.fills);
        compareCount(tally, ours?.updates, words.updates);
        compareEnergy(tally, ours?.energyPj, words.energy_pJ);
      }
    }
    return {
      id,
      tool: 'Timeloop',
      machine,
      einsum: `${einsum.I},${einsum.W}->${einsum.O}`,
      extents: extentsText(extents),
      ...tally,
      cycles: rounded(tally.cycles),
      energy: rounded(tally.energy),
    };
  });
}

const accounting: Accounting = 'accelforge';

/** Both GEMMs of each unfused low-rank pair, in the nest that the table describes. */
function countedByAccelForge({ fixed }: AccelForgeTable): readonly CountedCase[] {
  const ws16 = presetByName('ws16');
  return fixed
    .filter(({ kind }) => kind === 'unfused')
    .map((given) => {
      const tally = newTally();
      const costs = pairOf(given).map(({ name, tensors, contraction, mapping }) => {
        const cost = evaluateMapping(ws16, contraction, mapping, accounting);
        compareActions(tally, cost, name, tensors, given.actions);
        return cost;
      });
      const sum = (of: (cost: MappingCost) => number): number =>
        costs.reduce((all, cost) => all + of(cost), 0);
      compareCycles(
        tally,
        sum((cost) => cost.latencyCycles),
        given.latency_ns,
      );
      compareEnergy(
        tally,
        sum((cost) => cost.energyPj),
        given.energy_pJ,
      );
      return {
        id: `unfused-r${given.R}-mt${given.MT}`,
        tool: 'AccelForge',
        machine: 'ws16',
        einsum: 'mk,kr->mr; mr,rn->mn',
        extents: extentsText({ m: given.M, k: given.K, r: given.R, n: given.N }),
        ...tally,
        cycles: rounded(tally.cycles),
        energy: rounded(tally.energy),
      };
    });
}

interface PairPart {
  readonly name: string;
  readonly tensors: Readonly<Record<Operand, string>>;
  readonly contraction: Contraction;
  readonly mapping: Mapping;
}

function pairOf({ M, K, N, R, MT }: AccelForgeTable['fixed'][number]): readonly PairPart[] {
  const part = (
    name: string,
    tensors: PairPart['tensors'],
    k: number,
    n: number,
    wide: Loop,
    narrow: Loop,
  ): PairPart => ({
    name,
    tensors,
    contraction: { dims: { I: ['m', 'k'], W: ['k', 'n'], O: ['m', 'n'] }, extents: { m: M, k, n } },
    mapping: [
      { level: 'DRAM', temporal: [['m', M / MT]], spatial: [] },
      {
        level: 'GLB',
        temporal: [['m', MT / 16], wide, narrow, ['m', 16]],
        spatial: [
          ['n', 16],
          ['k', 16],
        ],
      },
      { level: 'RF', temporal: [], spatial: [] },
    ],
  });
  return [
    part('First', { I: 'X', W: 'A', O: 'T' }, K, R, ['k', K / 16], ['n', R / 16]),
    part('Second', { I: 'T', W: 'B', O: 'Y' }, R, N, ['n', N / 16], ['k', R / 16]),
  ];
}

function compareActions(
  tally: Tally,
  cost: MappingCost,
  name: string,
  tensors: PairPart['tensors'],
  actions: Readonly<Record<string, number>>,
): void {
  for (const level of cost.levels) {
    for (const [operand, words] of Object.entries(level.operands)) {
      const key = `${name}|${level.name}|${tensors[operand as Operand]}`;
      const { instances, reads, fills, updates } = words;
      compareCount(tally, instances * reads, actions[`${key}|read`] ?? Number.NaN);
      compareCount(tally, instances * (fills + updates), actions[`${key}|write`] ?? Number.NaN);
    }
  }
}

const gemmOf = ({ M = 1, N = 1, K = 1 }: Extents) => ({ batch: 1, m: M, n: N, k: K });

function provenOptima({ cases }: OptimaTable): readonly OptimumCase[] {
  return cases.map(({ machine, extents, objective, optimum }) => {
    const mapper = createMapper(presetByName(machine), { objective, factors: 'perfect' });
    const { energyPj, latencyCycles } = mapper.cost(gemmOf(extents), 'exact');
    const ratio = {
      edp: (energyPj * latencyCycles) / optimum.edp_pJ_cycles,
      energy: energyPj / optimum.energy_pJ,
      latency: latencyCycles / optimum.cycles,
    }[objective];
    return {
      machine,
      extents: extentsText(extents),
      objective,
      ratio: Number(ratio.toFixed(9)),
      timeloopMapper: null,
    };
  });
}

function bestMappings({ cases }: BestTable): readonly OptimumCase[] {
  return cases.map(({ machine, extents, best_known, timeloop_mapper_default }) => {
    const mapper = createMapper(presetByName(machine), { factors: 'perfect' });
    const { energyPj, latencyCycles } = mapper.cost(gemmOf(extents), 'exact');
    const edp = energyPj * latencyCycles;
    const theirs = timeloop_mapper_default.edp_pJ_cycles;
    return {
      machine,
      extents: extentsText(extents),
      objective: 'edp',
      ratio: Number((edp / best_known.edp_pJ_cycles).toFixed(9)),
      timeloopMapper: theirs === null ? 'none' : rounded(theirs / edp),
    };
  });
}
