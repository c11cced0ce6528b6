/** `path`: the cheapest contraction path of an einsum. */
import { findPath, type ContractionPath } from '../../core/einsum/path.ts';
import { parseEinsum } from '../../core/einsum/parse.ts';
import { check } from '../../core/base/checks.ts';
import { findPathForEdp } from '../../core/cost/fusion/edp-path.ts';
import type { Bound } from '../../core/cost/mapping.ts';
import type { MappedChain } from '../../core/cost/fusion/map-chain.ts';
import { defineCommand } from '../command.ts';
import { boundText } from './chain.ts';
import { choice, common, otherwise, positional, required, shapes, text } from '../options.ts';
import { facts, table } from '../table.ts';

interface Result {
  readonly equation: string;
  readonly output: string;
  readonly macs: number;
  readonly write: number;
  readonly largestIntermediate: number;
  readonly path: readonly (readonly number[])[];
  /** Only with the objective edp. */
  readonly energyPj?: number;
  readonly latencyCycles?: number;
  readonly edpPjCycles?: number;
  readonly energyUnit?: string;
  /** The path of fewest MACs, mapped and fused as well as it can be. */
  readonly fewestMacs?: {
    readonly path: readonly (readonly number[])[];
    readonly macs: number;
    readonly energyPj: number;
    readonly latencyCycles: number;
    readonly edpPjCycles: number;
  };
  /** Whether every path was considered. */
  readonly proven?: boolean;
  /** How far anything left out among these may be better. */
  readonly bound?: Bound;
}

export const pathCommand = defineCommand({
  name: 'path',
  summary: 'cheapest contraction path of an einsum',
  usage: 'path EQUATION SHAPES [--objective macs|write|size|edp] [--fusion auto|none]',
  notes: [
    'EQUATION  such as ij,jk,kl->il',
    'SHAPES    JSON, one shape per operand: [[2,3],[3,4],[4,5]]',
    'Result: {equation, output, macs, write, largestIntermediate, path}. Positions in path are those of opt_einsum:',
    'the operands of a step leave the list, its result is appended. edp maps and fuses every path on the accelerator',
    'and adds {energyPj, latencyCycles, edpPjCycles, energyUnit} of the best and, to compare, fewestMacs: {path,',
    'macs, energyPj, latencyCycles, edpPjCycles} and bound: {kind: optimal | gap, gap}, the fraction by which what was left out may be',
    'better at most; above 9 operands it chooses among the macs-, write- and size-optimal paths (proven: false).',
  ],
  options: {
    equation: required(positional(text('EQUATION', 'the einsum'))),
    shapes: required(positional(shapes('one shape per operand'))),
    objective: otherwise(choice(['macs', 'write', 'size', 'edp'], 'what is minimized'), 'macs'),
    accelerator: common.accelerator,
    accounting: common.accounting,
    fusion: otherwise(choice(['auto', 'none'], 'with edp, whether intermediates may stay on chip'), 'auto'),
  },
  run: ({ equation, shapes: sizes, objective, accelerator, accounting, fusion }): Result => {
    const einsum = parseEinsum(equation, sizes);
    const describe = (path: ContractionPath): Result => ({
      equation,
      output: einsum.output.join(''),
      macs: path.macs,
      write: path.write,
      largestIntermediate: path.largestIntermediate,
      path: path.steps.map((step) => step.operands),
    });
    if (objective !== 'edp') return describe(findPath(einsum, objective));
    check(einsum.shapes === undefined, 'path', 'with edp must not broadcast axes of size 1', equation);
    const { best, fewestMacs, proven } = findPathForEdp(accelerator, einsum, { accounting, fusion });
    const { path, macs } = describe(fewestMacs.path);
    return {
      ...describe(best.path),
      ...figures(best),
      energyUnit: accelerator.energyUnit,
      fewestMacs: { path, macs, ...figures(fewestMacs) },
      proven,
      bound: best.bound,
    };
  },
  print: (result) =>
    [
      facts([
        ['equation', result.equation],
        ['output', result.output],
        ['MACs', result.macs],
        ['elements written', result.write],
        ['largest intermediate', result.largestIntermediate],
        ...(result.fewestMacs === undefined
          ? []
          : ([
              [`EDP (${result.energyUnit} cycles)`, result.edpPjCycles],
              ['EDP of the path of fewest MACs', result.fewestMacs.edpPjCycles],
              ['its MACs', result.fewestMacs.macs],
              ['bound', result.bound === undefined ? '' : boundText(result.bound)],
            ] as const)),
      ]),
      '',
      table(
        ['step', 'operands'],
        result.path.map((operands, step) => [step, operands.join(', ')]),
      ),
    ].join('\n'),
});

const figures = ({ energyPj, latencyCycles }: MappedChain) => ({
  energyPj,
  latencyCycles,
  edpPjCycles: energyPj * latencyCycles,
});
