/**
 * Spectra as shares of ||W||^2. The flat one is that of a Gaussian matrix (Marchenko, Pastur 1967): nothing in it to
 * compress. With aspect b = smaller / larger side and x(t) = 1 + b + 2 sqrt(b) cos t, 0 <= t <= pi, the eigenvalues above
 * x(t) are the share C(t) of all, C' = (2/pi) sin^2 t / x(t), and hold the share E(t) = (t - sin t cos t) / pi of the
 * energy; both have closed forms, so that shares need no table.
 */
import { check } from '../base/checks.ts';

/** Squared singular values as shares of ||W||^2, descending, sum 1. */
export type Spectrum = Float64Array;

/** Below this aspect the law is a point: every singular value is the same. */
const pointAspect = 1e-8;
const mostSteps = 60;

/** Of the count share C(t); 0 <= t <= pi. */
function countShare(b: number, t: number): number {
  const ratio = (1 - Math.sqrt(b)) / (1 + Math.sqrt(b));
  const angle = (1 + b) * t - 2 * (1 - b) * Math.atan(ratio * Math.tan(t / 2));
  return (angle / (4 * b) - Math.sin(t) / (2 * Math.sqrt(b))) * (2 / Math.PI);
}

/** The angle with count share q, 0 < q < 1: Newton's method kept inside a bracket. */
function angleAt(b: number, q: number): number {
  const root = Math.sqrt(b);
  let low = 0;
  let high = Math.PI;
  // C is close to its leading terms at both ends.
  let t =
    q < 0.5
      ? Math.cbrt(1.5 * Math.PI * q) * Math.cbrt((1 + root) ** 2)
      : Math.PI - Math.cbrt(1.5 * Math.PI * (1 - q)) * Math.cbrt((1 - 0.8 * root) ** 2);
  for (let step = 0; step < mostSteps; step++) {
    if (!(t > low && t < high)) t = (low + high) / 2;
    const error = countShare(b, t) - q;
    if (error > 0) high = t;
    else low = t;
    if (Math.abs(error) < 1e-15 || high - low < 1e-14) break;
    const sine = Math.sin(t);
    const move = (error * Math.PI * (1 + b + 2 * root * Math.cos(t))) / (2 * sine * sine);
    t -= move;
    if (Math.abs(move) < 1e-12) break;
  }
  return Math.min(Math.max(t, low), high);
}

/** Energy of the r largest singular values of a flat matrix, and how evenly they share it. */
export interface FlatHead {
  /** Share of ||G||^2, 0 to 1. */
  readonly share: number;
  /** (sum s^2)^2 / sum s^4 of those kept, scaled so that all of them count min(m, n). */
  readonly directions: number;
}

/** @param m, n sides of the matrix, any positive numbers (Infinity: all singular values equal); @param r kept */
export function flatHead(m: number, n: number, r: number): FlatHead {
  const smaller = Math.min(m, n);
  if (r >= smaller) return { share: 1, directions: smaller };
  if (r <= 0) return { share: 0, directions: 0 };
  const b = smaller / Math.max(m, n);
  if (b < pointAspect) return { share: r / smaller, directions: r };
  const t = angleAt(b, r / smaller);
  const sine = Math.sin(t);
  const share = (t - sine * Math.cos(t)) / Math.PI;
  const squares = (1 + b) * share + ((4 * Math.sqrt(b)) / (3 * Math.PI)) * sine ** 3;
  return { share, directions: Math.min(r, (smaller * share * share * (1 + b)) / squares) };
}

/** Share of ||G||^2 that the r largest singular values of a flat matrix of these sides hold. */
export const flatShare = (m: number, n: number, r: number): number => flatHead(m, n, r).share;

/** The flat spectrum of an m x n matrix, each entry the mean over its quantile. */
export function marchenkoPastur(m: number, n: number): Spectrum {
  const count = Math.min(m, n);
  let before = 0;
  return Float64Array.from({ length: count }, (_, k) => {
    const upTo = flatShare(m, n, k + 1);
    const share = upTo - before;
    before = upTo;
    return share;
  });
}

/** Of singular values k^-exponent, k = 1..count. */
export function powerLaw(count: number, exponent: number): Spectrum {
  return spectrumOf(Float64Array.from({ length: count }, (_, k) => (k + 1) ** -exponent));
}

/**
 * Of given singular values, in any order; an all-zero matrix gets equal shares.
 * @throws InputError when there are none, or one is not finite
 */
export function spectrumOf(singularValues: Float64Array): Spectrum {
  check(singularValues.length > 0, 'spectrum', 'needs a singular value');
  check(singularValues.every(Number.isFinite), 'spectrum', 'must be of finite singular values');
  const largest = singularValues.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (largest === 0) return new Float64Array(singularValues.length).fill(1 / singularValues.length);
  const squares = singularValues
    .map((value) => (value / largest) ** 2)
    .sort()
    .reverse();
  const total = squares.reduce((sum, square) => sum + square, 0);
  return squares.map((square) => square / total);
}
