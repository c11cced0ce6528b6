/** `cost`: energy and latency of one contraction, of its best mapping or of a given one. */
import { InputError, check } from '../../core/base/checks.ts';
import { evaluateMapping } from '../../core/cost/counts.ts';
import { createMapper, type Mapper } from '../../core/cost/mapper.ts';
import type {
  Accounting,
  Bound,
  Contraction,
  Gemm,
  LevelCost,
  Mapping,
  MappingCost,
  Objective,
} from '../../core/cost/mapping.ts';
import { readMapping } from '../../core/cost/mapping-json.ts';
import { paddedExtents } from '../../core/cost/padding.ts';
import { compileMachine } from '../../core/cost/tables.ts';
import type { Accelerator } from '../../core/hardware/accelerator.ts';
import {
  contractionOfEinsum,
  contractionOfGemm,
  gemmOf,
  overDims,
  paddedLike,
  rolesOf,
  swapped,
} from '../contraction.ts';
import { defineCommand } from '../command.ts';
import { choice, common, flag, jsonFile, otherwise, shapes, text, wholes } from '../options.ts';
import { facts, table } from '../table.ts';

interface Result {
  readonly energyPj: number;
  readonly latencyCycles: number;
  readonly edpPjCycles: number;
  /** The unit of every energy. */
  readonly energyUnit: string;
  readonly bound: Bound;
  readonly macs: number;
  readonly utilization: number;
  /** Weights are in the input slot: under I. */
  readonly swapped: boolean;
  /** What every dim was counted at; above its extent where padding it is cheaper. */
  readonly extents: Readonly<Record<string, number>>;
  readonly mapping: Mapping;
  readonly levels: readonly LevelCost[];
  readonly macEnergyPj: number;
  /** Mappings that were costed in full. */
  readonly evaluations: number;
  readonly seconds: number;
}

export const costCommand = defineCommand({
  name: 'cost',
  summary: 'energy and latency of a matrix product or an einsum of two operands',
  usage:
    'cost (--gemm M,N,K | --einsum EQUATION --shapes SHAPES) [--mapping FILE] [--factors perfect|any] [--swap]',
  notes: [
    'O[M,N] = I[M,K] W[K,N]; in an einsum the first operand is I, the second W, and the dims are its letters.',
    'Without --mapping the best mapping is searched. A mapping is a list of levels, outermost first:',
    '  [{"level": "DRAM", "temporal": [["N", 6], ["M", 2]], "spatial": []}, ...]',
    'Result: {energyPj, latencyCycles, edpPjCycles, bound, mapping, levels: [{name, cycles, operands: {I: {tileWords,',
    'instances, reads, fills, updates, energyPj}, W, O}}], evaluations, seconds}. Counts are per instance, energies',
    'are totals. The mapping returned, given back, yields the same numbers.',
  ],
  options: {
    gemm: wholes('M,N,K', 'extents of a matrix product', 3),
    einsum: text('EQUATION', 'an einsum of two operands'),
    shapes: shapes('their shapes'),
    mapping: jsonFile('cost this mapping'),
    factors: otherwise(choice(['perfect', 'any'], 'whether awkward extents may be padded'), 'any'),
    swap: flag('weights may take the input slot'),
    accelerator: common.accelerator,
    accounting: common.accounting,
    objective: common.objective,
  },
  run: (options, { now }): Result => {
    const { accelerator, accounting, objective, factors } = options;
    const start = now();
    const contraction = contractionOf(options);
    const slots = options.swap ? [contraction, swapped(contraction)] : [contraction];
    const machine = { accelerator, accounting, objective, factors };
    const ways =
      options.mapping === undefined
        ? search(machine, slots)
        : givenWays(machine, slots, readMapping(options.mapping));
    const score = scores[objective];
    const best = ways.reduce((least, way) => (score(way.cost) < score(least.cost) ? way : least));
    const { cost, mapping, bound, slot, extents } = best;
    return {
      energyPj: cost.energyPj,
      latencyCycles: cost.latencyCycles,
      edpPjCycles: cost.edpPjCycles,
      energyUnit: accelerator.energyUnit,
      bound,
      macs: cost.macs,
      utilization: cost.utilization,
      swapped: slot !== contraction,
      extents,
      mapping,
      levels: cost.levels,
      macEnergyPj: cost.macEnergyPj,
      evaluations: ways.length,
      seconds: (now() - start) / 1000,
    };
  },
  print: (result) => {
    const unit = result.energyUnit;
    return [
      facts([
        [`energy (${unit})`, result.energyPj],
        ['latency (cycles)', result.latencyCycles],
        [`EDP (${unit} cycles)`, result.edpPjCycles],
        ['MACs', result.macs],
        ['array used', `${(100 * result.utilization).toFixed(1)} %`],
        ['bound', boundText(result.bound)],
        ...(result.swapped ? ([['slots', 'swapped: weights are under I']] as const) : []),
      ]),
      '',
      table(
        ['level', 'temporal, outermost first', 'spatial'],
        result.mapping.map(({ level, temporal, spatial }) => [level, loops(temporal), loops(spatial)]),
      ),
      '',
      table(
        [
          'level',
          'operand',
          'tile words',
          'instances',
          'reads',
          'fills',
          'updates',
          `energy (${unit})`,
          'cycles',
        ],
        result.levels.flatMap(({ name, cycles, operands }) =>
          Object.entries(operands).map(([operand, words]) => [
            name,
            operand,
            words.tileWords,
            words.instances,
            words.reads,
            words.fills,
            words.updates,
            words.energyPj,
            cycles,
          ]),
        ),
      ),
    ].join('\n');
  },
});

const loops = (list: Mapping[number]['temporal']): string =>
  list.map(([dim, bound]) => `${dim}:${bound}`).join(' ') || '-';

const boundText = ({ kind, gap }: Bound): string =>
  kind === 'optimal' ? 'optimal' : gap === null ? kind : `${kind} ${(100 * gap).toFixed(2)} %`;

const scores: Readonly<Record<Objective, (cost: MappingCost) => number>> = {
  edp: (cost) => cost.edpPjCycles,
  energy: (cost) => cost.energyPj,
  latency: (cost) => cost.latencyCycles,
};

interface Machine {
  readonly accelerator: Accelerator;
  readonly accounting: Accounting;
  readonly objective: Objective;
  readonly factors: 'perfect' | 'any';
}

interface Way {
  readonly slot: Contraction;
  readonly mapping: Mapping;
  readonly extents: Readonly<Record<string, number>>;
  readonly cost: MappingCost;
  readonly bound: Bound;
}

interface Work {
  readonly gemm: readonly number[] | undefined;
  readonly einsum: string | undefined;
  readonly shapes: readonly (readonly number[])[] | undefined;
}

function contractionOf({ gemm, einsum, shapes: sizes }: Work): Contraction {
  check(
    (gemm === undefined) !== (einsum === undefined),
    'cost',
    'needs either --gemm M,N,K or --einsum EQUATION',
  );
  check((sizes === undefined) === (einsum === undefined), 'cost', 'needs --einsum and --shapes together');
  if (gemm !== undefined) return contractionOfGemm(gemm);
  return contractionOfEinsum(einsum ?? '', sizes ?? []);
}

function search(machine: Machine, slots: readonly Contraction[]): Way[] {
  return slots.map((slot) => {
    const roles = rolesOf(slot);
    // Loops over several dims at once can only be told apart when they cover the extents exactly.
    const merges = Object.values(roles).some((dims: readonly string[]) => dims.length > 1);
    const mapper = mapperFor({ ...machine, factors: merges ? 'perfect' : machine.factors });
    const mapped = mapper.mapping(gemmOf(roles, slot), 'exact');
    const { mapping, extents } = overDims(mapped.mapping, roles, slot);
    const cost = evaluateMapping(machine.accelerator, { ...slot, extents }, mapping, machine.accounting);
    return { slot, mapping, extents, cost, bound: mapped.bound };
  });
}

/** The given mapping in every slot order in which it is legal; the error of the plain order when it is in none. */
function givenWays(given: Machine, slots: readonly Contraction[], mapping: Mapping): Way[] {
  const { accelerator, accounting, factors } = given;
  const bound: Bound = { kind: 'best-found', gap: null };
  const machine = compileMachine(accelerator, accounting);
  /** What the mapper tries first, and what it returns. */
  const paddings = (gemm: Gemm): readonly (readonly number[])[] => {
    const { m, n, k, batch } = mapperFor(given).cost(gemm, 'exact').padded;
    return [...paddedExtents(machine, gemm), [m, n, k, batch]];
  };
  const ways: Way[] = [];
  let refusal: InputError | null = null;
  for (const slot of slots) {
    try {
      const extents = factors === 'any' ? paddedLike(mapping, slot, paddings) : slot.extents;
      const cost = evaluateMapping(accelerator, { ...slot, extents }, mapping, accounting);
      ways.push({ slot, mapping, extents, cost, bound });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      refusal ??= error;
    }
  }
  if (ways.length === 0 && refusal !== null) throw refusal;
  return ways;
}

/** One mapper per machine: in a batch they keep what they know. */
const mappers = new Map<string, Mapper>();
const mostMappers = 16;

function mapperFor({ accelerator, accounting, objective, factors }: Machine): Mapper {
  const key = JSON.stringify([accelerator, accounting, objective, factors]);
  let mapper = mappers.get(key);
  if (mapper === undefined) {
    mapper = createMapper(accelerator, { accounting, objective, factors, paddings: 'every' });
    if (mappers.size >= mostMappers) mappers.clear();
    mappers.set(key, mapper);
  }
  return mapper;
}
