/** One library: opens on WebGPU once, then makes ways of evaluating a case, the fastest of which counts. */
import type { FusionChoice } from '../../src/core/einsum/engine.ts';
import type { BenchCase } from './cases.ts';

export interface Way {
  readonly name: string;
  /** One evaluation, submitted and finished on the device; the result stays there. */
  readonly run: () => Promise<void>;
  /** Result of the last run, flat and row-major. */
  readonly read: () => Promise<Float32Array>;
  readonly dispose: () => void | Promise<void>;
  /** What it measured to decide which steps to fuse. */
  readonly choices?: readonly FusionChoice[];
}

export interface Contestant {
  readonly name: string;
  readonly device: GPUDevice;
  /** Makers of ways; each may throw where the library cannot. Operands are in GPU memory when they return. */
  readonly ways: (item: BenchCase, operands: readonly Float32Array[]) => readonly (() => Promise<Way>)[];
}
