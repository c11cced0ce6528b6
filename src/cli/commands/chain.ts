/** `chain`: a chain or tree of contractions on an accelerator, fused where that pays. */
import { check } from '../../core/base/checks.ts';
import { findPathWith } from '../../core/cost/fusion/edp-path.ts';
import { mapChainWith, thoroughly } from '../../core/cost/fusion/map-chain.ts';
import type { MappedChain, MappedStep } from '../../core/cost/fusion/map-chain.ts';
import { createParts } from '../../core/cost/fusion/parts.ts';
import type { Parts, PartsOptions } from '../../core/cost/fusion/parts.ts';
import type { SharedLoops } from '../../core/cost/fusion/shared-loops.ts';
import type { Accounting, Bound, Contraction, Mapping } from '../../core/cost/mapping.ts';
import { followPath } from '../../core/einsum/path.ts';
import { parseEinsum } from '../../core/einsum/parse.ts';
import type { Einsum } from '../../core/einsum/einsum.ts';
import type { Accelerator, Operand } from '../../core/hardware/accelerator.ts';
import { gemmOf, overDims, rolesOf } from '../contraction.ts';
import { defineCommand } from '../command.ts';
import { choice, common, otherwise, positional, required, shapes, steps, text } from '../options.ts';
import { facts, table } from '../table.ts';

interface Result {
  readonly path: readonly (readonly number[])[];
  readonly energyPj: number;
  readonly latencyCycles: number;
  readonly edpPjCycles: number;
  /** The unit of every energy. */
  readonly energyUnit: string;
  readonly accounting: Accounting;
  /** `gap`: what was left out is better by that fraction at most. */
  readonly bound: Bound;
  readonly steps: readonly {
    /** Input slot, weight slot, result. */
    readonly equation: string;
    /** Of all iterations of the shared loops. */
    readonly energyPj: number;
    readonly latencyCycles: number;
    /** Loops around this product and its neighbours; mapping and extents are of one of their iterations. */
    readonly shared: SharedLoops;
    /** Over the equation's letters; over M, N, K, B where several letters were padded together. */
    readonly mapping: Mapping;
    /** What every dim of the mapping was counted at. */
    readonly extents: Readonly<Record<string, number>>;
    /** Operands held further out than their level begins: over the innermost so many iterations of the level outside. */
    readonly held: readonly Held[];
  }[];
  readonly intermediates: readonly {
    readonly indices: string;
    readonly words: number;
    readonly level: string;
    readonly onChip: boolean;
    /** Loops over which it stays as tiles. */
    readonly shared: SharedLoops;
    /** How often it is computed. */
    readonly times: number;
    readonly savedPj: number;
  }[];
  readonly seconds: number;
}

interface Held {
  readonly level: string;
  readonly operand: Operand;
  /** Letters of the loop, as one dim of the product, and its bound. */
  readonly over: readonly [indices: string, bound: number];
}

export const chainCommand = defineCommand({
  name: 'chain',
  summary: 'energy and latency of a chain of contractions, its intermediates kept on chip where that pays',
  usage: 'chain EQUATION SHAPES [--path JSON] [--fusion auto|none] [--heights even|uneven]',
  notes: [
    'EQUATION  such as mk,kr,rn->mn',
    'SHAPES    JSON, one shape per operand: [[128,768],[768,64],[64,768]]',
    'PATH      JSON, positions as in opt_einsum: the operands of a step leave the list, its result is appended, such',
    '          as [[0,1],[0,1]]; without it the path that is best once mapped',
    'Result: {path, energyPj, latencyCycles, edpPjCycles, steps: [{equation, energyPj, latencyCycles, mapping}],',
    'intermediates: [{indices, level, savedPj}], seconds}. level is the outermost one that holds the intermediate,',
    'savedPj what its way out and back would cost; 0 where it goes that way. Where shared names loops ([["m", 4]]), the',
    'products share them, the intermediate stays as the tile of one iteration, and mapping is of one iteration; times',
    'above 1 = computed again that often. bound: {kind: optimal | gap, gap}; where work was cut off, nothing that was left',
    'out is better by more than the fraction gap.',
    'uneven heights (as AccelForge, the default of its accounting): every tensor of a level is held at its own height of',
    'the nest; held tells which one starts further out, {level, operand, over: [indices, bound]}. even: as Timeloop.',
  ],
  options: {
    equation: required(positional(text('EQUATION', 'the einsum'))),
    shapes: required(positional(shapes('one shape per operand'))),
    path: steps('the contraction path'),
    fusion: otherwise(choice(['auto', 'none'], 'whether intermediates may stay on chip'), 'auto'),
    factors: otherwise(choice(['perfect', 'any'], 'whether awkward extents may be padded'), 'any'),
    heights: choice(
      ['even', 'uneven'],
      'whether tensors of a level may be held at different heights of the nest',
    ),
    accelerator: common.accelerator,
    accounting: common.accounting,
    objective: common.objective,
  },
  run: (options, { now }): Result => {
    const { accelerator, accounting, objective, fusion } = options;
    const start = now();
    const einsum = parseEinsum(options.equation, options.shapes);
    check(einsum.shapes === undefined, 'chain', 'must not broadcast axes of size 1', options.equation);
    const parts = partsOf(accelerator, options);
    const found = options.path === undefined ? findPathWith(parts, einsum, fusion, objective) : null;
    const chain =
      found?.best ??
      mapChainWith(parts, followPath(einsum, options.path ?? []), fusion, objective, thoroughly);
    return {
      ...resultOf(chain, einsum, accelerator, accounting),
      bound: chain.bound,
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
        ['accounting', result.accounting],
        ['bound', boundText(result.bound)],
      ]),
      '',
      table(
        ['step', 'operands', 'product', 'shared loops', `energy (${unit})`, 'cycles'],
        result.steps.map(({ equation, shared, energyPj, latencyCycles }, s) => [
          s,
          joined(result.path, s)?.join(', '),
          equation,
          shared.map(([label, factor]) => `${label}:${factor}`).join(' ') || '-',
          energyPj,
          latencyCycles,
        ]),
      ),
      ...(result.intermediates.length === 0
        ? []
        : [
            '',
            table(
              ['intermediate', 'words', 'stays in', `saved (${unit})`],
              result.intermediates.map(({ indices, words, level, onChip, savedPj }) => [
                indices,
                words,
                onChip ? level : `${level} (spilled)`,
                savedPj,
              ]),
            ),
          ]),
    ].join('\n');
  },
});

/** In words. */
export const boundText = ({ kind, gap }: Bound): string =>
  kind === 'gap' ? `${(gap * 100).toPrecision(2)} % at most` : kind;

/** Positions of the product `s`; steps of one operand are no products. */
const joined = (path: Result['path'], s: number): readonly number[] | undefined =>
  path.filter(({ length }) => length === 2)[s];

function resultOf(
  chain: MappedChain,
  einsum: Einsum,
  accelerator: Accelerator,
  accounting: Accounting,
): Omit<Result, 'bound' | 'seconds'> {
  const { energyPj, latencyCycles } = chain;
  return {
    path: chain.path.steps.map(({ operands }) => operands),
    energyPj,
    latencyCycles,
    edpPjCycles: energyPj * latencyCycles,
    energyUnit: accelerator.energyUnit,
    accounting,
    steps: chain.steps.map((step) => ({
      equation: step.equation,
      energyPj: step.energyPj,
      latencyCycles: step.latencyCycles,
      shared: step.shared,
      ...overLetters(step, einsum),
      held: heldOf(step, accelerator),
    })),
    intermediates: chain.intermediates,
  };
}

/** Where operands are held further out than their level begins. */
function heldOf({ equation, mapping, placement }: MappedStep, { levels }: Accelerator): Held[] {
  const [inputs = '', output = ''] = equation.split('->');
  const [first = '', second = ''] = inputs.split(',');
  const roles: Readonly<Record<string, (letter: string) => boolean>> = {
    M: (letter) => first.includes(letter) && !second.includes(letter) && output.includes(letter),
    N: (letter) => !first.includes(letter) && output.includes(letter),
    K: (letter) => !output.includes(letter) && first.includes(letter) && second.includes(letter),
  };
  const letters = [...new Set(first + second)];
  return (placement ?? []).flatMap((around, l) =>
    Object.entries(around).map(([operand, loops]): Held => {
      const [dim, bound] = mapping[l - 1]?.temporal.at(-loops) ?? ['', 1];
      const isOwn = roles[dim] ?? (() => false);
      return {
        level: levels[l]?.name ?? '',
        operand: operand as Operand,
        over: [letters.filter(isOwn).join(''), bound],
      };
    }),
  );
}

/** The step's mapping over the equation's letters where its loops can be told apart. */
function overLetters(
  { equation, mapping, padded, gemm, shared }: MappedStep,
  einsum: Einsum,
): { readonly mapping: Mapping; readonly extents: Readonly<Record<string, number>> } {
  const [inputs = '', output = ''] = equation.split('->');
  const [first = '', second = ''] = inputs.split(',');
  // Letters that one input alone has are summed before the product.
  const seen = (letter: string, ...others: readonly string[]): boolean =>
    others.some((term) => term.includes(letter));
  const dims = {
    I: [...first].filter((letter) => seen(letter, second, output)),
    W: [...second].filter((letter) => seen(letter, first, output)),
    O: [...output],
  };
  const letters = new Set(Object.values(dims).flat());
  const extentOf = (letter: string): number =>
    shared.reduce(
      (extent, [name, factor]) => (name === letter ? extent / factor : extent),
      einsum.extents.get(letter) ?? 1,
    );
  const contraction: Contraction = {
    dims,
    extents: Object.fromEntries([...letters].map((letter) => [letter, extentOf(letter)])),
  };
  const roles = rolesOf(contraction);
  const merged = Object.values(roles).some((group: readonly string[]) => group.length > 1);
  const same = JSON.stringify(gemmOf(roles, contraction)) === JSON.stringify(padded);
  if (!merged || same) return overDims(mapping, roles, contraction);
  const { batch, m, n, k } = padded;
  return { mapping, extents: { ...(gemm.batch > 1 ? { B: batch } : {}), M: m, N: n, K: k } };
}

/** What is known of products, per machine: in a batch it is kept. */
const known = new Map<string, Parts>();
const mostKnown = 16;

function partsOf(accelerator: Accelerator, { accounting, factors, heights }: PartsOptions): Parts {
  const key = JSON.stringify([accelerator, accounting, factors, heights]);
  let parts = known.get(key);
  if (parts === undefined) {
    parts = createParts(accelerator, { accounting, factors, heights });
    if (known.size >= mostKnown) known.clear();
    known.set(key, parts);
  }
  return parts;
}
