/**
 * What the inputs of layers are like over examples: their second moments, which tell a decomposition what the inputs use,
 * and their largest entry, which sets the step of 8-bit activations. The sums are made inside the graph, so that only
 * small matrices leave it.
 */
import { create, toBinary } from '@bufbuild/protobuf';
import {
  ModelProtoSchema,
  ValueInfoProtoSchema,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from 'onnx-buf';
import { check } from '../../core/base/checks.ts';
import { matrix, type Matrix } from '../../core/tensor/dense.ts';
import type { LayerSite } from './layers.ts';
import { constant, nodeOf, withGraph } from './nodes.ts';
import type { Feeds, Ort } from './ort.ts';

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

const gramOf = (value: string): string => `${value}/gram`;
const largestOf = (value: string): string => `${value}/largest`;
const shapeOf = (value: string): string => `${value}/shape`;

/** The model whose outputs are X^T X, max |X| and the shape of X, for X each of these values as rows of its width. */
function withGrams(model: ModelProto, widths: ReadonlyMap<string, number>): ModelProto {
  const additions = [...widths].map(([value, width]): Additions => {
    const [asRows, rows, size] = [`${value}/asRows`, `${value}/rows`, `${value}/size`];
    return {
      constants: [constant(asRows, [2], BigInt64Array.of(-1n, BigInt(width)))],
      nodes: [
        nodeOf('Reshape', [value, asRows], rows),
        nodeOf('Gemm', [rows, rows], gramOf(value), [['transA', 1]]),
        nodeOf('Abs', [rows], size),
        nodeOf('ReduceMax', [size], largestOf(value), [['keepdims', 0]]),
        nodeOf('Shape', [rows], shapeOf(value)),
      ],
    };
  });
  const outputs = [...widths.keys()].flatMap((value) => [gramOf(value), largestOf(value), shapeOf(value)]);
  return withGraph(model, ({ node, initializer }) => ({
    node: [...node, ...additions.flatMap(({ nodes }) => nodes)],
    initializer: [...initializer, ...additions.flatMap(({ constants }) => constants)],
    output: outputs.map((name) => create(ValueInfoProtoSchema, { name })),
  }));
}

/** Sums over examples that come one batch after another. */
export interface Statistician {
  readonly add: (feeds: Feeds) => Promise<void>;
  /** By layer name; layers of one input share the object. @throws InputError before the first batch */
  readonly result: () => ReadonlyMap<string, LayerStatistics>;
  readonly release: () => Promise<void>;
}

export async function openStatistician(
  ort: Ort,
  model: ModelProto,
  sites: readonly LayerSite[],
): Promise<Statistician> {
  const widths = new Map(sites.map(({ input, in: width }) => [input, width]));
  const session = await ort.createSession(toBinary(ModelProtoSchema, withGrams(model, widths)));
  const sums = new Map(
    [...widths].map(([value, width]) => [
      value,
      { width, gram: new Float64Array(width * width), rows: 0, largest: 0 },
    ]),
  );
  return {
    add: async (feeds) => {
      const outputs = await session.run(feeds);
      for (const [value, sum] of sums) {
        const gram = outputs[gramOf(value)]?.values ?? [];
        for (let k = 0; k < sum.gram.length; k++) sum.gram[k] = sum.gram[k]! + Number(gram[k]);
        sum.rows += Number(outputs[shapeOf(value)]?.values[0]);
        sum.largest = Math.max(sum.largest, Number(outputs[largestOf(value)]?.values[0]));
      }
    },
    result: () => {
      const found = new Map(
        [...sums].map(([value, { width, gram, rows, largest }]) => {
          check(
            rows > 0 && Number.isFinite(largest),
            'calibration',
            'needs examples with finite activations',
          );
          return [value, { covariance: matrix(width, width, symmetric(gram, width, rows)), largest }];
        }),
      );
      return new Map(sites.map(({ name, input }) => [name, found.get(input)!]));
    },
    release: session.release,
  };
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
