/**
 * A figure on the vertical axis: what is measured, how sure we are and where it comes from. Higher is always better.
 * Figures of different metrics or tiers are never put on one frontier silently.
 */

/** `weightEnergyKeptPercent` = 100 (1 - sum |E|^2 / sum |W|^2): data-free, never called accuracy points. */
export const metrics = ['weightEnergyKeptPercent', 'accuracyChangePoints', 'negativeKlNats'] as const;
export type Metric = (typeof metrics)[number];

export const tiers = ['estimated', 'calibrated', 'measured', 'distilled'] as const;
export type Tier = (typeof tiers)[number];

export interface AccuracyFigure {
  readonly metric: Metric;
  readonly tier: Tier;
  readonly value: number;
  /** The interval's ends; what they mean (band between two spectra, confidence) is in `provenance`. */
  readonly low: number;
  readonly high: number;
  /** One sentence: how the value and its interval were made. */
  readonly provenance: string;
}
