/** What is measured for the accuracy tiers of a model, before anything is fitted: plain data that can be kept. */
import type { Response } from '../../src/core/accuracy/response.ts';
import type { Factorization } from '../../src/core/factor/factorization.ts';

/** Storage that tables are made for; coarser groups serve those that are missing. */
export const quantizationNames = [
  'int8-row',
  'int6-row',
  'int5-row',
  'int4-row',
  'int4-g128',
  'int4-g32',
  'int3-row',
  'int3-g32',
  'w8a8',
  'fp4-g32',
  'fp4-g16',
  'palette4',
  'palette3',
  'palette2',
];

export interface Sizes {
  readonly seed: number;
  /** Random designs measured. */
  readonly designs: number;
  /** Decompositions of each format tried per layer. */
  readonly perFormat: number;
  /** Examples per design. */
  readonly examples: number;
}

/** svd of one layer at rising ranks, the others dense. */
export interface RankedLayer {
  readonly name: string;
  readonly out: number;
  readonly in: number;
  /** Squared singular values of W C^(1/2) as shares, descending. */
  readonly spectrum: readonly number[];
  readonly ranks: readonly number[];
  readonly responses: readonly Response[];
}

/** One decomposition in place of one layer. */
export interface TriedFactorization {
  /** Position in the model. */
  readonly layer: number;
  readonly f: Factorization;
  readonly response: Response;
}

/** A random design and what became of it. */
export interface KnownDesign {
  /** Share of the dense parameters it was drawn for. */
  readonly bin: number;
  /** The share it has. */
  readonly share: number;
  readonly quantization: string;
  readonly factorizations: readonly Factorization[];
  /** All of its layers replaced, on as many examples as tier T1 takes. */
  readonly response: Response;
  /** Points of accuracy against the dense model on held-out examples. */
  readonly points: number;
}

export interface CalibrationData {
  readonly model: string;
  readonly sizes: Sizes;
  /** First of the held-out examples that designs were measured on. */
  readonly from: number;
  /** Of the dense model on these. */
  readonly dense: { readonly score: string; readonly accuracy: number };
  readonly layers: readonly RankedLayer[];
  /** Each layer's matrix stored so, the others dense; by name of the quantization. */
  readonly quantizations: Readonly<Record<string, readonly Response[]>>;
  readonly tried: readonly TriedFactorization[];
  /** Decompositions whose factors were stored in fewer bits. */
  readonly stored: readonly (TriedFactorization & { readonly quantization: string })[];
  readonly designs: readonly KnownDesign[];
  /** Designs that searches picked by what the others say; their bin is 0. */
  readonly picked: readonly KnownDesign[];
}

/** Fresh designs of a model. */
export interface FreshDesigns {
  readonly model: string;
  readonly sizes: Sizes;
  readonly designs: readonly KnownDesign[];
}
