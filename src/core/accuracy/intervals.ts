/**
 * What counts say of shares: the score interval of one share (Wilson, JASA 1927), and two models on the same examples,
 * of which only those that one answers rightly and the other wrongly tell them apart: McNemar's exact test
 * (Psychometrika 1947) and the adjusted Wald interval of Bonett and Price (J. Educ. Behav. Stat. 2012), which stays sound
 * when the models agree everywhere.
 */
import { invariant } from '../base/checks.ts';

/** Normal quantile of a two-sided interval of 95 %. */
const z95 = 1.959963984540054;

export interface Share {
  /** 0 to 1. */
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** @param z normal quantile, 95 % two-sided by default; of no examples nothing is known: 0 to 1 */
export function wilson(successes: number, n: number, z = z95): Share {
  invariant(successes >= 0 && successes <= n, `${successes} successes of ${n}`);
  if (n === 0) return { value: 0.5, low: 0, high: 1 };
  const value = successes / n;
  const shrink = 1 + (z * z) / n;
  const centre = (value + (z * z) / (2 * n)) / shrink;
  const half = (z * Math.sqrt((value * (1 - value)) / n + (z * z) / (4 * n * n))) / shrink;
  return {
    value,
    low: successes === 0 ? 0 : centre - half,
    high: successes === n ? 1 : centre + half,
  };
}

/**
 * Sum over sum of sizes, with the interval of a ratio estimate over independent examples (Cochran, Sampling Techniques,
 * 1977, section 6): answers of one example are not independent of each other.
 */
export function ratioInterval(
  examples: readonly { readonly size: number; readonly sum: number }[],
  z = z95,
): Share {
  const [n, size] = [examples.length, examples.reduce((total, each) => total + each.size, 0)];
  if (size === 0) return { value: 0, low: 0, high: 0 };
  const value = examples.reduce((total, each) => total + each.sum, 0) / size;
  if (n < 2) return { value, low: 0, high: 2 * value };
  const squares = examples.reduce((total, each) => total + (each.sum - value * each.size) ** 2, 0);
  const half = (z * Math.sqrt((squares * n) / (n - 1))) / size;
  return { value, low: Math.max(0, value - half), high: value + half };
}

export interface PairedDifference {
  /** Share of right answers gained (candidate less dense), -1 to 1. */
  readonly difference: number;
  readonly low: number;
  readonly high: number;
  /** Probability of a difference at least as large between equals; two-sided, exact. */
  readonly p: number;
}

/**
 * @param gained examples that only the candidate answers rightly
 * @param lost examples that only the dense model answers rightly
 * @param n all examples
 */
export function pairedDifference(gained: number, lost: number, n: number, z = z95): PairedDifference {
  invariant(gained >= 0 && lost >= 0 && gained + lost <= n, `${gained} and ${lost} of ${n}`);
  const p = mcnemar(gained, lost);
  if (n === 0) return { difference: 0, low: -1, high: 1, p };
  const [up, down] = [(gained + 1) / (n + 2), (lost + 1) / (n + 2)];
  const half = z * Math.sqrt((up + down - (up - down) ** 2) / (n + 2));
  return {
    difference: (gained - lost) / n,
    low: Math.max(-1, up - down - half),
    high: Math.min(1, up - down + half),
    p,
  };
}

/** Two-sided exact p: a fair coin for each example that tells the models apart. */
function mcnemar(gained: number, lost: number): number {
  const n = gained + lost;
  const fewer = Math.min(gained, lost);
  // Binomial terms from the largest downwards, relative to it, so that nothing underflows before the end.
  let term = 1;
  let sum = 0;
  for (let k = fewer; k >= 0; k--) {
    sum += term;
    term *= k / (n - k + 1);
    if (term < 1e-18 * sum) break;
  }
  let logLargest = -n * Math.LN2;
  for (let k = 1; k <= fewer; k++) logLargest += Math.log((n - fewer + k) / k);
  return Math.min(1, 2 * sum * Math.exp(logLargest));
}
