/**
 * Block terms (De Lathauwer 2008) one block at a time: each is the Tucker decomposition of what the others leave, first
 * greedily, then in rounds of one HOOI step a block until a round gains nothing. No step makes the error larger.
 */
import type { Random } from '../../base/random.ts';
import { norm, tensor, type Tensor } from '../../tensor/dense.ts';
import { product } from '../tensorization.ts';
import { effort, thoroughWork } from './effort.ts';
import { boxFactors, decomposeTucker, expandBox, improveBox, sequentialHosvd, type Box } from './tucker.ts';

const patience = 1e-8;

/** @param ranks C, then one per mode; @returns the core [C, ...], then [C, n_k, r_k] */
export function decomposeBlocks(
  t: Tensor,
  ranks: readonly number[],
  random: Random,
  work = thoroughWork,
): readonly Tensor[] {
  const [count = 1, ...inner] = ranks;
  const { starts, sweeps } = effort(6 * count * t.shape.length * t.values.length * Math.max(...inner), work);
  const blocks: Box[] = [];
  let left = t;
  for (let c = 0; c < count; c++) {
    const block = count === 1 ? decomposeTucker(left, inner, random, work) : sequentialHosvd(left, inner);
    blocks.push(block);
    left = subtract(left, expand(block), 1);
  }
  let before = norm(left.values);
  const whole = norm(t.values);
  if (count === 1) return stack(blocks.map(boxFactors));
  for (let sweep = 0; sweep < starts * sweeps; sweep++) {
    blocks.forEach((block, c) => {
      const target = subtract(left, expand(block), -1);
      const improved = improveBox(target, block);
      blocks[c] = improved;
      left = subtract(target, expand(improved), 1);
    });
    const now = norm(left.values);
    if (before - now <= patience * whole) break;
    before = now;
  }
  return stack(blocks.map(boxFactors));
}

function expand(block: Box): Tensor {
  const [core = block.core, ...factors] = boxFactors(block);
  return expandBox(core, factors);
}

const subtract = (a: Tensor, b: Tensor, sign: number): Tensor => ({
  shape: a.shape,
  values: a.values.map((value, i) => value - sign * b.values[i]!),
});

/** Per factor, the blocks' tensors one after the other. */
function stack(blocks: readonly (readonly Tensor[])[]): readonly Tensor[] {
  return (blocks[0] ?? []).map(({ shape, values }, k) => {
    const all = new Float64Array(blocks.length * values.length);
    blocks.forEach((block, c) => all.set(block[k]?.values ?? [], c * values.length));
    return tensor([blocks.length, ...shape], all);
  });
}

/** The sum of all blocks, from the core [C, ...] and [C, n_k, r_k]. */
export function addBlocks(factors: readonly Tensor[]): Tensor {
  const count = factors[0]?.shape[0] ?? 0;
  const blocks = Array.from({ length: count }, (_, c) => {
    const [core, ...sides] = factors.map(({ shape: [, ...shape], values }) => {
      const size = product(shape);
      return tensor(shape, values.subarray(c * size, (c + 1) * size));
    });
    return expandBox(core ?? tensor([], new Float64Array(1)), sides);
  });
  return blocks.reduce((sum, block) => subtract(sum, block, -1));
}
