// Blocks of A and B copied to where the tiles read them in order.
import { even, K_A, K_B, M_A, N_B, offset, stride } from './fields.ts';

function transpose4(from: usize, row: usize, to: usize, width: usize): void {
  const r0 = v128.load(from),
    r1 = v128.load(from + row);
  const r2 = v128.load(from + 2 * row),
    r3 = v128.load(from + 3 * row);
  const low01 = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5),
    high01 = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7);
  const low23 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5),
    high23 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<i64>(low01, low23, 0, 2));
  v128.store(to + width, v128.shuffle<i64>(low01, low23, 1, 3));
  v128.store(to + 2 * width, v128.shuffle<i64>(high01, high23, 0, 2));
  v128.store(to + 3 * width, v128.shuffle<i64>(high01, high23, 1, 3));
}

/** Columns j.. (`valid` of them, the rest zeros) and k from..end of B to a panel [k][width]. */
export function packPanel(
  step: usize,
  b: usize,
  j: i32,
  valid: i32,
  width: i32,
  from: i32,
  end: i32,
  to: usize,
): void {
  const row = (<usize>width) << 2;
  const evenly = even(step, N_B) && even(step, K_B);
  const ns = stride(step, N_B),
    ks = stride(step, K_B);
  if (valid < width) memory.fill(to, 0, <usize>(end - from) * row);
  if (evenly && ns === 4) {
    let source = b + <usize>j * 4 + <usize>from * ks;
    for (let p = from; p < end; p++) {
      let c = 0;
      for (; c + 3 < valid; c += 4) v128.store(to + ((<usize>c) << 2), v128.load(source + ((<usize>c) << 2)));
      for (; c < valid; c++) store<u32>(to + ((<usize>c) << 2), load<u32>(source + ((<usize>c) << 2)));
      source += ks;
      to += row;
    }
    return;
  }
  let c = 0;
  if (evenly && ks === 4) {
    for (; c + 3 < valid; c += 4) {
      let source = b + <usize>(j + c) * ns + <usize>from * 4;
      let target = to + ((<usize>c) << 2);
      let p = from;
      for (; p + 3 < end; p += 4) {
        transpose4(source, ns, target, row);
        source += 16;
        target += 4 * row;
      }
      for (; p < end; p++) {
        for (let q = 0; q < 4; q++) store<u32>(target + ((<usize>q) << 2), load<u32>(source + <usize>q * ns));
        source += 4;
        target += row;
      }
    }
  }
  for (; c < valid; c++) {
    const column = b + offset(step, N_B, j + c);
    let target = to + ((<usize>c) << 2);
    for (let p = from; p < end; p++) {
      store<u32>(target, load<u32>(column + offset(step, K_B, p)));
      target += row;
    }
  }
}

/** Rows i..last and k from..end of A to [row][k]. */
export function packRows(step: usize, a: usize, i: i32, last: i32, from: i32, end: i32, to: usize): void {
  for (; i < last; i++) {
    const row = a + offset(step, M_A, i);
    for (let p = from; p < end; p++) {
      store<u32>(to, load<u32>(row + offset(step, K_A, p)));
      to += 4;
    }
  }
}
