/** Where repeated measurements lie: median and quartiles, and whether more of them would still move the median. */
import { check } from './checks.ts';

export interface Spread {
  readonly median: number;
  /** Quartiles. */
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

/** Quantiles between neighbours in proportion (type 7 of Hyndman and Fan 1996). @throws InputError without samples */
export function spreadOf(samples: readonly number[]): Spread {
  check(samples.length > 0, 'samples', 'must be at least one', 0);
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number): number => {
    const place = share * (sorted.length - 1);
    const below = Math.floor(place);
    const [a = 0, b = a] = sorted.slice(below, below + 2);
    return a + (place - below) * (b - a);
  };
  return { median: at(0.5), low: at(0.25), high: at(0.75), count: sorted.length };
}

/** Two-sided 95 % of the normal approximation to the binomial. */
const confidence = 1.96;

/**
 * Whether the 95 % interval of the median, from order statistics (no distribution assumed), is narrower than `width` of
 * the median. Needs some ten samples at least.
 */
export function isMedianKnown(samples: readonly number[], width: number): boolean {
  const n = samples.length;
  const half = (confidence * Math.sqrt(n)) / 2;
  const first = Math.floor(n / 2 - half) - 1;
  const last = Math.ceil(n / 2 + half);
  if (first < 0 || last >= n) return false;
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[last]! - sorted[first]! <= width * spreadOf(samples).median;
}
