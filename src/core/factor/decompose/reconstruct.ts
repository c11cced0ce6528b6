/** The matrix W' [out, in] that factors stand for, by matrix products (the slow evaluator is its oracle in the tests). */
import { invariant } from '../../base/checks.ts';
import { matrix, permute, tensor, transpose, type Matrix, type Tensor } from '../../tensor/dense.ts';
import { timesTransposed } from '../../tensor/matmul.ts';
import type { Factorization } from '../factorization.ts';
import { product } from '../tensorization.ts';
import { addBlocks } from './block-term.ts';
import { rankOneSum } from './cp.ts';
import { closeRing } from './ring.ts';
import { joinTrain } from './train.ts';
import { expandBox } from './tucker.ts';

/** @param factors in the order and shapes of the forward einsum (`factorShapes`) */
export function reconstruct(f: Factorization, factors: readonly Tensor[]): Matrix {
  const { outModes, inModes } = f;
  const modes = [...outModes, ...inModes];
  const whole = ({ values }: Tensor): Matrix => matrix(product(outModes), product(inModes), values);
  switch (f.format) {
    case 'dense': {
      const [w] = factors;
      invariant(w !== undefined, 'dense without its factor');
      return whole(w);
    }
    case 'svd': {
      const [v, u] = factors.map(({ shape: [rows = 1, columns = 1], values }) =>
        matrix(rows, columns, values),
      );
      invariant(v !== undefined && u !== undefined, 'svd without its factors');
      return timesTransposed(transpose(u), v);
    }
    case 'kronecker': {
      const terms = factors.map(({ shape: [rank = 1, o = 1, i = 1], values }) =>
        transpose(matrix(rank, o * i, values)),
      );
      return whole(unpair(rankOneSum(terms), f));
    }
    case 'cp':
      return whole(
        rankOneSum(factors.map(({ shape: [mode = 1, rank = 1], values }) => matrix(mode, rank, values))),
      );
    case 'tt':
      return whole(joinTrain(factors, modes));
    case 'ttm':
      return whole(unpair(joinTrain(factors, []), f));
    case 'tr':
      return whole(closeRing(factors));
    case 'tucker':
      return whole(expandBox(factors[0] ?? tensor([], new Float64Array(1)), factors.slice(1)));
    case 'block-term':
      return whole(addBlocks(factors));
    default:
      return f.format satisfies never;
  }
}

/** [o1, .., in ..] -> [(o1 i1), (o2 i2), ...], the tensor that ttm and kronecker take apart. */
export function pair(w: Matrix, { outModes, inModes }: Factorization): Tensor {
  const d = outModes.length;
  const order = outModes.flatMap((_, k) => [k, d + k]);
  const { values } = permute(tensor([...outModes, ...inModes], w.values), order);
  return tensor(
    outModes.map((mode, k) => mode * (inModes[k] ?? 1)),
    values,
  );
}

function unpair(t: Tensor, { outModes, inModes }: Factorization): Tensor {
  const split = tensor(
    outModes.flatMap((mode, k) => [mode, inModes[k] ?? 1]),
    t.values,
  );
  const evens = outModes.map((_, k) => 2 * k);
  return permute(split, [...evens, ...evens.map((k) => k + 1)]);
}
