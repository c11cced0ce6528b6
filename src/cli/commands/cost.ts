/** `cost`: energy and latency of one contraction, of its best mapping or of a given one. */
import { InputError, check } from '../../core/base/checks.ts';
import { machinesAtBits, type BitWidths } from '../../core/cost/bit-widths.ts';
import { evaluateMapping, fanOut } from '../../core/cost/counts.ts';
import { createMapper, type Mapper } from '../../core/cost/mapper.ts';
import type {
  Accounting,
  Bound,
  Contraction,
  Dataflow,
  Gemm,
  LevelCost,
  Mapping,
  MappingCost,
  Objective,
  Slots,
} from '../../core/cost/mapping.ts';
import { readMapping } from '../../core/cost/mapping-json.ts';
import { boundOf } from '../../core/cost/objective.ts';
import { paddedExtents } from '../../core/cost/padding.ts';
import { evaluateRagged } from '../../core/cost/ragged.ts';
import { compileMachine } from '../../core/cost/tables.ts';
import type { Accelerator } from '../../core/hardware/accelerator.ts';
import {
  activationBits,
  unquantized,
  weightBits,
  type Quantization,
} from '../../core/factor/quantization.ts';
import { withOuterBandwidth } from '../../core/hardware/bandwidth.ts';
import { withExtras } from '../../core/hardware/extras.ts';
import {
  contractionOfEinsum,
  contractionOfGemm,
  gemmOf,
  overDims,
  paddedLike,
  rolesOf,
  swapped,
  type Roles,
} from '../contraction.ts';
import { defineCommand } from '../command.ts';
import { choice, common, finite, flag, jsonFile, otherwise, shapes, text, wholes } from '../options.ts';
import { settingOptions } from '../settings.ts';
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
    'cost (--gemm M,N,K | --einsum EQUATION --shapes SHAPES) [--mapping FILE] [--factors perfect|any|ragged] [--swap]\n' +
    '       [--weight-bits B] [--activation-bits B] [--quantization NAME] [--dataflow flexible|fixed] [--dram-words N]',
  notes: [
    'O[M,N] = I[M,K] W[K,N]; in an einsum the first operand is I, the second W, and the dims are its letters.',
    'Without --mapping the best mapping is searched. A mapping is a list of levels, outermost first:',
    '  [{"level": "DRAM", "temporal": [["N", 6], ["M", 2]], "spatial": []}, ...]',
    'Result: {energyPj, latencyCycles, edpPjCycles, bound, mapping, levels: [{name, cycles, operands: {I: {tileWords,',
    'instances, reads, fills, updates, energyPj}, W, O}}], evaluations, seconds}. Counts are per instance, energies',
    'are totals. The mapping returned, given back, yields the same numbers.',
    'Bits change energy, ports and capacity of their operand (counts stay in its words) and the MACs; weights narrower',
    'than activations leave the MACs alone. A fixed dataflow spreads N along X and K along Y and pads nothing.',
    'A quantization stands for the bits of a large factor stored so (int4-g128: 4.125, w8a8: 8 and 8).',
    'bound: optimal, or a gap: figure / lower bound - 1 where the bound is below every mapping, ragged ones included;',
    'a mapping that is given has none (best-found).',
    'Ragged tiles are those of a padded nest: extents are those that its loops cover, only real words and MACs count.',
    'Hops, leakage and double buffers are no part of the reference tools; without these options nothing is charged.',
  ],
  options: {
    gemm: wholes('M,N,K', 'extents of a matrix product', 3),
    einsum: text('EQUATION', 'an einsum of two operands'),
    shapes: shapes('their shapes'),
    mapping: jsonFile('cost this mapping'),
    factors: otherwise(
      choice(['perfect', 'any', 'ragged'], 'awkward extents as they are, padded, or with partial last tiles'),
      'any',
    ),
    swap: flag('weights may take the input slot'),
    weightBits: finite("bits of a weight, 4.125 say; else the accelerator's word", 'B'),
    activationBits: finite("bits of inputs and results; else the accelerator's word", 'B'),
    dataflow: otherwise(choice(['flexible', 'fixed'], 'how freely the array maps'), 'flexible'),
    dramWords: settingOptions.dramWords,
    quantization: settingOptions.quantization,
    hop: finite('energy per word and fan-out that it passes', 'PJ'),
    leakage: finite('energy per cycle', 'PJ'),
    doubleBuffered: flag('tiles take twice their words'),
    accelerator: common.accelerator,
    accounting: common.accounting,
    objective: common.objective,
  },
  run: (options, { now }): Result => {
    const { accounting, objective, dataflow } = options;
    const start = now();
    const contraction = contractionOf(options);
    const machine = withOuterBandwidth(options.accelerator, options.dramWords ?? null);
    const accelerator = withExtras(machine, {
      hopPj: options.hop ?? 0,
      leakagePjPerCycle: options.leakage ?? 0,
      doubleBuffered: options.doubleBuffered,
    });
    const machineAt = machinesAtBits(accelerator, bitsOf(options));
    const factors = dataflow === 'fixed' ? 'perfect' : options.factors;
    const machineFor = (slots: Slots): Machine => ({
      accounting,
      objective,
      factors,
      dataflow,
      accelerator: machineAt(slots),
    });
    const slots: Slot[] = [{ contraction, machine: machineFor('aw') }];
    if (options.swap) slots.push({ contraction: swapped(contraction), machine: machineFor('wa') });
    const ways =
      options.mapping === undefined ? searchedWays(slots) : givenWays(slots, readMapping(options.mapping));
    const score = scores[objective];
    const best = ways.reduce((least, way) => (score(way.cost) < score(least.cost) ? way : least));
    const { cost, mapping, slot, extents } = best;
    const bound = boundOfAll(ways, best, score);
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
  kind === 'optimal'
    ? 'optimal'
    : gap === null
      ? 'best found'
      : `best found, at most ${(100 * gap).toFixed(2)} % above what no mapping can be below`;

const scores: Readonly<Record<Objective, (cost: MappingCost) => number>> = {
  edp: (cost) => cost.edpPjCycles,
  energy: (cost) => cost.energyPj,
  latency: (cost) => cost.latencyCycles,
};

/** Of the best of several ways: it is no nearer to the optimum than what is known of the others allows. */
function boundOfAll(ways: readonly Way[], best: Way, score: (cost: MappingCost) => number): Bound {
  let least = Number.POSITIVE_INFINITY;
  for (const { bound, cost } of ways) {
    if (bound.gap === null) return bound;
    least = Math.min(least, score(cost) / (1 + bound.gap));
  }
  return boundOf(score(best.cost), least);
}

interface Machine {
  readonly accelerator: Accelerator;
  readonly accounting: Accounting;
  readonly objective: Objective;
  readonly factors: 'perfect' | 'any' | 'ragged';
  readonly dataflow: Dataflow;
}

/** The contraction in one order of its input slots, and the machine as it sees it. */
interface Slot {
  readonly contraction: Contraction;
  readonly machine: Machine;
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

interface Widths {
  readonly weightBits: number | undefined;
  readonly activationBits: number | undefined;
  readonly quantization: Quantization | undefined;
}

/** Bits that are given go before those of the quantization. */
function bitsOf({ weightBits: w, activationBits: a, quantization = unquantized }: Widths): BitWidths {
  const weights = w ?? weightBits(quantization);
  const activations = a ?? activationBits(quantization);
  return { ...(weights !== null && { weights }), ...(activations !== null && { activations }) };
}

function contractionOf({ gemm, einsum, shapes: sizes }: Work): Contraction {
  check(
    (gemm === undefined) !== (einsum === undefined),
    'cost',
    'needs either --gemm M,N,K or --einsum EQUATION',
  );
  check((sizes === undefined) === (einsum === undefined), 'cost', 'needs --einsum and --shapes together');
  const contraction =
    gemm === undefined ? contractionOfEinsum(einsum ?? '', sizes ?? []) : contractionOfGemm(gemm);
  const macs = Object.values(contraction.extents).reduce((all, extent) => all * extent, 1);
  check(macs <= Number.MAX_SAFE_INTEGER, 'cost', 'must have fewer than 2^53 multiply-accumulates', macs);
  return contraction;
}

/** The best mapping of every slot order, each counted in all of them, as it is when it is given back. */
function searchedWays(slots: readonly Slot[]): Way[] {
  const found = search(slots);
  if (found.length === 1) return found;
  const bound = found.find(({ bound: { kind } }) => kind !== 'optimal')?.bound ?? found[0]?.bound;
  return slots.flatMap((slot) =>
    found.flatMap(({ slot: own, mapping }) => {
      const [way] = own === slot.contraction ? givenWays([slot], mapping) : legalWays([slot], mapping).ways;
      return way === undefined || bound === undefined ? [] : [{ ...way, bound }];
    }),
  );
}

function search(slots: readonly Slot[]): Way[] {
  return slots.map(({ contraction: slot, machine }) => {
    const roles = rolesOf(slot);
    // Loops over several dims at once can only be told apart when they cover the extents exactly.
    const merges = Object.values(roles).some((dims: readonly string[]) => dims.length > 1);
    const mapper = mapperFor({ ...machine, factors: merges ? 'perfect' : machine.factors });
    const gemm = gemmOf(roles, slot);
    const mapped = mapper.mapping(gemm, 'exact');
    const { mapping, extents } = overDims(mapped.mapping, roles, slot);
    const cost = counted(machine, slot, mapping, extents);
    return { slot, mapping, extents, cost, bound: mapper.bound(gemm, 'exact') };
  });
}

/** @param extents those that the loops cover */
function counted(
  { accelerator, accounting, factors }: Machine,
  slot: Contraction,
  mapping: Mapping,
  extents: Contraction['extents'],
): MappingCost {
  const padded = evaluateMapping(accelerator, { ...slot, extents }, mapping, accounting);
  const exact = Object.entries(extents).every(([dim, extent]) => slot.extents[dim] === extent);
  // Legal where it is padded: then its real words can be counted.
  return factors !== 'ragged' || exact ? padded : evaluateRagged(accelerator, slot, mapping, accounting);
}

/** The given mapping in every slot order in which it is legal; the error of the plain order when it is in none. */
function givenWays(slots: readonly Slot[], mapping: Mapping): Way[] {
  const { ways, refusal } = legalWays(slots, mapping);
  if (ways.length === 0 && refusal !== null) throw refusal;
  return ways;
}

function legalWays(
  slots: readonly Slot[],
  mapping: Mapping,
): { readonly ways: Way[]; readonly refusal: InputError | null } {
  const bound: Bound = { kind: 'best-found', gap: null };
  const ways: Way[] = [];
  let refusal: InputError | null = null;
  for (const { contraction: slot, machine: given } of slots) {
    const { accelerator, accounting, factors, dataflow } = given;
    /** What the mapper tries first, and what it returns. */
    const paddings = (gemm: Gemm): readonly (readonly number[])[] => {
      const { m, n, k, batch } = mapperFor(given).cost(gemm, 'exact').padded;
      return [...paddedExtents(compileMachine(accelerator, accounting), gemm), [m, n, k, batch]];
    };
    try {
      if (dataflow === 'fixed') checkWiring(accelerator, rolesOf(slot), mapping);
      const extents = factors === 'perfect' ? slot.extents : paddedLike(mapping, slot, paddings);
      const cost = counted(given, slot, mapping, extents);
      ways.push({ slot, mapping, extents, cost, bound });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      refusal ??= error;
    }
  }
  return { ways, refusal };
}

/** A fixed dataflow spreads N along X and K along Y, and nothing else. */
function checkWiring(accelerator: Accelerator, roles: Roles, mapping: Mapping): void {
  const spreadOver = (dims: readonly string[], spread: Mapping[number]['spatial']): number =>
    spread.reduce((all, [dim, bound]) => (dims.includes(dim) ? all * bound : all), 1);
  for (const [l, { level, spatial }] of mapping.entries()) {
    const { x, y } = fanOut(accelerator, Math.min(l, accelerator.levels.length - 1));
    check(
      spreadOver([...roles.M, ...roles.B], spatial) === 1 &&
        spreadOver(roles.N, spatial) <= x &&
        spreadOver(roles.K, spatial) <= y,
      `mapping level ${level}`,
      `a fixed dataflow spreads N over at most ${x} along X and K over at most ${y} along Y`,
      loops(spatial),
    );
  }
}

/** One mapper per machine: in a batch they keep what they know. */
const mappers = new Map<string, Mapper>();
const mostMappers = 16;

function mapperFor({ accelerator, accounting, objective, factors, dataflow }: Machine): Mapper {
  const key = JSON.stringify([accelerator, accounting, objective, factors, dataflow]);
  let mapper = mappers.get(key);
  if (mapper === undefined) {
    mapper = createMapper(accelerator, { accounting, objective, factors, dataflow, paddings: 'every' });
    if (mappers.size >= mostMappers) mappers.clear();
    mappers.set(key, mapper);
  }
  return mapper;
}
