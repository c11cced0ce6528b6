// One step, or a share of it. Memory is the caller's: nothing lies in it but what it put there.
import { BATCH, field, M, N } from './fields.ts';
import { dots, lanes, words } from './plain.ts';
import { product } from './product.ts';

const PACKED: i32 = 0,
  DIRECT: i32 = 1,
  DOTS: i32 = 2,
  LANES: i32 = 3,
  WORDS: i32 = 4;
const OVER_BATCH: i32 = 0,
  OVER_M: i32 = 1;

/**
 * @param over which extent `from..to` is of: 0 batch, 1 m, 2 n (products alone)
 * @param pack scratch memory of `packBytes` (dots: k words)
 */
export function runStep(step: usize, method: i32, over: i32, from: i32, to: i32, pack: usize): void {
  const b0 = over === OVER_BATCH ? from : 0,
    b1 = over === OVER_BATCH ? to : field(step, BATCH);
  const m0 = over === OVER_M ? from : 0,
    m1 = over === OVER_M ? to : field(step, M);
  const n0 = over > OVER_M ? from : 0,
    n1 = over > OVER_M ? to : field(step, N);
  for (let batch = b0; batch < b1; batch++) {
    if (method === PACKED || method === DIRECT) product(step, batch, m0, m1, n0, n1, method === DIRECT, pack);
    else if (method === DOTS) dots(step, batch, m0, m1, pack);
    else if (method === LANES) lanes(step, batch, m0, m1);
    else if (method === WORDS) words(step, batch, m0, m1);
  }
}
