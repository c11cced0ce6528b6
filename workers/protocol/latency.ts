/** Latency through onnxruntime (latency.worker.ts). */
import type { Spread } from '../../src/core/base/spread.ts';
import type { WantedLayer } from '../../src/core/export/fit.ts';
import type { ExportStart, WeightFiles } from './export.ts';

export type LatencyProvider = 'wasm' | 'webgpu';

/** Times dense against factorized, in turns, until the medians stand still or the time is up. */
export interface LatencyStart {
  readonly kind: 'start-latency';
  readonly run: number;
  readonly provider: LatencyProvider;
  /** Of WASM. */
  readonly threads: number;
  readonly subject: LatencySubject;
}

/** What is run, its factors stored as an export would have them. */
export type LatencySubject = Pick<ExportStart, 'precision' | 'quantization'> &
  (
    | {
        /** One layer by itself; `path` is of its einsum, whatever the rows there. */
        readonly kind: 'layer';
        readonly layer: WantedLayer;
        readonly rows: number;
        /** Where its own numbers are; random ones without. */
        readonly weights: WeightFiles | null;
      }
    | {
        /** A whole model with the layers that the design changes. */
        readonly kind: 'model';
        readonly weights: WeightFiles;
        readonly layers: readonly WantedLayer[];
        /** Factors are the layers' own rather than random numbers. */
        readonly own: boolean;
        readonly batch: number;
        readonly length: number;
      }
  );

export type LatencyRequest =
  | LatencyStart
  /** As `warm-export`. */
  | { readonly kind: 'warm-latency'; readonly urls: readonly string[]; readonly threads: number }
  | { readonly kind: 'find-adapter'; readonly run: number };

export interface Latency {
  /** Milliseconds of one run. */
  readonly dense: Spread;
  readonly factorized: Spread;
}

export type LatencyReply =
  /** `name` is null where the browser has no adapter. */
  | {
      readonly kind: 'adapter';
      readonly run: number;
      readonly name: string | null;
      readonly software: boolean;
    }
  | {
      readonly kind: 'latency';
      readonly run: number;
      readonly latency: Latency;
      /** Whether it was the last. */
      readonly complete: boolean;
    }
  | { readonly kind: 'latency-failed'; readonly run: number; readonly message: string };
