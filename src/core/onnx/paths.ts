/**
 * Module paths as exporters leave them in a file. PyTorch's TorchScript exporter names nodes after modules
 * (`/encoder/layer.0/attention/self/query/MatMul`) and weights that it transposed after nothing (`onnx::MatMul_123`); its
 * dynamo exporter keeps a list of scopes with every node; tf2onnx keeps the names of TensorFlow's operations.
 */
import { isEmbedding } from '../workload/names.ts';
import { nodeName, type Op } from './graph.ts';
import type { Site } from './sites.ts';
import { storedTensor } from './constants.ts';

/** What tools append to the name of a weight that they rewrite (onnxruntime.quantization, neural-compressor). */
const rewritten = /(?:_(?:quantized|transposed|fp16|DQ|Q4|Q8|Q2|Q4G\d+|Q\d|DQ_Q\d|T))+$|(?<=.):\d+$/;
const parameter = /^(.+)[./_](?:weight|kernel)$/;
const biasName = /^(.+)[./_]bias$/;
/** Names that an exporter made up. */
const made = /^(?:onnx::|val_\d|_val_|t_\d|\d|const_|fold|.*Const(?:ant)?(?:_\d+)?(?:_output_0)?$)/;
const operation =
  /^(?:MatMul|MatMulAddFusion|Gemm|Tensordot|Einsum|einsum|Conv2?D?|BiasAdd|Add|MatMul_\d+|Gemm_\d+|Tensordot_\d+|Reshape|Cast|add|dot_general|.*_(?:quant|Q4|Q8)|ReadVariableOp|Transpose)(?:__\d+)?$/;

export interface Paths {
  /** Of the layer's own parameters. */
  readonly own: string | null;
  /** All that it may go by, the surest first. Not unique: functions of one module share its path. */
  readonly all: readonly string[];
}

/** The module paths that a site shows. */
export function pathsOf(site: Site, isTable: boolean): Paths {
  const weight = plain(storedTensor(site.source).name);
  const named = parameter.exec(weight)?.[1];
  const bias = biasName.exec(plain(site.biasValue?.name ?? ''))?.[1];
  // A head that shares the word table is no embedding.
  const fromWeight = isTable || named === undefined || made.test(named) ? undefined : named;
  const fromBias = bias === undefined || made.test(bias) ? undefined : bias;
  const places = [scopeOf(site.op), pathOfNode(site.op)].flatMap((path) =>
    path === undefined || path === '' ? [] : [path],
  );
  // A bias may be its parent's (`lm_head.bias` of `lm_head.decoder`) or of no module (`final_logits_bias`).
  const isWithin = (path: string, parent: string): boolean =>
    path === parent || path.startsWith(`${parent}.`);
  const deeper = places.filter((path) => fromBias !== undefined && isWithin(path, fromBias));
  const isOfPlace =
    places.length === 0 ||
    places.some((path) => isWithin(fromBias ?? '', path) || fromBias?.endsWith(`.${path}`) === true);
  const own = fromWeight ?? deeper[0] ?? (isOfPlace ? fromBias : undefined);
  const all = [own, ...deeper, ...places, fromBias];
  return {
    own: own ?? null,
    all: [...new Set(all.flatMap((path) => (path === undefined ? [] : [path])))],
  };
}

/** A table's path: its own name, or that of the module that looks up (a tied table may go by its head's name). */
export function tablePath(tensor: string, lookUp: Op): string {
  const name = plain(tensor);
  const named = /^(.+)[./_]weight$/.exec(name)?.[1] ?? name;
  const paths = [named, scopeOf(lookUp), pathOfNode(lookUp)].flatMap((path) =>
    path === undefined || path === '' || made.test(path) ? [] : [path],
  );
  return paths.find(isEmbedding) ?? paths[0] ?? name;
}

/** TensorFlow's paths keep their slashes; what is appended to a rewritten name goes. */
function plain(name: string): string {
  let at = name;
  for (let steps = 0; steps < 4 && rewritten.test(at); steps++) at = at.replace(rewritten, '');
  return at.replace(
    /\/(?:ReadVariableOp|Read|Cast|(?:Resource)?Gather|embedding_lookup)(?:_\d+)?(?:\/resource)?$/,
    '',
  );
}

/** `pkg.torch.onnx.name_scopes`: a Python list from the root to the operation; the module is the last but one. */
function scopeOf({ node }: Op): string | undefined {
  const text = node.metadataProps.find(({ key }) => key === 'pkg.torch.onnx.name_scopes')?.value ?? '';
  const scopes = [...text.slice(0, 4096).matchAll(/'([^']*)'/g)].map(([, scope = '']) => scope);
  return scopes.at(-2);
}

function pathOfNode({ node }: Op): string | undefined {
  const name = nodeName(node);
  const isTorch = name.startsWith('/');
  if (!name.includes('/') || name.length > 1024) return undefined;
  const parts = name.split('/').filter((part) => part !== '');
  const start = /^(?:StatefulPartitionedCall|PartitionedCall)(?:_\d+)?$/.test(parts[0] ?? '') ? 1 : 0;
  // TorchScript's last part is always the operation; a module may have any name.
  let end = isTorch ? Math.max(parts.length - 1, 0) : parts.length;
  while (end > start && operation.test(parts[end - 1] ?? '')) end -= 1;
  return parts.slice(start, end).join(isTorch ? '.' : '/');
}
