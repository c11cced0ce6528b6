/**
 * Spectra as cumulative shares: how much of ||W||^2 the r largest singular values hold. Source of the flat spectrum:
 * Marchenko and Pastur (1967), the limit law of a Gaussian matrix; its shares have closed forms.
 */

/** Squared singular values as shares of ||W||^2, descending, sum 1. */
export type Spectrum = Float64Array;

/** Largest relative error of the angle that bisection leaves. */
const halvings = 40;

/**
 * Share of ||G||^2 in the r largest singular values of a Gaussian matrix G [m, n], 0 to 1. With x(t) = 1 + b +
 * 2 sqrt(b) cos t (b = min/max) the eigenvalues above x(t) are a share C(t) of all (closed form below) and hold
 * (t - sin t cos t) / pi of the energy.
 */
export function flatShare(m: number, n: number, r: number): number {
  const smaller = Math.min(m, n);
  if (r >= smaller) return 1;
  if (r <= 0) return 0;
  const b = smaller / Math.max(m, n);
  const wanted = r / smaller;
  const amplitude = 2 * Math.sqrt(b);
  const ratio = (1 - Math.sqrt(b)) / (1 + Math.sqrt(b));
  let low = 0;
  let high = Math.PI;
  for (let step = 0; step < halvings; step++) {
    const t = (low + high) / 2;
    const count =
      (2 / Math.PI) *
      (((1 + b) * t - 2 * (1 - b) * Math.atan(ratio * Math.tan(t / 2))) / (4 * b) - Math.sin(t) / amplitude);
    if (count < wanted) low = t;
    else high = t;
  }
  return (low - Math.sin(low) * Math.cos(low)) / Math.PI;
}

/** Cumulative shares of the flat spectrum: entry r is the share of the r largest of min(m, n). */
export function flatCumulative(m: number, n: number): Float64Array {
  return Float64Array.from({ length: Math.min(m, n) + 1 }, (_, r) => flatShare(m, n, r));
}

/** Cumulative shares of singular values k^-exponent, k = 1..count. */
export function powerCumulative(count: number, exponent: number): Float64Array {
  return cumulative(Float64Array.from({ length: count }, (_, k) => (k + 1) ** (-2 * exponent)));
}

/** Cumulative shares of any squared singular values: entry r is the share of the r first. */
export function cumulative(squares: Float64Array): Float64Array {
  const total = squares.reduce((sum, square) => sum + square, 0);
  const shares = new Float64Array(squares.length + 1);
  for (const [k, square] of squares.entries())
    shares[k + 1] = (shares[k] ?? 0) + (total > 0 ? square / total : 0);
  shares[squares.length] = 1;
  return shares;
}

/** Singular values -> squared shares, descending, sum 1; an all-zero matrix gives equal shares. */
export function spectrumOf(singularValues: Float64Array): Spectrum {
  const squares = singularValues.map((value) => value * value).sort((a, b) => b - a);
  const total = squares.reduce((sum, square) => sum + square, 0);
  return squares.map((square) => (total > 0 ? square / total : 1 / squares.length));
}

/** (sum s)^2 / sum s^2 of the squared singular values: how many directions really carry the energy. */
export function participation(shares: Float64Array): number {
  let squares = 0;
  for (let r = 1; r < shares.length; r++) squares += ((shares[r] ?? 0) - (shares[r - 1] ?? 0)) ** 2;
  return squares > 0 ? 1 / squares : 1;
}
