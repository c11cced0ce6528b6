/**
 * What the inputs of layers are like over examples: their second moments, which tell a decomposition what the inputs use,
 * and their largest entry, which sets the step of 8-bit activations. The sums are made inside the graph, so that only
 * small matrices leave it.
 */
import { create, toBinary } from '@bufbuild/protobuf';
import {
  ModelProtoSchema,
  TensorProto_DataType,
  ValueInfoProtoSchema,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from 'onnx-buf';
import { check } from '../../core/base/checks.ts';
import { mainGraph, withGraph } from '../../core/onnx/edit-graph.ts';
import { constant, tensorValue } from '../../core/onnx/edit-messages.ts';
import type { LayerInput, LayerInputs } from '../../core/onnx/layer-inputs.ts';
import { matrix, type Matrix } from '../../core/tensor/dense.ts';
import type { LayerSite } from './layers.ts';
import { nodeOf } from './nodes.ts';
import type { AnyFeeds, Feeds, Ort, OrtSession } from './ort.ts';

export interface LayerStatistics {
  /** E[x x^T] over all rows seen, [in, in]. */
  readonly covariance: Matrix;
  /** Largest |x| of any entry. */
  readonly largest: number;
}

/** Of the calibration stream: 8,192 rows and more for matrices of at most 384. */
export const calibrationExamples = 512;

interface Additions {
  readonly nodes: readonly NodeProto[];
  readonly constants: readonly TensorProto[];
}

/** Names that no exporter gives. */
const valueName = (part: string, k: number): string => `rankscape/statistics/${k}/${part}`;
const zero = 'rankscape/statistics/zero';
const told = ['gram', 'largest', 'count'] as const;

/**
 * The model whose outputs are X^T X, max |X| and how many rows X has, for X the rows of each of these inputs, in float32
 * whatever the model computes in.
 * @param isMasked the graph then takes `maskInput` besides, float32 with one entry per token: rows of tokens whose entry is
 * 0 are left out of the sums; needs opset 11
 */
export function withGrams(model: ModelProto, inputs: readonly LayerInput[], isMasked = false): ModelProto {
  const shared = isMasked ? tokensOf(maskInput) : none;
  const additions = inputs.map(({ value, width, perm }, k): Additions => {
    const name = (part: string): string => valueName(part, k);
    const turned = perm === null ? value : name('turned');
    const counted = isMasked ? name('counted') : name('rows');
    return {
      constants: [constant(name('asRows'), [2], BigInt64Array.of(-1n, BigInt(width)))],
      nodes: [
        ...(perm === null ? [] : [nodeOf('Transpose', [value], turned, { perm })]),
        nodeOf('Reshape', [turned, name('asRows')], name('own')),
        nodeOf('Cast', [name('own')], name('rows'), { to: TensorProto_DataType.FLOAT }),
        ...(isMasked ? maskedRows(name) : [nodeOf('Shape', [name('rows')], name('count'))]),
        // The third operand may be left out from opset 11 on only.
        nodeOf('Gemm', [counted, name('rows'), zero], name('gram'), { transA: 1 }),
        nodeOf('Abs', [name('rows')], name('size')),
        nodeOf('ReduceMax', [name('size')], name('largest'), { keepdims: 0 }),
      ],
    };
  });
  const all = [shared, ...additions];
  const outputs = inputs.flatMap((_, k) => told.map((part) => valueName(part, k)));
  const { node, initializer, input } = mainGraph(model);
  return withGraph(model, {
    input: isMasked ? [...input, tensorValue(maskInput, 'F32', null)] : input,
    node: [...node, ...all.flatMap(({ nodes }) => nodes)],
    initializer: [
      ...initializer,
      constant(zero, [1], new Float32Array(1)),
      ...all.flatMap(({ constants }) => constants),
    ],
    output: outputs.map((name) => create(ValueInfoProtoSchema, { name })),
  });
}

const none: Additions = { nodes: [], constants: [] };

/** The input that tells padding apart: 0 for it, else 1. */
export const maskInput = 'rankscape/statistics/mask';

const masked = (part: string): string => `rankscape/statistics/mask/${part}`;

/** The mask as a vector of 0 and 1, and its length. */
const tokensOf = (mask: string): Additions => ({
  constants: [
    constant(masked('flat'), [1], BigInt64Array.of(-1n)),
    constant(masked('column'), [2], BigInt64Array.of(-1n, 1n)),
    constant(masked('first'), [], BigInt64Array.of(0n)),
    constant(masked('step'), [], BigInt64Array.of(1n)),
    constant(masked('one'), [], Float32Array.of(1)),
  ],
  nodes: [
    nodeOf('Reshape', [mask, masked('flat')], masked('entries')),
    nodeOf('Cast', [masked('entries')], masked('weights'), { to: TensorProto_DataType.FLOAT }),
    nodeOf('Shape', [masked('weights')], masked('shape')),
    nodeOf('Gather', [masked('shape'), masked('first')], masked('length')),
  ],
});

/** Rows times their token's entry where there are as many rows as tokens, else all rows; and how many count. */
const maskedRows = (name: (part: string) => string): readonly NodeProto[] => [
  nodeOf('Shape', [name('rows')], name('shape')),
  nodeOf('Gather', [name('shape'), masked('first')], name('height')),
  nodeOf('Range', [masked('first'), name('height'), masked('step')], name('places')),
  // Within the mask even where it is no mask of these rows.
  nodeOf('Mod', [name('places'), masked('length')], name('tokens')),
  nodeOf('Gather', [masked('weights'), name('tokens')], name('entries')),
  nodeOf('Equal', [name('height'), masked('length')], name('fits')),
  nodeOf('Cast', [name('fits')], name('if'), { to: TensorProto_DataType.FLOAT }),
  nodeOf('Sub', [masked('one'), name('if')], name('else')),
  nodeOf('Mul', [name('entries'), name('if')], name('then')),
  nodeOf('Add', [name('then'), name('else')], name('weights')),
  nodeOf('Reshape', [name('weights'), masked('column')], name('column')),
  nodeOf('Mul', [name('rows'), name('column')], name('counted')),
  nodeOf('ReduceSum', [name('weights')], name('count'), { keepdims: 0 }),
];

/** Sums over examples that come one batch after another. */
export interface Statistician {
  readonly add: (feeds: AnyFeeds) => Promise<void>;
  /** By layer name; layers of one input share the object. @throws InputError before the first batch */
  readonly result: () => ReadonlyMap<string, LayerStatistics>;
  readonly release: () => Promise<void>;
}

/** What these layers read, each once, whichever layers share it. */
export function distinctInputs(layers: readonly LayerInputs[]): readonly LayerInput[] {
  const inputs = layers.flatMap((layer) => layer.inputs);
  return [...new Map(inputs.map((input) => [keyOf(input), input])).values()];
}

const keyOf = ({ value, width, perm }: LayerInput): string => JSON.stringify([value, width, perm]);

/** @param session of the model `withGrams` of the layers' distinct inputs */
export function createStatistician(session: OrtSession, layers: readonly LayerInputs[]): Statistician {
  const inputs = distinctInputs(layers);
  const sums = inputs.map(({ width }) => ({ gram: new Float64Array(width * width), rows: 0, largest: 0 }));
  const places = new Map(inputs.map((input, k) => [keyOf(input), k]));
  return {
    add: async (feeds) => {
      const outputs = await session.run(feeds);
      for (const [k, sum] of sums.entries()) {
        const gram = outputs[valueName('gram', k)]?.values ?? [];
        for (let at = 0; at < sum.gram.length; at++) sum.gram[at] = sum.gram[at]! + Number(gram[at]);
        sum.rows += Number(outputs[valueName('count', k)]?.values[0]);
        sum.largest = Math.max(sum.largest, Number(outputs[valueName('largest', k)]?.values[0]));
      }
    },
    result: () => {
      const found = new Map<string, LayerStatistics>();
      return new Map(
        layers.map((layer) => {
          const own = [...new Set(layer.inputs.map((input) => places.get(keyOf(input)) ?? 0))];
          const key = own.join(' ');
          const statistics =
            found.get(key) ??
            together(
              layer,
              own.map((k) => sums[k]!),
            );
          found.set(key, statistics);
          return [layer.name, statistics];
        }),
      );
    },
    release: session.release,
  };
}

interface Sums {
  readonly gram: Float64Array;
  readonly rows: number;
  readonly largest: number;
}

/** Of a layer that several nodes use all rows count alike. */
function together({ name, inputs }: LayerInputs, parts: readonly Sums[]): LayerStatistics {
  const width = inputs[0]?.width ?? 0;
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const largest = Math.max(...parts.map((part) => part.largest));
  check(rows > 0, 'calibration', 'needs examples');
  const [first = new Float64Array(), ...others] = parts.map(({ gram }) => gram);
  const gram = others.reduce((sum, each) => sum.map((value, k) => value + each[k]!), first);
  const isFinite = Number.isFinite(largest) && gram.every(Number.isFinite);
  check(isFinite, 'calibration', `needs finite activations before layer ${name}`, largest);
  return { covariance: matrix(width, width, symmetric(gram, width, rows)), largest };
}

const inputsOf = ({ name, input, in: width }: LayerSite): LayerInputs => ({
  name,
  inputs: [{ value: input, width, perm: null }],
});

export async function openStatistician(
  ort: Ort,
  model: ModelProto,
  sites: readonly LayerSite[],
): Promise<Statistician> {
  const layers = sites.map(inputsOf);
  const changed = withGrams(model, distinctInputs(layers));
  return createStatistician(await ort.createSession(toBinary(ModelProtoSchema, changed)), layers);
}

/** All at once. @param batches examples for the model's inputs */
export async function layerStatistics(
  ort: Ort,
  model: ModelProto,
  sites: readonly LayerSite[],
  batches: Iterable<Feeds>,
): Promise<ReadonlyMap<string, LayerStatistics>> {
  const { add, result, release } = await openStatistician(ort, model, sites);
  try {
    for (const feeds of batches) await add(feeds);
    return result();
  } finally {
    await release();
  }
}

/** (G + G^T) / 2 rows: float32 products differ in their last bits. */
const symmetric = (gram: Float64Array, width: number, rows: number): Float64Array =>
  gram.map((value, k) => (value + gram[(k % width) * width + Math.floor(k / width)]!) / (2 * rows));
