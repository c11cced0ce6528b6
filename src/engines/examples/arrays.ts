/** Examples in .npy files: arrays by the names of their files; one alone is what the graph takes first. */
import { InputError, check } from '../../core/base/checks.ts';
import { tokenArrays, tokenGraph } from '../../core/examples/tokens.ts';
import type { OnnxModel } from '../../core/onnx/model.ts';
import { declaredInputs, inputsOf, isPast } from '../../core/onnx/user-inputs.ts';
import { readNpyArray, type NpyArray } from '../../core/workload/npy.ts';
import type { GivenExamples } from './read.ts';

interface Stored {
  /** With its ending. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** @throws InputError that names the file */
export function arrayExamples(model: OnnxModel, files: readonly Stored[]): GivenExamples {
  const arrays = new Map(
    files.map(({ name, bytes }) => [name.replace(/\.npy$/i, ''), arrayOf(name, bytes)] as const),
  );
  const wanted = declaredInputs(model).filter((each) => !isPast(each));
  const [first] = wanted;
  const [only] = arrays.values();
  const isNamed = wanted.some(({ name }) => arrays.has(name));
  const told: string[] = [];
  if (!isNamed && arrays.size === 1 && first !== undefined && only !== undefined) {
    const graph = wanted.length > 1 ? tokenGraph(model) : null;
    arrays.clear();
    if (graph === null) arrays.set(first.name, only);
    else for (const [name, array] of tokenArrays(graph, rowsOf(only), 0).arrays) arrays.set(name, array);
    told.push(`The array is taken as ${graph?.ids.name ?? first.name}.`);
  }
  const read = (name: string): NpyArray => {
    const array = arrays.get(name);
    if (array === undefined) throw new InputError('examples', 'must have the array', name);
    return array;
  };
  return { kind: 'arrays', inputs: inputsOf(model, { names: [...arrays.keys()], read }), told };
}

function arrayOf(name: string, bytes: Uint8Array): NpyArray {
  try {
    return readNpyArray(bytes);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(name, error.rule, error.value);
  }
}

function rowsOf({ shape, values }: NpyArray) {
  const [count = 0, length = 0] = shape;
  check(shape.length === 2, 'examples', 'must be an array of token ids [examples, tokens]', shape);
  return Array.from({ length: count }, (_, row) => ({
    ids: [...values.subarray(row * length, (row + 1) * length)],
    types: null,
  }));
}
