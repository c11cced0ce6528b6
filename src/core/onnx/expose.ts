/**
 * Two small changes of a graph that let one session serve many weights: initializers become graph inputs, and values
 * inside become outputs. The model given is left as it is; what does not change is shared.
 */
import { create } from '@bufbuild/protobuf';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
  type GraphProto,
  type ModelProto,
  type TensorProto,
  type ValueInfoProto,
} from 'onnx-buf';
import { check } from '../base/checks.ts';

const graphOf = (model: ModelProto): GraphProto => model.graph ?? create(GraphProtoSchema);

function withGraph(model: ModelProto, change: Partial<GraphProto>): ModelProto {
  return create(ModelProtoSchema, {
    ...model,
    graph: create(GraphProtoSchema, { ...graphOf(model), ...change }),
  });
}

function inputOf({ name, dims, dataType }: TensorProto): ValueInfoProto {
  const dim = dims.map((extent) =>
    create(TensorShapeProto_DimensionSchema, { value: { case: 'dimValue', value: extent } }),
  );
  const shape = create(TensorShapeProtoSchema, { dim });
  const value = create(TypeProto_TensorSchema, { elemType: dataType, shape });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: 'tensorType', value } }),
  });
}

/**
 * The initializers of these names become graph inputs of their type and shape: they must be fed.
 * @throws InputError when one is no initializer of the main graph
 */
export function weightsAsInputs(model: ModelProto, names: readonly string[]): ModelProto {
  const { initializer, input } = graphOf(model);
  const wanted = new Set(names);
  const moved = initializer.filter(({ name }) => wanted.has(name));
  checkFound('initializer', names, new Set(moved.map(({ name }) => name)));
  // Old files list their initializers among the inputs too.
  const known = new Set(input.map(({ name }) => name));
  return withGraph(model, {
    initializer: initializer.filter(({ name }) => !wanted.has(name)),
    input: [...input, ...moved.filter(({ name }) => !known.has(name)).map(inputOf)],
  });
}

/**
 * The values of these names become graph outputs beside those there are; their types are left to be inferred.
 * @throws InputError when no node computes one
 */
export function exposeValues(model: ModelProto, names: readonly string[]): ModelProto {
  const { node, input, output } = graphOf(model);
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
