/**
 * Safetensors as bytes, piece by piece: header length, JSON header padded with spaces to 8 bytes, then the tensors
 * without gaps, in the order given (format text of huggingface/safetensors).
 */
import { strToU8 } from 'fflate';
import { check } from '../base/checks.ts';
import { floatBytes } from '../onnx/edit-elements.ts';
import type { Tensor } from '../tensor/dense.ts';

export interface NamedTensor {
  readonly name: string;
  readonly tensor: Tensor;
}

const sizes = { F32: 4, F16: 2 } as const;

/** @throws InputError for a name given twice, and for numbers beyond fp16 */
export function* safetensorsChunks(
  tensors: readonly NamedTensor[],
  dtype: 'F32' | 'F16' = 'F32',
  metadata: Readonly<Record<string, string>> = {},
): Generator<Uint8Array> {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt', ...metadata } };
  let end = 0;
  for (const { name, tensor } of tensors) {
    check(!Object.hasOwn(header, name), 'safetensors', 'must have each name once', name);
    const begin = end;
    end += tensor.values.length * sizes[dtype];
    header[name] = { dtype, shape: tensor.shape, data_offsets: [begin, end] };
  }
  const text = strToU8(JSON.stringify(header));
  const padded = new Uint8Array(Math.ceil(text.length / 8) * 8).fill(0x20);
  padded.set(text);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(padded.length), true);
  yield length;
  yield padded;
  for (const { tensor } of tensors) yield floatBytes(tensor.values, dtype);
}
