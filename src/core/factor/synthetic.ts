/**
 * Weights for shape cards, which have none: seeded W = U diag(s) V^T with random orthogonal U and V, Haar distributed, as
 * products of reflections of Gaussian vectors (Stewart 1980) applied to diag(s) from both sides; ||W|| = sqrt(out), as
 * of unit-variance outputs for unit-norm inputs.
 */
import { check } from '../base/checks.ts';
import { createRandom, type Random } from '../base/random.ts';
import { transpose, type Matrix } from '../tensor/dense.ts';

/** Singular values before scaling: k^-0.5, about as trained weights; 0.9^k, as easy as can be; those of a Gaussian W. */
export const syntheticSpectra = ['power', 'geometric', 'flat'] as const;
export type SyntheticSpectrum = (typeof syntheticSpectra)[number];

/**
 * @param out, columns sides of W
 * @param seed the same seed gives the same W on any machine
 * @throws InputError when the sides are not positive integers
 */
export function syntheticMatrix(
  out: number,
  columns: number,
  seed: number,
  spectrum: SyntheticSpectrum = 'power',
): Matrix {
  for (const side of [out, columns])
    check(Number.isSafeInteger(side) && side >= 1, 'weights', 'must have positive integer sides', side);
  const random = createRandom(seed);
  const values =
    spectrum === 'flat'
      ? Float64Array.from({ length: out * columns }, random.normal)
      : rotated(out, columns, spectrum, random);
  let squares = 0;
  for (const value of values) squares += value * value;
  const scale = Math.sqrt(out / squares);
  return { rows: out, columns, values: values.map((value) => value * scale) };
}

function rotated(
  out: number,
  columns: number,
  spectrum: Exclude<SyntheticSpectrum, 'flat'>,
  random: Random,
): Float64Array {
  const count = Math.min(out, columns);
  const values = new Float64Array(out * columns);
  for (let k = 0; k < count; k++) values[k * columns + k] = spectrum === 'power' ? (k + 1) ** -0.5 : 0.9 ** k;
  const left = rotateRows({ rows: out, columns, values }, count, random);
  return transpose(rotateRows(transpose(left), count, random)).values;
}

/** Q W with a random orthogonal Q, of which W's first `count` rows are all that matters. */
function rotateRows({ rows, columns, values }: Matrix, count: number, random: Random): Matrix {
  const w = values.slice();
  const v = new Float64Array(rows);
  const along = new Float64Array(columns);
  for (let k = count - 1; k >= 0; k--) {
    let squares = 0;
    for (let i = k; i < rows; i++) {
      v[i] = random.normal();
      squares += v[i]! * v[i]!;
    }
    // The reflection takes axis k to minus or plus the Gaussian vector; turned so that it is plus, as chance has it.
    const length = Math.sqrt(squares);
    const sign = v[k]! < 0 ? -1 : 1;
    if (sign > 0) for (let j = k * columns; j < (k + 1) * columns; j++) w[j] = -w[j]!;
    const scale = 1 / (squares + Math.abs(v[k]!) * length);
    v[k]! += sign * length;
    along.fill(0);
    for (let i = k; i < rows; i++) {
      const factor = v[i]!;
      const row = i * columns;
      for (let j = 0; j < columns; j++) along[j]! += factor * w[row + j]!;
    }
    for (let i = k; i < rows; i++) {
      const factor = scale * v[i]!;
      const row = i * columns;
      for (let j = 0; j < columns; j++) w[row + j]! -= factor * along[j]!;
    }
  }
  return { rows, columns, values: w };
}
