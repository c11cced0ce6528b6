/** `factorize`: a weight matrix in a format, by plain least squares or weighted by its inputs. */
import { check } from '../../core/base/checks.ts';
import { findPath } from '../../core/einsum/path.ts';
import { printEinsum } from '../../core/einsum/parse.ts';
import { momentsOf, weightedDistance } from '../../core/factor/decompose/covariance.ts';
import { decompose } from '../../core/factor/decompose/decompose.ts';
import { reconstruct } from '../../core/factor/decompose/reconstruct.ts';
import { formats, type Factorization, type Format } from '../../core/factor/factorization.ts';
import { forwardEinsum } from '../../core/factor/forward.ts';
import { parameterCount } from '../../core/factor/parameters.ts';
import { checkFactorization } from '../../core/factor/ranks.ts';
import { relativeDistance, type Matrix } from '../../core/tensor/dense.ts';
import type { FileLayer } from '../../core/export/fit.ts';
import { readModelWeight, type ModelFile } from '../../core/onnx/dropped-files.ts';
import { hasGraphInputs, readInputs } from '../../core/onnx/user-inputs.ts';
import { isNpz, npzNames } from '../../core/workload/npz.ts';
import { calibrationOf } from '../calibration.ts';
import { defineCommand, type Surroundings } from '../command.ts';
import { readBytes } from '../files.ts';
import { openModel } from '../model-files.ts';
import { readNpy } from '../../core/workload/npy.ts';
import { textColumn } from '../example-files.ts';
import { choice, common, otherwise, required, text, whole, wholes } from '../options.ts';
import { facts } from '../table.ts';
import { covariancesOver, readCalibration } from '../user-data.ts';

interface Result {
  /** Of the factors, without bias. */
  readonly parameters: number;
  readonly denseParameters: number;
  /** Of the cheapest contraction path, at --tokens rows. */
  readonly macs: number;
  /** ||W - W'|| / ||W||, Frobenius, of the factors as float32. */
  readonly relativeError: number;
  /** ||(W - W') X^T|| / ||W X^T|| for the inputs X of --calibration, of the same factors. */
  readonly weightedError?: number;
  readonly ranks: readonly number[];
  readonly einsum: string;
  readonly seconds: number;
}

export const factorizeCommand = defineCommand({
  name: 'factorize',
  summary: 'factors of a weight matrix, and how far their product is from it',
  usage:
    'factorize (--model FILE --layer NAME | --matrix FILE.npy) --format F [--out-modes 4,12,16 --in-modes 4,12,16] --ranks 8,8 [--calibration FILE]',
  notes: [
    'Ranks are in the order of the format: svd r; kronecker R; cp R; tucker one per mode, out then in; tt and ttm the',
    'inner ranks; tr the ring from r0; block-term the blocks, then the tucker ranks. Unrealizable ranks are refused.',
    'Result: {parameters, denseParameters, macs, relativeError, ranks, einsum, seconds}; relativeError is',
    "||W - W'|| / ||W|| (Frobenius) of the float32 factors. With --calibration the factors are those of least error",
    "for these inputs X, and weightedError is ||(W - W') X'|| / ||W X'||. Given examples for an ONNX model (as evaluate --data",
    'takes them), the model is run on them and X is what the layer reads.',
  ],
  options: {
    model: text('FILE', 'an ONNX or safetensors file, index or folder'),
    layer: text('NAME', 'its layer or weight, as info lists them'),
    matrix: text('FILE.npy', 'a matrix [out, in]'),
    format: required(choice(formats, 'what W is replaced by')),
    outModes: wholes('4,12,16', 'modes of the rows (default the whole side)'),
    inModes: wholes('4,12,16', 'modes of the columns (default the whole side)'),
    ranks: wholes('8,8', 'ranks'),
    tokens: otherwise(whole('rows of X that macs are counted for'), 1),
    seed: common.seed,
    calibration: text(
      'FILE',
      'inputs of the layer: .npy [rows, in], or .npz with the array NAME; or examples for an ONNX model',
    ),
    column: textColumn,
  },
  run: async (options, surroundings): Promise<Result> => {
    const start = surroundings.now();
    const { weight, covariance } = await readSource(options, surroundings);
    const factorization = factorizationOf(options, weight);
    const { factors } = decompose(weight, factorization, {
      seed: options.seed,
      ...(covariance !== undefined && { covariance }),
    });
    const rounded = factors.map(({ shape, values }) => ({ shape, values: values.map(Math.fround) }));
    const rebuilt = reconstruct(factorization, rounded);
    const moments = covariance === undefined ? null : momentsOf(covariance, weight.columns);
    const einsum = forwardEinsum(factorization, options.tokens);
    return {
      parameters: parameterCount(factorization),
      denseParameters: weight.rows * weight.columns,
      macs: findPath(einsum).macs,
      relativeError: relativeDistance(weight.values, rebuilt.values),
      ...(covariance !== undefined && {
        // Inputs that are all zero weigh nothing.
        weightedError: moments === null ? 0 : weightedDistance(weight, rebuilt, moments),
      }),
      ranks: factorization.ranks,
      einsum: printEinsum(einsum),
      seconds: (surroundings.now() - start) / 1000,
    };
  },
  print: (result) =>
    facts([
      ['parameters', result.parameters],
      ['dense parameters', result.denseParameters],
      ['MACs', result.macs],
      ['relative error', result.relativeError],
      ...(result.weightedError === undefined ? [] : [['weighted error', result.weightedError] as const]),
      ['ranks', result.ranks.join(' ')],
      ['einsum', result.einsum],
      ['seconds', result.seconds.toFixed(2)],
    ]),
});

interface Source {
  readonly model: string | undefined;
  readonly layer: string | undefined;
  readonly matrix: string | undefined;
  readonly calibration: string | undefined;
  readonly column: string | undefined;
}

interface Weight {
  readonly weight: Matrix;
  /** E[x x^T] of the layer's inputs; undefined without --calibration. */
  readonly covariance: Matrix | undefined;
}

async function readSource(
  { model, layer, matrix, calibration, column }: Source,
  { folder, note }: Surroundings,
): Promise<Weight> {
  check(
    (matrix === undefined) !== (model === undefined) && (model === undefined) === (layer === undefined),
    'factorize',
    'needs either --model FILE and --layer NAME, or --matrix FILE.npy',
  );
  const given = (): Uint8Array | undefined =>
    calibration === undefined ? undefined : readBytes(folder, calibration, 'factorize');
  if (matrix !== undefined) {
    const weight = readNpy(readBytes(folder, matrix, 'factorize'));
    const bytes = given();
    return { weight, covariance: bytes && calibrationOf(bytes, [], weight.columns) };
  }
  const open = await openModel(folder, model ?? '', 'factorize');
  try {
    const found = open.file.model.linears.find(({ name, weight }) => name === layer || weight === layer);
    check(
      found !== undefined && layer !== undefined,
      'factorize',
      '--layer must be one that info lists',
      layer,
    );
    const weight = await readModelWeight(open.file, layer);
    if (calibration !== undefined && !/\.np[yz]$/i.test(calibration)) {
      const asked = { calibration, column, model: model ?? '' };
      const examples = await readCalibration(asked, open.file, { folder, note }, 'factorize');
      const covariances = await examples?.covariances([found], () => {});
      return { weight, covariance: covariances?.get(found.name) };
    }
    const bytes = given();
    return { weight, covariance: bytes && (await covarianceOf(open.file, found, bytes)) };
  } finally {
    open.close();
  }
}

/** From rows of the layer's own inputs, or through the model from the inputs of its graph. */
async function covarianceOf(file: ModelFile, layer: FileLayer, bytes: Uint8Array): Promise<Matrix> {
  const names = [layer.name, layer.weight];
  const isOwn = isNpz(bytes) && npzNames(bytes).some((name) => names.includes(name));
  if (isOwn || file.format !== 'onnx' || !hasGraphInputs(file.onnx, bytes))
    return calibrationOf(bytes, names, layer.in);
  const layers = file.model.linears.filter(({ name }) => name === layer.name);
  const found = await covariancesOver(file, layers, readInputs(file.onnx, bytes));
  return found.get(layer.name)!;
}

interface Wanted {
  readonly format: Format;
  readonly outModes: readonly number[] | undefined;
  readonly inModes: readonly number[] | undefined;
  readonly ranks: readonly number[] | undefined;
}

function factorizationOf(
  { format, outModes, inModes, ranks }: Wanted,
  { rows, columns }: Matrix,
): Factorization {
  check(format === 'dense' || ranks !== undefined, 'factorize', 'needs --ranks');
  const wanted: Factorization = {
    format,
    outModes: outModes ?? [rows],
    inModes: inModes ?? [columns],
    ranks: ranks ?? [],
  };
  return checkFactorization(wanted, rows, columns);
}
