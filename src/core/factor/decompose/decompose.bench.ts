/**
 * Decompositions of a BERT-base weight, 768 x 768, by the formats the page offers most; and of the shipped models' sizes
 * while somebody waits: every format at a fifth of the parameters, plain and under second moments of the inputs.
 */
import type { Bench } from '../../base/bench.ts';
import { createRandom } from '../../base/random.ts';
import { matrix, type Matrix } from '../../tensor/dense.ts';
import { matmul } from '../../tensor/matmul.ts';
import { formats, type Factorization, type Format } from '../factorization.ts';
import { ranksForBudget } from '../ranks.ts';
import { syntheticMatrix } from '../synthetic.ts';
import { balancedModes } from '../tensorization.ts';
import { secondMoments } from './covariance.ts';
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

const thorough: readonly Bench[] = cases.map(([name, f]) => ({
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

/** Inputs that are correlated and not centred, four for each column. */
function inputMoments(inputs: number): Matrix {
  const { normal } = createRandom(2);
  const rows = 4 * inputs;
  const white = matrix(rows, inputs, Float64Array.from({ length: rows * inputs }, normal));
  const mixed = matmul(white, syntheticMatrix(inputs, inputs, 3));
  const { values } = mixed;
  return secondMoments({ ...mixed, values: values.map((value, i) => value + Math.sin(i % inputs) / 2) });
}

function atAFifth(format: Format, out: number, inputs: number): Factorization {
  const flat = format === 'svd';
  const outModes = flat ? [out] : balancedModes(out, 2);
  const inModes = flat ? [inputs] : balancedModes(inputs, 2);
  const ranks = ranksForBudget(format, outModes, inModes, (out * inputs) / 5) ?? [];
  return { format, outModes, inModes, ranks };
}

const quick: readonly Bench[] = (
  [
    [96, 96],
    [384, 96],
  ] as const
).map(([out, inputs]) => ({
  name: `${out} x ${inputs} under second moments, quick: the slowest of eight formats`,
  unit: 'ms',
  budget: 100,
  run: (now) => {
    const w = syntheticMatrix(out, inputs, 1);
    const covariance = inputMoments(inputs);
    const times = formats
      .filter((format) => format !== 'dense')
      .map((format) => {
        const f = atAFifth(format, out, inputs);
        const start = now();
        decompose(w, f, { covariance, effort: 'quick' });
        return now() - start;
      });
    return Math.max(...times);
  },
}));

export const benches: readonly Bench[] = [...thorough, ...quick];
