import type { Bench } from '../base/bench.ts';
import type { ByteSource } from './byte-source.ts';
import { modelById } from './cards.ts';
import { modelFromTensors } from './layers.ts';
import { openSafetensors } from './safetensors.ts';

/** Llama 7B in bfloat16: the header is real, the 13 GB behind it are never asked for. */
function llamaFile(): ByteSource {
  const header: Record<string, unknown> = {};
  let end = 0;
  for (const { name, out, in: inside } of modelById('llama-7b').linears) {
    const bytes = 2 * out * inside;
    header[`${name}.weight`] = { dtype: 'BF16', shape: [out, inside], data_offsets: [end, end + bytes] };
    end += bytes;
  }
  const head = Uint8Array.from(JSON.stringify(header), (letter) => letter.charCodeAt(0));
  const start = new Uint8Array(8 + head.length);
  new DataView(start.buffer).setBigUint64(0, BigInt(head.length), true);
  start.set(head, 8);
  return {
    size: start.length + end,
    read: (offset, length) => Promise.resolve(start.subarray(offset, offset + length)),
  };
}

export const benches: readonly Bench[] = [
  {
    name: 'open a 13 GB safetensors file by its header and list its layers',
    unit: 'ms',
    budget: 50,
    run: async (now) => {
      const source = llamaFile();
      const start = now();
      const store = await openSafetensors(source);
      modelFromTensors('llama-7b', store.tensors, { heads: 32 });
      return now() - start;
    },
  },
];
