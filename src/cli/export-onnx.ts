/** A design as an ONNX file, and the check that it does what the source does with the same matrices. */
import { basename } from 'node:path';
import { InputError } from '../core/base/checks.ts';
import { reconstruct } from '../core/factor/decompose/reconstruct.ts';
import type { Quantization } from '../core/factor/quantization.ts';
import type { ModelFile } from '../core/onnx/dropped-files.ts';
import { withDenseWeights } from '../core/onnx/edit-dense.ts';
import { replaceLayers, type LayerReplacement, type OnnxEdit } from '../core/onnx/edit.ts';
import type { OnnxModel } from '../core/onnx/model.ts';
import { probeInputs, type ProbeInput } from '../core/onnx/probe-inputs.ts';
import { onnxFiles } from '../core/onnx/write.ts';
import { largestDistance, outputsOf } from '../engines/ort/compare.ts';
import packageJson from '../../package.json' with { type: 'json' };
import type { NewFile } from './write-files.ts';

export type OnnxFile = Extract<ModelFile, { readonly format: 'onnx' }>;

export interface OnnxExport {
  readonly edit: OnnxEdit;
  readonly files: readonly NewFile[];
  /** Of all files. */
  readonly bytes: number;
}

export interface OnnxExportOptions {
  readonly precision: 'f32' | 'f16';
  readonly quantization: Quantization;
  readonly link: string | undefined;
  /** Name of the file to write. */
  readonly output: string;
}

/** @throws InputError for layers, opsets and storages that ONNX files cannot hold */
export function onnxExport(
  { onnx }: OnnxFile,
  replacements: readonly LayerReplacement[],
  { precision, quantization, link, output }: OnnxExportOptions,
): OnnxExport {
  const edit = replaceLayers(onnx, replacements, {
    precision: precision === 'f16' ? 'f16' : 'layer',
    quantization,
    version: packageJson.version,
    link,
  });
  const name = basename(output);
  const beside = `${name}.data`;
  let written = onnxFiles(edit.model);
  if (written.external !== null) written = onnxFiles(edit.model, { externalData: { location: beside } });
  const { model, external, bytes } = written;
  return {
    edit,
    bytes,
    files: [
      { name, chunks: model.chunks },
      ...(external === null ? [] : [{ name: beside, chunks: external.chunks }]),
    ],
  };
}

export interface Check {
  /** Largest relative distance of any output, Frobenius; null when the models could not be run here. */
  readonly difference: number | null;
  readonly reason?: string;
}

/** Both models, their tensors and onnxruntime share the 4 GiB of a WebAssembly memory. */
const mostBytes = 1e9;

/** The export beside the source with the matrices that its factors stand for, graph optimizations off. */
export async function checkOnnx(
  { onnx, model }: OnnxFile,
  { edit, bytes }: OnnxExport,
  seed: number,
): Promise<Check> {
  if (Math.max(bytes, onnx.bytes) > mostBytes)
    return { difference: null, reason: `models of more than ${mostBytes / 1e9} GB are not run here` };
  const reference = withDenseWeights(
    onnx,
    edit.layers.map(({ layer, factorization, stored }) => ({
      layer,
      weight: reconstruct(factorization, stored),
    })),
  );
  const whole = await wholeModel(reference);
  const length = Math.min(8, model.maxSequence);
  const feeds: (readonly ProbeInput[])[] = [];
  let reason = '';
  for (const batch of [1, 2]) {
    try {
      const feed = probeInputs(onnx, { batch, length, seed: seed + batch });
      // A graph that was traced at one size runs at no other.
      await outputsOf(whole, [feed]);
      feeds.push(feed);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      reason = error.message;
    }
  }
  if (feeds.length === 0) return { difference: null, reason: `the source does not run here: ${reason}` };
  const expected = await outputsOf(whole, feeds);
  return { difference: largestDistance(expected, await outputsOf(await wholeModel(edit.model), feeds)) };
}

async function wholeModel(model: OnnxModel): Promise<Uint8Array> {
  const file = onnxFiles(model).model;
  const bytes = new Uint8Array(file.bytes);
  let at = 0;
  for await (const chunk of file.chunks()) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
