/**
 * How well one tier orders designs as another does, and how often its bands hold. Over all sizes every proxy looks good,
 * parameter count included, so orders are compared among designs of equal parameters and then averaged over sizes.
 */
import { check } from '../base/checks.ts';
import { kendall, spearman } from './rank-correlation.ts';

export interface Judged {
  /** Share of the dense parameters that the design was drawn for: equal shares are compared. */
  readonly bin: number;
  /** Predicted and measured points. */
  readonly predicted: number;
  readonly low: number;
  readonly high: number;
  readonly measured: number;
}

export interface BinAgreement {
  readonly bin: number;
  readonly n: number;
  readonly spearman: number;
  readonly coverage: number;
}

export interface Agreement {
  readonly n: number;
  readonly spearman: number;
  readonly kendall: number;
  /** Mean over bins, each weighing as many designs as it has. */
  readonly spearmanEqualParameters: number;
  /** Share of designs whose measured change lies in the band. */
  readonly coverage90: number;
  /** Mean |predicted - measured|, points. */
  readonly meanError: number;
  readonly bins: readonly BinAgreement[];
}

export interface ValidatedPair extends Agreement {
  /** The tier that predicts and the one that measures. */
  readonly low: 'T0' | 'T1';
  readonly high: 'T2';
}

export interface ValidatedModel {
  readonly model: string;
  /** Of its designs; not the one that its tiers were calibrated with. */
  readonly seed: number;
  readonly n: number;
  /** Held-out examples per design. */
  readonly examples: number;
  readonly pairs: readonly ValidatedPair[];
  /** The smaller of the tiers'. */
  readonly coverage90: number;
  /** Share of dense parameters; points of T0, T1, T2, for each design. */
  readonly designs: readonly (readonly [
    parameters: number,
    estimated: number,
    calibrated: number,
    measured: number,
  ])[];
}

/** What public/accuracy-validation.json holds. */
export interface AccuracyValidation {
  /** Of the newest run; models keep their own. */
  readonly seed: number;
  readonly quick: boolean;
  readonly models: readonly ValidatedModel[];
}

export function agreementOf(designs: readonly Judged[]): Agreement {
  check(designs.length > 0, 'agreement', 'needs designs');
  const rank = (some: readonly Judged[], of: typeof spearman): number =>
    of(
      some.map(({ predicted }) => predicted),
      some.map(({ measured }) => measured),
    );
  const coverage = (some: readonly Judged[]): number =>
    some.filter(({ low, high, measured }) => low <= measured && measured <= high).length / some.length;
  const found = [...new Set(designs.map(({ bin }) => bin))]
    .sort((a, b) => a - b)
    .map((bin): BinAgreement => {
      const members = designs.filter((design) => design.bin === bin);
      return {
        bin,
        n: members.length,
        spearman: rank(members, spearman),
        coverage: coverage(members),
      };
    });
  return {
    n: designs.length,
    spearman: rank(designs, spearman),
    kendall: rank(designs, kendall),
    spearmanEqualParameters: found.reduce((sum, bin) => sum + bin.n * bin.spearman, 0) / designs.length,
    coverage90: coverage(designs),
    meanError:
      designs.reduce((sum, { predicted, measured }) => sum + Math.abs(predicted - measured), 0) /
      designs.length,
    bins: found,
  };
}
