/**
 * Spectra and truncations of BERT-base weights, and beside ml-matrix. All 72 are 48 of 768 x 768 and 24 of 3072 x 768: with
 * these budgets below a minute in one worker.
 */
import { Matrix as Peer, SingularValueDecomposition } from 'ml-matrix';
import type { Bench } from '../base/bench.ts';
import { createRandom } from '../base/random.ts';
import { matrix, type Matrix } from './dense.ts';
import { gram } from './matmul.ts';
import { singularValues, truncate } from './svd.ts';

function gaussian(rows: number, columns: number): Matrix {
  const { normal } = createRandom(1);
  return matrix(rows, columns, Float64Array.from({ length: rows * columns }, normal));
}

function timed(make: () => Matrix, work: (m: Matrix) => unknown): (now: () => number) => number {
  return (now) => {
    const m = make();
    const start = now();
    work(m);
    return now() - start;
  };
}

const bert = (): Matrix => gaussian(768, 768);

const peerValues = (m: Peer): readonly number[] =>
  new SingularValueDecomposition(m, {
    computeLeftSingularVectors: false,
    computeRightSingularVectors: false,
  }).diagonal;

export const benches: readonly Bench[] = [
  { name: 'Gram matrix of 768 x 768', unit: 'ms', budget: null, run: timed(bert, gram) },
  { name: 'all singular values of 768 x 768', unit: 'ms', budget: 600, run: timed(bert, singularValues) },
  {
    name: 'singular values of 3072 x 768',
    unit: 'ms',
    budget: 1200,
    run: timed(() => gaussian(3072, 768), singularValues),
  },
  {
    name: 'truncation of 768 x 768 to rank 192',
    unit: 'ms',
    budget: 1500,
    run: timed(bert, (m) => truncate(m, 192)),
  },
  {
    name: 'all singular vectors of 768 x 768',
    unit: 'ms',
    budget: 1500,
    run: timed(bert, (m) => truncate(m, 768)),
  },
  {
    name: 'singular values of 256 x 256, share of what ml-matrix takes',
    unit: 'ratio',
    budget: 0.33,
    run: (now) => {
      const m = gaussian(256, 256);
      const peer = Peer.from1DArray(256, 256, [...m.values]);
      const start = now();
      peerValues(peer);
      const between = now();
      for (let k = 0; k < 5; k++) singularValues(m);
      return (now() - between) / 5 / (between - start);
    },
  },
];
