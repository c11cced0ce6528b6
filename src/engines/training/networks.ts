/**
 * The two networks that this project trains: pre-norm encoders (Xiong et al., "On Layer Normalization in the Transformer
 * Architecture", 2020) with GELU and learned positions. Shapes and layer names are those of the cards; weights are
 * [in, out], x times W.
 */
import { invariant } from '../../core/base/checks.ts';
import type { Task } from '../../core/tasks/task.ts';
import { modelById } from '../../core/workload/cards.ts';
import type { TransformerModel } from '../../core/workload/model.ts';
import type { ElementType, Value } from './graph.ts';
import {
  add,
  affine,
  gelu,
  layerNorm,
  lookUp,
  matmul,
  mean,
  reshape,
  scale,
  slice,
  softmax,
  transpose,
} from './ops.ts';

export type NetworkId = Task['id'];

export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  /** Where training starts: normally distributed, or one value everywhere. */
  readonly start: { readonly deviation: number } | { readonly value: number };
}

/** A value of the network by its name. */
type Named = (name: string) => Value;

/** How linear layers become nodes: by the layer's name, [.., in] -> [.., out]. */
export type Linear = (layer: string, x: Value, weights: Named) => Value;

export interface Network {
  readonly id: NetworkId;
  /** Without the batch, which is the first axis of each. */
  readonly inputs: readonly {
    readonly name: string;
    readonly type: ElementType;
    readonly shape: readonly number[];
  }[];
  /** All parameters in the order they are stored. */
  readonly parameters: readonly Parameter[];
  /** Outputs in order: each the logits of a choice among its last axis, [batch, choices]. */
  readonly outputs: readonly { readonly name: string; readonly label: string; readonly choices: number }[];
  readonly forward: (inputs: Named, weights: Named, linear: Linear) => readonly Value[];
}

/** torch's; the checkpoints of ViT have 1e-12, which float32 cannot tell from 0. */
const normEpsilon = 1e-5;

/** One Gemm per layer: fastest to train. */
export const gemmLinear: Linear = (layer, x, weights) =>
  affine(x, weights(`${layer}.weight`), weights(`${layer}.bias`));

/** MatMul and Add with names that outsiders find: what shipped files contain. */
export const namedLinear: Linear = (layer, x, weights) => {
  const product = matmul(x, weights(`${layer}.weight`), {
    name: `${layer}/MatMul`,
    output: `${layer}/MatMul_output`,
  });
  return add(product, weights(`${layer}.bias`), { name: `${layer}/Add`, output: `${layer}/Add_output` });
};

interface Shape {
  readonly blocks: number;
  readonly width: number;
  readonly heads: number;
  readonly positions: number;
}

function shapeOf(card: TransformerModel): Shape {
  const query = linearOf(card, 0, 'Q');
  const product = card.attention[0];
  invariant(product !== undefined, `${card.id} without attention`);
  return {
    blocks: card.linears.filter((layer) => layer.role === 'Q').length,
    width: query.in,
    heads: product.heads,
    positions: card.maxSequence ?? card.defaultSequence,
  };
}

function linearOf(
  card: TransformerModel,
  block: number | null,
  role: string,
): TransformerModel['linears'][number] {
  const layer = card.linears.find((of) => of.block === block && of.role === role);
  invariant(layer !== undefined, `${card.id} without ${role}`);
  return layer;
}

const blockNorms = (block: number): readonly [string, string] => [
  `encoder.layer.${block}.layernorm_before`,
  `encoder.layer.${block}.layernorm_after`,
];
const finalNorm = 'layernorm';
const positionTable = 'embeddings.position_embeddings.weight';
const wordTable = 'embeddings.word_embeddings.weight';

const norm = (x: Value, name: string, weights: Named): Value =>
  layerNorm(x, weights(`${name}.weight`), weights(`${name}.bias`), normEpsilon);

/** x [batch, tokens, width] through all blocks and the final norm. */
function encode(card: TransformerModel, x: Value, weights: Named, linear: Linear): Value {
  const { blocks, heads, width } = shapeOf(card);
  const [batch = 1, tokens = 1] = x.shape;
  const head = width / heads;
  const apply = (block: number, role: string, of: Value): Value =>
    linear(linearOf(card, block, role).name, of, weights);
  const split = (of: Value, order: readonly number[]): Value =>
    transpose(reshape(of, [batch, tokens, heads, head]), order);
  let stream = x;
  for (let block = 0; block < blocks; block++) {
    const [before, after] = blockNorms(block);
    const read = norm(stream, before, weights);
    const query = split(scale(apply(block, 'Q', read), 1 / Math.sqrt(head)), [0, 2, 1, 3]);
    const key = split(apply(block, 'K', read), [0, 2, 3, 1]);
    const value = split(apply(block, 'V', read), [0, 2, 1, 3]);
    const mixed = matmul(softmax(matmul(query, key)), value);
    const joined = reshape(transpose(mixed, [0, 2, 1, 3]), [batch, tokens, width]);
    stream = add(stream, apply(block, 'O', joined));
    const inside = gelu(apply(block, 'FFN1', norm(stream, after, weights)));
    stream = add(stream, apply(block, 'FFN2', inside));
  }
  return norm(stream, finalNorm, weights);
}

/**
 * Starts: tables N(0, .02); linears N(0, 1 / fan-in), those that write to the residual stream half as wide. (Tables of
 * N(0, .5) leave questions on a plateau of exact match .42 for 1,000 steps.)
 */
function parametersOf(card: TransformerModel): readonly Parameter[] {
  const { blocks, width } = shapeOf(card);
  const linears = card.linears.flatMap((layer): readonly Parameter[] => {
    const halved = layer.role === 'O' || layer.role === 'FFN2';
    return [
      {
        name: `${layer.name}.weight`,
        shape: [layer.in, layer.out],
        start: { deviation: (halved ? 0.5 : 1) / Math.sqrt(layer.in) },
      },
      { name: `${layer.name}.bias`, shape: [layer.out], start: { value: 0 } },
    ];
  });
  const norms = [...Array(blocks).keys()].flatMap(blockNorms).concat(finalNorm);
  return [
    ...card.embeddings.map(({ name, shape }) => ({
      name: `${name}.weight`,
      shape,
      start: { deviation: 0.02 },
    })),
    ...linears,
    ...norms.flatMap((name): readonly Parameter[] => [
      { name: `${name}.weight`, shape: [width], start: { value: 1 } },
      { name: `${name}.bias`, shape: [width], start: { value: 0 } },
    ]),
  ];
}

/** Images cut into square patches, as many along as across; the mean token is classified. */
export function imageNetwork(id: NetworkId, card: TransformerModel): Network {
  const pixels = Math.sqrt(linearOf(card, null, 'Patch').in);
  const along = Math.sqrt(shapeOf(card).positions);
  const side = along * pixels;
  return {
    id,
    inputs: [{ name: 'image', type: 'float32', shape: [side, side] }],
    parameters: parametersOf(card),
    outputs: [{ name: 'logits', label: 'labels', choices: linearOf(card, null, 'Head').out }],
    forward: (inputs, weights, linear) => {
      const image = inputs('image');
      const [batch = 1] = image.shape;
      const grid = transpose(reshape(image, [batch, along, pixels, along, pixels]), [0, 1, 3, 2, 4]);
      const patches = reshape(grid, [batch, along ** 2, pixels ** 2]);
      const seen = linear(linearOf(card, null, 'Patch').name, patches, weights);
      const encoded = encode(card, add(seen, weights(positionTable)), weights, linear);
      return [linear(linearOf(card, null, 'Head').name, mean(encoded, 1), weights)];
    },
  };
}

/** Tokens in, two choices among the positions out: where a span starts and where it ends. */
export function spanNetwork(id: NetworkId, card: TransformerModel): Network {
  const { positions } = shapeOf(card);
  return {
    id,
    inputs: [{ name: 'tokens', type: 'int64', shape: [positions] }],
    parameters: parametersOf(card),
    outputs: [
      { name: 'start_logits', label: 'start', choices: positions },
      { name: 'end_logits', label: 'end', choices: positions },
    ],
    forward: (inputs, weights, linear) => {
      const tokens = inputs('tokens');
      const [batch = 1] = tokens.shape;
      const words = add(lookUp(weights(wordTable), tokens), weights(positionTable));
      const encoded = encode(card, words, weights, linear);
      const spans = linear(linearOf(card, null, 'Head').name, encoded, weights);
      return [0, 1].map((end) => reshape(slice(spans, 2, end, end + 1), [batch, positions]));
    },
  };
}

const makers: Readonly<Record<NetworkId, typeof imageNetwork>> = {
  'glyph-vit': imageNetwork,
  'lexical-qa': spanNetwork,
};

export const networkOf = (id: NetworkId): Network => makers[id](id, modelById(id));
