/** Decompositions of a BERT-base weight, 768 x 768, by the formats the page offers most. */
import type { Bench } from '../../base/bench.ts';
import type { Factorization } from '../factorization.ts';
import { syntheticMatrix } from '../synthetic.ts';
import { decompose } from './decompose.ts';

const three = { outModes: [8, 8, 12], inModes: [8, 8, 12] };
const two = { outModes: [24, 32], inModes: [24, 32] };
const cases: readonly (readonly [name: string, f: Factorization])[] = [
  ['svd, rank 192', { format: 'svd', outModes: [768], inModes: [768], ranks: [192] }],
  ['TTM of order 3, ranks 32 32', { format: 'ttm', ...three, ranks: [32, 32] }],
  ['TT of order 2, ranks 24 128 32', { format: 'tt', ...two, ranks: [24, 128, 32] }],
  ['Kronecker sum, 32 terms', { format: 'kronecker', ...two, ranks: [32] }],
  ['Tucker of order 2, ranks 12', { format: 'tucker', ...two, ranks: [12, 12, 12, 12] }],
];

export const benches: readonly Bench[] = cases.map(([name, f]) => ({
  name: `768 x 768 decomposed: ${name}`,
  unit: 'ms',
  budget: null,
  run: (now) => {
    const w = syntheticMatrix(768, 768, 1);
    const start = now();
    decompose(w, f);
    return now() - start;
  },
}));
