/**
 * How much work one step is: tokens in flight n, batch b, sequence length S; q = n / b query rows of each sequence meet
 * S keys. Prefill is q = S, one-token decode is q = 1. Default b = max(1, round(n / S)). A combination with q > S, or
 * n not divisible by b, is refused by name. A model without attention products has no keys, so there S follows n.
 */
import { InputError, check } from '../base/checks.ts';
import type { AttentionProduct, LinearLayer, TransformerModel, Workload } from './model.ts';

const mostTokens = 1_048_576;
const mostOffered = 2048;

/** What is asked for; absent parts follow from the model and from each other. */
export interface WorkloadRequest {
  readonly tokens?: number | undefined;
  readonly batch?: number | undefined;
  readonly sequence?: number | undefined;
}

/** @throws InputError that names tokens, batch or sequence and the rule broken. */
export function resolveWorkload(model: TransformerModel, request: WorkloadRequest): Workload {
  if (request.tokens !== undefined) whole('tokens', request.tokens, mostTokens);
  if (request.batch !== undefined) whole('batch', request.batch, mostTokens);
  if (request.sequence !== undefined)
    whole('sequence', request.sequence, model.maxSequence, ` of ${model.title}`);
  const tokens = request.tokens ?? defaultTokens(model, request);
  whole('tokens', tokens, mostTokens);
  const sequence = request.sequence ?? defaultSequence(model, tokens, request.batch ?? 1);
  const batch = request.batch ?? Math.max(1, Math.round(tokens / sequence));
  check(tokens % batch === 0, 'workload', `tokens must be a multiple of the batch of ${batch}`, tokens);
  check(
    tokens / batch <= sequence,
    'workload',
    `tokens / batch must be at most the sequence of ${sequence} (${tokens} tokens in a batch of ${batch})`,
    tokens / batch,
  );
  return { tokens, batch, sequence };
}

function defaultTokens(model: TransformerModel, { batch, sequence }: WorkloadRequest): number {
  if (batch === undefined && sequence === undefined) return model.defaultTokens ?? model.defaultSequence;
  return (batch ?? 1) * (sequence ?? model.defaultSequence);
}

function defaultSequence(model: TransformerModel, tokens: number, batch: number): number {
  if (model.attention.length > 0) return model.defaultSequence;
  return Math.min(model.maxSequence, Math.max(model.defaultSequence, Math.ceil(tokens / batch)));
}

/**
 * Token counts a slider may offer at this workload's sequence, ascending: round values up to 2,048, whole sequences and
 * the present value, each sound with the batch that follows from it.
 */
export function soundTokens(model: TransformerModel, workload: Workload): readonly number[] {
  const { sequence } = workload;
  const sequences = roundValues.map((value) => value * sequence).filter((value) => value <= mostOffered);
  const offered = [...roundValues, ...sequences].filter((tokens) => isSound(model, { tokens, sequence }));
  return ascending([...offered, workload.tokens]);
}

/** Batches a slider may offer at this workload's tokens and sequence, ascending, with the present one. */
export function soundBatches(model: TransformerModel, workload: Workload): readonly number[] {
  const { tokens, sequence } = workload;
  const candidates = [...roundValues, Math.max(1, Math.round(tokens / sequence)), tokens];
  return ascending([
    ...candidates.filter((batch) => batch <= tokens && isSound(model, { tokens, batch, sequence })),
    workload.batch,
  ]);
}

function isSound(model: TransformerModel, request: WorkloadRequest): boolean {
  try {
    resolveWorkload(model, request);
    return true;
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}

/** 1, 2, 3, 4, 6, 8, 9, 12, ...: at most two threes, else twos; they divide well over arrays. */
const roundValues: readonly number[] = [1, 3, 9]
  .flatMap((odd) => Array.from({ length: 12 }, (_, power) => odd * 2 ** power))
  .filter((value) => value <= mostOffered)
  .sort((a, b) => a - b);

const ascending = (values: readonly number[]): readonly number[] =>
  [...new Set(values)].sort((a, b) => a - b);

/** Rows that a linear layer sees in one step. */
export function linearRows(layer: LinearLayer, workload: Workload): number {
  return layer.rows === 'sequences' ? workload.batch : workload.tokens;
}

/**
 * An attention product as a batched matrix product O[b, m, n] = sum over k of I[b, m, k] W[b, k, n], one per sequence
 * and query head: scores have m = q, n = S, k = head width; context has m = q, n = head width, k = S. Masked products are
 * counted in full. Heads that share keys are counted as if each fetched its own; with `sharedKeys` their query rows stand
 * one below the other and the keys are fetched once (Ainslie et al., "GQA", EMNLP 2023). In the W slot stand activations
 * (`aa`), or cached keys and values where there are fewer queries than keys (`ac`).
 */
export function attentionGemms(
  product: AttentionProduct,
  workload: Workload,
  { sharedKeys = false }: { readonly sharedKeys?: boolean } = {},
): {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly slots: 'aa' | 'ac';
} {
  const { tokens, batch, sequence } = workload;
  const queries = tokens / batch;
  const sharing = sharedKeys ? product.heads / product.kvHeads : 1;
  const pair = {
    batch: (batch * product.heads) / sharing,
    m: queries * sharing,
    slots: queries < sequence ? ('ac' as const) : ('aa' as const),
  };
  return product.which === 'scores'
    ? { ...pair, n: sequence, k: product.headWidth }
    : { ...pair, n: product.headWidth, k: sequence };
}

/** Parameters of the linear layers (with biases) and of the embeddings; norms are not among them. */
export function countParameters(model: TransformerModel): {
  readonly linear: number;
  readonly embedding: number;
} {
  const linear = model.linears.reduce((sum, layer) => sum + layer.out * (layer.in + (layer.bias ? 1 : 0)), 0);
  const embedding = model.embeddings.reduce(
    (sum, { shape, tiedTo }) => sum + (tiedTo === undefined ? shape[0] * shape[1] : 0),
    0,
  );
  return { linear, embedding };
}

function whole(name: string, value: number, most: number, of = ''): void {
  check(
    Number.isSafeInteger(value) && value >= 1 && value <= most,
    'workload',
    `${name}${of} must be a whole number from 1 to ${most}`,
    value,
  );
}
