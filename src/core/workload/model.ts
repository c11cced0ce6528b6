/**
 * A transformer as the product sees it: its linear layers, its attention products and what is only counted.
 * Shape cards and files give the same type.
 */

/** The group a layer belongs to, by its place in the block (command line contract). */
export const groups = ['Q', 'K', 'V', 'O', 'FFN1', 'FFN2', 'other'] as const;
export type Group = (typeof groups)[number];

export interface LinearLayer {
  /** Unique within the model: the module path, for example `encoder.layer.0.attention.self.query`. */
  readonly name: string;
  /** Short name for the screen's matrix grid: Q, K, V, O, FFN1, FFN2, Gate, Up, Down, Head, ... */
  readonly role: string;
  readonly group: Group;
  /** 0-based transformer block, or null for a layer outside the blocks (LM head, patch embedding, pooler). */
  readonly block: number | null;
  /** Rows of W, as torch.nn.Linear counts. */
  readonly out: number;
  readonly in: number;
  readonly bias: boolean;
  /** Whether the design may factorize it by default; embeddings and heads are factorized only on request. */
  readonly factorize: boolean;
  /**
   * Absent: the layer sees every token in flight. `sequences`: one row per sequence, as a pooler, a classifier or an LM
   * head does (only the last token's logits are wanted).
   */
  readonly rows?: 'sequences';
}

/** Scores (q K^T) or context (P V) of one block: batch x heads products of [q, headWidth] with [S, headWidth]. */
export interface AttentionProduct {
  readonly name: string;
  readonly block: number;
  readonly which: 'scores' | 'context';
  readonly heads: number;
  readonly kvHeads: number;
  readonly headWidth: number;
}

export interface Embedding {
  readonly name: string;
  readonly shape: readonly [rows: number, width: number];
  /** The linear layer that has the same weight; the table is then counted there. */
  readonly tiedTo?: string;
}

export interface TransformerModel {
  readonly id: string;
  readonly title: string;
  /** Where the shapes are from: paper and table, or the file. */
  readonly source: string;
  readonly linears: readonly LinearLayer[];
  readonly attention: readonly AttentionProduct[];
  readonly embeddings: readonly Embedding[];
  /** Sequence length the card opens with. */
  readonly defaultSequence: number;
  readonly maxSequence: number;
  /** Tokens in flight the card opens with; absent = one sequence. */
  readonly defaultTokens?: number;
}

/**
 * Tokens in flight n = rows that a linear layer sees in one step; batch b = sequences; each has q = n / b <= S query
 * rows against S = `sequence` keys.
 */
export interface Workload {
  readonly tokens: number;
  readonly batch: number;
  readonly sequence: number;
}
