/** Arrays of NumPy's .npz: a zip of .npy files. Source: numpy.savez. */
import { unzipSync } from 'fflate';
import { InputError, check } from '../base/checks.ts';
import { readNpyArray, type NpyArray } from './npy.ts';

/** Every zip starts so. */
const zipMagic = [0x50, 0x4b];
const ending = '.npy';
const mostBytes = 2 ** 31;
/** Deflate cannot do better (zlib technical details): a header that promises more is damaged. */
const mostDeflated = 1032;

export const isNpz = (bytes: Uint8Array): boolean => zipMagic.every((byte, k) => bytes[k] === byte);

/** Names without their ending, in file order. @throws InputError when it is no sound zip */
export function npzNames(bytes: Uint8Array): readonly string[] {
  const names: string[] = [];
  unzip(bytes, (name) => {
    names.push(name);
    return false;
  });
  return names.flatMap((name) => (name.endsWith(ending) ? [name.slice(0, -ending.length)] : []));
}

/** The .npy file of this name. @throws InputError when it is not there, or damaged */
export function npzFile(bytes: Uint8Array, name: string): Uint8Array {
  const content = unzip(bytes, (each) => each === name + ending)[name + ending];
  check(content !== undefined, 'npz', 'must hold the array', name);
  return content;
}

/** @throws InputError that names the array */
export function npzArray(bytes: Uint8Array, name: string): NpyArray {
  try {
    return readNpyArray(npzFile(bytes, name));
  } catch (error) {
    if (!(error instanceof InputError) || error.subject !== 'npy') throw error;
    throw new InputError('npz', `array ${name}: ${error.rule}`, error.value);
  }
}

function unzip(bytes: Uint8Array, wanted: (name: string) => boolean): Readonly<Record<string, Uint8Array>> {
  try {
    return unzipSync(bytes, {
      filter: ({ name, size, originalSize }) => {
        if (!wanted(name)) return false;
        const most = Math.min(mostBytes, mostDeflated * size);
        check(originalSize <= most, 'npz', `${name} must have at most ${most} bytes`, originalSize);
        return true;
      },
    });
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError('npz', 'file must be sound', error instanceof Error ? error.message : String(error));
  }
}
