/**
 * Second moments of a layer's inputs from a file of them: .npy of [rows, in], or .npz with such an array under the
 * layer's name (or with only one).
 */
import { InputError, check } from '../core/base/checks.ts';
import { secondMoments } from '../core/factor/decompose/covariance.ts';
import type { Matrix } from '../core/tensor/dense.ts';
import { readNpy } from '../core/workload/npy.ts';
import { isNpz, npzFile, npzNames } from '../core/workload/npz.ts';

/**
 * @param names that the layer goes by; @returns C = E[x x^T], [in, in]
 * @throws InputError when the file is neither, has no such array, or rows of another length
 */
export function calibrationOf(bytes: Uint8Array, names: readonly string[], columns: number): Matrix {
  const inputs = readNpy(isNpz(bytes) ? arrayOf(bytes, names) : bytes);
  check(
    inputs.columns === columns,
    'factorize',
    `--calibration must have ${columns} columns, as the layer has inputs`,
    inputs.columns,
  );
  return secondMoments(inputs);
}

function arrayOf(bytes: Uint8Array, names: readonly string[]): Uint8Array {
  const arrays = npzNames(bytes);
  const wanted = names.find((name) => arrays.includes(name));
  const chosen = wanted ?? (arrays.length === 1 ? arrays[0] : undefined);
  if (chosen === undefined) {
    const [name] = names;
    const rule =
      name === undefined ? 'must hold one array' : `must hold an array ${name}, or one array alone`;
    throw new InputError('factorize', `--calibration ${rule}`, arrays);
  }
  return npzFile(bytes, chosen);
}
