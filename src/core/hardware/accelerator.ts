/**
 * A spatial accelerator: storage levels outermost (DRAM) to innermost, each with its instances, capacity, ports and
 * energies, and the MAC array below the innermost level. Source of the counting rules: Parashar et al.,
 * "Timeloop" (ISPASS 2019); left out unless asked for (`extras.ts`): NoC hop energy,
 * leakage, double buffering.
 */
import type { Bits, EnergyPj, Hertz, Words } from '../base/units.ts';

/** I inputs (activations), W weights, O outputs. */
export const operands = ['I', 'W', 'O'] as const;
export type Operand = (typeof operands)[number];

export interface MemoryLevel {
  readonly name: string;
  /** Total instances along X and Y (not the fan-out from the level above). */
  readonly meshX: number;
  readonly meshY: number;
  /** Capacity of one instance; null = unlimited. */
  readonly depthWords: Words | null;
  readonly wordBits: Bits;
  /** Port of one instance, words per cycle; null = unlimited. */
  readonly readWordsPerCycle: number | null;
  readonly writeWordsPerCycle: number | null;
  readonly readEnergyPj: EnergyPj;
  readonly writeEnergyPj: EnergyPj;
  readonly keeps: readonly Operand[];
  /** Words that one word of an operand takes, where bit widths differ (`atBits`); absent = 1 each. Never in a file. */
  readonly takes?: Readonly<Record<Operand, number>>;
  /** Share of the words of a tile that an array takes that stays, where tiles are doubled; absent = 1. Never in a file. */
  readonly heldShare?: number;
}

export interface MacArray {
  readonly meshX: number;
  readonly meshY: number;
  readonly energyPj: EnergyPj;
}

export interface Accelerator {
  readonly name: string;
  readonly clockHz: Hertz;
  readonly wordBits: Bits;
  /** `pJ`, or for example `relative (MAC = 1)`: then no figure derived from it may be called picojoules. */
  readonly energyUnit: string;
  /** Outermost first. */
  readonly levels: readonly MemoryLevel[];
  readonly mac: MacArray;
  /** Set by `withExtras` only, never in a file: energy of the networks and leakage, which the references leave out. */
  readonly hopPj?: EnergyPj;
  readonly leakagePjPerCycle?: EnergyPj;
}
