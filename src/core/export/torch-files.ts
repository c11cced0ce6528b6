/** NAME.py, NAME.json and NAME.safetensors of a design, and the check that the factors read back as they were meant. */
import { check } from '../base/checks.ts';
import { reconstruct } from '../factor/decompose/reconstruct.ts';
import { relativeDistance, tensor } from '../tensor/dense.ts';
import type { ByteSource } from '../workload/byte-source.ts';
import { openSafetensors, readFloat64 } from '../workload/safetensors.ts';
import { textFile, type ExportFile } from './file.ts';
import { safetensorsChunks } from './safetensors.ts';
import { torchScript } from './torch-script.ts';
import { torchFiles, type TorchLayer } from './torch.ts';

export interface TorchExportOptions {
  readonly library: 'tltorch' | 'pytorch';
  readonly precision: 'f32' | 'f16';
  readonly link: string | undefined;
  /** Of this program. */
  readonly version: string;
  /** Of the script, without `.py`; Python must be able to import it. */
  readonly name: string;
}

export function torchExport(
  layers: readonly TorchLayer[],
  { library, precision, link, version, name }: TorchExportOptions,
): readonly ExportFile[] {
  const factors = `${name}.safetensors`;
  const { json, tensors } = torchFiles(layers, { library, version, link: link ?? null, factors });
  const dtype = precision === 'f16' ? 'F16' : 'F32';
  const chunks = (): Iterable<Uint8Array> => safetensorsChunks(tensors, dtype);
  let bytes = 0;
  for (const { length } of chunks()) bytes += length;
  return [
    textFile(`${name}.py`, torchScript),
    textFile(`${name}.json`, `${JSON.stringify(json, null, 1)}\n`),
    {
      name: factors,
      bytes,
      chunks: async function* stream() {
        yield* chunks();
      },
    },
  ];
}

/** Largest relative distance of a layer's matrix, as read back from the file, from the one that was meant. */
export async function checkFactors(layers: readonly TorchLayer[], file: ByteSource): Promise<number> {
  const store = await openSafetensors(file);
  const byName = new Map(store.tensors.map((each) => [each.name, each]));
  const { json } = torchFiles(layers, { library: 'pytorch', version: '', link: null, factors: '' });
  let largest = 0;
  for (const [k, { operands }] of json.layers.entries()) {
    const layer = layers[k];
    if (layer === undefined) continue;
    const read = await Promise.all(
      operands.map(async (key) => {
        const stored = byName.get(key);
        check(stored !== undefined, 'export', 'the file written must hold each factor', key);
        return tensor(stored.shape, await readFloat64(store, stored));
      }),
    );
    const meant = reconstruct(layer.factorization, layer.factors).values;
    largest = Math.max(largest, relativeDistance(meant, reconstruct(layer.factorization, read).values));
  }
  return largest;
}
