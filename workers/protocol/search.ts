/** Searches (search.worker.ts). */
import type { WeightSource } from '../../src/core/accuracy/weight-energy.ts';
import type { MapperEntry } from '../../src/core/cost/mapper.ts';
import type { Candidate } from '../../src/core/search/evaluation.ts';
import type { SearchBatch, SearchResult } from '../../src/core/search/setting.ts';
import type { Strategy } from '../../src/core/search/sharing.ts';
import type { Situation } from './situation.ts';

export interface SearchStart extends Situation {
  readonly kind: 'start-search';
  readonly run: number;
  readonly strategy: Strategy;
  /** By layer name; layers that are missing have no weights. */
  readonly weights: ReadonlyMap<string, WeightSource>;
  readonly design: Candidate;
  readonly locked: readonly boolean[];
  readonly budget: number;
  readonly seed: number;
  /** Mappings that the page knows already. */
  readonly entries: readonly MapperEntry[];
}

export type SearchRequest =
  | SearchStart
  | { readonly kind: 'pause-search'; readonly run: number }
  | { readonly kind: 'resume-search'; readonly run: number }
  | { readonly kind: 'cancel-search'; readonly run: number };

export type SearchReply =
  | { readonly kind: 'search-progress'; readonly run: number; readonly batch: SearchBatch }
  | { readonly kind: 'search-done'; readonly run: number; readonly result: SearchResult }
  | { readonly kind: 'search-cancelled'; readonly run: number }
  | { readonly kind: 'search-failed'; readonly run: number; readonly message: string };
