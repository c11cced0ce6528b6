// Householder's tridiagonalization of a symmetric matrix, as `core/tensor/eigen.ts` does it and in the same order; two rows
// of the trailing triangle at a time.

function word(at: usize, i: i32): f64 {
  return load<f64>(at + ((<usize>i) << 3));
}

function put(at: usize, i: i32, value: f64): void {
  store<f64>(at + ((<usize>i) << 3), value);
}

/**
 * @param a [n, n], its lower triangle is read and overwritten
 * @param reflections [n, n] of zeros; diagonal, off, scales [n] of zeros; work: 4 n words
 */
export function tridiagonalize(
  n: i32,
  a: usize,
  diagonal: usize,
  off: usize,
  reflections: usize,
  scales: usize,
  work: usize,
): void {
  const bytes = (<usize>n) << 3;
  let v = work;
  let w = work + bytes;
  let next = work + 2 * bytes;
  let p = work + 3 * bytes;
  let pending = false;
  memory.fill(work, 0, 4 * bytes);
  for (let k = 0; k < n; k++) {
    if (pending) {
      const wk = word(w, k);
      const vk = word(v, k);
      for (let i = k; i < n; i++) {
        const at = a + <usize>i * bytes;
        put(at, k, word(at, k) - (word(v, i) * wk + word(w, i) * vk));
      }
    }
    put(diagonal, k, word(a + <usize>k * bytes, k));
    if (k === n - 1) break;
    let tail: f64 = 0;
    for (let i = k + 2; i < n; i++) {
      const entry = word(a + <usize>i * bytes, k);
      tail += entry * entry;
    }
    const head = word(a + <usize>(k + 1) * bytes, k);
    let scale: f64 = 0;
    memory.fill(next, 0, bytes);
    if (tail === 0) {
      put(off, k, head);
    } else {
      const length = Math.sqrt(head * head + tail);
      const alpha = head > 0 ? -length : length;
      put(off, k, alpha);
      for (let i = k + 1; i < n; i++) put(next, i, word(a + <usize>i * bytes, k));
      put(next, k + 1, head - alpha);
      scale = 1 / (length * (length + Math.abs(head)));
    }
    put(scales, k, scale);
    const from = (<usize>(k + 1)) << 3;
    memory.copy(reflections + <usize>k * bytes + from, next + from, bytes - from);
    memory.fill(p, 0, bytes);
    let i = k + 1;
    for (; i + 1 < n; i += 2) twoRows(a + <usize>i * bytes, bytes, i, k + 1, v, w, next, p, pending);
    if (i < n) oneRow(a + <usize>i * bytes, i, k + 1, v, w, next, p, pending);
    let along: f64 = 0;
    for (let j = k + 1; j < n; j++) along += word(p, j) * word(next, j);
    const half = (scale * scale * along) / 2;
    for (let j = k + 1; j < n; j++) put(p, j, scale * word(p, j) - half * word(next, j));
    const oldV = v;
    v = next;
    next = oldV;
    const oldW = w;
    w = p;
    p = oldW;
    pending = scale !== 0;
  }
}

/** Row i of the trailing triangle: the pending update, and its part of the product with the new vector. */
function oneRow(
  row: usize,
  i: i32,
  first: i32,
  v: usize,
  w: usize,
  next: usize,
  p: usize,
  pending: bool,
): void {
  let sum: f64 = 0;
  for (let j = first; j < i; j++) sum = entryOf(row, i, j, v, w, next, p, pending, sum);
  atDiagonal(row, i, v, w, next, p, pending, sum);
}

function entryOf(
  row: usize,
  i: i32,
  j: i32,
  v: usize,
  w: usize,
  next: usize,
  p: usize,
  pending: bool,
  sum: f64,
): f64 {
  let entry = word(row, j);
  if (pending) {
    entry = entry - (word(v, i) * word(w, j) + word(w, i) * word(v, j));
    put(row, j, entry);
  }
  put(p, j, word(p, j) + entry * word(next, i));
  return sum + entry * word(next, j);
}

function atDiagonal(
  row: usize,
  i: i32,
  v: usize,
  w: usize,
  next: usize,
  p: usize,
  pending: bool,
  sum: f64,
): void {
  let entry = word(row, i);
  if (pending) {
    entry = entry - 2 * word(v, i) * word(w, i);
    put(row, i, entry);
  }
  put(p, i, word(p, i) + (sum + entry * word(next, i)));
}

/** Rows i and i + 1. */
function twoRows(
  row: usize,
  bytes: usize,
  i: i32,
  first: i32,
  v: usize,
  w: usize,
  next: usize,
  p: usize,
  pending: bool,
): void {
  const below = row + bytes;
  const v0 = f64x2.splat(pending ? word(v, i) : 0);
  const v1 = f64x2.splat(pending ? word(v, i + 1) : 0);
  const w0 = f64x2.splat(pending ? word(w, i) : 0);
  const w1 = f64x2.splat(pending ? word(w, i + 1) : 0);
  const n0 = f64x2.splat(word(next, i));
  const n1 = f64x2.splat(word(next, i + 1));
  let sums = f64x2.splat(0);
  let j = first;
  for (; j + 1 < i; j += 2) {
    const at = (<usize>j) << 3;
    let e0 = v128.load(row + at);
    let e1 = v128.load(below + at);
    if (pending) {
      const wj = v128.load(w + at);
      const vj = v128.load(v + at);
      e0 = f64x2.sub(e0, f64x2.add(f64x2.mul(v0, wj), f64x2.mul(w0, vj)));
      e1 = f64x2.sub(e1, f64x2.add(f64x2.mul(v1, wj), f64x2.mul(w1, vj)));
      v128.store(row + at, e0);
      v128.store(below + at, e1);
    }
    const pj = f64x2.add(v128.load(p + at), f64x2.mul(e0, n0));
    v128.store(p + at, f64x2.add(pj, f64x2.mul(e1, n1)));
    sums = f64x2.add(sums, f64x2.mul(v128.shuffle<i64>(e0, e1, 0, 2), v128.load64_splat(next + at)));
    sums = f64x2.add(sums, f64x2.mul(v128.shuffle<i64>(e0, e1, 1, 3), v128.load64_splat(next + at, 8)));
  }
  let sum0 = f64x2.extract_lane(sums, 0);
  let sum1 = f64x2.extract_lane(sums, 1);
  for (; j < i; j++) {
    sum0 = entryOf(row, i, j, v, w, next, p, pending, sum0);
    sum1 = entryOf(below, i + 1, j, v, w, next, p, pending, sum1);
  }
  atDiagonal(row, i, v, w, next, p, pending, sum0);
  sum1 = entryOf(below, i + 1, i, v, w, next, p, pending, sum1);
  atDiagonal(below, i + 1, v, w, next, p, pending, sum1);
}
