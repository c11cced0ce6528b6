/**
 * The repeated part of a transformer: per block the attention projections, the feed-forward layers and the two attention
 * products, named as a family of checkpoints names them. Norms, softmax and activations hold no linear layer.
 */
import type { AttentionProduct, Group, LinearLayer } from './model.ts';

export interface BlockShape {
  readonly layers: number;
  readonly width: number;
  readonly ffn: number;
  readonly heads: number;
  /** Heads of keys and values; fewer than `heads` is grouped-query attention (Ainslie et al. 2023). */
  readonly kvHeads: number;
  /** A gated feed-forward layer (SwiGLU, Shazeer 2020) has Gate and Up side by side. */
  readonly gated: boolean;
  readonly bias: boolean;
}

/** Module paths below one block. */
export interface BlockNames {
  /** Path of block i, for example `encoder.layer.0`. */
  readonly block: (index: number) => string;
  readonly query: string;
  readonly key: string;
  readonly value: string;
  readonly output: string;
  readonly gate: string;
  readonly up: string;
  readonly down: string;
}

export interface Blocks {
  readonly linears: readonly LinearLayer[];
  readonly attention: readonly AttentionProduct[];
}

/** All blocks, in order: Q, K, V, O, then FFN1, FFN2 or Gate, Up, Down. Head width = width / heads. */
export function transformerBlocks(shape: BlockShape, names: BlockNames): Blocks {
  const indices = Array.from({ length: shape.layers }, (_, index) => index);
  return {
    linears: indices.flatMap((index) => blockLinears(shape, names, index)),
    attention: indices.flatMap((index) =>
      attentionProducts(names.block(index), index, shape.heads, shape.kvHeads, shape.width / shape.heads),
    ),
  };
}

function blockLinears(shape: BlockShape, names: BlockNames, block: number): readonly LinearLayer[] {
  const { width, ffn, gated, bias } = shape;
  const kvWidth = (width / shape.heads) * shape.kvHeads;
  const layer = (path: string, role: string, group: Group, out: number, inside: number): LinearLayer => ({
    name: `${names.block(block)}.${path}`,
    role,
    group,
    block,
    out,
    in: inside,
    bias,
    factorize: true,
  });
  return [
    layer(names.query, 'Q', 'Q', width, width),
    layer(names.key, 'K', 'K', kvWidth, width),
    layer(names.value, 'V', 'V', kvWidth, width),
    layer(names.output, 'O', 'O', width, width),
    ...(gated ? [layer(names.gate, 'Gate', 'FFN1', ffn, width)] : []),
    layer(names.up, gated ? 'Up' : 'FFN1', 'FFN1', ffn, width),
    layer(names.down, gated ? 'Down' : 'FFN2', 'FFN2', width, ffn),
  ];
}

/** Scores and context of one block. */
export function attentionProducts(
  path: string,
  block: number,
  heads: number,
  kvHeads: number,
  headWidth: number,
): readonly AttentionProduct[] {
  return (['scores', 'context'] as const).map((which) => ({
    name: `${path}.attention.${which}`,
    block,
    which,
    heads,
    kvHeads,
    headWidth,
  }));
}
