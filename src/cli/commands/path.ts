/** `path`: the cheapest contraction path of an einsum. */
import { findPath, type ContractionPath, type PathObjective } from '../../core/einsum/path.ts';
import { parseEinsum } from '../../core/einsum/parse.ts';
import { stepGemm } from '../../core/cost/gemm.ts';
import { createMapper, type Mapper } from '../../core/cost/mapper.ts';
import { defineCommand } from '../command.ts';
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
}

export const pathCommand = defineCommand({
  name: 'path',
  summary: 'cheapest contraction path of an einsum',
  usage: 'path EQUATION SHAPES [--objective macs|write|size|edp]',
  notes: [
    'EQUATION  such as ij,jk,kl->il',
    'SHAPES    JSON, one shape per operand: [[2,3],[3,4],[4,5]]',
    'Result: {equation, output, macs, write, largestIntermediate, path}. Positions in path are those of opt_einsum:',
    'the operands of a step leave the list, its result is appended. edp maps the macs-, write- and size-optimal',
    'paths on the accelerator, step by step, and adds {energyPj, latencyCycles, edpPjCycles} of the best.',
  ],
  options: {
    equation: required(positional(text('EQUATION', 'the einsum'))),
    shapes: required(positional(shapes('one shape per operand'))),
    objective: otherwise(choice(['macs', 'write', 'size', 'edp'], 'what is minimized'), 'macs'),
    accelerator: common.accelerator,
    accounting: common.accounting,
  },
  run: ({ equation, shapes: sizes, objective, accelerator, accounting }): Result => {
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
    const mapper = createMapper(accelerator, { accounting });
    const ways = objectives.map((each) => mapped(mapper, findPath(einsum, each)));
    const best = ways.reduce((least, way) => (way.edpPjCycles < least.edpPjCycles ? way : least));
    const { energyPj, latencyCycles, edpPjCycles } = best;
    return { ...describe(best.path), energyPj, latencyCycles, edpPjCycles };
  },
  print: (result) =>
    [
      facts([
        ['equation', result.equation],
        ['output', result.output],
        ['MACs', result.macs],
        ['elements written', result.write],
        ['largest intermediate', result.largestIntermediate],
        ...(result.edpPjCycles === undefined ? [] : ([['EDP (pJ cycles)', result.edpPjCycles]] as const)),
      ]),
      '',
      table(
        ['step', 'operands'],
        result.path.map((operands, step) => [step, operands.join(', ')]),
      ),
    ].join('\n'),
});

const objectives: readonly PathObjective[] = ['macs', 'write', 'size'];

/** Step after step through the outermost level; what derives from the first operand takes the input slot, as in a layer. */
function mapped(mapper: Mapper, path: ContractionPath) {
  let energyPj = 0;
  let latencyCycles = 0;
  const activations = path.einsum.inputs.map((_, position) => position === 0);
  for (const step of path.steps) {
    const [first = 0, second = first] = step.operands;
    const swap = activations[first] === false && activations[second] === true;
    activations.push(activations[first] === true || activations[second] === true);
    for (const position of step.operands.toSorted((a, b) => b - a)) activations.splice(position, 1);
    if (step.operands.length < 2) continue;
    const inputs = swap ? step.inputs.toReversed() : step.inputs;
    const cost = mapper.cost(stepGemm(path.einsum, { inputs, output: step.output }), 'exact');
    energyPj += cost.energyPj;
    latencyCycles += cost.latencyCycles;
  }
  return { path, energyPj, latencyCycles, edpPjCycles: energyPj * latencyCycles };
}
