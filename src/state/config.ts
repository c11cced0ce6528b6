/**
 * The only ground state. A link, an undo step and a project file hold a `Config`; everything else is derived from it.
 */
import type { Tier } from '../core/accuracy/figure.ts';
import type { Factorization } from '../core/factor/factorization.ts';
import type { Quantization } from '../core/factor/quantization.ts';
import type { Accelerator } from '../core/hardware/accelerator.ts';
import type { Execution } from '../core/cost/execution.ts';
import type { Accounting } from '../core/cost/mapping.ts';
import type { HeadCounts } from '../core/workload/config-json.ts';
import type { CustomModel } from '../core/workload/custom.ts';
import type { LinearLayer, Workload } from '../core/workload/model.ts';

export type ModelChoice =
  | { readonly kind: 'card'; readonly id: string }
  | { readonly kind: 'custom'; readonly spec: CustomModel }
  /** One layer: rows M, out N, in K. M is the workload's tokens. */
  | { readonly kind: 'gemm'; readonly n: number; readonly k: number }
  /** Shapes of a dropped file; the weights themselves are never in the config. */
  | {
      readonly kind: 'file';
      readonly name: string;
      readonly bytes: number;
      readonly linears: readonly LinearLayer[];
      /** Null when the file does not tell: then only the linear layers are counted. */
      readonly heads: HeadCounts | null;
      /** The sequence to open with, and the longest. */
      readonly sequence: { readonly usual: number; readonly most: number };
    };

export const strategies = [
  'sweep',
  'uniform-svd',
  'tltorch',
  'random',
  'water-filling',
  'allocated',
  'evolutionary',
] as const;
export type Strategy = (typeof strategies)[number];

export interface SearchSettings {
  readonly strategy: Strategy;
  /** Evaluations, never seconds: the same budget gives the same result on any machine. */
  readonly budget: number;
  readonly seed: number;
  /** Least acceptable value on the vertical axis, or null. */
  readonly limit: number | null;
}

/** A layer, or one of its ranks, that neither drag nor search may change. */
export interface Lock {
  readonly layer: number;
  /** Position in `ranks`; null locks the whole layer. */
  readonly rank: number | null;
}

export const pinLetters = ['A', 'B', 'C', 'D'] as const;
export type PinLetter = (typeof pinLetters)[number];

export interface Pin {
  readonly letter: PinLetter;
  readonly design: readonly Factorization[];
}

export const axes = ['edp', 'energy', 'latency'] as const;
export type Axis = (typeof axes)[number];

export const panels = ['ranks', 'matrices', 'compare', 'inside', 'search'] as const;
export type Panel = (typeof panels)[number];

export interface View {
  /** Indices into the model's linear layers that the next edit changes together; never empty. */
  readonly selection: readonly number[];
  /** The layer shown inside; one of the selection. */
  readonly focus: number;
  readonly axis: Axis;
  readonly gridColour: 'edp' | 'rank';
  readonly panel: Panel;
  /** Ranks step through multiples of the array's width. */
  readonly snap: boolean;
  /** Of the accuracy axis: whose figures the plot shows; in the order of `tiers`, never empty. */
  readonly tiers: readonly Tier[];
  /** What the compare table takes differences from. */
  readonly reference: 'dense' | 'now' | PinLetter;
}

export interface Config {
  readonly model: ModelChoice;
  readonly workload: Workload;
  /** Complete, so that a link needs no preset; `name` tells which preset it started from. */
  readonly accelerator: Accelerator;
  readonly accounting: Accounting;
  readonly execution: Execution;
  /** One factorization per linear layer of the model. */
  readonly design: readonly Factorization[];
  /** How the weights of every linear layer are stored. */
  readonly quantization: Quantization;
  readonly locks: readonly Lock[];
  readonly search: SearchSettings;
  readonly pins: readonly Pin[];
  readonly view: View;
}
