// A step as numbers in memory; `descriptor.ts` beside this folder writes them in the same order. Offsets are in bytes.
// An axis group that moves evenly has a stride, any other a table of offsets.

export const BATCH: usize = 0;
export const M: usize = 4;
export const N: usize = 8;
export const K: usize = 12;
export const A: usize = 16;
export const B: usize = 20;
export const OUT: usize = 24;
/** Each of these: the table or 0, then the stride. */
export const BATCH_A: usize = 28;
export const BATCH_B: usize = 36;
export const BATCH_OUT: usize = 44;
export const M_A: usize = 52;
export const M_OUT: usize = 60;
export const N_B: usize = 68;
export const N_OUT: usize = 76;
export const K_A: usize = 84;
export const K_B: usize = 92;
/** Words side by side in A, B and the output (`lanes`). */
export const LANES: usize = 100;

export function field(step: usize, at: usize): i32 {
  return load<i32>(step + at);
}

/** Where position `i` of a group lies. */
export function offset(step: usize, group: usize, i: i32): usize {
  const table = <usize>load<u32>(step + group);
  return table === 0
    ? <usize>i * <usize>load<u32>(step + group + 4)
    : <usize>load<u32>(table + ((<usize>i) << 2));
}

export function even(step: usize, group: usize): bool {
  return load<u32>(step + group) === 0;
}

export function stride(step: usize, group: usize): usize {
  return <usize>load<u32>(step + group + 4);
}
