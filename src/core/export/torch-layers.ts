/** What the layers of a model file are in PyTorch: their factors, with Gemm's alpha in the first one, and their bias. */
import type { Tensor } from '../tensor/dense.ts';
import { tensor } from '../tensor/dense.ts';
import type { ModelFile } from '../onnx/dropped-files.ts';
import { biasReader } from './bias.ts';
import type { FileLayer, FittedLayer } from './fit.ts';
import type { TorchLayer } from './torch.ts';

/** @throws InputError for a bias that is no constant of the file */
export async function torchLayers(
  file: ModelFile,
  layers: readonly FittedLayer[],
): Promise<readonly TorchLayer[]> {
  const biasOf = biasReader(file);
  const made: TorchLayer[] = [];
  for (const { layer, factorization, factors, relativeError, path } of layers) {
    const bias = await biasOf(layer.name);
    const { name } = layer;
    made.push({ name, factorization, factors: scaled(factors, layer), path, relativeError, bias });
  }
  return made;
}

function scaled(factors: readonly Tensor[], layer: FileLayer): readonly Tensor[] {
  const alpha = 'sites' in layer ? (layer.sites[0]?.alpha ?? 1) : 1;
  if (alpha === 1) return factors;
  const scale = (values: Float64Array): Float64Array => values.map((value) => Math.fround(value * alpha));
  return factors.map((factor, k) => (k === 0 ? tensor(factor.shape, scale(factor.values)) : factor));
}
