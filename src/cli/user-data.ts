/** `--calibration` and `--data`: a person's own examples for their ONNX model. */
import { InputError } from '../core/base/checks.ts';
import type { ModelFile } from '../core/onnx/dropped-files.ts';
import type { OnnxLayer } from '../core/onnx/model.ts';
import type { UserInputs } from '../core/onnx/user-inputs.ts';
import type { Matrix } from '../core/tensor/dense.ts';
import { loadOrt } from '../engines/ort/ort.ts';
import { layerCovariances } from '../engines/ort/user-statistics.ts';

export type OnnxFile = Extract<ModelFile, { readonly format: 'onnx' }>;

/** @throws InputError for files without a graph */
export function withGraph(file: ModelFile, option: string, subject: string): OnnxFile {
  if (file.format === 'onnx') return file;
  throw new InputError(
    subject,
    `${option} needs the graph of an ONNX model, which safetensors do not have`,
    file.name,
  );
}

/** E[x x^T] of what these layers read, by layer name. @param tell takes examples done */
export async function covariancesOver(
  { onnx }: OnnxFile,
  layers: readonly OnnxLayer[],
  inputs: UserInputs,
  tell: (done: number, of: number) => void = () => {},
): Promise<ReadonlyMap<string, Matrix>> {
  const steps = layerCovariances(await loadOrt(), onnx, layers, inputs);
  for (;;) {
    const next = await steps.next();
    if (next.done === true) return next.value;
    tell(next.value.done, next.value.of);
  }
}
