/**
 * Vector work: what a transformer does beside its matrix products. Each operation is one pass over its arrays (a row is held
 * while it is normalized), reads and writes words and multiplies next to nothing, so it costs their traffic:
 *
 *   kind        reads                          writes
 *   norm        n x d, and d scales, d shifts  n x d
 *   softmax     n x heads x S                  the same
 *   activation  n x ffn                        the same
 *   gate        2 n x ffn                      n x ffn
 *   residual    2 n x d                        n x d
 *
 * with n tokens in flight, width d and S keys (RMSNorm of models without biases has no shifts; one norm more than the blocks
 * have closes or opens every card). Keys and values are read and written by the matrix products: `cacheTraffic` says how
 * many of these words are cache. Left out: embedding look-ups, biases, rotary positions (added on the way), the arithmetic
 * itself.
 */
import type { Words } from '../base/units.ts';
import type { TransformerModel, Workload } from './model.ts';
import { schedule, vectorKinds } from './schedule.ts';
import type { Activation, Operation, VectorKind } from './schedule.ts';

export interface VectorWork {
  readonly kind: VectorKind;
  readonly name: string;
  readonly block: number | null;
  readonly reads: readonly Activation[];
  readonly writes: Activation;
  /** Words of scales and shifts, read once per step from the outermost memory. */
  readonly parameters: Words;
}

/** Everything but matrix products that one step does, in its order. */
export function vectorWork(model: TransformerModel, workload: Workload): readonly VectorWork[] {
  return schedule(model, workload).flatMap((operation) => asVector(operation) ?? []);
}

function asVector({ kind, name, block, reads, writes, parameters }: Operation): VectorWork | null {
  const vector = vectorKinds.find((each) => each === kind);
  return vector === undefined ? null : { kind: vector, name, block, reads, writes, parameters };
}

/** Words of the keys and values of all blocks in one step; part of what the attention products and K and V layers move. */
export interface CacheTraffic {
  /** Keys and values of all S tokens that the attention products read; 0 where every one was made in this step. */
  readonly reads: Words;
  /** Those of the tokens in flight. */
  readonly writes: Words;
  /** What must be kept for the step after. */
  readonly words: Words;
}

export function cacheTraffic(model: TransformerModel, { tokens, batch, sequence }: Workload): CacheTraffic {
  const perToken = model.attention.reduce((sum, { kvHeads, headWidth }) => sum + kvHeads * headWidth, 0);
  const words = perToken * batch * sequence;
  return { reads: tokens / batch < sequence ? words : 0, writes: perToken * tokens, words };
}
