/** `shapes`: the tensorizations of a matrix, with realizable ranks where they are asked for. */
import { InputError, check } from '../../core/base/checks.ts';
import { formats, type Factorization, type Format } from '../../core/factor/factorization.ts';
import { parameterCount } from '../../core/factor/parameters.ts';
import {
  checkFactorization,
  clipRanks,
  rankCount,
  ranksForBudget,
  tltorchRanks,
} from '../../core/factor/ranks.ts';
import { balancedModes, orderedFactorizations, tltorchModes } from '../../core/factor/tensorization.ts';
import { defineCommand } from '../command.ts';
import { choice, finite, otherwise, required, whole } from '../options.ts';
import { table } from '../table.ts';

interface Shape {
  readonly outModes: readonly number[];
  readonly inModes: readonly number[];
  readonly ranks?: readonly number[];
  /** Of the factors, exact. */
  readonly parameters?: number;
}

const mostShapes = 1_000_000;
const largest = 2 ** 31;
const mostOrder = 32;

export const shapesCommand = defineCommand({
  name: 'shapes',
  summary: 'tensorizations of a weight matrix',
  usage: 'shapes --in N --out N [--order D] [--rule all|balanced|tltorch] [--rank R --format F]',
  notes: [
    'all: every ordered factorization of both sides into D modes above 1; balanced: the most even modes; tltorch: what',
    'tensorly-torch 0.5 chooses. D is 2 unless given (tltorch: as many as there are prime factors).',
    'R from 1 is the same rank everywhere, lowered to what is realizable; R below 1 is a share of the parameters',
    '(tltorch: as its rank argument). Shapes without such ranks are left out. Result: [{outModes, inModes, ranks?,',
    'parameters?}], parameters of the factors.',
  ],
  options: {
    in: required(whole('columns of the weight matrix')),
    out: required(whole('rows of the weight matrix')),
    order: whole('modes a side', 1, 'D'),
    rule: otherwise(choice(['all', 'balanced', 'tltorch'], 'which shapes'), 'all'),
    rank: finite('rank or share of the parameters', 'R'),
    format: choice(formats, 'format that the rank is for'),
  },
  run: ({ in: columns, out: rows, order, rule, rank, format }): readonly Shape[] => {
    for (const [side, n] of Object.entries({ '--in': columns, '--out': rows }))
      check(n <= largest, 'shapes', `${side} must be at most ${largest}`, n);
    if (order !== undefined)
      check(order <= mostOrder, 'shapes', `--order must be at most ${mostOrder}`, order);
    check((rank === undefined) === (format === undefined), 'shapes', 'needs --rank and --format together');
    const single = format === 'dense' || format === 'svd';
    const pairs = single ? [{ outModes: [rows], inModes: [columns] }] : pairsOf(rule, rows, columns, order);
    if (rank === undefined || format === undefined) return pairs;
    return pairs.flatMap((pair) => ranked(pair, format, rank, rule === 'tltorch') ?? []);
  },
  print: (shapes) =>
    table(
      ['out modes', 'in modes', 'ranks', 'parameters'],
      shapes.map(({ outModes, inModes, ranks, parameters }) => [
        outModes.join(' x '),
        inModes.join(' x '),
        ranks?.join(' '),
        parameters,
      ]),
    ),
});

function pairsOf(
  rule: 'all' | 'balanced' | 'tltorch',
  rows: number,
  columns: number,
  order: number | undefined,
): readonly Shape[] {
  if (rule === 'tltorch') {
    const { outModes, inModes } = tltorchModes(columns, rows, order ?? null);
    return [{ outModes, inModes }];
  }
  if (rule === 'balanced') {
    return [{ outModes: balancedModes(rows, order ?? 2), inModes: balancedModes(columns, order ?? 2) }];
  }
  const outs = orderedFactorizations(rows, order ?? 2);
  const ins = orderedFactorizations(columns, order ?? 2);
  const count = outs.length * ins.length;
  check(count <= mostShapes, 'shapes', `there must be at most ${mostShapes} shapes to list`, count);
  return outs.flatMap((outModes) => ins.map((inModes) => ({ outModes, inModes })));
}

/** The shape with its ranks and parameters, or null when the format has none for it. */
function ranked({ outModes, inModes }: Shape, format: Format, rank: number, tltorch: boolean): Shape | null {
  check(rank > 0, 'shapes', '--rank must be above 0', rank);
  const count = rankCount(format, outModes.length, inModes.length);
  let ranks: readonly number[] | null;
  if (format === 'dense') ranks = [];
  else if (rank >= 1) ranks = new Array<number>(count).fill(Math.floor(rank));
  else if (tltorch && isTltorch(format)) ranks = tltorchRanks(format, outModes, inModes, rank);
  else {
    const all = [...outModes, ...inModes].reduce((product, mode) => product * mode, 1);
    ranks = ranksForBudget(format, outModes, inModes, rank * all);
  }
  if (ranks === null) return null;
  const factorization = realizable({ format, outModes, inModes, ranks });
  if (factorization === null) return null;
  return { outModes, inModes, ranks: factorization.ranks, parameters: parameterCount(factorization) };
}

/** Null when the format does not have these modes. */
function realizable(factorization: Factorization): Factorization | null {
  const product = (modes: readonly number[]): number => modes.reduce((all, mode) => all * mode, 1);
  try {
    const { outModes, inModes } = factorization;
    return checkFactorization(clipRanks(factorization), product(outModes), product(inModes));
  } catch (error) {
    if (error instanceof InputError) return null;
    throw error;
  }
}

const tltorchFormats = ['cp', 'tucker', 'ttm', 'tt', 'tr'] as const;
const isTltorch = (format: Format): format is (typeof tltorchFormats)[number] =>
  tltorchFormats.some((each) => each === format);
