import type { Bench } from '../base/bench.ts';
import { computeFirstFrontier } from './first-frontier.ts';

export const benches: readonly Bench[] = [
  {
    name: 'BERT-base frontier over all formats (simba, 128 tokens), nothing known before',
    unit: 'ms',
    budget: 5000,
    run: (now) => {
      const start = now();
      computeFirstFrontier();
      return now() - start;
    },
  },
];
