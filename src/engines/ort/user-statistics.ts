/**
 * What the layers of a person's model read over their own examples. The model runs once for each group of layers whose
 * sums fit together, so that memory is bounded whatever the model.
 */
import { check } from '../../core/base/checks.ts';
import { opsetOf } from '../../core/onnx/edit-graph.ts';
import { withProto } from '../../core/onnx/edit.ts';
import { layerInputs, type LayerInput, type LayerInputs } from '../../core/onnx/layer-inputs.ts';
import type { OnnxLayer, OnnxModel } from '../../core/onnx/model.ts';
import { someMask, type Mask, type UserInputs } from '../../core/onnx/user-inputs.ts';
import type { Column } from '../../core/tasks/task.ts';
import type { Matrix } from '../../core/tensor/dense.ts';
import { wholeModel } from './export.ts';
import type { AnyFeeds, Ort } from './ort.ts';
import { createStatistician, distinctInputs, maskInput, withGrams } from './statistics.ts';
import { batchFor, feedsOf } from './user-batches.ts';

/** Second moments of a wider layer are 134 MB, and their decomposition takes minutes. */
const mostInputs = 4096;
/** Sums of one run: 128 MB in the runtime, 256 MB here. */
const mostOfGroup = 2 ** 25;
/** Of all layers together: 2 GB. */
const mostTogether = 2 ** 28;
/** The model, its tensors and onnxruntime share the 4 GiB of a WebAssembly memory. */
const mostModelBytes = 1e9;

export interface Progress {
  readonly done: number;
  readonly of: number;
}

/**
 * E[x x^T] over the rows that each layer reads, padding left out, by layer name; layers of one input share the object.
 * Yields examples done.
 * @throws InputError for layers of more than 4,096 inputs, and those whose input cannot be given out, naming them
 */
export async function* layerCovariances(
  ort: Ort,
  model: OnnxModel,
  layers: readonly OnnxLayer[],
  inputs: UserInputs,
): AsyncGenerator<Progress, ReadonlyMap<string, Matrix>> {
  for (const layer of layers)
    check(
      layer.in <= mostInputs,
      `layer ${layer.name}`,
      `must have at most ${mostInputs} inputs to be calibrated`,
      layer.in,
    );
  checkModelSize(model);
  const mask = opsetOf(model.proto) >= opsetOfMasks ? inputs.mask : null;
  const feeds = (from: number, count: number): AnyFeeds => ({
    ...feedsOf(inputs, from, count),
    ...(mask !== null && { [maskInput]: columnOf(mask, from, count) }),
  });
  const groups = groupsOf(layerInputs(model, layers));
  const of = groups.length * inputs.count;
  const found = new Map<string, Matrix>();
  for (const [k, group] of groups.entries()) {
    const graph = withProto(model, withGrams(model.proto, distinctInputs(group), mask !== null));
    const session = await ort.createSession(await wholeModel(graph));
    const { add, result, release } = createStatistician(session, group);
    try {
      const step = await batchFor(session, inputs, { feeds });
      for (let from = 0; from < inputs.count; from += step) {
        await add(feeds(from, Math.min(step, inputs.count - from)));
        yield { done: k * inputs.count + Math.min(from + step, inputs.count), of };
      }
      for (const [name, { covariance }] of result()) found.set(name, covariance);
    } finally {
      await release();
    }
  }
  return found;
}

/** The first with Range. */
const opsetOfMasks = 11;

const columnOf = (mask: Mask, from: number, count: number): Column => ({
  shape: [count, mask.shape[1]],
  values: Float32Array.from(someMask(mask, from, count)),
});

export function checkModelSize({ bytes }: OnnxModel): void {
  check(bytes <= mostModelBytes, 'model', 'must have at most 1 GB to be run here', bytes);
}

/** Layers in order, together as long as their sums fit; those of one input stay together where they are neighbours. */
function groupsOf(layers: readonly LayerInputs[]): readonly (readonly LayerInputs[])[] {
  const groups: LayerInputs[][] = [];
  const sizeOf = (group: readonly LayerInputs[]): number =>
    distinctInputs(group).reduce((sum, { width }: LayerInput) => sum + width * width, 0);
  check(
    sizeOf(layers) <= mostTogether,
    'calibration',
    `must be of layers with at most ${mostTogether} second moments together; take fewer layers at a time`,
    sizeOf(layers),
  );
  for (const layer of layers) {
    const last = groups.at(-1);
    if (last !== undefined && sizeOf([...last, layer]) <= mostOfGroup) last.push(layer);
    else groups.push([layer]);
  }
  return groups;
}
