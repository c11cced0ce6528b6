/** `einsum`: evaluates an einsum of given operands in float64. */
import { InputError, check } from '../../core/base/checks.ts';
import { contract, evaluateEinsum, mostVisited, visited } from '../../core/einsum/evaluate.ts';
import { findPath } from '../../core/einsum/path.ts';
import { parseEinsum } from '../../core/einsum/parse.ts';
import { defineCommand } from '../command.ts';
import { choice, jsonFile, otherwise, positional, required, shapes, text } from '../options.ts';
import { facts, figure } from '../table.ts';

interface Result {
  readonly shape: readonly number[];
  readonly values: readonly number[];
  readonly backend: 'js';
}

const shown = 20;

export const einsumCommand = defineCommand({
  name: 'einsum',
  summary: 'value of an einsum, float64',
  usage: 'einsum EQUATION SHAPES --operands FILE.json [--backend js]',
  notes: [
    'FILE.json holds one flat, row-major list of numbers per operand: [[1,2,3,4,5,6],[...]].',
    'Result: {shape, values, backend}, values flat and row-major. js is the float64 evaluator: all indices in one',
    `loop up to ${mostVisited.toExponential(0)} combinations, else step by step along the path of least MACs.`,
  ],
  options: {
    equation: required(positional(text('EQUATION', 'the einsum'))),
    shapes: required(positional(shapes('one shape per operand'))),
    operands: required(jsonFile('values, one flat list per operand', 'FILE.json')),
    backend: otherwise(choice(['js', 'wasm', 'webgpu'], 'what computes'), 'js'),
  },
  run: ({ equation, shapes: sizes, operands, backend }): Result => {
    if (backend !== 'js')
      throw new InputError('einsum', '--backend must be js: no other is in this version', backend);
    const einsum = parseEinsum(equation, sizes);
    const values = readOperands(operands);
    const { shape, values: out } =
      visited(einsum) <= mostVisited || einsum.inputs.length === 1
        ? evaluateEinsum(einsum, values)
        : contract(findPath(einsum), values);
    const wrong = out.findIndex((value) => !Number.isFinite(value));
    check(wrong < 0, 'einsum', `values must stay finite, value ${wrong} is not`, out[wrong]);
    return { shape, values: [...out], backend };
  },
  print: ({ shape, values, backend }) =>
    facts([
      ['shape', shape.length === 0 ? 'scalar' : shape.join(' x ')],
      ['backend', backend],
      ['values', values.slice(0, shown).map(figure).join(' ') + (values.length > shown ? ' ...' : '')],
    ]),
});

function readOperands(value: unknown): Float64Array[] {
  check(Array.isArray(value), 'einsum', '--operands must hold one list of numbers per operand', value);
  return value.map((given: unknown, k) => {
    const list: unknown = typeof given === 'number' ? [given] : given;
    const good = Array.isArray(list) && list.every((item) => typeof item === 'number');
    check(good, 'einsum', `operand ${k} must be a flat list of numbers`, list);
    return Float64Array.from(list as number[]);
  });
}
