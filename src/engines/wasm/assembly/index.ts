// What the engine calls on one thread.
import { BLOCK_BYTES } from './product.ts';
import { runStep } from './steps.ts';

export function run(step: usize, method: i32, over: i32, from: i32, to: i32, pack: usize): void {
  runStep(step, method, over, from, to, pack);
}

/** Bytes of scratch memory that a product takes. */
export function packBytes(): usize {
  return BLOCK_BYTES;
}
