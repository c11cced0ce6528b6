/** `--calibration` and `--data`: a person's own examples for their ONNX model; of shipped models those of their task. */
import { readFileSync } from 'node:fs';
import { InputError } from '../core/base/checks.ts';
import type { ModelFile } from '../core/onnx/dropped-files.ts';
import type { OnnxLayer } from '../core/onnx/model.ts';
import type { ProbeInput } from '../core/onnx/probe-inputs.ts';
import { someInputs, type UserInputs } from '../core/onnx/user-inputs.ts';
import { taskOf } from '../core/tasks/tasks.ts';
import type { Matrix } from '../core/tensor/dense.ts';
import { modelById } from '../core/workload/cards.ts';
import { inputCovariances } from '../engines/ort/export.ts';
import { loadOrt } from '../engines/ort/ort.ts';
import { layerCovariances } from '../engines/ort/user-statistics.ts';
import type { Surroundings } from './command.ts';
import type { Design } from './designs.ts';
import { readExampleFiles } from './example-files.ts';
import { shippedModelPath } from './shipped.ts';

export type OnnxFile = Extract<ModelFile, { readonly format: 'onnx' }>;
type Tell = (done: number, of: number) => void;

/** @throws InputError for files without a graph */
export function withGraph(file: ModelFile, option: string, subject: string): OnnxFile {
  if (file.format === 'onnx') return file;
  throw new InputError(
    subject,
    `${option} needs the graph of an ONNX model, which safetensors do not have`,
    file.name,
  );
}

export interface Calibration {
  readonly inputs: UserInputs;
  /** A few examples, as the graph takes them. */
  readonly first: readonly ProbeInput[];
  /** E[x x^T] of what the layers of these names read, by name. */
  readonly covariances: (
    layers: readonly { readonly name: string }[],
    tell: Tell,
  ) => Promise<ReadonlyMap<string, Matrix>>;
}

/** Examples that an export is checked with. */
const few = 2;

/** What a command was told about a person's examples. */
export interface ExampleChoice {
  readonly calibration?: string | undefined;
  readonly column?: string | undefined;
  readonly model: string;
}

/** @throws InputError for files without a graph, and examples that do not fit it */
export async function readCalibration(
  { calibration, column, model }: ExampleChoice,
  file: ModelFile,
  { folder, note }: Pick<Surroundings, 'folder' | 'note'>,
  subject: string,
): Promise<Calibration | null> {
  if (calibration === undefined) return null;
  const own = withGraph(file, '--calibration', subject);
  const { inputs, told } = await readExampleFiles(
    own,
    { names: calibration, column, folder, model },
    subject,
  );
  for (const sentence of told) note(`${subject}: ${sentence}`);
  return {
    inputs,
    first: someInputs(inputs, 0, inputs.batch ?? Math.min(few, inputs.count)),
    covariances: (layers, tell) => {
      const wanted = new Set(layers.map((layer) => layer.name));
      const chosen = own.model.linears.filter((layer) => wanted.has(layer.name));
      return covariancesOver(own, chosen, inputs, tell);
    },
  };
}

/** E[x x^T] of what these layers read, by layer name. @param tell takes examples done */
export async function covariancesOver(
  { onnx }: OnnxFile,
  layers: readonly OnnxLayer[],
  inputs: UserInputs,
  tell: Tell = () => {},
): Promise<ReadonlyMap<string, Matrix>> {
  const steps = layerCovariances(await loadOrt(), onnx, layers, inputs);
  for (;;) {
    const next = await steps.next();
    if (next.done === true) return next.value;
    tell(next.value.done, next.value.of);
  }
}

/** What the inputs of a shipped model's layers are like on its task; nothing for other models. */
export async function shippedCovariances(
  { config }: Design,
  subject: string,
): Promise<ReadonlyMap<string, Matrix>> {
  const task = config?.model.kind === 'card' ? taskOf(config.model.id) : null;
  if (task === null) return new Map();
  const bytes = readFileSync(shippedModelPath(task.id, subject));
  const steps = inputCovariances(await loadOrt(), bytes, modelById(task.id).linears, task);
  for (;;) {
    const next = await steps.next();
    if (next.done === true) return next.value;
  }
}
