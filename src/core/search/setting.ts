/**
 * What goes into a search and what comes out of it, a batch at a time. A search is a generator: whoever drives it (a
 * worker, the command line) may pause or drop it between any two batches; it knows no clock.
 */
import type { Format } from '../factor/factorization.ts';
import type { Evaluator } from './evaluate.ts';
import type { Candidate } from './evaluation.ts';
import type { FrontierPoint } from './pareto.ts';
import type { Pool } from './pool.ts';
import type { UniformGap } from './uniform-gap.ts';

export interface SearchSetting {
  readonly evaluator: Evaluator;
  /** What locked layers, and layers that are not the search's to factorize, stay at. */
  readonly design: Candidate;
  /** One per linear layer. */
  readonly locked: readonly boolean[];
  /** Evaluations: layer candidates costed plus model designs assembled from them. */
  readonly budget: number;
  readonly seed: number;
  /** Candidates costed before by this evaluator for this design and these locks; the search adds its own. */
  readonly pool?: Pool;
}

/** Candidates of single layers costed, per format. */
export type Counts = Readonly<Record<Format, number>>;

export interface SearchBatch {
  /** So far. */
  readonly evaluations: number;
  /** [energyPj, latencyCycles, value] of every model design of this batch. */
  readonly cloud: Float32Array;
  /** The frontier so far, ascending in EDP; null when it is that of the batch before. */
  readonly frontier: readonly FrontierPoint[] | null;
  readonly counts: Counts;
  /** Decades of EDP reduction x value (pareto.ts). */
  readonly hypervolume: number;
  /** The frontier is counted with whole intermediates, though the setting shares loops (sharing.ts). */
  readonly whole?: true;
  /** Layer candidates counted anew with shared loops. */
  readonly recount?: Recount;
}

export interface Recount {
  readonly done: number;
  readonly of: number;
}

export interface SearchResult {
  /** Ascending in EDP; the figures are those of `evaluator.evaluate`. */
  readonly frontier: readonly FrontierPoint[];
  readonly evaluations: number;
  readonly counts: Counts;
  readonly hypervolume: number;
  /** How far one svd rank everywhere is from this frontier, where the search tried such designs. */
  readonly uniform?: UniformGap;
}

export type Search = Generator<SearchBatch, SearchResult, void>;

/** Enough for the whole space of a model with three matrix shapes and its refinement. */
export const defaultBudget = 30_000;
