/**
 * Every message between the page and its workers: one discriminated union a direction. A request carries a run id that
 * its replies repeat; the newest run wins and replies of older ones are dropped. All of it is plain data.
 */
import type { AccuracySource } from '../src/core/accuracy/source.ts';
import type { AccuracyFigure } from '../src/core/accuracy/figure.ts';
import type { Share } from '../src/core/accuracy/intervals.ts';
import type { OwnTable } from '../src/core/accuracy/own-model.ts';
import type { CalibrationTable } from '../src/core/accuracy/sensitivity.ts';
import type { Spectrum } from '../src/core/accuracy/spectrum.ts';
import type { Measurement } from '../src/core/accuracy/tally.ts';
import type { WeightSource } from '../src/core/accuracy/weight-energy.ts';
import type { Spread } from '../src/core/base/spread.ts';
import type { Execution } from '../src/core/cost/execution.ts';
import type { MapperEntry } from '../src/core/cost/mapper.ts';
import type { Accounting } from '../src/core/cost/mapping.ts';
import type { DeviceRoof } from '../src/core/cost/device-roof.ts';
import type { Backend, Dispatch, FusionChoice, TunedShape } from '../src/core/einsum/engine.ts';
import type { WantedLayer } from '../src/core/export/fit.ts';
import type { Factorization } from '../src/core/factor/factorization.ts';
import type { Quantization } from '../src/core/factor/quantization.ts';
import type { Accelerator } from '../src/core/hardware/accelerator.ts';
import type { Candidate } from '../src/core/search/evaluation.ts';
import type { Scent } from '../src/core/search/scent.ts';
import type { SearchBatch, SearchResult } from '../src/core/search/setting.ts';
import type { strategies } from '../src/core/search/strategies.ts';
import type { HeadCounts } from '../src/core/workload/config-json.ts';
import type { LinearLayer, TransformerModel, Workload } from '../src/core/workload/model.ts';

export type { Scent } from '../src/core/search/scent.ts';

/** What an evaluator is made of, as data. */
interface Situation {
  readonly model: TransformerModel;
  readonly workload: Workload;
  readonly accelerator: Accelerator;
  readonly accounting: Accounting;
  readonly execution: Execution;
  readonly quantization: Quantization;
  /** What the vertical axis is made of. */
  readonly accuracy: AccuracySource;
}

// Scent strips and gains (scent.worker.ts)

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

// Search (search.worker.ts)

export interface SearchStart extends Situation {
  readonly kind: 'start-search';
  readonly run: number;
  readonly strategy: keyof typeof strategies;
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

// Files (file.worker.ts)

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

// Accuracy (accuracy.worker.ts)

/** A person's ONNX model and their examples for it; nothing of them leaves the tab. */
export interface OwnModel {
  /** Another key = other files. */
  readonly key: string;
  readonly files: readonly File[];
  readonly examples: readonly NamedFile[];
}

export interface NamedFile {
  /** With the folders it was in, where they are known. */
  readonly name: string;
  readonly file: File;
}

/** Reads the examples, finds what layers read, and makes an axis of it; a newer run takes its place. */
export interface ExamplesStart {
  readonly kind: 'start-examples';
  readonly run: number;
  readonly own: OwnModel;
}

/** What examples are, once they are read. */
export interface ExamplesFound {
  readonly kind: 'arrays' | 'token ids' | 'text' | 'pictures';
  readonly count: number;
  /** Of each half. */
  readonly calibration: number;
  readonly heldOut: number;
  readonly isLabelled: boolean;
  /** How they were made, sentence by sentence. */
  readonly told: readonly string[];
}

export type ExamplesStage = 'reading' | 'calibrating' | 'spectra' | 'probing';

export type MeasuredModel =
  /** Id of a model with a task; its weights are the ONNX file at this address. */
  | { readonly kind: 'shipped'; readonly id: string; readonly url: string }
  | { readonly kind: 'own'; readonly own: OwnModel; readonly table: OwnTable };

/** Measures a design on held-out examples; a newer run takes its place. */
export interface MeasureStart {
  readonly kind: 'start-measure';
  readonly run: number;
  readonly model: MeasuredModel;
  readonly design: Candidate;
  readonly quantization: Quantization;
  readonly seed: number;
  readonly examples: number;
  /** Of a shipped model: tells, before the examples are run, the calibrated figure of these tables; null leaves it out. */
  readonly table: CalibrationTable | null;
}

export type AccuracyRequest =
  | MeasureStart
  | { readonly kind: 'cancel-measure'; readonly run: number }
  | ExamplesStart
  | { readonly kind: 'cancel-examples'; readonly run: number };

/** Answers to examples `from`, `from + 1`, ... of the seed, in the coding of `Task.answers`. */
export interface AnswerBatch {
  readonly from: number;
  readonly truth: Int32Array;
  readonly dense: Int32Array;
  readonly candidate: Int32Array;
}

export type MeasureStage = 'loading' | 'calibrating' | 'rebuilding' | 'comparing' | 'measuring';

export type AccuracyReply =
  | { readonly kind: 'calibrated'; readonly run: number; readonly figure: AccuracyFigure }
  | {
      readonly kind: 'measure-progress';
      readonly run: number;
      readonly stage: MeasureStage;
      readonly done: number;
      readonly of: number;
    }
  /** At 64, 128, 256, ... examples: the figures of all of them, and the answers since the reply before. */
  | {
      readonly kind: 'measured';
      readonly run: number;
      readonly measurement: Measurement;
      readonly answers: AnswerBatch;
      /** Whether it was the last. */
      readonly complete: boolean;
    }
  /** Of somebody's own model, after each batch of examples. */
  | {
      readonly kind: 'own-measured';
      readonly run: number;
      readonly examples: number;
      /** Of the answers that have labels; of all where none has. */
      readonly measurement: Measurement;
      readonly isLabelled: boolean;
      /** Mean divergence of an answer, nats, with its interval over examples. */
      readonly kl: Share;
      readonly figure: AccuracyFigure;
      readonly complete: boolean;
    }
  | { readonly kind: 'examples-found'; readonly run: number; readonly found: ExamplesFound }
  | {
      readonly kind: 'examples-progress';
      readonly run: number;
      readonly stage: ExamplesStage;
      readonly done: number;
      readonly of: number;
    }
  /** Of W C^(1/2), shares of its energy. */
  | {
      readonly kind: 'examples-spectrum';
      readonly run: number;
      readonly layer: string;
      readonly spectrum: Spectrum;
    }
  | { readonly kind: 'examples-table'; readonly run: number; readonly table: OwnTable }
  | { readonly kind: 'examples-failed'; readonly run: number; readonly message: string }
  | { readonly kind: 'measure-cancelled'; readonly run: number }
  | { readonly kind: 'measure-failed'; readonly run: number; readonly message: string };

// Exports (export.worker.ts)

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

// Latency (latency.worker.ts)

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

// Kernels of our own on this device (device.worker.ts)

/** `auto`: the graphics card, else WebAssembly, else JavaScript. */
export type DeviceChoice = 'auto' | Backend;

/** A layer as one factorization runs it, along a path of opt_einsum's positions. */
export interface DeviceWork {
  readonly factorization: Factorization;
  readonly rows: number;
  readonly path: readonly (readonly number[])[];
}

/** Times works in turns; a design is a sum of works: position in `works`, and how often. */
export interface DeviceStart {
  readonly kind: 'start-device';
  readonly run: number;
  readonly choice: DeviceChoice;
  readonly works: readonly DeviceWork[];
  readonly designs: readonly (readonly { readonly program: number; readonly count: number }[])[];
  /** Of all rounds, milliseconds. */
  readonly budgetMs: number;
  /** The roof is measured again though one is kept. */
  readonly freshRoof: boolean;
}

export type DeviceRequest = DeviceStart;

export interface DeviceInfo {
  readonly backend: Backend;
  /** What the engine says of itself. */
  readonly name: string;
  readonly software: boolean;
  /** Why it is not a better one; null: it is the best, or was asked for. */
  readonly why: string | null;
}

export interface Tuning {
  readonly shape: string;
  readonly done: number;
  readonly of: number;
  /** Of the best so far; null: none yet. */
  readonly bestMs: number | null;
}

export interface DeviceStage {
  readonly step: 'opening' | 'roof' | 'preparing' | 'timing';
  readonly done: number;
  readonly of: number;
  readonly tuning: Tuning | null;
}

export interface WorkFigures {
  /** As given, or fewer where the device would take too long. */
  readonly rows: number;
  /** Of its path. */
  readonly steps: number;
  /** Milliseconds of one run; null: not yet. */
  readonly ms: Spread | null;
  /** What the engine tells of how it runs; null: nothing. */
  readonly dispatches: readonly Dispatch[] | null;
  /** What was measured to decide what is fused. */
  readonly choices: readonly FusionChoice[];
}

export interface DesignFigures {
  readonly ms: Spread | null;
  /** Time of the first design over that of this one, round by round. */
  readonly speedUp: Spread | null;
  readonly macs: number;
  /** Below which the roof lets nothing run. */
  readonly leastMs: number;
}

export interface DeviceFigures {
  readonly roof: DeviceRoof;
  readonly works: readonly WorkFigures[];
  readonly designs: readonly DesignFigures[];
  readonly tuned: readonly TunedShape[];
  readonly complete: boolean;
}

export type DeviceReply =
  | { readonly kind: 'device-opened'; readonly run: number; readonly device: DeviceInfo }
  | { readonly kind: 'device-stage'; readonly run: number; readonly stage: DeviceStage }
  | { readonly kind: 'device-figures'; readonly run: number; readonly figures: DeviceFigures }
  /** The device went away; the work is done again on `next`. */
  | {
      readonly kind: 'device-lost';
      readonly run: number;
      readonly backend: Backend;
      readonly reason: string;
      readonly next: Backend;
    }
  | { readonly kind: 'device-failed'; readonly run: number; readonly message: string };
