/** Examples a second: fresh ones are made for every measurement and every training step. */
import type { Bench } from '../base/bench.ts';
import { tasks } from './tasks.ts';

const count = 4_000;
let from = 0;

const kinds = [
  // 2,000 images and 10,000 questions a second.
  ['images of glyphs, 4,000 of them (budget 2,000 ms)', 'glyph-vit', 2_000],
  ['questions, 4,000 of them (budget 400 ms)', 'lexical-qa', 400],
] as const;

export const benches: readonly Bench[] = kinds.map(([name, id, budget]) => ({
  name,
  unit: 'ms',
  budget,
  run: (now) => {
    const start = now();
    tasks[id].examples(1, from, count);
    from += count;
    return now() - start;
  },
}));
