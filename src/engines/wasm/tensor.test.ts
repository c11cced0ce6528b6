import { afterEach, describe, expect, it } from 'vitest';
import { invariant } from '../../core/base/checks.ts';
import { createRandom } from '../../core/base/random.ts';
import { matrix, type Matrix } from '../../core/tensor/dense.ts';
import { eigenSymmetric } from '../../core/tensor/eigen.ts';
import { giveTensorKernels } from '../../core/tensor/kernels.ts';
import { addProduct, gram, timesTransposed } from '../../core/tensor/matmul.ts';
import { truncate } from '../../core/tensor/svd.ts';
import { createTensorKernels, hastenTensors } from './tensor.ts';

const gaussian = (rows: number, columns: number, seed = 1): Matrix => {
  const { normal } = createRandom(seed);
  return matrix(rows, columns, Float64Array.from({ length: rows * columns }, normal));
};

/** The same work by the core's own loops and by ours. */
async function both<T>(work: () => T): Promise<readonly [T, T]> {
  giveTensorKernels(null);
  const own = work();
  await hastenTensors();
  return [own, work()];
}

describe('the loops of core/tensor in WebAssembly, bit by bit', () => {
  afterEach(() => giveTensorKernels(null));

  it.each([
    [128, 96, 64],
    [61, 67, 101],
    [8, 8, 5000],
    [9, 257, 513],
    [130, 131, 1],
    [200, 9, 1027],
  ])('products %i x %i x %i', async (m, n, k) => {
    const [a, b] = [gaussian(m, k), gaussian(n, k, 2)];
    const [own, ours] = await both(() => timesTransposed(a, b));
    expect(ours.values).toEqual(own.values);
  });

  it('are asked whenever it pays, and add to what is there', async () => {
    const kernels = await createTensorKernels();
    invariant(kernels !== null, 'Node has WebAssembly with SIMD');
    let calls = 0;
    giveTensorKernels({ ...kernels, product: (...given) => ((calls += 1), kernels.product(...given)) });
    const [x, y] = [gaussian(70, 80).values, gaussian(90, 80, 2).values];
    const start = gaussian(71, 90, 3).values;
    const added = start.slice();
    addProduct({ m: 70, n: 90, k: 80 }, x, 0, y, 0, added, 90);
    expect(calls).toBe(1);
    timesTransposed(gaussian(7, 5000), gaussian(7, 5000));
    expect(calls).toBe(1);
    giveTensorKernels(null);
    addProduct({ m: 70, n: 90, k: 80 }, x, 0, y, 0, start, 90);
    expect(added).toEqual(start);
  });

  it.each([
    [100, 70],
    [81, 600],
  ])('Gram matrices of %i x %i', async (rows, columns) => {
    const m = gaussian(rows, columns);
    const [own, ours] = await both(() => gram(m));
    expect(ours.values).toEqual(own.values);
  });

  it.each([[32], [95], [160]])('eigenvectors of a matrix of %i rows', async (n) => {
    const m = gram(gaussian(n, n + 5));
    for (const count of [n, 11]) {
      const [own, ours] = await both(() => eigenSymmetric(m, count));
      expect(ours).toEqual(own);
    }
  });

  it('eigenvectors of graded, clustered and empty matrices', async () => {
    const n = 64;
    const of = (entry: (i: number, j: number) => number): Matrix =>
      matrix(
        n,
        n,
        Float64Array.from({ length: n * n }, (_, at) => entry(Math.floor(at / n), at % n)),
      );
    for (const m of [
      of((i, j) => 10 ** -((i + j) / 4)),
      of((i, j) => (i === j ? 1 : 0)),
      of((i, j) => (i === j ? 1 : i + j === n - 1 ? 1e-9 : 0)),
      of(() => 0),
      of(() => 1),
    ]) {
      const [own, ours] = await both(() => eigenSymmetric(m));
      expect(ours).toEqual(own);
    }
  });

  it('truncations', async () => {
    const m = gaussian(90, 120);
    const [own, ours] = await both(() => truncate(m, 33));
    expect(ours).toEqual(own);
  });

  it('does more rotations than it keeps at once', async () => {
    // 300 rows take about 76,000.
    const m = gram(gaussian(300, 300));
    const [own, ours] = await both(() => eigenSymmetric(m, 3));
    expect(ours).toEqual(own);
  });
});
