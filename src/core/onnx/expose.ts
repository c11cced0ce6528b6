/**
 * Two small changes of a graph that let one session serve many weights: initializers become graph inputs, and values
 * inside become outputs. The model given is left as it is; what does not change is shared.
 */
import { create } from '@bufbuild/protobuf';
import { ValueInfoProtoSchema, type ModelProto } from 'onnx-buf';
import { check } from '../base/checks.ts';
import { mainGraph, withGraph } from './edit-graph.ts';
import { tensorValue } from './edit-messages.ts';

/**
 * The initializers of these names become graph inputs of their type and shape: they must be fed.
 * @throws InputError when one is no initializer of the main graph
 */
export function weightsAsInputs(model: ModelProto, names: readonly string[]): ModelProto {
  const { initializer, input } = mainGraph(model);
  const wanted = new Set(names);
  const moved = initializer.filter(({ name }) => wanted.has(name));
  checkFound('initializer', names, new Set(moved.map(({ name }) => name)));
  // Old files list their initializers among the inputs too.
  const known = new Set(input.map(({ name }) => name));
  return withGraph(model, {
    initializer: initializer.filter(({ name }) => !wanted.has(name)),
    input: [
      ...input,
      ...moved
        .filter(({ name }) => !known.has(name))
        .map(({ name, dataType, dims }) => tensorValue(name, dataType, dims)),
    ],
  });
}

/**
 * The values of these names become graph outputs beside those there are; their types are left to be inferred.
 * @throws InputError when no node computes one
 */
export function exposeValues(model: ModelProto, names: readonly string[]): ModelProto {
  const { node, input, output } = mainGraph(model);
  const known = new Set([...input.map(({ name }) => name), ...node.flatMap((each) => each.output)]);
  checkFound('value', names, known);
  const already = new Set(output.map(({ name }) => name));
  const added = [...new Set(names)].filter((name) => !already.has(name));
  return withGraph(model, {
    output: [...output, ...added.map((name) => create(ValueInfoProtoSchema, { name }))],
  });
}

function checkFound(what: string, names: readonly string[], found: ReadonlySet<string>): void {
  for (const name of names) check(found.has(name), 'onnx', `the graph has no ${what} of this name`, name);
}
