// A strided product by tiles, blocked as Goto and van de Geijn (2008) block theirs: panels of B packed once for all rows,
// a block of A that stays in the second-level cache, tiles over both.
import {
  A,
  B,
  BATCH_A,
  BATCH_B,
  BATCH_OUT,
  even,
  field,
  K,
  K_A,
  K_B,
  M_A,
  M_OUT,
  N_OUT,
  offset,
  OUT,
  stride,
} from './fields.ts';
import { packPanel, packRows } from './pack.ts';
import { tile1x16, tile1x4, tile1x8, tile2x16, tile4x4, tile4x8 } from './tiles.ts';

const BLOCK_K: i32 = 256;
const BLOCK_M: i32 = 64;
const BLOCK_N: i32 = 1024;

/** Bytes that packing takes: a tile, a block of A, panels of B. */
export const BLOCK_BYTES: usize = 256 + 4 * <usize>(BLOCK_M * BLOCK_K + (BLOCK_N + 16) * BLOCK_K);

/** As wide as what is left asks for. */
function widthOf(left: i32): i32 {
  return left > 12 ? 16 : left > 4 ? 8 : 4;
}

/** One range of one batch; `direct`: B is read where it lies. */
export function product(
  step: usize,
  batch: i32,
  m0: i32,
  m1: i32,
  n0: i32,
  n1: i32,
  direct: bool,
  pack: usize,
): void {
  const a = <usize>field(step, A) + offset(step, BATCH_A, batch);
  const b = <usize>field(step, B) + offset(step, BATCH_B, batch);
  const out = <usize>field(step, OUT) + offset(step, BATCH_OUT, batch);
  const k = field(step, K);
  const evenK = even(step, K_A);
  const beside = even(step, N_OUT) && stride(step, N_OUT) === 4;
  const tile = pack;
  const rows = pack + 256;
  const panels = rows + 4 * <usize>(BLOCK_M * BLOCK_K);
  for (let jb = n0; jb < n1; jb += BLOCK_N) {
    const je = min(n1, jb + BLOCK_N);
    let from = 0;
    do {
      const end = min(k, from + BLOCK_K);
      const depth = end - from;
      if (!direct) {
        let to = panels;
        for (let j = jb; j < je;) {
          const width = widthOf(je - j);
          packPanel(step, b, j, min(width, je - j), width, from, end, to);
          to += (<usize>(width * depth)) << 2;
          j += width;
        }
      }
      for (let ib = m0; ib < m1; ib += BLOCK_M) {
        const ie = min(m1, ib + BLOCK_M);
        if (!evenK) packRows(step, a, ib, ie, from, end, rows);
        let panel = panels;
        for (let j = jb; j < je;) {
          const width = widthOf(je - j);
          const at = direct ? b + <usize>j * 4 + <usize>from * stride(step, K_B) : panel;
          const row = direct ? stride(step, K_B) : (<usize>width) << 2;
          column(
            step,
            ib,
            ie,
            depth,
            evenK ? a + <usize>from * stride(step, K_A) : rows,
            evenK,
            at,
            row,
            out,
            j,
            min(width, je - j),
            width,
            from > 0,
            beside,
            tile,
          );
          panel += (<usize>(width * depth)) << 2;
          j += width;
        }
      }
      from = end;
    } while (from < k);
  }
}

/** Rows ib..ie of one panel. */
function column(
  step: usize,
  ib: i32,
  ie: i32,
  depth: i32,
  a: usize,
  inPlace: bool,
  b: usize,
  row: usize,
  out: usize,
  j: i32,
  valid: i32,
  width: i32,
  add: bool,
  beside: bool,
  tile: usize,
): void {
  const ka: usize = inPlace ? stride(step, K_A) : 4;
  const whole = beside && valid === width;
  const first = out + offset(step, N_OUT, j);
  const many = width === 16 ? 2 : 4;
  for (let i = ib; i < ie;) {
    const count = i + many <= ie ? many : 1;
    const a0 = rowOf(step, a, inPlace, ib, i, depth);
    const c0 = whole ? first + offset(step, M_OUT, i) : tile;
    const adds = whole && add;
    if (count === 1) {
      if (width === 16) tile1x16(depth, a0, ka, b, row, c0, adds);
      else if (width === 8) tile1x8(depth, a0, ka, b, row, c0, adds);
      else tile1x4(depth, a0, ka, b, row, c0, adds);
    } else {
      const a1 = rowOf(step, a, inPlace, ib, i + 1, depth);
      const c1 = whole ? first + offset(step, M_OUT, i + 1) : tile + 64;
      if (width === 16) {
        tile2x16(depth, a0, a1, ka, b, row, c0, c1, adds);
      } else {
        const a2 = rowOf(step, a, inPlace, ib, i + 2, depth);
        const a3 = rowOf(step, a, inPlace, ib, i + 3, depth);
        const c2 = whole ? first + offset(step, M_OUT, i + 2) : tile + 128;
        const c3 = whole ? first + offset(step, M_OUT, i + 3) : tile + 192;
        if (width === 8) tile4x8(depth, a0, a1, a2, a3, ka, b, row, c0, c1, c2, c3, adds);
        else tile4x4(depth, a0, a1, a2, a3, ka, b, row, c0, c1, c2, c3, adds);
      }
    }
    if (!whole) scatter(step, out, i, count, j, valid, tile, add);
    i += count;
  }
}

function rowOf(step: usize, a: usize, inPlace: bool, ib: i32, i: i32, depth: i32): usize {
  return inPlace ? a + offset(step, M_A, i) : a + ((<usize>((i - ib) * depth)) << 2);
}

/** A tile's valid words to where they belong. */
function scatter(
  step: usize,
  out: usize,
  i: i32,
  count: i32,
  j: i32,
  valid: i32,
  tile: usize,
  add: bool,
): void {
  for (let r = 0; r < count; r++) {
    const row = out + offset(step, M_OUT, i + r);
    const from = tile + ((<usize>r) << 6);
    for (let c = 0; c < valid; c++) {
      const at = row + offset(step, N_OUT, j + c);
      const value = load<f32>(from + ((<usize>c) << 2));
      store<f32>(at, add ? load<f32>(at) + value : value);
    }
  }
}
