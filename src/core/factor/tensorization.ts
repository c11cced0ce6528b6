/**
 * Tensorization: which modes a matrix side is cut into. Shapes multiply exactly, nothing is padded. Three rules: every
 * ordered factorization; the balanced one (largest entropy of the modes' shares, as t3f's `auto_shape`); and
 * tensorly-torch 0.5's `get_tensorized_shape` (held against a table of what it chooses).
 */
import { check } from '../base/checks.ts';

/** Modes a side may have at most; 2^16 is beyond every layer here. */
export const mostModes = 16;
const mostExtent = 2 ** 31;
const mostOrder = 32;
/** Lists longer than this are refused instead of filling memory: 720720 in six modes has 3.4 million. */
const mostFactorizations = 200_000;

export function product(values: readonly number[]): number {
  let result = 1;
  for (const value of values) result *= value;
  return result;
}

function checkSplit(n: number, order: number): void {
  check(
    Number.isSafeInteger(n) && n >= 1 && n <= mostExtent,
    'extent',
    'must be an integer from 1 to 2^31',
    n,
  );
  check(
    Number.isSafeInteger(order) && order >= 1 && order <= mostOrder,
    'order',
    `must be an integer from 1 to ${mostOrder}`,
    order,
  );
}

/**
 * Every way to write `n` as a product of `order` modes, no mode 1, lexicographic; [] when there is none (n = 1 has none
 * at any order but one: [[1]]).
 * @throws InputError when there are more than 200,000
 */
export function orderedFactorizations(n: number, order: number): readonly (readonly number[])[] {
  checkSplit(n, order);
  if (order === 1) return [[n]];
  const count = countFactorizations(n, order);
  check(
    count <= mostFactorizations,
    'shapes',
    `${n} in ${order} modes must have at most ${mostFactorizations}`,
    count,
  );
  const divisors = divisorsOf(n);
  const found: number[][] = [];
  const descend = (rest: number, modes: number[]): void => {
    if (modes.length === order - 1) {
      if (rest > 1) found.push([...modes, rest]);
      return;
    }
    for (const mode of divisors)
      if (mode > 1 && mode < rest && rest % mode === 0) descend(rest / mode, [...modes, mode]);
  };
  descend(n, []);
  return found;
}

/** How many there are, by inclusion and exclusion over the modes that are 1. */
function countFactorizations(n: number, order: number): number {
  const exponents = new Map<number, number>();
  for (const prime of primesOf(n)) exponents.set(prime, (exponents.get(prime) ?? 0) + 1);
  let count = 0;
  for (let ones = 0; ones < order; ones++) {
    let ways = binomial(order, ones) * (ones % 2 === 0 ? 1 : -1);
    for (const exponent of exponents.values()) ways *= binomial(exponent + order - ones - 1, exponent);
    count += ways;
  }
  return count;
}

function binomial(n: number, k: number): number {
  let result = 1;
  for (let i = 1; i <= k; i++) result = (result * (n - k + i)) / i;
  return Math.round(result);
}

/**
 * The `order` modes of `n` that are the most equal, ascending; leading ones where n has too few prime factors.
 * 768 -> 24 32, 8 8 12.
 */
export function balancedModes(n: number, order: number): number[] {
  checkSplit(n, order);
  const parts = Math.min(order, Math.max(1, primesOf(n).length));
  const divisors = divisorsOf(n);
  let best: number[] = [n];
  let most = -1;
  const descend = (rest: number, modes: number[]): void => {
    if (modes.length === parts - 1) {
      if (rest < (modes.at(-1) ?? 1)) return;
      const all = [...modes, rest];
      const balance = entropy(all);
      if (balance > most + 1e-12) {
        most = balance;
        best = all;
      }
      return;
    }
    const least = modes.at(-1) ?? 2;
    const left = parts - modes.length;
    for (const mode of divisors)
      if (mode >= least && rest % mode === 0 && mode ** left <= rest) descend(rest / mode, [...modes, mode]);
  };
  descend(n, []);
  return [...new Array<number>(order - parts).fill(1), ...best];
}

/** Of the modes as shares of their sum. */
function entropy(modes: readonly number[]): number {
  const sum = modes.reduce((total, mode) => total + mode, 0);
  return -modes.reduce((total, mode) => total + (mode / sum) * Math.log(mode / sum), 0);
}

export interface Modes {
  readonly outModes: readonly number[];
  readonly inModes: readonly number[];
}

/**
 * What tensorly-torch 0.5 chooses: primes, of the output at most as many as the input has (the rest stays one mode),
 * then the two smallest merged until both sides have `order` modes (null: as many as the shorter side). May have fewer
 * modes than asked for.
 */
export function tltorchModes(inFeatures: number, outFeatures: number, order: number | null): Modes {
  checkSplit(inFeatures, order ?? 1);
  checkSplit(outFeatures, 1);
  const inPrimes = primesOf(inFeatures);
  const primes = primesOf(outFeatures);
  const outPrimes =
    primes.length <= inPrimes.length
      ? primes
      : [...primes.slice(0, inPrimes.length), product(primes.slice(inPrimes.length))];
  const size = Math.min(order ?? Infinity, inPrimes.length, outPrimes.length);
  return { outModes: mergeSmallest(outPrimes, size), inModes: mergeSmallest(inPrimes, size) };
}

function mergeSmallest(values: readonly number[], size: number): readonly number[] {
  let modes = [...values];
  while (modes.length > size) {
    const [a = 1, b = 1, ...rest] = modes.sort((x, y) => x - y);
    modes = [a * b, ...rest];
  }
  return values.length > size ? modes.sort((x, y) => x - y) : modes;
}

/** Ascending, with multiplicity; [1] for 1. */
function primesOf(n: number): readonly number[] {
  const primes: number[] = [];
  let rest = n;
  for (let p = 2; p * p <= rest; p++)
    while (rest % p === 0) {
      primes.push(p);
      rest /= p;
    }
  if (rest > 1 || primes.length === 0) primes.push(rest);
  return primes;
}

/** Ascending, 1 and n included. */
function divisorsOf(n: number): readonly number[] {
  const small: number[] = [];
  const large: number[] = [];
  for (let d = 1; d * d <= n; d++) {
    if (n % d !== 0) continue;
    small.push(d);
    if (d * d !== n) large.push(n / d);
  }
  return [...small, ...large.reverse()];
}
