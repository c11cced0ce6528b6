/** A design as NAME.py, NAME.json and NAME.safetensors, and the check that what was written reads back as it was. */
import { basename } from 'node:path';
import { check } from '../core/base/checks.ts';
import { safetensorsChunks } from '../core/export/safetensors.ts';
import { torchFiles, type TorchLayer } from '../core/export/torch.ts';
import { torchScript } from '../core/export/torch-script.ts';
import { reconstruct } from '../core/factor/decompose/reconstruct.ts';
import { relativeDistance, tensor } from '../core/tensor/dense.ts';
import type { ByteSource } from '../core/workload/byte-source.ts';
import { openSafetensors, readFloat64 } from '../core/workload/safetensors.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { once, type NewFile } from './write-files.ts';

export interface TorchExportOptions {
  readonly library: 'tltorch' | 'pytorch';
  readonly precision: 'f32' | 'f16';
  readonly link: string | undefined;
  /** Path of NAME.py. */
  readonly output: string;
}

export interface TorchExport {
  readonly files: readonly NewFile[];
  readonly bytes: number;
}

/** @throws InputError unless the output is a Python file that Python can import */
export function torchExport(layers: readonly TorchLayer[], options: TorchExportOptions): TorchExport {
  const { library, precision, link, output } = options;
  const file = basename(output);
  check(/^[^.]+\.py$/.test(file), 'export', '--output must be NAME.py, without another dot', file);
  const name = file.replace(/\.py$/, '');
  const factors = `${name}.safetensors`;
  const { json, tensors } = torchFiles(layers, {
    library,
    version: packageJson.version,
    link: link ?? null,
    factors,
  });
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
  const script = encode(torchScript);
  const design = encode(`${JSON.stringify(json, null, 1)}\n`);
  const dtype = precision === 'f16' ? 'F16' : 'F32';
  const chunks = (): Iterable<Uint8Array> => safetensorsChunks(tensors, dtype);
  let weights = 0;
  for (const { length } of chunks()) weights += length;
  return {
    bytes: script.length + design.length + weights,
    files: [
      { name: file, chunks: once(script) },
      { name: `${name}.json`, chunks: once(design) },
      {
        name: factors,
        chunks: async function* stream() {
          yield* chunks();
        },
      },
    ],
  };
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
    const meant = reconstruct(layer.factorization, layer.factors);
    largest = Math.max(
      largest,
      relativeDistance(meant.values, reconstruct(layer.factorization, read).values),
    );
  }
  return largest;
}
