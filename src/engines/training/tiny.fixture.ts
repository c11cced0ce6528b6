/**
 * Test-only: the tiny networks of scripts/training-fixture.py, their parameters and examples, and the gradients that
 * torch found for them in float64.
 */
import { toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, type ModelProto } from 'onnx-buf';
import type { Column } from '../../core/tasks/task.ts';
import { transformerBlocks, type BlockNames } from '../../core/workload/blocks.ts';
import type { LinearLayer, TransformerModel } from '../../core/workload/model.ts';
import { loadOrt, type Feeds } from '../ort/ort.ts';
import fixture from './gradients.fixture.json';
import { sizeOf } from './graph.ts';
import { imageNetwork, spanNetwork, type Network } from './networks.ts';

export const batch = 3;

export interface Tiny {
  readonly title: string;
  readonly network: Network;
  readonly inputs: Feeds;
  /** Right answers, one array per output. */
  readonly labels: readonly Int32Array[];
  readonly expected: {
    readonly loss: number;
    readonly gradients: Readonly<Record<string, readonly number[]>>;
  };
}

function tinyCard(
  attention: string,
  outside: readonly [patch: LinearLayer | null, head: LinearLayer],
  embeddings: TransformerModel['embeddings'],
  positions: number,
): TransformerModel {
  const names: BlockNames = {
    block: (index) => `encoder.layer.${index}`,
    query: `attention.${attention}.query`,
    key: `attention.${attention}.key`,
    value: `attention.${attention}.value`,
    output: 'attention.output.dense',
    gate: 'intermediate.gate',
    up: 'intermediate.dense',
    down: 'output.dense',
  };
  const shape = { layers: 2, width: 8, ffn: 12, heads: 2, kvHeads: 2, gated: false, bias: true };
  const { linears, attention: products } = transformerBlocks(shape, names);
  const [patch, head] = outside;
  return {
    id: 'tiny',
    title: 'tiny',
    source: 'test',
    linears: [...(patch === null ? [] : [patch]), ...linears, head],
    attention: products,
    embeddings,
    defaultSequence: positions,
    maxSequence: positions,
  };
}

const outside = (name: string, role: string, inside: number, out: number): LinearLayer => ({
  name,
  role,
  group: 'other',
  block: null,
  in: inside,
  out,
  bias: true,
  factorize: false,
});

const imageCard = tinyCard(
  'attention',
  [outside('embeddings.patch_embeddings.projection', 'Patch', 4, 8), outside('classifier', 'Head', 8, 3)],
  [{ name: 'embeddings.position_embeddings', shape: [4, 8] }],
  4,
);

const spanCard = tinyCard(
  'self',
  [null, outside('qa_outputs', 'Head', 8, 2)],
  [
    { name: 'embeddings.word_embeddings', shape: [10, 8] },
    { name: 'embeddings.position_embeddings', shape: [6, 8] },
  ],
  6,
);

export const tinies: readonly Tiny[] = [
  {
    title: 'image network',
    network: imageNetwork('glyph-vit', imageCard),
    inputs: {
      image: {
        shape: [batch, 4, 4],
        values: Float32Array.from({ length: batch * 16 }, (_, i) => Math.cos(i)),
      },
    },
    labels: [Int32Array.of(0, 1, 2)],
    expected: fixture.image,
  },
  {
    title: 'span network',
    network: spanNetwork('lexical-qa', spanCard),
    inputs: {
      tokens: {
        shape: [batch, 6],
        values: BigInt64Array.from({ length: batch * 6 }, (_, i) => BigInt((7 * i) % 10)),
      },
    },
    labels: [Int32Array.of(0, 1, 2), Int32Array.of(2, 3, 4)],
    expected: fixture.span,
  },
];

/** Parameter i of all: (7,919 (i + 1) mod 1,009) / 1,009 - 1/2, and 1 more where a norm multiplies. */
export function tinyParameters({ network }: Tiny): Float32Array {
  let i = 0;
  return Float32Array.from(
    network.parameters.flatMap(({ name, shape }) => {
      const gain = name.includes('layernorm') && name.endsWith('.weight') ? 1 : 0;
      return Array.from({ length: sizeOf(shape) }, () => gain + ((7919 * ++i) % 1009) / 1009 - 0.5);
    }),
  );
}

/** Opens a model, runs it once. */
export async function runOnce(model: ModelProto, feeds: Feeds): Promise<Readonly<Record<string, Column>>> {
  const ort = await loadOrt();
  const session = await ort.createSession(toBinary(ModelProtoSchema, model));
  const results = await session.run(feeds);
  await session.release();
  return results;
}

/** Largest difference over the largest value expected. */
export function relativeError(got: ArrayLike<number>, expected: readonly number[]): number {
  const scale = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((value, i) => Math.abs(Number(got[i]) - value))) / scale;
}
