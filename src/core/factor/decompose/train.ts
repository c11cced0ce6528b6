/** TT-SVD (Oseledets 2011): truncated singular value decompositions from left to right. For tt and, on paired modes, ttm. */
import { matrix, tensor, type Matrix, type Tensor } from '../../tensor/dense.ts';
import { matmul } from '../../tensor/matmul.ts';
import { truncateLeft } from '../../tensor/svd.ts';
import { product } from '../tensorization.ts';

/**
 * @param t modes n_1 .. n_K @param ranks the K - 1 inner ones, realizable
 * @returns cores as matrices [r_(k-1) n_k, r_k]
 */
export function cutTrain(t: Tensor, ranks: readonly number[]): readonly Matrix[] {
  const cores: Matrix[] = [];
  let rest: Matrix = matrix(1, t.values.length, t.values);
  t.shape.forEach((mode, k) => {
    const rows = rest.rows * mode;
    const columns = rest.values.length / rows;
    const unfolded = matrix(rows, columns, rest.values);
    const rank = ranks[k];
    if (rank === undefined) {
      cores.push(unfolded);
      return;
    }
    const { left, right } = truncateLeft(unfolded, rank);
    cores.push(left);
    rest = right;
  });
  return cores;
}

/**
 * The tensor of a train whose cores have any number of own axes between their bonds; the outer bonds are not stored.
 * @param shape of the result, [] to leave it flat
 */
export function joinTrain(cores: readonly Tensor[], shape: readonly number[]): Tensor {
  let whole: Matrix = matrix(1, 1, Float64Array.of(1));
  cores.forEach((core, k) => {
    const left = k === 0 ? 1 : (core.shape[0] ?? 1);
    const right = k === cores.length - 1 ? 1 : (core.shape.at(-1) ?? 1);
    const joined = matmul(whole, matrix(left, core.values.length / left, core.values));
    whole = matrix(joined.values.length / right, right, joined.values);
  });
  return tensor(shape.length === 0 ? [product([whole.rows, whole.columns])] : shape, whole.values);
}
