/**
 * Builds ONNX graphs (opset 18, default domain) node by node and keeps the tape that reverse-mode differentiation reads
 * backwards (Griewank, Walther, "Evaluating Derivatives", 2008, chapter 3). Shapes are those of one nominal batch; every
 * reshape leaves its leading axis open (-1), so a graph whose batch comes first runs at any batch.
 */
import { create } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  ModelProtoSchema,
  type AttributeProto,
  type ModelProto,
  type ValueInfoProto,
} from 'onnx-buf';
import { invariant } from '../../core/base/checks.ts';
import { attribute, constant as constantOf, tensorValue } from '../../core/onnx/edit-messages.ts';

export type ElementType = 'float32' | 'int64';

/** A tensor of the graph; row-major, [] for a scalar. */
export interface Value {
  readonly graph: Graph;
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: ElementType;
}

/** An operation as the tape remembers it. */
export interface Step {
  readonly output: Value;
  readonly inputs: readonly Value[];
  /**
   * Cotangents of the inputs from that of the output; null where `needed` is false or the input has none. Emits the
   * nodes that compute them.
   */
  readonly pullBack: (cotangent: Value, needed: readonly boolean[]) => readonly (Value | null)[];
}

export type Attribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: readonly number[] }
  | { readonly text: string };

export interface NodeSpec {
  readonly op: string;
  /** null leaves an optional input out. */
  readonly inputs: readonly (Value | null)[];
  /** One per output; the element type is float32 unless told. */
  readonly shapes: readonly (readonly number[])[];
  readonly type?: ElementType;
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** Names of the node and of its first output; made up when left out. */
  readonly name?: string;
  readonly output?: string;
}

export interface Graph {
  readonly input: (name: string, type: ElementType, shape: readonly number[]) => Value;
  /** A tensor stored in the graph. */
  readonly initializer: (
    name: string,
    shape: readonly number[],
    values: Float32Array | BigInt64Array,
  ) => Value;
  /** Small constants; equal ones are stored once. */
  readonly floats: (values: readonly number[], shape?: readonly number[]) => Value;
  readonly ints: (values: readonly number[]) => Value;
  /** Emits a node; @returns its outputs. */
  readonly node: (spec: NodeSpec) => readonly Value[];
  readonly record: (step: Step) => Value;
  readonly tape: readonly Step[];
  /** Declares an output of the graph, called `name`; @returns that name. */
  readonly output: (name: string, value: Value) => string;
  /**
   * The finished model; `leading` names the open first axis of all inputs and outputs, left out when the batch is
   * fixed.
   */
  readonly model: (
    name: string,
    options?: { readonly leading?: string; readonly metadata?: Readonly<Record<string, string>> },
  ) => ModelProto;
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** IR version 8 is the one that came with opset 18 (onnx 1.13). */
const irVersion = 8n;
const opset = 18n;

const dtypes = { float32: 'F32', int64: 'I64' } as const;

function attributeProto(name: string, of: Attribute): AttributeProto {
  if ('float' in of)
    return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.FLOAT, f: of.float });
  return attribute(name, 'int' in of ? of.int : 'ints' in of ? of.ints : of.text);
}

export function createGraph(): Graph {
  const nodes: NodeSpec[] = [];
  const nodeOutputs: (readonly string[])[] = [];
  const inputs: Value[] = [];
  const outputs: { readonly name: string; readonly value: Value }[] = [];
  const initializers: { readonly value: Value; readonly values: Float32Array | BigInt64Array }[] = [];
  const constants = new Map<string, Value>();
  const tape: Step[] = [];
  const taken = new Set<string>();
  /** Values that became outputs go by the output's name. */
  const renamed = new Map<string, string>();

  const fresh = (name: string): string => {
    invariant(!taken.has(name), `two values called ${name}`);
    taken.add(name);
    return name;
  };
  const value = (name: string, type: ElementType, shape: readonly number[]): Value => ({
    graph,
    name: fresh(name),
    shape,
    type,
  });
  const initializer: Graph['initializer'] = (name, shape, values) => {
    invariant(values.length === sizeOf(shape), `${name} has ${values.length} values for [${shape}]`);
    const made = value(name, values instanceof Float32Array ? 'float32' : 'int64', shape);
    initializers.push({ value: made, values });
    return made;
  };
  const constant = (values: Float32Array | BigInt64Array, shape: readonly number[]): Value => {
    const key = `${values.constructor.name} ${shape.join('x')}: ${values.join(' ')}`;
    const known = constants.get(key) ?? initializer(`constant_${constants.size}`, shape, values);
    constants.set(key, known);
    return known;
  };
  const node: Graph['node'] = (spec) => {
    const madeUp = `${spec.op}_${nodes.length}_output`;
    const names = spec.shapes.map((_, i) => (i === 0 ? (spec.output ?? madeUp) : `${madeUp}_${i}`));
    const made = names.map((name, i) => value(name, spec.type ?? 'float32', spec.shapes[i] ?? []));
    nodes.push(spec);
    nodeOutputs.push(names);
    return made;
  };
  const output: Graph['output'] = (name, given) => {
    const computed = nodeOutputs.some((names) => names.includes(given.name));
    const source =
      computed && !renamed.has(given.name)
        ? given
        : first(node({ op: 'Identity', inputs: [given], shapes: [given.shape], type: given.type }));
    if (source.name !== name) renamed.set(source.name, fresh(name));
    outputs.push({ name, value: source });
    return name;
  };

  const called = (name: string): string => renamed.get(name) ?? name;
  const declared = (name: string, { type, shape }: Value, leading?: string): ValueInfoProto =>
    tensorValue(
      name,
      dtypes[type],
      shape.map((extent, axis) => (axis === 0 && leading !== undefined ? leading : extent)),
    );
  const model: Graph['model'] = (name, { leading, metadata = {} } = {}) =>
    create(ModelProtoSchema, {
      irVersion,
      opsetImport: [{ domain: '', version: opset }],
      producerName: 'rankscape',
      metadataProps: Object.entries(metadata).map(([key, text]) => ({ key, value: text })),
      graph: {
        name,
        input: inputs.map((of) => declared(of.name, of, leading)),
        output: outputs.map((of) => declared(of.name, of.value, leading)),
        initializer: initializers.map(({ value: of, values }) => constantOf(of.name, of.shape, values)),
        node: nodes.map((spec, i) => ({
          name: spec.name ?? `${spec.op}_${i}`,
          opType: spec.op,
          input: spec.inputs.map((of) => (of === null ? '' : called(of.name))),
          output: (nodeOutputs[i] ?? []).map(called),
          attribute: Object.entries(spec.attributes ?? {}).map(([key, of]) => attributeProto(key, of)),
        })),
      },
    });

  const graph: Graph = {
    input: (name, type, shape) => {
      const made = value(name, type, shape);
      inputs.push(made);
      return made;
    },
    initializer,
    floats: (values, shape = []) => constant(Float32Array.from(values), shape),
    ints: (values) => constant(BigInt64Array.from(values, BigInt), [values.length]),
    node,
    record: (step) => {
      tape.push(step);
      return step.output;
    },
    tape,
    output,
    model,
  };
  return graph;
}

/** The only or first value of a node. */
export function first(values: readonly Value[]): Value {
  const value = values[0];
  invariant(value !== undefined, 'a node without outputs');
  return value;
}
