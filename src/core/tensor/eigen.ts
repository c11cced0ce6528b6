/**
 * Eigenvalues and eigenvectors of symmetric matrices: Householder tridiagonalization, then implicit QL (Golub, Van Loan,
 * Matrix Computations, 8.3; EISPACK tql1, tql2). Each reflection's update of the trailing triangle and the next one's
 * matrix-vector product are one pass over memory. Rotations and reflections act on eigenvectors stored as rows.
 */
import { invariant } from '../base/checks.ts';
import type { Matrix } from './dense.ts';
import { tensorKernels, type Rotations, type TensorKernels, type Tridiagonal } from './kernels.ts';

/** Fewer are done before kernels have got them; more would take hundreds of megabytes again. */
const rowsForKernels = { fewest: 32, most: 4096 };

const kernelsFor = (n: number): TensorKernels | null =>
  n >= rowsForKernels.fewest && n <= rowsForKernels.most ? tensorKernels() : null;

/**
 * T = Q^T A Q / size with Q = H_0 H_1 ...; reads the lower triangle. Scaled, so that no square under- or overflows; what
 * is too small for that is zero.
 */
function tridiagonalize({ rows: n, values }: Matrix, size: number): Tridiagonal {
  const a = size === 0 ? new Float64Array(n * n) : values.map((value) => value / size);
  const kernels = kernelsFor(n);
  if (kernels !== null) return kernels.tridiagonalize(n, a);
  const diagonal = new Float64Array(n);
  const off = new Float64Array(n);
  const reflections = new Float64Array(n * n);
  const scales = new Float64Array(n);
  let v = new Float64Array(n);
  let w = new Float64Array(n);
  let nextV = new Float64Array(n);
  let p = new Float64Array(n);
  let pending = false;
  for (let k = 0; k < n; k++) {
    // Column k below the diagonal, with the pending update of the step before.
    for (let i = k; i < n; i++) {
      if (pending) a[i * n + k]! -= v[i]! * w[k]! + w[i]! * v[k]!;
    }
    diagonal[k] = a[k * n + k]!;
    if (k === n - 1) break;
    let tail = 0;
    for (let i = k + 2; i < n; i++) tail += a[i * n + k]! ** 2;
    const head = a[(k + 1) * n + k]!;
    let scale = 0;
    nextV.fill(0, 0, k + 1);
    if (tail === 0) {
      off[k] = head;
      nextV.fill(0, k + 1);
    } else {
      const length = Math.sqrt(head * head + tail);
      const alpha = head > 0 ? -length : length;
      off[k] = alpha;
      for (let i = k + 1; i < n; i++) nextV[i] = a[i * n + k]!;
      nextV[k + 1] = head - alpha;
      scale = 1 / (length * (length + Math.abs(head)));
    }
    scales[k] = scale;
    reflections.set(nextV.subarray(k + 1), k * n + k + 1);
    // One pass over the trailing triangle: apply the pending update, multiply by the new vector.
    p.fill(0, k + 1);
    for (let i = k + 1; i < n; i++) {
      const row = i * n;
      const vi = nextV[i]!;
      let sum = 0;
      if (pending) {
        const pv = v[i]!;
        const pw = w[i]!;
        for (let j = k + 1; j < i; j++) {
          const entry = a[row + j]! - (pv * w[j]! + pw * v[j]!);
          a[row + j] = entry;
          sum += entry * nextV[j]!;
          p[j]! += entry * vi;
        }
        const entry = a[row + i]! - 2 * pv * pw;
        a[row + i] = entry;
        p[i]! += sum + entry * vi;
      } else {
        for (let j = k + 1; j < i; j++) {
          const entry = a[row + j]!;
          sum += entry * nextV[j]!;
          p[j]! += entry * vi;
        }
        p[i]! += sum + a[row + i]! * vi;
      }
    }
    let along = 0;
    for (let i = k + 1; i < n; i++) along += p[i]! * nextV[i]!;
    const half = (scale * scale * along) / 2;
    for (let i = k + 1; i < n; i++) p[i] = scale * p[i]! - half * nextV[i]!;
    [v, nextV] = [nextV, v];
    [w, p] = [p, w];
    pending = scale !== 0;
  }
  return { diagonal, off, reflections, scales };
}

const mostSweeps = 200;

/** Implicit QL in place; the rotations are those of vectors as rows (row k = k-th vector of T). */
function diagonalize(d: Float64Array, e: Float64Array, rotations: Rotations | null): void {
  const n = d.length;
  let scale = 0;
  for (let i = 0; i < n; i++) scale = Math.max(scale, Math.abs(d[i]!) + Math.abs(e[i]!));
  // What rounding has put into T already; asking for more does not converge on graded matrices.
  const negligible = Number.EPSILON * scale * 0.5;
  for (let l = 0; l < n; l++) {
    for (let sweep = 0; ; sweep++) {
      let m = l;
      for (; m < n - 1; m++) {
        const near = Number.EPSILON * (Math.abs(d[m]!) + Math.abs(d[m + 1]!));
        if (Math.abs(e[m]!) <= Math.max(near, negligible)) break;
      }
      if (m === l) break;
      invariant(sweep < mostSweeps, 'QL does not converge');
      let g = (d[l + 1]! - d[l]!) / (2 * e[l]!);
      let r = Math.hypot(g, 1);
      g = d[m]! - d[l]! + e[l]! / (g + (g < 0 ? -r : r));
      let [s, c, p] = [1, 1, 0];
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * e[i]!;
        const b = c * e[i]!;
        r = Math.sqrt(f * f + g * g);
        e[i + 1] = r;
        if (r === 0) {
          d[i + 1]! -= p;
          e[m] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1]! - p;
        r = (d[i]! - g) * s + 2 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
        rotations?.rotate(i, s, c);
      }
      if (r === 0 && i >= l) continue;
      d[l]! -= p;
      e[l] = g;
      e[m] = 0;
    }
  }
}

function rotationsOf(n: number): Rotations {
  const z = new Float64Array(n * n);
  for (let i = 0; i < n; i++) z[i * n + i] = 1;
  return { rotate: (i, s, c) => rotate(z, i * n, n, s, c), finish: () => z };
}

/** Rows at `row` and the one after it. */
function rotate(z: Float64Array, row: number, n: number, s: number, c: number): void {
  for (let k = row, end = row + n; k < end; k++) {
    const upper = z[k]!;
    const lower = z[k + n]!;
    z[k + n] = s * upper + c * lower;
    z[k] = c * upper - s * lower;
  }
}

/** Descending. */
export function eigenvaluesSymmetric(m: Matrix): Float64Array {
  invariant(m.rows === m.columns, `eigenvalues of ${m.rows} x ${m.columns}`);
  const size = sizeOf(m);
  const { diagonal, off } = tridiagonalize(m, size);
  diagonalize(diagonal, off, null);
  return diagonal
    .map((value) => value * size)
    .sort()
    .reverse();
}

const smallestSize = Number.MIN_VALUE * 2 ** 60;

/** The largest entry, 0 when it is among the numbers of less than full precision. */
function sizeOf({ values }: Matrix): number {
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  invariant(Number.isFinite(largest), 'eigenvalues of entries that are not finite');
  return largest < smallestSize ? 0 : largest;
}

export interface Eigen {
  /** All, descending. */
  readonly values: Float64Array;
  /** Row k: the unit vector of the k-th largest; as many rows as asked for. */
  readonly vectors: Matrix;
}

/** @param count vectors wanted, of the largest eigenvalues */
export function eigenSymmetric(m: Matrix, count = m.rows): Eigen {
  invariant(m.rows === m.columns, `eigenvectors of ${m.rows} x ${m.columns}`);
  const n = m.rows;
  const size = sizeOf(m);
  const { diagonal, off, reflections, scales } = tridiagonalize(m, size);
  const kernels = kernelsFor(n);
  const rotations = (kernels?.rotations ?? rotationsOf)(n);
  diagonalize(diagonal, off, rotations);
  const z = rotations.finish();
  const order = Array.from(diagonal.keys()).sort((a, b) => diagonal[b]! - diagonal[a]!);
  const vectors = new Float64Array(count * n);
  for (const [to, from] of order.slice(0, count).entries())
    vectors.set(z.subarray(from * n, from * n + n), to * n);
  (kernels?.reflect ?? reflectRows)(vectors, n, reflections, scales);
  return {
    values: Float64Array.from(order, (i) => diagonal[i]! * size),
    vectors: { rows: count, columns: n, values: vectors },
  };
}

/** Q = H_0 H_1 ... acts from its last reflection on; four vectors at a time share each reflection. */
function reflectRows(
  vectors: Float64Array,
  n: number,
  reflections: Float64Array,
  scales: Float64Array,
): void {
  const count = vectors.length / n;
  let row = 0;
  for (; row + 3 < count; row += 4) reflectFour(vectors, row * n, n, reflections, scales);
  for (; row < count; row++) reflect(vectors, row * n, n, reflections, scales);
}

function reflect(
  z: Float64Array,
  at: number,
  n: number,
  reflections: Float64Array,
  scales: Float64Array,
): void {
  for (let k = n - 2; k >= 0; k--) {
    const scale = scales[k]!;
    if (scale === 0) continue;
    const base = k * n;
    let along = 0;
    for (let i = k + 1; i < n; i++) along += reflections[base + i]! * z[at + i]!;
    along *= scale;
    for (let i = k + 1; i < n; i++) z[at + i]! -= along * reflections[base + i]!;
  }
}

/** The row at `a` and the three after it. */
function reflectFour(
  z: Float64Array,
  a: number,
  n: number,
  reflections: Float64Array,
  scales: Float64Array,
): void {
  const [b, c, d] = [a + n, a + 2 * n, a + 3 * n];
  for (let k = n - 2; k >= 0; k--) {
    const scale = scales[k]!;
    if (scale === 0) continue;
    const base = k * n;
    let [p, q, r, s] = [0, 0, 0, 0];
    for (let i = k + 1; i < n; i++) {
      const v = reflections[base + i]!;
      p += v * z[a + i]!;
      q += v * z[b + i]!;
      r += v * z[c + i]!;
      s += v * z[d + i]!;
    }
    p *= scale;
    q *= scale;
    r *= scale;
    s *= scale;
    for (let i = k + 1; i < n; i++) {
      const v = reflections[base + i]!;
      z[a + i]! -= p * v;
      z[b + i]! -= q * v;
      z[c + i]! -= r * v;
      z[d + i]! -= s * v;
    }
  }
}
