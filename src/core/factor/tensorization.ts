/**
 * Tensorization: an extent as an ordered product of modes. Shapes multiply exactly; nothing is padded silently.
 * The heuristic of tensorly-torch 0.5 is reproduced from what it returns (`get_tensorized_shape`): prime factors, the
 * two smallest merged until the wanted order is left.
 */
import { check } from '../base/checks.ts';

/** Prime factors, ascending; empty for 1. */
export function primeFactors(n: number): readonly number[] {
  const found: number[] = [];
  let rest = n;
  for (let p = 2; p * p <= rest; p++)
    while (rest % p === 0) {
      found.push(p);
      rest /= p;
    }
  if (rest > 1) found.push(rest);
  return found;
}

/** Divisors in ascending order, 1 and n included. */
export function divisors(n: number): readonly number[] {
  const found = new Set([1]);
  for (const p of primeFactors(n)) for (const d of Array.from(found)) found.add(d * p);
  return [...found].sort((a, b) => a - b);
}

/** Every ordered factorization of n into `order` modes above 1 (768: 16, 84, 224 of order 2, 3, 4). */
export function orderedFactorizations(n: number, order: number): readonly (readonly number[])[] {
  check(Number.isSafeInteger(n) && n >= 1, 'modes', 'extent must be a positive integer', n);
  check(Number.isSafeInteger(order) && order >= 1, 'modes', 'order must be a positive integer', order);
  if (order > primeFactors(n).length) return order === 1 ? [[n]] : [];
  if (order === 1) return [[n]];
  return divisors(n).flatMap((first) =>
    first === 1 || first === n
      ? []
      : orderedFactorizations(n / first, order - 1).map((rest) => [first, ...rest]),
  );
}

/**
 * The most balanced modes: greatest entropy of their shares of log n, ascending. Ones fill up when n has too few
 * prime factors, so that every extent, prime ones too, has modes of every order.
 */
export function balancedModes(n: number, order: number): readonly number[] {
  const depth = Math.min(order, Math.max(1, primeFactors(n).length));
  let best: readonly number[] = [n];
  let most = Number.NEGATIVE_INFINITY;
  for (const modes of orderedFactorizations(n, depth)) {
    if (modes.some((mode, k) => k > 0 && mode < (modes[k - 1] ?? 0))) continue;
    const shares = modes.map((mode) => Math.log(mode) / Math.log(n));
    const entropy = shares.reduce((sum, share) => sum - share * Math.log(share), 0);
    if (entropy > most) {
      most = entropy;
      best = modes;
    }
  }
  return [...new Array<number>(order - best.length).fill(1), ...best];
}

/** Merges the two smallest until `order` modes are left. */
function merged(factors: readonly number[], order: number): readonly number[] {
  let modes = [...factors].sort((a, b) => a - b);
  while (modes.length > order) {
    const [a = 1, b = 1, ...rest] = modes;
    modes = [...rest, a * b].sort((x, y) => x - y);
  }
  return modes;
}

/** The modes tensorly-torch 0.5 chooses; `order` null = as many as both sides have prime factors. */
export function tltorchModes(
  inFeatures: number,
  outFeatures: number,
  order: number | null,
): { readonly inModes: readonly number[]; readonly outModes: readonly number[] } {
  const inFactors = primeFactors(inFeatures);
  // Its factorization of the output side stops after as many divisions as the input side has factors.
  const outPrimes = primeFactors(outFeatures);
  const whole = outPrimes.slice(0, inFactors.length);
  const rest = outPrimes.slice(inFactors.length);
  const outFactors = rest.length === 0 ? whole : [...whole, rest.reduce((all, p) => all * p, 1)];
  const size = order ?? Math.min(inFactors.length, outFactors.length);
  return { inModes: merged(inFactors, size), outModes: merged(outFactors, size) };
}
