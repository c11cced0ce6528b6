/**
 * A mapping: per storage level, outermost first, temporal loops (outermost first) and the spatial loops that fan out to
 * the next level's instances or, below the innermost level, to the MACs. Loops of bound 1 may be left out.
 */
import type { Cycles, EdpPjCycles, EnergyPj, Macs, Words } from '../base/units.ts';
import type { Operand } from '../hardware/accelerator.ts';

export type Loop = readonly [dim: string, bound: number];

export interface LevelLoops {
  readonly level: string;
  readonly temporal: readonly Loop[];
  readonly spatial: readonly Loop[];
}

export type Mapping = readonly LevelLoops[];

/** O = I W as an einsum of single dims: which dims each operand has, and every dim's extent. */
export interface Contraction {
  readonly dims: Readonly<Record<Operand, readonly string[]>>;
  readonly extents: Readonly<Record<string, number>>;
}

/**
 * What stands in a GEMM's two input slots, I then W: a(ctivations), w(eights) as they are stored, c(ached keys and values).
 * Results are activations, also where factors are multiplied.
 */
export type Slots = 'aw' | 'aa' | 'ac' | 'ww' | 'wa' | 'ca';

/** The contraction as a batched GEMM: O[b, m, n] = sum over k of I[b, m, k] W[b, k, n]. */
export interface Gemm {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Absent = `aw`; only told apart where their bit widths differ. */
  readonly slots?: Slots;
}

/** `timeloop` does not charge the read when outputs drain to their parent, `accelforge` does. */
export type Accounting = 'timeloop' | 'accelforge';
/**
 * `flexible`: any dim may be spread over any part of the array. `fixed`: the array runs as weight-stationary ones are wired,
 * N (outputs) along X and K (inputs) along Y at every fan-out, and an extent is never padded.
 */
export type Dataflow = 'flexible' | 'fixed';
export type Objective = 'edp' | 'energy' | 'latency';
/** exact: proven optimal over perfect factors; fast: the same search with a budget. */
export type Gear = 'exact' | 'fast';

/** Words of one operand at one level; counts are per instance, energy is the total over the instances. */
export interface AccessCounts {
  readonly tileWords: Words;
  readonly instances: number;
  readonly reads: Words;
  readonly fills: Words;
  readonly updates: Words;
  readonly energyPj: EnergyPj;
}

export interface LevelCost {
  readonly name: string;
  /** The larger of the compute cycles and what this level's ports need; the latency is the largest over the levels. */
  readonly cycles: Cycles;
  readonly energyPj: EnergyPj;
  /** Only the operands that the level keeps. */
  readonly operands: Readonly<Partial<Record<Operand, AccessCounts>>>;
}

export interface MappingCost {
  readonly energyPj: EnergyPj;
  readonly latencyCycles: Cycles;
  readonly edpPjCycles: EdpPjCycles;
  readonly macs: Macs;
  readonly macEnergyPj: EnergyPj;
  readonly computeCycles: Cycles;
  /** Share of the MACs that work, 0 to 1: MACs / (compute cycles x array size). */
  readonly utilization: number;
  readonly levels: readonly LevelCost[];
}

/**
 * What is known about the mapping's distance from the optimum of its objective (EDP, energy or cycles; leakage included).
 * `optimal`: proven, over perfect factors of the extents, or over every padding where these were searched; `gap`: not proven,
 * but at most this share above what no mapping can be below (figure / lower bound - 1: 0.05 = within 5 %), ragged ones with
 * real words only included; `best-found`: no bound was worked out.
 */
export type Bound =
  | { readonly kind: 'optimal'; readonly gap: 0 }
  | { readonly kind: 'gap'; readonly gap: number }
  | { readonly kind: 'best-found'; readonly gap: null };
