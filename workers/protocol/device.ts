/** Kernels of our own on this device (device.worker.ts). */
import type { Spread } from '../../src/core/base/spread.ts';
import type { DeviceRoof } from '../../src/core/cost/device-roof.ts';
import type { Backend, Dispatch, FusionChoice, TunedShape } from '../../src/core/einsum/engine.ts';
import type { Factorization } from '../../src/core/factor/factorization.ts';

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
