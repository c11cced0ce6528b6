/**
 * The nodes of a graph and of its subgraphs, linked: every value knows its producer and its uses, every use its node.
 * A name is looked up in its own graph first, then in the graphs around it (ONNX IR, "Names Within a Graph").
 */
import type { AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto } from 'onnx-buf';
import { InputError, check } from '../base/checks.ts';

/** A named value of one graph. */
export interface Value {
  readonly name: string;
  readonly producer: Op | null;
  /** Of an initializer, or of the Constant node that makes it. */
  readonly data: TensorProto | null;
  /** Whether the main graph gives it out. */
  readonly isOutput: boolean;
  readonly uses: readonly Use[];
}

export interface Use {
  readonly op: Op;
  readonly slot: number;
}

export interface Op {
  readonly node: NodeProto;
  readonly graph: GraphProto;
  /** `MatMul`; outside the default domain `com.microsoft.MatMulNBits`. */
  readonly type: string;
  /** Null for one left out. */
  readonly inputs: readonly (Value | null)[];
  readonly outputs: readonly Value[];
}

export interface Graph {
  /** Producers before consumers, subgraphs included; file order where that is free. */
  readonly ops: readonly Op[];
  /** Values of the main graph by name. */
  readonly values: ReadonlyMap<string, Value>;
}

const subject = 'ONNX graph';

interface MutableValue extends Value {
  producer: Op | null;
  data: TensorProto | null;
  isOutput: boolean;
  readonly uses: Use[];
}

interface Scope {
  readonly values: Map<string, MutableValue>;
  readonly outer: Scope | null;
}

/** An op with the ops of its subgraphs, which it depends on. */
type Dependencies = ReadonlyMap<Op, readonly Op[]>;

/** @throws InputError for a value that two nodes produce, and for a cycle. */
export function linkGraph({ graph }: ModelProto): Graph {
  check(graph !== undefined, subject, 'must be there');
  const inner = new Map<Op, readonly Op[]>();
  const { ops, scope } = linkScope(graph, null, inner);
  for (const { name } of graph.output) {
    const value = scope.values.get(name);
    if (value !== undefined) value.isOutput = true;
  }
  return { ops: sorted(ops, inner), values: scope.values };
}

function linkScope(
  graph: GraphProto,
  outer: Scope | null,
  inner: Map<Op, readonly Op[]>,
): { readonly ops: readonly Op[]; readonly scope: Scope } {
  const scope: Scope = { values: new Map(), outer };
  for (const { name } of graph.input) define(scope, name);
  for (const tensor of graph.initializer) define(scope, tensor.name).data = tensor;
  for (const { values } of graph.sparseInitializer) if (values !== undefined) define(scope, values.name);
  const producers = new Set<string>();
  for (const { output } of graph.node) {
    for (const name of output) {
      if (name === '') continue;
      check(
        !producers.has(name) && (scope.values.get(name)?.data ?? null) === null,
        subject,
        'a value must come from one place only; the file is damaged, export it anew',
        name,
      );
      producers.add(name);
      define(scope, name);
    }
  }
  const ops = graph.node.map((node): Op => {
    const inputs = node.input.map((name) => (name === '' ? null : lookUp(scope, name)));
    const outputs = node.output.map((name) => define(scope, name));
    const domain = node.domain === 'ai.onnx' ? '' : node.domain;
    const type = domain === '' ? node.opType : `${domain}.${node.opType}`;
    const op: Op = { node, graph, type, inputs, outputs };
    inputs.forEach((value, slot) => value?.uses.push({ op, slot }));
    for (const value of outputs) {
      value.producer = op;
      value.data = type === 'Constant' ? (attribute(node, 'value')?.t ?? null) : null;
    }
    return op;
  });
  for (const op of ops) {
    const bodies = op.node.attribute.flatMap(({ g, graphs }) => (g === undefined ? graphs : [g, ...graphs]));
    if (bodies.length === 0) continue;
    inner.set(
      op,
      bodies.flatMap((body) => linkScope(body, scope, inner).ops),
    );
  }
  return { ops, scope };
}

function define(scope: Scope, name: string): MutableValue {
  const known = scope.values.get(name);
  if (known !== undefined && name !== '') return known;
  const value: MutableValue = { name, producer: null, data: null, isOutput: false, uses: [] };
  if (name !== '') scope.values.set(name, value);
  return value;
}

/** A name that nobody defines is a value without a producer. */
function lookUp(scope: Scope, name: string): MutableValue {
  for (let at: Scope | null = scope; at !== null; at = at.outer) {
    const found = at.values.get(name);
    if (found !== undefined) return found;
  }
  return define(scope, name);
}

/** Depth first without recursion: a chain may be as long as the file. */
function sorted(ops: readonly Op[], inner: Dependencies): readonly Op[] {
  const order: Op[] = [];
  const state = new Map<Op, 'open' | 'done'>();
  for (const root of ops) {
    const stack = [root];
    for (let op = stack.at(-1); op !== undefined; op = stack.at(-1)) {
      if (state.get(op) === 'open' || state.get(op) === 'done') {
        stack.pop();
        if (state.get(op) === 'open') order.push(op);
        state.set(op, 'done');
        continue;
      }
      state.set(op, 'open');
      const before = [
        ...op.inputs.flatMap((value) => value?.producer ?? []),
        ...(inner.get(op) ?? []),
      ].reverse();
      for (const each of before) {
        if (state.get(each) === 'open')
          throw new InputError(
            subject,
            'must have no cycle; the file is damaged, export it anew',
            nodeName(op.node),
          );
        if (state.get(each) === undefined) stack.push(each);
      }
    }
  }
  return order;
}

/** A node's own name, or its first output's where it has none. */
export function nodeName(node: NodeProto): string {
  return node.name !== '' ? node.name : (node.output.find((name) => name !== '') ?? node.opType);
}

export function attribute(node: NodeProto, name: string): AttributeProto | undefined {
  return node.attribute.find((each) => each.name === name);
}

export function intAttribute(node: NodeProto, name: string, otherwise: number): number {
  const found = attribute(node, name);
  return found === undefined ? otherwise : Number(found.i);
}

export function floatAttribute(node: NodeProto, name: string, otherwise: number): number {
  return attribute(node, name)?.f ?? otherwise;
}

/** A list of integers from an attribute; null when it is not there. */
export function intsAttribute(node: NodeProto, name: string): readonly number[] | null {
  return attribute(node, name)?.ints.map(Number) ?? null;
}

/** Text of an attribute, as far as it is ASCII. */
export function textAttribute(node: NodeProto, name: string): string {
  return String.fromCharCode(...(attribute(node, name)?.s.subarray(0, 256) ?? []));
}

/** The integers of a small constant (shapes, axes); null when it is none, or large. */
export function intsOf(value: Value | null | undefined): readonly number[] | null {
  if (value === null || value === undefined) return null;
  const { data, producer } = value;
  if (data === null) {
    if (producer?.type !== 'Constant') return null;
    const one = attribute(producer.node, 'value_int');
    return one === undefined ? intsAttribute(producer.node, 'value_ints') : [Number(one.i)];
  }
  if (data.dataLocation === 1 || ![6, 7].includes(data.dataType)) return null;
  const { rawData, int64Data, int32Data } = data;
  if (rawData.length === 0) return [...int64Data, ...int32Data].map(Number);
  const bytes = rawData.slice().buffer;
  const width = data.dataType === 7 ? 8 : 4;
  if (bytes.byteLength % width !== 0) return null;
  return Array.from(width === 8 ? new BigInt64Array(bytes) : new Int32Array(bytes), Number);
}
