// What decompositions spend their time on, in float64 and bit by bit as `core/tensor` computes it: each sum runs over the
// same terms in the same order, side by side with others.

import { tridiagonalize } from './tridiagonal.ts';

export { tridiagonalize };

// As `core/tensor/matmul.ts` cuts its sums.
const PIECE: i32 = 512;
const WIDTH: i32 = 8;

function fma(sum: v128, x: v128, y: v128): v128 {
  return f64x2.add(sum, f64x2.mul(x, y));
}

function add(at: usize, sum: v128): void {
  v128.store(at, f64x2.add(v128.load(at), sum));
}

/** Two rows of A by a panel [k][8]; added to two rows of 8. */
function tile2(k: i32, a0: usize, a1: usize, b: usize, c0: usize, c1: usize): void {
  let s00 = f64x2.splat(0),
    s01 = f64x2.splat(0),
    s02 = f64x2.splat(0),
    s03 = f64x2.splat(0);
  let s10 = f64x2.splat(0),
    s11 = f64x2.splat(0),
    s12 = f64x2.splat(0),
    s13 = f64x2.splat(0);
  for (let p = 0; p < k; p++) {
    const x0 = v128.load64_splat(a0),
      x1 = v128.load64_splat(a1);
    const y0 = v128.load(b),
      y1 = v128.load(b, 16),
      y2 = v128.load(b, 32),
      y3 = v128.load(b, 48);
    s00 = fma(s00, x0, y0);
    s01 = fma(s01, x0, y1);
    s02 = fma(s02, x0, y2);
    s03 = fma(s03, x0, y3);
    s10 = fma(s10, x1, y0);
    s11 = fma(s11, x1, y1);
    s12 = fma(s12, x1, y2);
    s13 = fma(s13, x1, y3);
    a0 += 8;
    a1 += 8;
    b += 64;
  }
  add(c0, s00);
  add(c0 + 16, s01);
  add(c0 + 32, s02);
  add(c0 + 48, s03);
  add(c1, s10);
  add(c1 + 16, s11);
  add(c1 + 32, s12);
  add(c1 + 48, s13);
}

/**
 * Adds A [m, k] B [n, k]^T to C [m, n], all row-major. @param lower only what reaches below the diagonal is asked for
 * @param panel scratch of 8 * (8 * min(k, 512) + 16) bytes
 */
export function product(
  m: i32,
  n: i32,
  k: i32,
  a: usize,
  b: usize,
  c: usize,
  lower: bool,
  panel: usize,
): void {
  const tile = panel + 8 * <usize>(WIDTH * min(k, PIECE));
  const row = (<usize>k) << 3;
  for (let from = 0; from < k; from += PIECE) {
    const depth = min(PIECE, k - from);
    for (let j = 0; j < n; j += WIDTH) {
      const valid = min(WIDTH, n - j);
      pack(b + (<usize>j * row + ((<usize>from) << 3)), row, valid, depth, panel);
      for (let i = lower ? j & ~1 : 0; i < m; i += 2) {
        const both = i + 1 < m;
        const a0 = a + <usize>i * row + ((<usize>from) << 3);
        const a1 = both ? a0 + row : a0;
        const c0 = c + ((<usize>i * <usize>n + <usize>j) << 3);
        const c1 = c0 + ((<usize>n) << 3);
        if (both && valid === WIDTH) {
          tile2(depth, a0, a1, panel, c0, c1);
          continue;
        }
        const bytes = (<usize>valid) << 3;
        memory.copy(tile, c0, bytes);
        if (both) memory.copy(tile + 64, c1, bytes);
        tile2(depth, a0, a1, panel, tile, tile + 64);
        memory.copy(c0, tile, bytes);
        if (both) memory.copy(c1, tile + 64, bytes);
      }
    }
  }
}

/** Rows of B to a panel [k][8]. */
function pack(b: usize, row: usize, valid: i32, depth: i32, panel: usize): void {
  if (valid < WIDTH) memory.fill(panel, 0, (<usize>depth) << 6);
  let c = 0;
  for (; c + 1 < valid; c += 2) {
    let from0 = b + <usize>c * row;
    let from1 = from0 + row;
    let to = panel + ((<usize>c) << 3);
    let p = 0;
    for (; p + 1 < depth; p += 2) {
      const x = v128.load(from0),
        y = v128.load(from1);
      v128.store(to, v128.shuffle<i64>(x, y, 0, 2));
      v128.store(to + 64, v128.shuffle<i64>(x, y, 1, 3));
      from0 += 16;
      from1 += 16;
      to += 128;
    }
    for (; p < depth; p++) {
      store<f64>(to, load<f64>(from0));
      store<f64>(to + 8, load<f64>(from1));
    }
  }
  for (; c < valid; c++) {
    let to = panel + ((<usize>c) << 3);
    for (let p = 0; p < depth; p++) {
      store<f64>(to, load<f64>(b + <usize>c * row + ((<usize>p) << 3)));
      to += 64;
    }
  }
}

/**
 * Plane rotations of neighbouring rows, in their order, on columns of Z: blocks [n][8] of eight columns each. A rotation is
 * its upper row, then sine and cosine: sines and cosines in pairs, rows beside them.
 */
export function rotate(z: usize, n: i32, columns: i32, rows: usize, pairs: usize, count: i32): void {
  for (let column = 0; column < columns; column += WIDTH) {
    const block = z + ((<usize>column * <usize>n) << 3);
    let below = -1;
    let l0 = f64x2.splat(0),
      l1 = f64x2.splat(0),
      l2 = f64x2.splat(0),
      l3 = f64x2.splat(0);
    for (let r = 0; r < count; r++) {
      const i = load<i32>(rows + ((<usize>r) << 2));
      const s = v128.load64_splat(pairs + ((<usize>r) << 4));
      const c = v128.load64_splat(pairs + ((<usize>r) << 4), 8);
      const upper = block + ((<usize>i) << 6);
      if (i + 1 !== below) {
        // Another sweep: what was carried goes back, the row below is read.
        if (below >= 0) putRow(block + ((<usize>below) << 6), l0, l1, l2, l3);
        l0 = v128.load(upper, 64);
        l1 = v128.load(upper, 80);
        l2 = v128.load(upper, 96);
        l3 = v128.load(upper, 112);
      }
      const u0 = v128.load(upper),
        u1 = v128.load(upper, 16),
        u2 = v128.load(upper, 32),
        u3 = v128.load(upper, 48);
      v128.store(upper, f64x2.add(f64x2.mul(s, u0), f64x2.mul(c, l0)), 64);
      v128.store(upper, f64x2.add(f64x2.mul(s, u1), f64x2.mul(c, l1)), 80);
      v128.store(upper, f64x2.add(f64x2.mul(s, u2), f64x2.mul(c, l2)), 96);
      v128.store(upper, f64x2.add(f64x2.mul(s, u3), f64x2.mul(c, l3)), 112);
      l0 = f64x2.sub(f64x2.mul(c, u0), f64x2.mul(s, l0));
      l1 = f64x2.sub(f64x2.mul(c, u1), f64x2.mul(s, l1));
      l2 = f64x2.sub(f64x2.mul(c, u2), f64x2.mul(s, l2));
      l3 = f64x2.sub(f64x2.mul(c, u3), f64x2.mul(s, l3));
      below = i;
    }
    if (below >= 0) putRow(block + ((<usize>below) << 6), l0, l1, l2, l3);
  }
}

function putRow(at: usize, x0: v128, x1: v128, x2: v128, x3: v128): void {
  v128.store(at, x0);
  v128.store(at, x1, 16);
  v128.store(at, x2, 32);
  v128.store(at, x3, 48);
}

/**
 * Householder reflections, the last one first, on eight vectors at once: Z [n][8]. Reflection k is row k of V [n, n] from
 * k + 1 on, with its scale.
 */
export function reflect(z: usize, n: i32, v: usize, scales: usize): void {
  for (let k = n - 2; k >= 0; k--) {
    const scale = load<f64>(scales + ((<usize>k) << 3));
    if (scale === 0) continue;
    const row = v + ((<usize>k * <usize>n) << 3);
    let s0 = f64x2.splat(0),
      s1 = f64x2.splat(0),
      s2 = f64x2.splat(0),
      s3 = f64x2.splat(0);
    for (let i = k + 1; i < n; i++) {
      const x = v128.load64_splat(row + ((<usize>i) << 3));
      const at = z + ((<usize>i) << 6);
      s0 = fma(s0, x, v128.load(at));
      s1 = fma(s1, x, v128.load(at, 16));
      s2 = fma(s2, x, v128.load(at, 32));
      s3 = fma(s3, x, v128.load(at, 48));
    }
    const by = f64x2.splat(scale);
    s0 = f64x2.mul(s0, by);
    s1 = f64x2.mul(s1, by);
    s2 = f64x2.mul(s2, by);
    s3 = f64x2.mul(s3, by);
    for (let i = k + 1; i < n; i++) {
      const x = v128.load64_splat(row + ((<usize>i) << 3));
      const at = z + ((<usize>i) << 6);
      v128.store(at, f64x2.sub(v128.load(at), f64x2.mul(s0, x)));
      v128.store(at, f64x2.sub(v128.load(at, 16), f64x2.mul(s1, x)), 16);
      v128.store(at, f64x2.sub(v128.load(at, 32), f64x2.mul(s2, x)), 32);
      v128.store(at, f64x2.sub(v128.load(at, 48), f64x2.mul(s3, x)), 48);
    }
  }
}
