/** `export`: a model with a design's factors in place of its layers, in the form that another program reads. */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { InputError, check } from '../../core/base/checks.ts';
import { biasReader } from '../../core/export/bias.ts';
import { factorsOf } from '../../core/export/factors.ts';
import { layerTable, type TableLayer } from '../../core/export/layer-table.ts';
import type { TorchLayer } from '../../core/export/torch.ts';
import { quantizationName } from '../../core/factor/check-quantization.ts';
import { reconstruct } from '../../core/factor/decompose/reconstruct.ts';
import type { Format } from '../../core/factor/factorization.ts';
import { parameterCount } from '../../core/factor/parameters.ts';
import type { Quantization } from '../../core/factor/quantization.ts';
import { readModelWeight, type ModelFile } from '../../core/onnx/dropped-files.ts';
import type { LayerReplacement } from '../../core/onnx/edit.ts';
import { taskOf } from '../../core/tasks/tasks.ts';
import { relativeDistance, tensor, type Matrix, type Tensor } from '../../core/tensor/dense.ts';
import { bytesSource } from '../../core/workload/byte-source.ts';
import { modelById } from '../../core/workload/cards.ts';
import { openMeasurer } from '../../engines/ort/measurer.ts';
import { loadOrt } from '../../engines/ort/ort.ts';
import { defineCommand, type Surroundings } from '../command.ts';
import {
  chooseLayers,
  modelPathOf,
  pathChooser,
  readDesign,
  type Design,
  type FileLayer,
} from '../designs.ts';
import { checkOnnx, onnxExport, type Check, type OnnxFile } from '../export-onnx.ts';
import { checkFactors, torchExport } from '../export-torch.ts';
import { openModel } from '../model-files.ts';
import { choice, common, jsonFile, otherwise, positional, required, text, type Values } from '../options.ts';
import { facts, table } from '../table.ts';
import { once, outputPath, writeFiles } from '../write-files.ts';

export interface ExportedLayer {
  readonly name: string;
  /** The file's own names; safetensors has no nodes. */
  readonly weight: string;
  readonly node: string | null;
  readonly format: Format;
  readonly ranks: readonly number[];
  readonly parameters: number;
  /** ||W - W'|| / ||W|| of the float32 factors, Frobenius. */
  readonly relativeError: number;
  /** The same of the factors as they are stored, where that is not float32. */
  readonly storedError?: number;
}

interface Result {
  readonly path: string;
  /** Of all files written. */
  readonly bytes: number;
  readonly originalBytes: number;
  readonly layers: readonly ExportedLayer[];
  readonly check: Check;
}

const options = {
  link: positional(text('LINK', 'the link of a design')),
  design: jsonFile('{layers: [{name, format, outModes, inModes, ranks}]}, instead of a link'),
  model: text(
    'FILE',
    'the model: ONNX, safetensors, or a folder (default that of the link, where it is shipped)',
  ),
  to: required(choice(['onnx', 'tltorch', 'pytorch', 'csv'], 'what to write')),
  output: required(text('PATH', 'the file to write')),
  precision: otherwise(choice(['f32', 'f16'], 'how factors are stored'), 'f32'),
  weights: choice(['int8', 'int4'], 'integer factors instead, a scale per row or per 32 (onnx)'),
  accelerator: common.accelerator,
  accounting: common.accounting,
  objective: common.objective,
  tokens: common.tokens,
  batch: common.batch,
  sequence: common.sequence,
  seed: common.seed,
  progress: common.progress,
};

type Options = Values<typeof options>;

export const exportCommand = defineCommand({
  name: 'export',
  summary: 'a model with factors in place of its layers: ONNX, PyTorch, tables',
  usage: 'export (LINK | --design FILE) [--model FILE] --to onnx|tltorch|pytorch|csv --output PATH',
  notes: [
    'Result: {path, bytes, originalBytes, layers: [{name, weight, node, format, ranks, parameters, relativeError}],',
    "check: {difference}}; relativeError is ||W - W'|| / ||W|| of the float32 factors. onnx: the same graph, factors along",
    'the contraction path; difference is the largest relative distance of an output from that of the source with the same',
    'matrices, on random inputs. tltorch and pytorch: NAME.py with NAME.json and NAME.safetensors beside it. A design file',
    "has the layers' names as info lists them; others stay dense. A link of a shipped model has factors fitted to what the",
    "layers' inputs use, as evaluate measures them; any other has plain least squares.",
  ],
  options,
  run: async (given, surroundings): Promise<Result> => {
    const { folder } = surroundings;
    const design = readDesign(given.link, given.design, 'export');
    const path = outputPath(folder, given.output, 'export');
    const shipped = given.model === undefined;
    const source = modelPathOf(given.model, design, 'export');
    const real = resolve(folder, source);
    check(
      !existsSync(path) || !existsSync(real) || realpathSync(path) !== realpathSync(real),
      'export',
      '--output must not be the model itself',
      given.output,
    );
    const { file, close } = await openModel(folder, source, 'export');
    try {
      const made = await factorize(given, surroundings, design, file, shipped);
      return await writers[given.to](made, path, given, surroundings);
    } finally {
      close();
    }
  },
  print: ({ path, bytes, originalBytes, layers, check: { difference, reason } }) =>
    [
      facts([
        ['written', path],
        ['bytes', bytes],
        ['bytes of the model', originalBytes],
        ['difference from the same matrices', difference ?? reason],
      ]),
      '',
      table(
        ['layer', 'format', 'ranks', 'parameters', 'relative error'],
        layers.map((layer) => [
          layer.name,
          layer.format,
          layer.ranks.join(' '),
          layer.parameters,
          layer.relativeError,
        ]),
      ),
    ].join('\n'),
});

interface MadeLayer extends Omit<LayerReplacement, 'layer'> {
  readonly layer: FileLayer;
  readonly relativeError: number;
}

interface Made {
  readonly file: ModelFile;
  readonly design: Design;
  readonly layers: readonly MadeLayer[];
  readonly quantization: Quantization;
}

const progressMs = 1000;

async function factorize(
  given: Options,
  { note, now }: Surroundings,
  design: Design,
  file: ModelFile,
  shipped: boolean,
): Promise<Made> {
  if (given.to === 'onnx' && file.format !== 'onnx')
    throw new InputError(
      'export',
      'onnx needs the graph of an ONNX model, which safetensors do not have; export the model to ONNX first ' +
        '(optimum-cli export onnx), or write tltorch or pytorch',
      file.name,
    );
  const quantization = quantizationOf(given, design);
  const pathOf = pathChooser(design, file, given);
  const covariances = shipped ? await covariancesOf(design, file) : new Map<string, Matrix>();
  const layers: MadeLayer[] = [];
  let told = now();
  const chosen = chooseLayers(design, file.model.linears);
  for (const { layer, factorization } of chosen) {
    const weight = await readModelWeight(file, layer.name);
    const covariance = covariances.get(layer.name);
    const { factors, relativeError } = factorsOf(weight, factorization, {
      seed: given.seed,
      balanced: quantization.kind !== 'none',
      ...(covariance === undefined ? {} : { covariance }),
    });
    layers.push({ layer, factorization, factors, relativeError, path: pathOf(layer, factorization) });
    if (!given.progress || now() - told < progressMs) continue;
    told = now();
    note(`export: ${layers.length} of ${chosen.length} layers`);
  }
  return { file, design, layers, quantization };
}

/** Neighbours that share a scale in int4 (llama.cpp's Q4_0 has the same 32). */
const int4Group = 32;

function quantizationOf({ weights, to, precision }: Options, design: Design): Quantization {
  const wanted: Quantization | undefined =
    weights === 'int8'
      ? { kind: 'int', bits: 8, group: 'row' }
      : weights === 'int4'
        ? { kind: 'int', bits: 4, group: int4Group }
        : undefined;
  const quantization = wanted ?? design.quantization;
  const plain = quantization.kind === 'none';
  check(
    to === 'onnx' || plain || wanted === undefined,
    'export',
    `--weights is for onnx; ${to} has float factors`,
    weights,
  );
  check(
    plain || precision === 'f32',
    'export',
    'factors are either fp16 or integers: leave out --precision or --weights',
    quantizationName(quantization),
  );
  return to === 'onnx' ? quantization : { kind: 'none' };
}

/** What the inputs of a shipped model's layers are like, as `evaluate` takes it. */
async function covariancesOf({ config }: Design, file: ModelFile): Promise<ReadonlyMap<string, Matrix>> {
  const id = config?.model.kind === 'card' ? config.model.id : '';
  const task = taskOf(id);
  if (task === null) return new Map();
  const bytes = readFileSync(
    modelPathOf(undefined, { layers: [], config, quantization: { kind: 'none' } }, 'export'),
  );
  const measurer = await openMeasurer(await loadOrt(), bytes, modelById(id).linears, task);
  try {
    const steps = measurer.calibrate();
    for (;;) {
      const next = await steps.next();
      if (next.done !== true) continue;
      const known = [...next.value].map(([name, { covariance }]) => [name, covariance] as const);
      const names = new Set(file.model.linears.map(({ name }) => name));
      return new Map(known.filter(([name]) => names.has(name)));
    }
  } finally {
    await measurer.release();
  }
}

type Writer = (made: Made, path: string, given: Options, surroundings: Surroundings) => Promise<Result>;

const described = ({ layer, factorization, relativeError }: MadeLayer): ExportedLayer => ({
  name: layer.name,
  weight: layer.weight,
  node: 'node' in layer ? layer.node : null,
  format: factorization.format,
  ranks: factorization.ranks,
  parameters: parameterCount(factorization),
  relativeError,
});

const writeOnnx: Writer = async ({ file, design, layers, quantization }, path, given) => {
  if (file.format !== 'onnx') throw new Error('internal: no graph to write');
  const kept = quantization.kind === 'none';
  const replaced = layers.flatMap((made) =>
    kept && made.factorization.format === 'dense' ? [] : [made as LayerReplacement & MadeLayer],
  );
  const { precision } = given;
  const storage = { precision, quantization, link: design.link, output: path };
  const written = onnxExport(file as OnnxFile, replaced, storage);
  await writeFiles(dirname(path), written.files, 'export');
  const checked = await checkOnnx(file as OnnxFile, written, given.seed);
  const asFloat = kept && given.precision === 'f32';
  const stored = new Map(written.edit.layers.map((layer) => [layer.layer.name, layer]));
  const described32 = await Promise.all(
    layers.map(async (made): Promise<ExportedLayer> => {
      const own = stored.get(made.layer.name);
      if (asFloat || own === undefined) return described(made);
      const weight = await readModelWeight(file, made.layer.name);
      const matrix = reconstruct(own.factorization, own.stored);
      return { ...described(made), storedError: relativeDistance(weight.values, matrix.values) };
    }),
  );
  return { path, bytes: written.bytes, originalBytes: file.bytes, layers: described32, check: checked };
};

const writeTorch: Writer = async ({ file, design, layers }, path, given) => {
  const library = given.to === 'tltorch' ? 'tltorch' : 'pytorch';
  const biasOf = biasReader(file);
  const torch: TorchLayer[] = [];
  for (const { layer, factorization, factors, relativeError, path: steps } of layers) {
    // A link names every layer; those that stay dense are the user's own already.
    if (design.config !== null && factorization.format === 'dense') continue;
    const bias = await biasOf(layer.name);
    torch.push({
      name: layer.name,
      factorization,
      factors: scaled(factors, layer),
      path: steps,
      relativeError,
      bias,
    });
  }
  check(torch.length > 0, 'export', 'the design must have a layer that is not dense');
  const written = torchExport(torch, {
    library,
    precision: given.precision,
    link: design.link,
    output: path,
  });
  await writeFiles(dirname(path), written.files, 'export');
  const factors = path.replace(/\.py$/, '.safetensors');
  const difference = await checkFactors(torch, bytesSource(readFileSync(factors)));
  return {
    path,
    bytes: written.bytes,
    originalBytes: file.bytes,
    layers: layers.map(described),
    check: { difference },
  };
};

/** Gemm's alpha, which is no part of the weight, into the first factor. */
function scaled(factors: readonly Tensor[], layer: FileLayer): readonly Tensor[] {
  const alpha = 'sites' in layer ? (layer.sites[0]?.alpha ?? 1) : 1;
  if (alpha === 1) return factors;
  return factors.map((factor, k) =>
    k === 0
      ? tensor(
          factor.shape,
          factor.values.map((value) => Math.fround(value * alpha)),
        )
      : factor,
  );
}

const writeTable: Writer = async ({ file, layers }, path) => {
  const rows = layers.map(({ layer, ...rest }): TableLayer => {
    const { name, weight, out, in: inside } = layer;
    return { name, weight, out, in: inside, ...rest };
  });
  const bytes = new TextEncoder().encode(layerTable(rows));
  await writeFiles(dirname(path), [{ name: basename(path), chunks: once(bytes) }], 'export');
  return {
    path,
    bytes: bytes.length,
    originalBytes: file.bytes,
    layers: layers.map(described),
    check: { difference: null, reason: 'a table runs nothing' },
  };
};

const writers: Readonly<Record<Options['to'], Writer>> = {
  onnx: writeOnnx,
  tltorch: writeTorch,
  pytorch: writeTorch,
  csv: writeTable,
};
