/** The layers of a model file that a design names, decomposed one after another. */
import { InputError } from '../base/checks.ts';
import type { ContractionPath } from '../einsum/path.ts';
import type { DecomposeOptions } from '../factor/decompose/decompose.ts';
import type { Factorization } from '../factor/factorization.ts';
import { checkFactorization } from '../factor/ranks.ts';
import { readModelWeight, type ModelFile } from '../onnx/dropped-files.ts';
import type { Matrix } from '../tensor/dense.ts';
import { factorsOf, type Factors } from './factors.ts';

export type FileLayer = ModelFile['model']['linears'][number];

export interface WantedLayer {
  readonly name: string;
  readonly factorization: Factorization;
  /** Of the forward einsum, whatever its rows. */
  readonly path: ContractionPath;
}

export interface FittedLayer extends Factors, Omit<WantedLayer, 'name'> {
  readonly layer: FileLayer;
}

export interface FitOptions {
  readonly seed: number;
  /** Factors of equal size: what quantization wants. */
  readonly balanced: boolean;
  /** E[x x^T] of the layers' inputs by layer name; the others have plain least squares. */
  readonly covariances: ReadonlyMap<string, Matrix>;
  /** `quick` where somebody waits: what measured accuracy is of. */
  readonly effort?: DecomposeOptions['effort'];
}

/**
 * Yields how many layers are done, before the first one and after each.
 * @throws InputError for a layer that the file does not have, or has in another shape
 */
export async function* fitLayers(
  file: ModelFile,
  wanted: readonly WantedLayer[],
  { seed, balanced, covariances, effort }: FitOptions,
): AsyncGenerator<number, readonly FittedLayer[]> {
  const byName = new Map(file.model.linears.map((layer) => [layer.name, layer] as const));
  const fitted: FittedLayer[] = [];
  for (const { name, factorization, path } of wanted) {
    yield fitted.length;
    const layer = byName.get(name);
    if (layer === undefined) throw new InputError('design', `${file.name} must have the layer`, name);
    checkFactorization(factorization, layer.out, layer.in);
    const covariance = covariances.get(name);
    const factors = factorsOf(await readModelWeight(file, name), factorization, {
      seed,
      balanced,
      ...(effort === undefined ? {} : { effort }),
      ...(covariance === undefined ? {} : { covariance }),
    });
    fitted.push({ layer, factorization, path, ...factors });
  }
  yield fitted.length;
  return fitted;
}
