/** Spectra and truncations of a BERT-base weight; ml-matrix takes 8-16 s for the singular values. */
import type { Bench } from '../base/bench.ts';
import { createRandom } from '../base/random.ts';
import { matrix, type Matrix } from './dense.ts';
import { gram } from './matmul.ts';
import { singularValues, truncate } from './svd.ts';

function gaussian(rows: number, columns: number): Matrix {
  const { normal } = createRandom(1);
  return matrix(rows, columns, Float64Array.from({ length: rows * columns }, normal));
}

function timed(make: () => Matrix, work: (m: Matrix) => unknown): Bench['run'] {
  return (now) => {
    const m = make();
    const start = now();
    work(m);
    return now() - start;
  };
}

const bert = (): Matrix => gaussian(768, 768);

export const benches: readonly Bench[] = [
  { name: 'Gram matrix of 768 x 768', unit: 'ms', budget: null, run: timed(bert, gram) },
  { name: 'all singular values of 768 x 768', unit: 'ms', budget: 1500, run: timed(bert, singularValues) },
  {
    name: 'singular values of 3072 x 768',
    unit: 'ms',
    budget: null,
    run: timed(() => gaussian(3072, 768), singularValues),
  },
  {
    name: 'truncation of 768 x 768 to rank 192',
    unit: 'ms',
    budget: 4200,
    run: timed(bert, (m) => truncate(m, 192)),
  },
];
