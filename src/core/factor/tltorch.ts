/**
 * The ranks that tensorly-torch 0.5 / TensorLy 0.9 give for a float `rank` argument (share of the dense parameters),
 * held against a table of what they return. They are nominal: not clipped to what is realizable, and their exact
 * parameter count is another matter (a BlockTT asked for 50 % may have 12.6 %).
 */
import { InputError } from '../base/checks.ts';
import type { Format } from './factorization.ts';
import { product } from './tensorization.ts';

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** As numpy: halves go to the even neighbour. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

const rankOf = (value: number): number => Math.max(1, roundHalfEven(value));

/**
 * Nominal ranks in our order (no boundary ones; tr without the repeated closing rank).
 * @throws InputError for formats that tensorly-torch does not have: kronecker, block-term
 */
export function tltorchRanks(
  format: Format,
  outModes: readonly number[],
  inModes: readonly number[],
  share: number,
): readonly number[] {
  const modes = [...outModes, ...inModes];
  const parameters = product(modes) * share;
  switch (format) {
    case 'dense':
      return [];
    case 'svd':
    case 'cp':
      return [rankOf(parameters / sum(modes))];
    case 'tucker':
      return tuckerRanks(modes, share);
    case 'tt':
      return trainRanks(modes, share);
    case 'ttm':
      return trainRanks(
        outModes.map((mode, k) => mode * (inModes[k] ?? 1)),
        share,
      );
    case 'tr': {
      const rank = rankOf(Math.sqrt(parameters / sum(modes)));
      return modes.map(() => rank);
    }
    case 'kronecker':
    case 'block-term':
      throw new InputError('format', 'tensorly-torch has cp, tucker, tt, ttm, tr and svd', format);
    default:
      return format satisfies never;
  }
}

/** Ranks proportional to the modes, x the share of each: x^d prod n + x sum n^2 = share prod n. */
function tuckerRanks(modes: readonly number[], share: number): readonly number[] {
  const whole = product(modes);
  const squares = sum(modes.map((mode) => mode * mode));
  let low = 0;
  let high = Math.max(share, 1);
  for (let step = 0; step < 100; step++) {
    const middle = (low + high) / 2;
    if (whole * middle ** modes.length + squares * middle < share * whole) low = middle;
    else high = middle;
  }
  return modes.map((mode) => rankOf(mode * low));
}

/** Ranks proportional to the mean of the modes beside the bond; the factor solves a quadratic. */
function trainRanks(modes: readonly number[], share: number): readonly number[] {
  const means = modes.slice(1).map((mode, k) => ((modes[k] ?? 1) + mode) / 2);
  if (means.length === 0) return [];
  const [first = 1, last = 1] = [means[0], means.at(-1)];
  const a =
    means.length > 1
      ? sum(means.slice(1).map((mean, k) => (means[k] ?? 1) * (modes[k + 1] ?? 1) * mean))
      : first * first * (modes[0] ?? 1);
  const b = (modes[0] ?? 1) * first + (modes.at(-1) ?? 1) * last;
  const c = -product(modes) * share;
  const factor = (-b + Math.sqrt(b * b - 4 * a * c)) / (2 * a);
  return means.map((mean) => rankOf(mean * factor));
}
