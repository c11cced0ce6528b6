/**
 * What every device that evaluates einsums offers, whichever it is: JavaScript, WebAssembly or a GPU. An engine
 * prepares a program once (memory, kernels) and then runs it as often as asked; nothing is read back until `read`.
 */
import type { Program } from './program.ts';

export type Backend = 'js' | 'wasm' | 'webgpu';

export interface PrepareOptions {
  /** How arrays are stored and multiplied; f16 only where the device has it. f32 by default. */
  readonly dtype?: 'f32' | 'f16';
  /** Whether steps may share a call; by default where measured to be faster. */
  readonly fusion?: 'measured' | 'never';
}

/** What an AbortSignal is, as far as an engine looks at it. */
export interface StopSignal {
  readonly aborted: boolean;
  readonly reason?: unknown;
}

export interface Engine {
  readonly backend: Backend;
  /** Name of the device and what matters about it, one line for the screen. */
  readonly description: string;
  /** A program that poses as a GPU. */
  readonly software?: boolean;
  /** What was found for each class of shapes since the engine was opened, where it chooses by measuring. */
  readonly tuned?: () => readonly TunedShape[];
  /** @throws InputError when the program does not fit the device: bytes and the limit; EngineLost */
  readonly prepare: (program: Program, options?: PrepareOptions) => Promise<Prepared>;
  /** Frees everything; what was prepared cannot be used afterwards. */
  readonly dispose: () => void;
}

/** What was tried for a class of shapes, and how fast each was. */
export interface TunedShape {
  readonly shape: string;
  /** Measured now, or remembered from an earlier visit. */
  readonly from: 'tuned' | 'store';
  readonly winner: string;
  /** Milliseconds of one run; null: it could not be run. */
  readonly tried: readonly { readonly kernel: string; readonly ms: number | null }[];
}

/** One kernel call of a run. */
export interface Dispatch {
  /** Positions of the program's steps that it does; two or more are fused. */
  readonly steps: readonly number[];
  readonly kernel: string;
}

/** Two steps that one call could do, and what was measured to decide whether it does. */
export interface FusionChoice {
  readonly steps: readonly number[];
  /** The best fused kernel; null where the device refused all of them. */
  readonly kernel: string | null;
  readonly fusedMs: number | null;
  readonly unfusedMs: number;
  readonly fused: boolean;
}

export interface Prepared {
  readonly program: Program;
  /** @param values as many as the operand has words, row-major; @throws InputError on a wrong number */
  readonly write: (operand: number, values: Float32Array) => void;
  /** One evaluation, submitted and finished; nothing is read back. @throws EngineLost */
  readonly run: () => Promise<void>;
  /** The result of the last run, row-major. @throws EngineLost */
  readonly read: () => Promise<Float32Array>;
  /**
   * @returns milliseconds of each run, measured on the device where it has a clock
   * @throws EngineLost; the signal's reason when aborted
   */
  readonly time: (runs: number, signal?: StopSignal) => Promise<readonly number[]>;
  readonly destroy: () => void;
  /** How a run is done, where the engine has more to tell than one call a step. */
  readonly dispatches?: readonly Dispatch[];
  readonly choices?: readonly FusionChoice[];
}

/** The device went away, or did not answer in time: its work has to be done again elsewhere. */
export class EngineLost extends Error {
  override readonly name = 'EngineLost';
  constructor(
    readonly backend: Backend,
    readonly reason: string,
  ) {
    super(`${backend}: the device was lost, ${reason}`);
  }
}
