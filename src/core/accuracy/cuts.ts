/**
 * W = U diag(s) V^T with random orthogonal U [M, M] and V [N, N]: what its unfoldings are like. Only the unfolding that
 * parts outputs from inputs keeps the spectrum s; every other one mixes it. How flat a mixed one is follows exactly from
 * p = sum s^4 / (sum s^2)^2: the mean over U and V of the same figure (the purity of a reduced random state, Lubkin 1978)
 * of any unfolding is linear in p. A Gaussian d x w matrix has 1/d + 1/w, so that the unfolding is taken as the flat
 * matrix of d = its smaller side and the w that has its purity.
 */
import type { Spectrum } from './spectrum.ts';

/** W's own spectrum with what its heads keep. */
export interface OwnSpectrum {
  /** Entry r: share of the r largest. */
  readonly shares: Float64Array;
  /** Entry r: purity of the r largest, normalized; entry 0 is 1. */
  readonly purities: Float64Array;
}

export function ownSpectrum(spectrum: Spectrum): OwnSpectrum {
  const shares = new Float64Array(spectrum.length + 1);
  const purities = new Float64Array(spectrum.length + 1).fill(1);
  let sum = 0;
  let squares = 0;
  for (let r = 1; r < shares.length; r++) {
    const value = spectrum[r - 1] ?? 0;
    sum += value;
    squares += value * value;
    shares[r] = sum;
    if (sum > 0) purities[r] = squares / (sum * sum);
  }
  // Rounding must not make full rank keep less than everything.
  for (let r = 1; r < shares.length; r++) shares[r] = Math.min(1, (shares[r] ?? 0) / sum);
  shares[spectrum.length] = 1;
  return { shares, purities };
}

export const shareOf = ({ shares }: OwnSpectrum, r: number): number =>
  shares[Math.min(Math.floor(r), shares.length - 1)] ?? 1;

export const purityOf = ({ purities }: OwnSpectrum, r: number): number =>
  purities[Math.min(Math.floor(r), purities.length - 1)] ?? 1;

/** Two copies of a random rotation of m dims averaged: weights of the identity and of the swap. */
const average = (m: number, whole: number, swapped: number): readonly [number, number] =>
  m === 1 ? [whole, 0] : [(whole - swapped / m) / (m * m - 1), (swapped - whole / m) / (m * m - 1)];

/**
 * Mean purity of the unfolding (a of the M = a b outputs, c of the N = c d inputs | the rest).
 * @param purity of W itself
 */
export function mixedPurity(a: number, b: number, c: number, d: number, purity: number): number {
  const [identityOut, swapOut] = [a * b * b, a * a * b];
  const [identityIn, swapIn] = [c * d * d, c * c * d];
  // Over the outputs first, once for each way to pair the inputs.
  const [ii, fi] = average(a * b, 1, purity);
  const [iF, fF] = average(a * b, purity, 1);
  const [whole, swapped] = [ii * identityOut + fi * swapOut, iF * identityOut + fF * swapOut];
  const [identity, swap] = average(c * d, whole, swapped);
  return identity * identityIn + swap * swapIn;
}

/** The larger side of the flat matrix that is as mixed as an unfolding with this smaller side; Infinity = all equal. */
export function flatWidth(smaller: number, purity: number): number {
  const excess = purity - 1 / smaller;
  return excess > 1e-12 ? 1 / excess : Number.POSITIVE_INFINITY;
}

/** Purity of W after all but `kept` of `dims` random dimensions of one side are dropped. */
export function projectedPurity(dims: number, kept: number, purity: number): number {
  const [identity, swap] = average(dims, 1, purity);
  return (identity * kept + swap * kept * kept) / (identity * kept * kept + swap * kept);
}
