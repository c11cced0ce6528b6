/** Files of a person's own (file.worker.ts). */
import type { WeightSource } from '../../src/core/accuracy/weight-energy.ts';
import type { Candidate } from '../../src/core/search/evaluation.ts';
import type { HeadCounts } from '../../src/core/workload/config-json.ts';
import type { LinearLayer } from '../../src/core/workload/model.ts';

/** One dropped file, or all shards with their index. */
export interface OpenFiles {
  readonly kind: 'open-files';
  readonly run: number;
  readonly files: readonly File[];
}

/** Singular values of these layers of the file opened last, in this order. */
export interface ReadSpectra {
  readonly kind: 'read-spectra';
  readonly run: number;
  readonly layers: readonly string[];
}

export type FileRequest = OpenFiles | ReadSpectra;

export type FileReply =
  | {
      readonly kind: 'file-opened';
      readonly run: number;
      readonly name: string;
      readonly bytes: number;
      readonly linears: readonly LinearLayer[];
      /** Null when the files do not tell. */
      readonly heads: HeadCounts | null;
      readonly sequence: { readonly usual: number; readonly most: number };
      /** Tokens in flight where a graph fixes batch and sequence; null asks. */
      readonly tokens: number | null;
      /** Of a model that was exported here, what its layers are; null for any other. */
      readonly design: Candidate | null;
    }
  | {
      readonly kind: 'spectrum';
      readonly run: number;
      readonly layer: string;
      readonly weights: WeightSource;
    }
  | { readonly kind: 'spectra-done'; readonly run: number }
  | { readonly kind: 'file-failed'; readonly run: number; readonly message: string };
