/** Scent strips and gains (scent.worker.ts). */
import type { WeightSource } from '../../src/core/accuracy/weight-energy.ts';
import type { MapperEntry } from '../../src/core/cost/mapper.ts';
import type { Factorization } from '../../src/core/factor/factorization.ts';
import type { Scent } from '../../src/core/search/scent.ts';
import type { Situation } from './situation.ts';

/** The scents of one layer, the first of `model`; the others, alike in shape, follow its rank. */
export interface ScentRequest extends Situation {
  readonly kind: 'scent';
  readonly run: number;
  /** One per layer. */
  readonly weights: readonly WeightSource[];
  readonly factorization: Factorization;
}

export interface ScentReply {
  readonly kind: 'scent';
  readonly run: number;
  /** One per rank; null when the accelerator cannot hold the layer. */
  readonly scents: readonly (Scent | null)[];
  /** Mappings found on the way, for the page's own mapper. */
  readonly entries: readonly MapperEntry[];
}

/** What one factorization of one layer gives; `model` has that layer only. */
export interface GainRequest extends Situation {
  readonly kind: 'gain';
  readonly run: number;
  /** Of that layer. */
  readonly weights: readonly WeightSource[];
  readonly factorization: Factorization;
}

export interface GainReply {
  readonly kind: 'gain';
  readonly run: number;
  /** Against the dense layer: EDP dense / EDP, and the share of squared weights kept; null with the reason. */
  readonly gain: { readonly reduction: number; readonly kept: number } | null;
  readonly problem: string | null;
  readonly entries: readonly MapperEntry[];
}

export type ScentWorkerRequest = ScentRequest | GainRequest;
export type ScentWorkerReply = ScentReply | GainReply;
