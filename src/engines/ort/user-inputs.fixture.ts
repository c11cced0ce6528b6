/** Test-only: models of the corpus, and a person's file of seeded examples for them. */
import { existsSync, readFileSync } from 'node:fs';
import { zipSync } from 'fflate';
import { probeInputs, type ProbeInput } from '../../core/onnx/probe-inputs.ts';
import { openModelFile, type ModelFile } from '../../core/onnx/dropped-files.ts';
import type { OnnxModel } from '../../core/onnx/model.ts';
import { bytesSource } from '../../core/workload/byte-source.ts';
import { npy } from '../../core/workload/npy.fixture.ts';

type OnnxFile = Extract<ModelFile, { readonly format: 'onnx' }>;

const folder = new URL('../../core/onnx/corpus/', import.meta.url);

export const corpusFile = (name: string): Uint8Array => readFileSync(new URL(`${name}.onnx`, folder));

export async function openCorpus(name: string): Promise<OnnxFile> {
  const main = { name: `${name}.onnx`, source: bytesSource(corpusFile(name)) };
  const file = await openModelFile(main, (location) => {
    const beside = new URL(location, folder);
    return existsSync(beside) ? bytesSource(readFileSync(beside)) : null;
  });
  if (file.format !== 'onnx') throw new Error(`${name} is no ONNX file`);
  return file;
}

export const shapeText = (shape: readonly number[]): string =>
  shape.length === 1 ? `${shape[0]},` : shape.join(', ');

/** As numpy.savez writes them. */
export const npzOf = (arrays: Readonly<Record<string, Uint8Array>>): Uint8Array =>
  zipSync(Object.fromEntries(Object.entries(arrays).map(([name, bytes]) => [`${name}.npy`, bytes])));

export function arrayOf({ dtype, shape, values }: Omit<ProbeInput, 'name'>): Uint8Array {
  const text = shapeText(shape);
  if (dtype === 'I64') return npy('<i8', text, BigInt64Array.from(values, BigInt));
  if (dtype === 'I32') return npy('<i4', text, Int32Array.from(values));
  if (dtype === 'BOOL') return npy('|b1', text, Uint8Array.from(values));
  return npy('<f4', text, Float32Array.from(values));
}

/** Examples that the graph takes, first axis `batch`. */
export function examplesFor(
  model: OnnxModel,
  size: { readonly batch: number; readonly length: number; readonly seed: number },
  more: Readonly<Record<string, Uint8Array>> = {},
): Uint8Array {
  const inputs = probeInputs(model, size).map((input) => [input.name, arrayOf(input)] as const);
  return npzOf({ ...Object.fromEntries(inputs), ...more });
}
