/** What edits need to know of a model: its versions, names, types and ranks of values; and rebuilding it. */
import { create } from '@bufbuild/protobuf';
import {
  GraphProtoSchema,
  StringStringEntryProtoSchema,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type StringStringEntryProto,
  type TensorProto,
  type TypeProto,
} from 'onnx-buf';
import { check, invariant } from '../base/checks.ts';
import type { FloatDtype } from './edit-elements.ts';
import { allGraphs, bodies, changed, dataTypes } from './edit-messages.ts';
import type { Graph, Op, Value } from './graph.ts';
import type { OnnxSite } from './model.ts';

/** Below it Add broadcasts by attributes and Reshape has its shape in one; onnxruntime starts there too. */
const leastOpset = 7;

export const mainGraph = ({ graph }: ModelProto): GraphProto => graph ?? create(GraphProtoSchema);

/** The model with other values in some fields of its main graph. */
export const withGraph = (model: ModelProto, fields: Partial<GraphProto>): ModelProto =>
  changed(model, { graph: changed(mainGraph(model), fields) });

/** Version of the default domain. @throws InputError below the first that is edited */
export function opsetOf({ opsetImport }: ModelProto): number {
  const own = opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx');
  const opset = Number(own?.version ?? 0n);
  check(
    opset >= leastOpset,
    'ONNX',
    `opset must be at least ${leastOpset} (convert the model with onnx.version_converter)`,
    opset,
  );
  return opset;
}

/** Gives names that nothing in the model has. */
export function namer(proto: ModelProto): (wish: string) => string {
  const taken = new Set<string>();
  for (const graph of allGraphs(mainGraph(proto))) {
    for (const { name, input, output } of graph.node)
      for (const each of [name, ...input, ...output]) taken.add(each);
    for (const list of [graph.initializer, graph.input, graph.output, graph.valueInfo])
      for (const { name } of list) taken.add(name);
    for (const { values } of graph.sparseInitializer) taken.add(values?.name ?? '');
  }
  // Where many wish for the same name.
  const last = new Map<string, number>();
  return (wish) => {
    let name = wish;
    let k = last.get(wish) ?? 0;
    while (taken.has(name)) name = `${wish}_${++k}`;
    if (k > 0) last.set(wish, k);
    taken.add(name);
    return name;
  };
}

const floatTypes: readonly FloatDtype[] = ['F32', 'F16', 'BF16', 'F64'];

const floatOf = (type: number): FloatDtype | undefined =>
  floatTypes.find((dtype) => dataTypes[dtype] === type);

interface Known {
  /** Null for unknown ranks. */
  readonly rank: number | null;
  readonly dtype: FloatDtype | undefined;
}

/** Types that the file tells, by value name; names of different bodies that agree by name must agree in rank too. */
export function knownTypes(proto: ModelProto): ReadonlyMap<string, Known> {
  const known = new Map<string, Known>();
  const learn = (name: string, next: Known): void => {
    const before = known.get(name);
    known.set(
      name,
      before === undefined || before.rank === next.rank
        ? next
        : { rank: null, dtype: next.dtype ?? before.dtype },
    );
  };
  for (const graph of allGraphs(mainGraph(proto)))
    for (const { name, type } of [...graph.input, ...graph.output, ...graph.valueInfo])
      learn(name, typeOf(type));
  return known;
}

function typeOf(type: TypeProto | undefined): Known {
  if (type?.value.case !== 'tensorType') return { rank: null, dtype: undefined };
  const { elemType, shape } = type.value.value;
  return { rank: shape === undefined ? null : shape.dim.length, dtype: floatOf(elemType) };
}

/** The type of a constant, through the nodes that make it. */
export function constantType(value: Value | null | undefined): FloatDtype | undefined {
  if (value === null || value === undefined) return undefined;
  if (value.data !== null) return floatOf(value.data.dataType);
  const op = value.producer;
  if (op === null) return undefined;
  const int = (name: string): number => Number(op.node.attribute.find((a) => a.name === name)?.i ?? 0n);
  switch (op.type) {
    case 'Cast':
      return floatOf(int('to'));
    case 'DequantizeLinear':
      return floatOf(int('output_dtype')) ?? constantType(op.inputs[1]);
    default:
      return constantType(op.inputs[0]);
  }
}

/** The inputs of a layer's node that only the layer needs. */
export function weightsOf({ inputs }: Op, { input, bias, ownBias }: OnnxSite): readonly Value[] {
  return inputs.flatMap((value) =>
    value === null || value.name === input || (ownBias && value.name === bias) ? [] : [value],
  );
}

/** What a layer's node computes in, as far as the file tells. */
export function computeType(
  types: ReadonlyMap<string, Known>,
  anchor: Op,
  site: OnnxSite,
): FloatDtype | undefined {
  const told = types.get(site.output)?.dtype ?? types.get(site.input)?.dtype;
  if (told !== undefined) return told;
  return weightsOf(anchor, site)
    .map(constantType)
    .find((dtype) => dtype !== undefined);
}

/**
 * Values that nothing uses any more once `freed` uses are gone, with the nodes and initializers that make them.
 * @param freed one entry for each use that goes
 * @param sites whose inputs and biases stay in use
 */
export function unused(proto: ModelProto, freed: readonly Value[], sites: readonly OnnxSite[]): Removal {
  const given = allGraphs(mainGraph(proto)).flatMap(({ output }) => output.map(({ name }) => name));
  const kept = new Set([...given, ...sites.flatMap(({ input, bias }) => [input, bias ?? ''])]);
  const left = new Map<Value, number>();
  const nodes = new Set<NodeProto>();
  const tensors = new Set<TensorProto>();
  const names = new Set<string>();
  const queue = [...freed];
  for (let value = queue.pop(); value !== undefined; value = queue.pop()) {
    const uses = (left.get(value) ?? value.uses.length) - 1;
    left.set(value, uses);
    if (uses > 0 || kept.has(value.name)) continue;
    names.add(value.name);
    const op = value.producer;
    if (op === null) {
      if (value.data !== null) tensors.add(value.data);
      continue;
    }
    const dead = op.outputs.every((each) => each.name === '' || names.has(each.name) || isIdle(each, kept));
    if (!dead || nodes.has(op.node)) continue;
    nodes.add(op.node);
    for (const each of op.outputs) names.add(each.name);
    for (const each of op.inputs) if (each !== null) queue.push(each);
  }
  return { nodes, tensors, names };
}

const isIdle = (value: Value, kept: ReadonlySet<string>): boolean =>
  value.uses.length === 0 && !kept.has(value.name);

export interface Removal {
  readonly nodes: ReadonlySet<NodeProto>;
  readonly tensors: ReadonlySet<TensorProto>;
  /** Of the values that are gone. */
  readonly names: ReadonlySet<string>;
}

export interface Changes {
  readonly removal: Removal;
  readonly inPlaceOf: ReadonlyMap<NodeProto, readonly NodeProto[]>;
  /** At the start of the main graph. */
  readonly first: readonly NodeProto[];
  readonly added: readonly TensorProto[];
}

/** The model with nodes and tensors changed; what is not touched is shared. */
export function rebuild(proto: ModelProto, changes: Changes): ModelProto {
  const { removal, first, added } = changes;
  const { names } = removal;
  const within = (graph: GraphProto): GraphProto => {
    const gone = <T extends { readonly name: string }>(list: readonly T[]): T[] =>
      list.filter(({ name }) => !names.has(name));
    return changed(graph, {
      node: graph.node.flatMap((each) => {
        if (removal.nodes.has(each)) return [];
        return (
          changes.inPlaceOf.get(each) ?? [bodies(each).length === 0 ? each : rebuiltBodies(each, within)]
        );
      }),
      initializer: graph.initializer.filter((tensor) => !removal.tensors.has(tensor)),
      input: gone(graph.input),
      valueInfo: gone(graph.valueInfo),
      quantizationAnnotation: graph.quantizationAnnotation.filter(({ tensorName }) => !names.has(tensorName)),
    });
  };
  const graph = within(mainGraph(proto));
  return changed(proto, {
    graph: changed(graph, {
      node: [...first, ...graph.node],
      initializer: [...graph.initializer, ...added],
    }),
  });
}

function rebuiltBodies(node: NodeProto, within: (graph: GraphProto) => GraphProto): NodeProto {
  return changed(node, {
    attribute: node.attribute.map((each) =>
      each.g === undefined && each.graphs.length === 0
        ? each
        : changed(each, {
            ...(each.g === undefined ? {} : { g: within(each.g) }),
            graphs: each.graphs.map(within),
          }),
    ),
  });
}

/** The metadata with one entry in place of any of its key. */
export function withEntry(
  entries: readonly StringStringEntryProto[],
  key: string,
  value: string,
): StringStringEntryProto[] {
  return [
    ...entries.filter((entry) => entry.key !== key),
    create(StringStringEntryProtoSchema, { key, value }),
  ];
}

/** The op that links a node into the graph, and the one that makes each value. */
export interface Linked {
  readonly byNode: ReadonlyMap<NodeProto, Op>;
  readonly byOutput: ReadonlyMap<string, readonly Op[]>;
}

export function opsByNode({ ops }: Graph): Linked {
  const byOutput = new Map<string, Op[]>();
  for (const op of ops)
    for (const { name } of op.outputs) byOutput.set(name, [...(byOutput.get(name) ?? []), op]);
  return { byNode: new Map(ops.map((op) => [op.node, op])), byOutput };
}

/** A site's node, and the one that gives the layer's output: another where scales follow an integer product. */
export function placeOf(
  { byNode, byOutput }: Linked,
  { node, graph, output }: OnnxSite,
): { readonly op: Op; readonly anchor: Op } {
  const op = byNode.get(node);
  const anchor = byOutput.get(output)?.find((each) => each.graph === graph);
  invariant(op !== undefined && anchor !== undefined, `no node gives ${output}`);
  return { op, anchor };
}
