// What tiles do badly: dot products of long rows, words side by side, and small things of any shape.
import {
  A,
  B,
  BATCH_A,
  BATCH_B,
  BATCH_OUT,
  field,
  K,
  K_A,
  K_B,
  LANES,
  M_A,
  M_OUT,
  N,
  N_B,
  N_OUT,
  offset,
  OUT,
} from './fields.ts';

function fma(sum: v128, x: v128, y: v128): v128 {
  return f32x4.add(sum, f32x4.mul(x, y));
}

function total(sum: v128): f32 {
  return (
    f32x4.extract_lane(sum, 0) +
    f32x4.extract_lane(sum, 1) +
    (f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3))
  );
}

/** One column, k side by side in A: rows m0..m1 against x, which is copied beside first. */
export function dots(step: usize, batch: i32, m0: i32, m1: i32, x: usize): void {
  const a = <usize>field(step, A) + offset(step, BATCH_A, batch);
  const b = <usize>field(step, B) + offset(step, BATCH_B, batch);
  const out = <usize>field(step, OUT) + offset(step, BATCH_OUT, batch);
  const k = field(step, K);
  for (let p = 0; p < k; p++) store<u32>(x + ((<usize>p) << 2), load<u32>(b + offset(step, K_B, p)));
  const bytes = (<usize>k) << 2;
  const whole = bytes & ~15;
  let i = m0;
  for (; i + 3 < m1; i += 4) {
    const r0 = a + offset(step, M_A, i),
      r1 = a + offset(step, M_A, i + 1);
    const r2 = a + offset(step, M_A, i + 2),
      r3 = a + offset(step, M_A, i + 3);
    let s0 = f32x4.splat(0),
      s1 = f32x4.splat(0),
      s2 = f32x4.splat(0),
      s3 = f32x4.splat(0);
    for (let p: usize = 0; p < whole; p += 16) {
      const y = v128.load(x + p);
      s0 = fma(s0, v128.load(r0 + p), y);
      s1 = fma(s1, v128.load(r1 + p), y);
      s2 = fma(s2, v128.load(r2 + p), y);
      s3 = fma(s3, v128.load(r3 + p), y);
    }
    store<f32>(out + offset(step, M_OUT, i), total(s0) + rest(r0, x, whole, bytes));
    store<f32>(out + offset(step, M_OUT, i + 1), total(s1) + rest(r1, x, whole, bytes));
    store<f32>(out + offset(step, M_OUT, i + 2), total(s2) + rest(r2, x, whole, bytes));
    store<f32>(out + offset(step, M_OUT, i + 3), total(s3) + rest(r3, x, whole, bytes));
  }
  for (; i < m1; i++) {
    const row = a + offset(step, M_A, i);
    let s0 = f32x4.splat(0),
      s1 = f32x4.splat(0),
      s2 = f32x4.splat(0),
      s3 = f32x4.splat(0);
    let p: usize = 0;
    for (; p + 63 < bytes; p += 64) {
      s0 = fma(s0, v128.load(row + p), v128.load(x + p));
      s1 = fma(s1, v128.load(row + p, 16), v128.load(x + p, 16));
      s2 = fma(s2, v128.load(row + p, 32), v128.load(x + p, 32));
      s3 = fma(s3, v128.load(row + p, 48), v128.load(x + p, 48));
    }
    const sum = total(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
    store<f32>(out + offset(step, M_OUT, i), sum + rest(row, x, p, bytes));
  }
}

function rest(row: usize, x: usize, from: usize, bytes: usize): f32 {
  let sum: f32 = 0;
  for (let p = from; p < bytes; p += 4) sum += load<f32>(row + p) * load<f32>(x + p);
  return sum;
}

/** The innermost batch axis lies side by side in A, B and the output: four of its words at a time. */
export function lanes(step: usize, batch: i32, m0: i32, m1: i32): void {
  const k = field(step, K),
    n = field(step, N),
    count = field(step, LANES);
  for (let i = m0; i < m1; i++) {
    const a = <usize>field(step, A) + offset(step, BATCH_A, batch) + offset(step, M_A, i);
    const row = <usize>field(step, OUT) + offset(step, BATCH_OUT, batch) + offset(step, M_OUT, i);
    for (let j = 0; j < n; j++) {
      const b = <usize>field(step, B) + offset(step, BATCH_B, batch) + offset(step, N_B, j);
      const out = row + offset(step, N_OUT, j);
      let at: usize = 0;
      let left = count;
      for (; left >= 8; left -= 8) {
        let s0 = f32x4.splat(0),
          s1 = f32x4.splat(0);
        for (let p = 0; p < k; p++) {
          const x = a + offset(step, K_A, p) + at,
            y = b + offset(step, K_B, p) + at;
          s0 = fma(s0, v128.load(x), v128.load(y));
          s1 = fma(s1, v128.load(x, 16), v128.load(y, 16));
        }
        v128.store(out + at, s0);
        v128.store(out + at, s1, 16);
        at += 32;
      }
      for (; left > 0; left--) {
        let sum: f32 = 0;
        for (let p = 0; p < k; p++)
          sum += load<f32>(a + offset(step, K_A, p) + at) * load<f32>(b + offset(step, K_B, p) + at);
        store<f32>(out + at, sum);
        at += 4;
      }
    }
  }
}

/** Word by word. */
export function words(step: usize, batch: i32, m0: i32, m1: i32): void {
  const k = field(step, K),
    n = field(step, N);
  for (let i = m0; i < m1; i++) {
    const a = <usize>field(step, A) + offset(step, BATCH_A, batch) + offset(step, M_A, i);
    const out = <usize>field(step, OUT) + offset(step, BATCH_OUT, batch) + offset(step, M_OUT, i);
    for (let j = 0; j < n; j++) {
      const b = <usize>field(step, B) + offset(step, BATCH_B, batch) + offset(step, N_B, j);
      let sum: f32 = 0;
      for (let p = 0; p < k; p++)
        sum += load<f32>(a + offset(step, K_A, p)) * load<f32>(b + offset(step, K_B, p));
      store<f32>(out + offset(step, N_OUT, j), sum);
    }
  }
}
