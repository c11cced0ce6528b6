/**
 * What is compared: an equation, its shapes, nothing else. The first axis of the first operand is the first axis of
 * the output in every case, so that a few rows can be checked where all of them would take the slow evaluator minutes.
 */
import type { Factorization, Format } from '../../src/core/factor/factorization.ts';
import { factorShapes, printForward } from '../../src/core/factor/forward.ts';
import { clipRanks } from '../../src/core/factor/ranks.ts';

export interface BenchCase {
  readonly name: string;
  readonly equation: string;
  readonly shapes: readonly (readonly number[])[];
}

const gemm = (m: number, n: number, k: number): BenchCase => ({
  name: m === n && n === k ? `GEMM ${m} squared` : `GEMM ${m} x ${n} x ${k}`,
  equation: 'mk,kn->mn',
  shapes: [
    [m, k],
    [k, n],
  ],
});

const matrixVector = (m: number, k: number): BenchCase => ({
  name: `matrix-vector ${m} x ${k}`,
  equation: 'mk,k->m',
  shapes: [[m, k], [k]],
});

interface Layer {
  readonly rows: number;
  readonly outModes: readonly number[];
  readonly inModes: readonly number[];
}

const total = (modes: readonly number[]): number => modes.reduce((a, b) => a * b, 1);

/** The forward einsum of a layer; for dense and svd the modes are multiplied out. */
function layer(format: Format, ranks: readonly number[], { rows, outModes, inModes }: Layer): BenchCase {
  const matrix = format === 'dense' || format === 'svd';
  const f: Factorization = clipRanks({
    format,
    ranks,
    outModes: matrix ? [total(outModes)] : outModes,
    inModes: matrix ? [total(inModes)] : inModes,
  });
  const rank = f.ranks.length === 0 ? '' : ` ranks ${f.ranks.join(',')}`;
  return {
    name: `${format} layer, ${rows} rows, ${total(inModes)} -> ${total(outModes)}${rank}`,
    equation: printForward(f),
    shapes: [[rows, ...f.inModes], ...factorShapes(f)],
  };
}

const small: Layer = { rows: 64, outModes: [8, 16], inModes: [8, 16] };
const odd: Layer = { rows: 61, outModes: [11, 11], inModes: [9, 11] };

/** For the software adapter: no side above 128. */
export const smallCases: readonly BenchCase[] = [
  gemm(64, 64, 64),
  gemm(96, 96, 96),
  gemm(128, 128, 128),
  gemm(127, 61, 97),
  gemm(33, 65, 17),
  layer('dense', [], { rows: 128, outModes: [128], inModes: [128] }),
  layer('dense', [], { rows: 64, outModes: [128], inModes: [96] }),
  layer('dense', [], { rows: 1, outModes: [128], inModes: [128] }),
  matrixVector(128, 128),
  layer('svd', [4], { rows: 128, outModes: [128], inModes: [128] }),
  layer('svd', [16], { rows: 128, outModes: [128], inModes: [128] }),
  layer('svd', [64], { rows: 128, outModes: [128], inModes: [128] }),
  layer('svd', [13], odd),
  layer('kronecker', [1], small),
  layer('kronecker', [4], small),
  layer('cp', [8], small),
  layer('cp', [32], small),
  layer('tucker', [4, 4, 4, 4], small),
  layer('tucker', [7, 12, 7, 12], small),
  layer('tt', [4, 8, 4], small),
  layer('tt', [8, 32, 8], small),
  layer('ttm', [4], small),
  layer('ttm', [16], small),
  layer('tr', [2, 4, 4, 4], small),
  layer('tr', [4, 8, 8, 8], small),
  layer('block-term', [2, 4, 4, 4, 4], small),
  layer('block-term', [4, 5, 8, 5, 8], small),
  layer('tucker', [5, 5, 5, 5], odd),
];

const attention: Layer = { rows: 1024, outModes: [4, 12, 16], inModes: [4, 12, 16] };
const widening: Layer = { rows: 1024, outModes: [12, 16, 16], inModes: [4, 12, 16] };

/** For a real GPU: the layers of BERT-base at eight sequences of 128 tokens. */
export const largeCases: readonly BenchCase[] = [
  gemm(1024, 1024, 1024),
  gemm(2048, 2048, 2048),
  gemm(4096, 4096, 4096),
  gemm(1000, 777, 501),
  layer('dense', [], attention),
  layer('dense', [], widening),
  layer('dense', [], { rows: 1024, outModes: [768], inModes: [3072] }),
  layer('dense', [], { rows: 1, outModes: [3072], inModes: [768] }),
  matrixVector(4096, 4096),
  ...[8, 32, 64, 128, 256].map((rank) => layer('svd', [rank], attention)),
  layer('svd', [64], widening),
  layer('kronecker', [1], attention),
  layer('kronecker', [8], attention),
  layer('cp', [16], attention),
  layer('cp', [128], attention),
  layer('tucker', [4, 8, 8, 4, 8, 8], attention),
  layer('tucker', [4, 12, 12, 4, 12, 12], attention),
  layer('tt', [4, 32, 64, 32, 16], attention),
  layer('tt', [4, 48, 128, 48, 16], attention),
  layer('ttm', [8, 8], attention),
  layer('ttm', [16, 64], attention),
  layer('ttm', [16, 64], widening),
  layer('tr', [4, 8, 16, 16, 16, 8], attention),
  layer('block-term', [2, 4, 8, 8, 4, 8, 8], attention),
];
