/**
 * Split-conformal bands: of scores on examples that the curve was not fitted to, the k-th smallest bounds a fresh score.
 * Its coverage given the calibration set follows Beta(k, n + 1 - k) (Vovk 2012), so k is chosen for the coverage to be
 * reached with a stated confidence and not only on average over calibration sets.
 */
import { check } from '../base/checks.ts';

export const coverage = 0.9;
/** That the coverage is reached, over the draw of the calibration set. */
export const confidence = 0.9;

/**
 * The smallest k of 1..n whose order statistic covers a fresh exchangeable score with probability `share` at least, with
 * `sure` confidence; n + 1 (no bound) when n is too small.
 */
export function conformalRank(n: number, share = coverage, sure = confidence): number {
  check(Number.isSafeInteger(n) && n >= 1, 'calibration set', 'must have a member', n);
  // P(Beta(k, n + 1 - k) < share) = P(Binomial(n, share) >= k).
  let above = 0;
  for (let k = n; k >= 1; k--) {
    above += binomial(n, k, share);
    if (above > 1 - sure + rounding) return k + 1;
  }
  return 1;
}

const rounding = 1e-12;

/** P(Binomial(n, p) = k), 0 < p < 1. */
function binomial(n: number, k: number, p: number): number {
  let log = k * Math.log(p) + (n - k) * Math.log(1 - p);
  for (let i = 1; i <= k; i++) log += Math.log((n - k + i) / i);
  return Math.exp(log);
}

/** The score that bounds fresh ones; Infinity when the set is too small to say. */
export function conformalBound(scores: readonly number[], share = coverage, sure = confidence): number {
  const rank = conformalRank(scores.length, share, sure);
  return scores.toSorted((a, b) => a - b)[rank - 1] ?? Number.POSITIVE_INFINITY;
}
