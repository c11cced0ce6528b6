/** A design as an ONNX file, and the check that it does what the source does with the same matrices. */
import { InputError } from '../../core/base/checks.ts';
import type { ExportFile } from '../../core/export/file.ts';
import { reconstruct } from '../../core/factor/decompose/reconstruct.ts';
import type { Quantization } from '../../core/factor/quantization.ts';
import { withDenseWeights } from '../../core/onnx/edit-dense.ts';
import { replaceLayers, type LayerReplacement, type OnnxEdit } from '../../core/onnx/edit.ts';
import type { OnnxModel } from '../../core/onnx/model.ts';
import { probeInputs, tracedLengths, type ProbeInput } from '../../core/onnx/probe-inputs.ts';
import { onnxFiles } from '../../core/onnx/write.ts';
import { seeds, type Task } from '../../core/tasks/task.ts';
import type { Matrix } from '../../core/tensor/dense.ts';
import type { LinearLayer } from '../../core/workload/model.ts';
import { largestLayerDistance } from './check-layers.ts';
import { largestDistance, outcomesOf, outputsOf, type Outputs } from './compare.ts';
import { openMeasurer } from './measurer.ts';
import type { Ort } from './ort.ts';

export interface OnnxExport {
  readonly edit: OnnxEdit;
  readonly files: readonly ExportFile[];
  /** Of all files. */
  readonly bytes: number;
}

export interface OnnxExportOptions {
  readonly precision: 'f32' | 'f16';
  readonly quantization: Quantization;
  readonly link: string | undefined;
  /** Of this program. */
  readonly version: string;
  /** Of the file to write, without a folder. */
  readonly name: string;
}

/** @throws InputError for layers, opsets and storages that ONNX files cannot hold */
export function onnxExport(
  onnx: OnnxModel,
  replacements: readonly LayerReplacement[],
  { precision, quantization, link, version, name }: OnnxExportOptions,
): OnnxExport {
  const edit = replaceLayers(onnx, replacements, {
    precision: precision === 'f16' ? 'f16' : 'layer',
    quantization,
    version,
    link,
  });
  const beside = `${name}.data`;
  let written = onnxFiles(edit.model);
  if (written.external !== null) written = onnxFiles(edit.model, { externalData: { location: beside } });
  const { model, external, bytes } = written;
  return {
    edit,
    bytes,
    files: [{ name, ...model }, ...(external === null ? [] : [{ name: beside, ...external }])],
  };
}

export interface ExportCheck {
  /** Largest relative distance of any output, Frobenius; null when the models could not be run here. */
  readonly difference: number | null;
  /** Why there is no difference, or what it is of. */
  readonly reason?: string;
}

export interface CheckOptions {
  readonly seed: number;
  /** Longest sequence that the model takes. */
  readonly maxSequence: number;
  /** Inputs to be tried beside random ones. */
  readonly examples?: readonly (readonly ProbeInput[])[];
}

/** onnxruntime takes some four times a model's size to run it. */
const mostBytes = 5e8;
const mostTokens = 8;

/** The export beside the source with the matrices that its factors stand for, graph optimizations off. */
export async function checkOnnx(
  onnx: OnnxModel,
  { edit, bytes }: Pick<OnnxExport, 'edit' | 'bytes'>,
  { seed, maxSequence, examples = [] }: CheckOptions,
): Promise<ExportCheck> {
  if (Math.max(bytes, onnx.bytes) > mostBytes) {
    const difference = await largestLayerDistance(onnx, edit, seed);
    const reason = `models of more than ${mostBytes / 1e9} GB are not run whole here`;
    return { difference, reason: difference === null ? reason : `${reason}: each layer by itself` };
  }
  const reference = withDenseWeights(
    onnx,
    edit.layers.map(({ layer, factorization, stored }) => ({
      layer,
      weight: reconstruct(factorization, stored),
    })),
  );
  const notHere = (reason: string): ExportCheck => ({
    difference: null,
    reason: `the source does not run here: ${reason}`,
  });
  const length = Math.min(mostTokens, maxSequence);
  const random = [1, 2].map((batch) => probeInputs(onnx, { batch, length, seed: seed + batch }));
  // A graph that was traced at one length runs at no other.
  const traced = () =>
    tracedLengths(onnx, maxSequence).map((own) => probeInputs(onnx, { batch: 2, length: own, seed }));
  let ran: readonly Ran[];
  try {
    const source = await wholeModel(reference);
    const usual = await ranOf(source, [...examples, ...random]);
    const found = 'failed' in usual ? await ranOf(source, traced()) : usual;
    if ('failed' in found) return notHere('failed' in usual ? usual.failed : found.failed);
    ran = found;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return notHere(error.message);
  }
  const made = await outputsOf(
    await wholeModel(edit.model),
    ran.map(({ feed }) => feed),
  );
  return {
    difference: largestDistance(
      ran.map(({ outputs }) => outputs),
      made,
    ),
  };
}

interface Ran {
  readonly feed: readonly ProbeInput[];
  readonly outputs: Outputs;
}

/** The inputs that a model takes, with what it answers; or why it takes none of them. */
async function ranOf(
  model: Uint8Array,
  feeds: readonly (readonly ProbeInput[])[],
): Promise<readonly Ran[] | { readonly failed: string }> {
  const outcomes = await outcomesOf(model, feeds);
  const ran = outcomes.flatMap((outputs, k): readonly Ran[] => {
    const feed = feeds[k];
    return feed === undefined || outputs instanceof InputError ? [] : [{ feed, outputs }];
  });
  if (ran.length > 0) return ran;
  return { failed: outcomes.find((outcome) => outcome instanceof InputError)?.message ?? 'no inputs' };
}

/** As one array, for onnxruntime. */
export async function wholeModel(model: OnnxModel): Promise<Uint8Array> {
  const file = onnxFiles(model).model;
  const bytes = new Uint8Array(file.bytes);
  let at = 0;
  for await (const chunk of file.chunks()) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** The first held-out examples of a task, as inputs to be tried. */
export function heldOutInputs(task: Task, count: number): readonly ProbeInput[] {
  const { inputs } = task.examples(seeds.heldOut, 0, count);
  return Object.entries(inputs).map(([name, { shape, values }]) => ({
    name,
    dtype: values instanceof Float32Array ? 'F32' : 'I64',
    shape,
    values: Float64Array.from<number | bigint>(values, Number),
  }));
}

/**
 * E[x x^T] of the inputs of a trained model's layers, by layer name: what `evaluate` fits factors to.
 * Yields how many of the calibration examples have been seen.
 */
export async function* inputCovariances(
  ort: Ort,
  bytes: Uint8Array,
  linears: readonly LinearLayer[],
  task: Task,
  examples?: number,
): AsyncGenerator<{ readonly done: number; readonly of: number }, ReadonlyMap<string, Matrix>> {
  const measurer = await openMeasurer(ort, bytes, linears, task, examples);
  try {
    const steps = measurer.calibrate();
    for (;;) {
      const next = await steps.next();
      if (next.done === true)
        return new Map([...next.value].map(([name, { covariance }]) => [name, covariance] as const));
      if (next.value.kind === 'calibrated') yield { done: next.value.examples, of: next.value.of };
    }
  } finally {
    await measurer.release();
  }
}
