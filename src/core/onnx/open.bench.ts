import type { Bench } from '../base/bench.ts';
import type { ByteSource } from '../workload/byte-source.ts';
import { modelById } from '../workload/cards.ts';
import { onnxLayers } from './layers.ts';
import { openOnnx } from './open.ts';
import { field, joined, nodeBytes, text, varint, whole } from './wire.fixture.ts';

/** Llama 7B in float16 as one ONNX file, a chain of its layers: the graph is real, the 13 GB are never asked for. */
function llamaFile(): ByteSource {
  const { linears } = modelById('llama-7b');
  const nodes = linears.map(({ name }, n) =>
    field(1, nodeBytes({ op: 'MatMul', inputs: [`v${n}`, `${name}.weight`], outputs: [`v${n + 1}`] })),
  );
  const tensors = linears.map(({ name, out, in: inside }) => {
    const data = 2 * out * inside;
    const head = joined(
      whole(1, inside),
      whole(1, out),
      whole(2, 10),
      text(8, `${name}.weight`),
      varint(9 * 8 + 2),
      varint(data),
    );
    return { head: joined(varint(5 * 8 + 2), varint(head.length + data), head), data };
  });
  const body = [...nodes, field(11, text(1, 'v0'))];
  const length =
    body.reduce((sum, part) => sum + part.length, 0) +
    tensors.reduce((sum, { head, data }) => sum + head.length + data, 0);
  const start = joined(whole(1, 8), field(8, whole(2, 17)), varint(7 * 8 + 2), varint(length), ...body);
  const pieces: { readonly at: number; readonly bytes: Uint8Array }[] = [{ at: 0, bytes: start }];
  let end = start.length;
  for (const { head, data } of tensors) {
    pieces.push({ at: end, bytes: head });
    end += head.length + data;
  }
  return {
    size: end,
    read: (offset, wanted) => {
      const bytes = new Uint8Array(wanted);
      for (const { at, bytes: piece } of pieces) {
        if (at >= offset + wanted) break;
        const from = Math.max(at, offset);
        const to = Math.min(at + piece.length, offset + wanted);
        if (to > from) bytes.set(piece.subarray(from - at, to - at), from - offset);
      }
      return Promise.resolve(bytes);
    },
  };
}

export const benches: readonly Bench[] = [
  {
    name: 'open a 13 GB ONNX file by its graph and list its layers',
    unit: 'ms',
    budget: 200,
    run: async (now) => {
      const source = llamaFile();
      const start = now();
      onnxLayers(await openOnnx(source));
      return now() - start;
    },
  },
];
