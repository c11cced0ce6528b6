/** The bias of a layer in a model file, as numbers. */
import { check } from '../base/checks.ts';
import { createConstants } from '../onnx/constants.ts';
import type { ModelFile } from '../onnx/dropped-files.ts';
import { linkGraph } from '../onnx/graph.ts';
import { readOnnxWeight } from '../onnx/weights.ts';
import { readFloat64 } from '../workload/safetensors.ts';

/** By layer name: [out], or null for a layer without. @throws InputError for a bias that is no constant of the file */
export function biasReader(file: ModelFile): (layer: string) => Promise<Float64Array | null> {
  if (file.format === 'safetensors') {
    const byName = new Map(file.store.tensors.map((tensor) => [tensor.name, tensor]));
    return async (name) => {
      const layer = file.model.linears.find((each) => each.name === name);
      const tensor = byName.get(layer?.weight.replace(/(?:weight|kernel)$/, 'bias') ?? '');
      return layer?.bias === true && tensor !== undefined ? readFloat64(file.store, tensor) : null;
    };
  }
  const { onnx, model } = file;
  const graph = linkGraph(onnx.proto);
  const constants = createConstants(onnx, graph);
  return async (name) => {
    const layer = model.linears.find((each) => each.name === name);
    const site = layer?.sites[0];
    if (layer === undefined || site === undefined || site.bias === null) return null;
    const value = graph.values.get(site.bias);
    const source = constants.sourceOf(value);
    check(source !== null, `layer ${name}`, 'bias must be a constant of the file to be written', site.bias);
    const { values } = await readOnnxWeight(onnx, { ...layer, source, in: 1, transposed: false });
    return site.ownBias ? values.map((each) => each * site.beta) : values;
  };
}
