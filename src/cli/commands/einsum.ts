/** `einsum`: evaluates an einsum of given operands: in float64, or as the engines do it. */
import { InputError, check } from '../../core/base/checks.ts';
import { EngineLost, type Backend, type Engine } from '../../core/einsum/engine.ts';
import { contract, evaluateEinsum, mostVisited, visited } from '../../core/einsum/evaluate.ts';
import { findPath } from '../../core/einsum/path.ts';
import { parseEinsum } from '../../core/einsum/parse.ts';
import { einsumProgram } from '../../core/einsum/program.ts';
import { openWasm } from '../../engines/wasm/wasm.ts';
import { defineCommand } from '../command.ts';
import { askSoftwareGpu, forgetNodeGpu, openNodeGpu } from '../gpu.ts';
import { choice, jsonFile, otherwise, positional, required, shapes, text } from '../options.ts';
import { facts, figure } from '../table.ts';

interface Result {
  readonly shape: readonly number[];
  readonly values: readonly number[];
  readonly backend: Backend;
}

const shown = 20;

export const einsumCommand = defineCommand({
  name: 'einsum',
  summary: 'value of an einsum',
  usage: 'einsum EQUATION SHAPES --operands FILE.json [--backend js|wasm|webgpu]',
  notes: [
    'FILE.json holds one flat, row-major list of numbers per operand: [[1,2,3,4,5,6],[...]].',
    'Result: {shape, values, backend}, values flat and row-major. js is the float64 evaluator: all indices in one',
    `loop up to ${mostVisited.toExponential(0)} combinations, else step by step along the path of least MACs.`,
    'wasm and webgpu compute in float32 along that path. webgpu needs a clone: it runs on the GPU that Dawn finds,',
    'else on the software one of an installed Chromium.',
  ],
  options: {
    equation: required(positional(text('EQUATION', 'the einsum'))),
    shapes: required(positional(shapes('one shape per operand'))),
    operands: required(jsonFile('values, one flat list per operand', 'FILE.json')),
    backend: otherwise(choice(['js', 'wasm', 'webgpu'], 'what computes'), 'js'),
  },
  run: async ({ equation, shapes: sizes, operands, backend }, { program, note }): Promise<Result> => {
    const values = readOperands(operands);
    if (backend === 'js') return finite(inFloat64(equation, sizes, values));
    // What the einsum itself lacks is told before any engine is looked for.
    checkCounts(equation, sizes, values);
    if (backend === 'wasm') {
      const engine = await openWasm();
      check(engine !== null, 'einsum', '--backend wasm needs WebAssembly with SIMD');
      return finite(await evaluate(engine, equation, sizes, values));
    }
    const engine = await openNodeGpu();
    if (engine !== null) return finite(await evaluate(engine, equation, sizes, values));
    const request = { command: 'einsum', equation, shapes: sizes, operands, backend };
    return (await askSoftwareGpu(program, request, note)) as Result;
  },
  print: ({ shape, values, backend }) =>
    facts([
      ['shape', shape.length === 0 ? 'scalar' : shape.join(' x ')],
      ['backend', backend],
      ['values', values.slice(0, shown).map(figure).join(' ') + (values.length > shown ? ' ...' : '')],
    ]),
});

function inFloat64(
  equation: string,
  sizes: readonly (readonly number[])[],
  values: readonly Float64Array[],
): Result {
  const einsum = parseEinsum(equation, sizes);
  const { shape, values: out } =
    visited(einsum) <= mostVisited || einsum.inputs.length === 1
      ? evaluateEinsum(einsum, values)
      : contract(findPath(einsum), values);
  return { shape, values: [...out], backend: 'js' };
}

async function evaluate(
  engine: Engine,
  equation: string,
  sizes: readonly (readonly number[])[],
  values: readonly Float64Array[],
): Promise<Result> {
  const program = einsumProgram(equation, sizes);
  try {
    const prepared = await engine.prepare(program);
    values.forEach((given, k) => prepared.write(k, Float32Array.from(given)));
    await prepared.run();
    const out = await prepared.read();
    prepared.destroy();
    return { shape: program.outputShape, values: [...out], backend: engine.backend };
  } catch (error) {
    if (!(error instanceof EngineLost)) throw error;
    forgetNodeGpu();
    throw new InputError('einsum', `${error.message}; --backend wasm has none`);
  }
}

function checkCounts(
  equation: string,
  sizes: readonly (readonly number[])[],
  values: readonly Float64Array[],
): void {
  const { inputs } = parseEinsum(equation, sizes);
  check(values.length === inputs.length, 'einsum', 'needs one operand per term', values.length);
  sizes.forEach((shape, k) => {
    const words = shape.reduce((product, extent) => product * extent, 1);
    const given = values[k]?.length;
    check(given === words, 'einsum', `operand ${k} must have ${words} values`, given);
  });
}

function finite(result: Result): Result {
  const wrong = result.values.findIndex((value) => !Number.isFinite(value));
  check(wrong < 0, 'einsum', `values must stay finite, value ${wrong} is not`, result.values[wrong]);
  return result;
}

function readOperands(value: unknown): Float64Array[] {
  check(Array.isArray(value), 'einsum', '--operands must hold one list of numbers per operand', value);
  return value.map((given: unknown, k) => {
    const list: unknown = typeof given === 'number' ? [given] : given;
    const good = Array.isArray(list) && list.every((item) => typeof item === 'number');
    check(good, 'einsum', `operand ${k} must be a flat list of numbers`, list);
    return Float64Array.from(list as number[]);
  });
}
