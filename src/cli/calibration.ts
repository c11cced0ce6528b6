/**
 * Second moments of a layer's inputs from a file of them: .npy of [rows, in], or .npz with such an array under the
 * layer's name (or with only one).
 */
import { unzipSync } from 'fflate';
import { InputError, check } from '../core/base/checks.ts';
import { secondMoments } from '../core/factor/decompose/covariance.ts';
import type { Matrix } from '../core/tensor/dense.ts';
import { readBytes } from './files.ts';
import { readNpy } from './npy.ts';

/** Every zip starts so, .npz too. */
const zipMagic = [0x50, 0x4b];

/**
 * @param names that the layer goes by; @returns C = E[x x^T], [in, in]
 * @throws InputError when the file is neither, has no such array, or rows of another length
 */
export function readCalibration(
  folder: string,
  file: string,
  names: readonly string[],
  columns: number,
): Matrix {
  const bytes = readBytes(folder, file, 'factorize');
  const zipped = zipMagic.every((byte, k) => bytes[k] === byte);
  const inputs = readNpy(zipped ? arrayOf(bytes, names) : bytes);
  check(
    inputs.columns === columns,
    'factorize',
    `--calibration must have ${columns} columns, as the layer has inputs`,
    inputs.columns,
  );
  return secondMoments(inputs);
}

function arrayOf(bytes: Uint8Array, names: readonly string[]): Uint8Array {
  const arrays: string[] = [];
  unzip(bytes, (name) => {
    arrays.push(name);
    return false;
  });
  const wanted = names.map((name) => `${name}.npy`).find((name) => arrays.includes(name));
  const chosen = wanted ?? (arrays.length === 1 ? arrays[0] : undefined);
  if (chosen === undefined) {
    const [name] = names;
    const rule =
      name === undefined ? 'must hold one array' : `must hold an array ${name}, or one array alone`;
    throw new InputError('factorize', `--calibration ${rule}`, arrays);
  }
  const content = unzip(bytes, (name) => name === chosen)[chosen];
  check(content !== undefined, 'factorize', '--calibration must be a sound .npz', chosen);
  return content;
}

function unzip(bytes: Uint8Array, wanted: (name: string) => boolean): Readonly<Record<string, Uint8Array>> {
  try {
    return unzipSync(bytes, { filter: ({ name }) => wanted(name) });
  } catch (error) {
    throw new InputError('factorize', `--calibration must be a sound .npz (${String(error)})`);
  }
}
