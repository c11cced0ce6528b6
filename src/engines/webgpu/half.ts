/** float16 for devices that store it: as bits, because not every browser has an array of them. */
import { halfBits, halfValue } from '../../core/onnx/edit-elements.ts';

/** Padded to whole 4 bytes, which is what a GPU's queue writes. */
export function halvesOf(values: Float32Array): Uint16Array {
  const halves = new Uint16Array(values.length + (values.length % 2));
  for (let k = 0; k < values.length; k++) halves[k] = halfBits(values[k] ?? 0);
  return halves;
}

export const floatsOf = (halves: Uint16Array): Float32Array => Float32Array.from(halves, halfValue);
