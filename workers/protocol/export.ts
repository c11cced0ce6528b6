/** Exports (export.worker.ts). */
import type { WantedLayer } from '../../src/core/export/fit.ts';
import type { Quantization } from '../../src/core/factor/quantization.ts';
import type { NamedFile } from './accuracy.ts';

/** Where a model's weights are: a trained model that comes with the page, or files that were dropped. */
export type WeightFiles =
  | { readonly kind: 'shipped'; readonly id: string; readonly url: string }
  | {
      readonly kind: 'files';
      readonly files: readonly File[];
      /** What factors are fitted to; without, plain least squares. */
      readonly examples?: readonly NamedFile[];
    };

/** `zip` is all of them with the texts given. */
export type ExportForm = 'onnx' | 'tltorch' | 'pytorch' | 'csv' | 'zip';

export interface ExportStart {
  readonly kind: 'start-export';
  readonly run: number;
  readonly weights: WeightFiles;
  readonly form: ExportForm;
  /** The layers that the design changes, and those that only the storage changes, as dense. */
  readonly layers: readonly WantedLayer[];
  readonly precision: 'f32' | 'f16';
  readonly quantization: Quantization;
  /** Names start with it; Python must be able to import it. */
  readonly stem: string;
  readonly link: string;
  /** Files that a zip holds besides. */
  readonly texts: readonly { readonly name: string; readonly text: string | Uint8Array }[];
}

export type ExportRequest =
  | ExportStart
  /** Gets ready what exports of these models need, so that they need no network later. */
  | { readonly kind: 'warm-export'; readonly urls: readonly string[] };

export type ExportStage = 'loading' | 'calibrating' | 'decomposing' | 'writing' | 'checking';

export interface ExportedFile {
  readonly name: string;
  readonly blob: Blob;
}

/** What was made of one layer. */
export interface ExportedLayer {
  readonly name: string;
  readonly parameters: number;
  /** ||W - W'|| / ||W||, Frobenius, of the float32 factors. */
  readonly relativeError: number;
}

export interface ExportMade {
  readonly files: readonly ExportedFile[];
  readonly layers: readonly ExportedLayer[];
  /** Bytes of the model that was read, and of the one that takes its place. */
  readonly originalBytes: number;
  readonly bytes: number;
  /** What was read back, against what was meant; null with the reason when it could not be run. */
  readonly check: {
    readonly of: 'outputs' | 'factors';
    readonly difference: number | null;
    readonly reason: string | null;
    /** Beyond it the file is not what it should be. */
    readonly limit: number;
  } | null;
}

export type ExportReply =
  | {
      readonly kind: 'export-progress';
      readonly run: number;
      readonly stage: ExportStage;
      readonly done: number;
      readonly of: number;
    }
  | { readonly kind: 'export-done'; readonly run: number; readonly made: ExportMade }
  | { readonly kind: 'export-failed'; readonly run: number; readonly message: string };
