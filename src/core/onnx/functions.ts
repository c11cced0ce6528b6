/**
 * Calls of a model's own functions replaced by what the functions do (onnx.proto, FunctionProto), so that every reader
 * and writer sees one graph of standard nodes. Values inside get names after the call; those of the graph stay. A
 * function's versions are the model's where they matter: onnx.checker refuses a model in which they are not.
 */
import { create } from '@bufbuild/protobuf';
import {
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  type AttributeProto,
  type FunctionProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type OperatorSetIdProto,
  type TensorProto,
  type ValueInfoProto,
} from 'onnx-buf';
import { check } from '../base/checks.ts';
import { namer } from './edit-graph.ts';
import { attribute, bodies, changed, node as nodeOf } from './edit-messages.ts';
import { nodeName } from './graph.ts';

const subject = 'ONNX file';
/** Nodes with their names and attributes: some hundred megabytes. */
const mostParts = 2 ** 20;
const mostDepth = 64;
/** Of a name made here: calls within calls would let them grow. */
const mostName = 256;

/** @throws InputError for functions that call themselves, grow without bound, or get more than they take */
export function inlineFunctions(model: ModelProto): ModelProto {
  const { functions, graph, opsetImport } = model;
  if (functions.length === 0 || graph === undefined) return model;
  const inliner = createInliner(model);
  const node = inliner.inlined(graph.node);
  return changed(model, {
    functions: [],
    graph: changed(graph, { node: [...inliner.constants, ...node] }),
    opsetImport: [...opsetImport, ...inliner.imports.values()],
  });
}

interface Inliner {
  readonly inlined: (nodes: readonly NodeProto[]) => NodeProto[];
  /** Of functions, for the start of the main graph: each once, however often its function is called. */
  readonly constants: readonly NodeProto[];
  /** Of domains that only functions used. */
  readonly imports: ReadonlyMap<string, OperatorSetIdProto>;
}

/** One call: what names and attributes inside the function stand for. */
interface Frame {
  readonly of: FunctionProto;
  /** As its own caller sees it. */
  readonly call: NodeProto;
  /** By name inside; grows. */
  readonly names: Map<string, string>;
  /** Of names made for it; others may have the same. */
  readonly prefix: string;
  readonly depth: number;
}

const plainDomain = (domain: string): string => (domain === 'ai.onnx' ? '' : domain);

const keyOf = (domain: string, name: string, overload: string): string =>
  JSON.stringify([plainDomain(domain), name, overload]);

function createInliner(model: ModelProto): Inliner {
  const functions = new Map(
    model.functions.map((each) => [keyOf(each.domain, each.name, each.overload), each] as const),
  );
  const unique = namer(model);
  const known = new Set(model.opsetImport.map(({ domain }) => plainDomain(domain)));
  const imports = new Map<string, OperatorSetIdProto>();
  const constants: NodeProto[] = [];
  const constantNames = new Map<NodeProto, string>();
  let parts = 0;
  const count = (more: number, at: string): void => {
    parts += more;
    check(parts <= mostParts, subject, `functions may stand for at most ${mostParts} parts of nodes`, at);
  };

  const made = ({ prefix }: Pick<Frame, 'prefix'>, name: string): string =>
    unique(`${prefix}/${name.replace(/^\/+/, '')}`.slice(0, mostName));

  const nameIn = (frame: Frame, name: string): string => {
    if (name === '') return '';
    const before = frame.names.get(name);
    if (before !== undefined) return before;
    const next = made(frame, name);
    frame.names.set(name, next);
    return next;
  };

  /** A node as its caller sees it. */
  const inFrame = (node: NodeProto, frame: Frame): NodeProto => {
    const own = new Set(node.metadataProps.map(({ key }) => key));
    return changed(node, {
      name: node.name === '' ? '' : made(frame, node.name),
      input: node.input.map((name) => nameIn(frame, name)),
      output: node.output.map((name) => nameIn(frame, name)),
      attribute: node.attribute.flatMap((each) => attributeIn(each, frame) ?? []),
      metadataProps: [...frame.call.metadataProps.filter(({ key }) => !own.has(key)), ...node.metadataProps],
    });
  };

  /** Null for one that refers to what the call does not give. */
  const attributeIn = (given: AttributeProto, { call, of }: Frame): AttributeProto | null => {
    const { refAttrName: ref, name } = given;
    if (ref === '') return given;
    const found = [...call.attribute, ...of.attributeProto].find((each) => each.name === ref);
    return found === undefined ? null : changed(found, { name });
  };

  const inBodies = (node: NodeProto, frame: Frame | null): NodeProto => {
    if (bodies(node).length === 0) return node;
    const body = (graph: GraphProto): GraphProto => bodyOf(graph, frame);
    return changed(node, {
      attribute: node.attribute.map((each) => {
        const graphs = each.graphs.map(body);
        return changed(each, each.g === undefined ? { graphs } : { g: body(each.g), graphs });
      }),
    });
  };

  const bodyOf = (graph: GraphProto, frame: Frame | null): GraphProto => {
    if (frame === null) return changed(graph, { node: inlined(graph.node, null) });
    check(graph.sparseInitializer.length === 0, subject, 'functions must have no sparse tensors', graph.name);
    const renamed = (list: readonly ValueInfoProto[]): ValueInfoProto[] =>
      list.map((each) => changed(each, { name: nameIn(frame, each.name) }));
    // A tensor's message stays the one its data were found by, under its own name.
    const tensors = graph.initializer.map((tensor) => constantOf(tensor, nameIn(frame, tensor.name)));
    return changed(graph, {
      input: renamed(graph.input),
      output: renamed(graph.output),
      initializer: [],
      valueInfo: [],
      node: [...tensors, ...inlined(graph.node, frame)],
    });
  };

  const inlined = (nodes: readonly NodeProto[], frame: Frame | null): NodeProto[] =>
    nodes.flatMap((node) => {
      const own = inBodies(frame === null ? node : inFrame(node, frame), frame);
      const { input, output, attribute: attributes, metadataProps } = own;
      count(1 + input.length + output.length + attributes.length + metadataProps.length, nodeName(node));
      const called = functions.get(keyOf(own.domain, own.opType, own.overload));
      if (called !== undefined) return expanded(own, called, (frame?.depth ?? 0) + 1, prefixOf(node, frame));
      if (frame !== null) noteImport(own, frame.of);
      return [own];
    });

  const noteImport = ({ domain: given }: NodeProto, { opsetImport }: FunctionProto): void => {
    const domain = plainDomain(given);
    if (known.has(domain) || imports.has(domain)) return;
    const version = opsetImport.find((each) => plainDomain(each.domain) === domain)?.version ?? 1n;
    imports.set(domain, create(OperatorSetIdProtoSchema, { domain, version }));
  };

  const expanded = (call: NodeProto, of: FunctionProto, depth: number, prefix: string): NodeProto[] => {
    check(depth <= mostDepth, subject, 'functions must not call themselves', of.name);
    checkCall(call, of);
    count(of.input.length + of.output.length + of.node.length, nodeName(call));
    const names = new Map(of.input.map((name, k) => [name, call.input[k] ?? ''] as const));
    const frame: Frame = { of, call, names, prefix, depth };
    const passed: NodeProto[] = [];
    call.output.forEach((wanted, k) => {
      const name = of.output[k] ?? '';
      const before = names.get(name);
      if (before === undefined) names.set(name, wanted === '' ? made(frame, name) : wanted);
      else if (wanted !== '') passed.push(nodeOf('Identity', made(frame, 'Identity'), [before], wanted));
    });
    const own = of.node.filter((node) => {
      const constant = sharedConstant(node, of);
      if (constant !== null) names.set(node.output[0] ?? '', constant);
      return constant === null;
    });
    return [...inlined(own, frame), ...passed];
  };

  /** The value of a Constant that is the same at every call; null for other nodes. */
  const sharedConstant = (node: NodeProto, of: FunctionProto): string | null => {
    const [output = ''] = node.output;
    if (node.opType !== 'Constant' || plainDomain(node.domain) !== '' || of.output.includes(output))
      return null;
    if (node.attribute.some(({ refAttrName }) => refAttrName !== '')) return null;
    const before = constantNames.get(node);
    if (before !== undefined) return before;
    const name = made({ prefix: of.name }, output);
    constantNames.set(node, name);
    constants.push(changed(node, { name, output: [name] }));
    return name;
  };

  return { inlined: (nodes) => inlined(nodes, null), constants, imports };
}

const constantOf = (tensor: TensorProto, name: string): NodeProto =>
  create(NodeProtoSchema, {
    opType: 'Constant',
    name,
    output: [name],
    attribute: [attribute('value', tensor)],
  });

function checkCall(call: NodeProto, of: FunctionProto): void {
  for (const [what, given, taken] of [
    ['inputs', call.input, of.input],
    ['outputs', call.output, of.output],
  ] as const)
    check(
      given.length <= taken.length,
      subject,
      `call ${nodeName(call)} of function ${of.name} must have at most ${taken.length} ${what}`,
      given.length,
    );
}

/**
 * `/blocks.0/up` of the call `/blocks.0/up/Linear`: exporters end a node's name with its operation. Inside a function
 * they have no other name, so that all its nodes go by the call's place.
 */
function prefixOf(call: NodeProto, frame: Frame | null): string {
  const own = nodeName(call);
  const name = frame === null ? own : `${frame.prefix}/${own}`;
  const at = name.lastIndexOf('/');
  const last = name.slice(at + 1);
  const isOperation = last.startsWith(call.opType) && /^(?:_\d+)?$/.test(last.slice(call.opType.length));
  return at > 0 && isOperation ? name.slice(0, at) : name;
}
