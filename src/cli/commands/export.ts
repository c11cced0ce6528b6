/** `export`: a model with a design's factors in place of its layers, in the form that another program reads. */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { InputError, check } from '../../core/base/checks.ts';
import { textFile, type ExportFile } from '../../core/export/file.ts';
import { fitLayers, type FittedLayer } from '../../core/export/fit.ts';
import { layerTable, type TableLayer } from '../../core/export/layer-table.ts';
import { checkFactors, torchExport } from '../../core/export/torch-files.ts';
import { torchLayers } from '../../core/export/torch-layers.ts';
import { quantizationName } from '../../core/factor/check-quantization.ts';
import { reconstruct } from '../../core/factor/decompose/reconstruct.ts';
import type { Format } from '../../core/factor/factorization.ts';
import { parameterCount } from '../../core/factor/parameters.ts';
import type { Quantization } from '../../core/factor/quantization.ts';
import { readModelWeight, type ModelFile } from '../../core/onnx/dropped-files.ts';
import type { LayerReplacement } from '../../core/onnx/edit.ts';
import { relativeDistance, type Matrix } from '../../core/tensor/dense.ts';
import { bytesSource } from '../../core/workload/byte-source.ts';
import { checkOnnx, onnxExport, type ExportCheck } from '../../engines/ort/export.ts';
import packageJson from '../../../package.json' with { type: 'json' };
import { defineCommand, type Surroundings } from '../command.ts';
import { chooseLayers, fileFor, modelPathOf, pathChooser, readDesign, type Design } from '../designs.ts';
import { openModel } from '../model-files.ts';
import { textColumn } from '../example-files.ts';
import { choice, common, jsonFile, otherwise, positional, required, text, type Values } from '../options.ts';
import { facts, table } from '../table.ts';
import { readCalibration, shippedCovariances, type Calibration } from '../user-data.ts';
import { outputPath, writeFiles } from '../write-files.ts';

const { version } = packageJson;

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
  readonly check: ExportCheck;
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
  calibration: text(
    'FILES',
    "one's own examples for the ONNX model (arrays, texts, pictures): factors are fitted to them",
  ),
  column: textColumn,
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
  usage:
    'export (LINK | --design FILE) [--model FILE] --to onnx|tltorch|pytorch|csv --output PATH [--calibration FILES]',
  notes: [
    'Result: {path, bytes, originalBytes, layers: [{name, weight, node, format, ranks, parameters, relativeError}],',
    "check: {difference}}; relativeError is ||W - W'|| / ||W|| of the float32 factors. onnx: the same graph, factors along",
    'the contraction path; difference is the largest relative distance of an output from that of the source with the same',
    'matrices, on random inputs. tltorch and pytorch: NAME.py with NAME.json and NAME.safetensors beside it. A design file',
    "has the layers' names as info lists them; others stay dense. A link of a shipped model has factors fitted to what the",
    "layers' inputs use, as evaluate measures them; any other has plain least squares, or with --calibration (arrays named",
    'as the inputs of the ONNX graph) factors fitted to what the layers read on these examples, on which the file is then',
    'checked too. onnx stores the weights as the link does, where ONNX can; tltorch and pytorch have floats. FILE may be',
    "an export of ours: its factors stand for its source's layers, and those that the design leaves out stay.",
  ],
  options,
  run: async (given, surroundings): Promise<Result> => {
    const { folder } = surroundings;
    const design = readDesign(given.link, given.design, 'export');
    const path = outputPath(folder, given.output, 'export');
    const script = given.to === 'tltorch' || given.to === 'pytorch';
    check(
      !script || /^[^.]+\.py$/.test(basename(path)),
      'export',
      '--output must be NAME.py, without another dot',
      given.output,
    );
    const shipped = given.model === undefined;
    const source = modelPathOf(given.model, design, 'export');
    const real = resolve(folder, source);
    check(
      !existsSync(path) || !existsSync(real) || realpathSync(path) !== realpathSync(real),
      'export',
      '--output must not be the model itself',
      given.output,
    );
    const open = await openModel(folder, source, 'export');
    try {
      const file = fileFor(open, design);
      const asked = { ...given, model: source };
      const calibration = await readCalibration(asked, file, surroundings, 'export');
      const made = await factorize(given, surroundings, design, file, { shipped, calibration });
      return await writers[given.to](made, path, given, surroundings);
    } finally {
      open.close();
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

interface Made {
  readonly file: ModelFile;
  readonly design: Design;
  readonly layers: readonly FittedLayer[];
  readonly quantization: Quantization;
  readonly calibration: Calibration | null;
}

const progressMs = 1000;

async function factorize(
  given: Options,
  { note, now }: Surroundings,
  design: Design,
  file: ModelFile,
  { shipped, calibration }: { readonly shipped: boolean; readonly calibration: Calibration | null },
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
  const wanted = chooseLayers(design, file.model.linears).map(({ layer, factorization }) => ({
    name: layer.name,
    factorization,
    path: pathOf(layer, factorization),
  }));
  let told = now();
  const tell = (progress: string): void => {
    if (!given.progress || now() - told < progressMs) return;
    told = now();
    note(`export: ${progress}`);
  };
  const factorized = wanted.filter(({ factorization }) => factorization.format !== 'dense');
  const covariances =
    calibration !== null
      ? await calibration.covariances(factorized, (done, of) => tell(`${done} of ${of} examples`))
      : shipped
        ? await shippedCovariances(design, 'export')
        : new Map<string, Matrix>();
  const steps = fitLayers(file, wanted, {
    seed: given.seed,
    balanced: quantization.kind !== 'none',
    covariances,
  });
  for (;;) {
    const next = await steps.next();
    if (next.done === true) return { file, design, layers: next.value, quantization, calibration };
    tell(`${next.value} of ${wanted.length} layers`);
  }
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

type Writer = (made: Made, path: string, given: Options, surroundings: Surroundings) => Promise<Result>;

const described = ({ layer, factorization, relativeError }: FittedLayer): ExportedLayer => ({
  name: layer.name,
  weight: layer.weight,
  node: 'node' in layer ? layer.node : null,
  format: factorization.format,
  ranks: factorization.ranks,
  parameters: parameterCount(factorization),
  relativeError,
});

const totalBytes = (files: readonly ExportFile[]): number => files.reduce((sum, { bytes }) => sum + bytes, 0);

const writeOnnx: Writer = async ({ file, design, layers, quantization, calibration }, path, given) => {
  if (file.format !== 'onnx') throw new Error('internal: no graph to write');
  const kept = quantization.kind === 'none';
  const replaced = layers.flatMap((made) =>
    kept && made.factorization.format === 'dense' ? [] : [made as LayerReplacement],
  );
  const { precision, seed } = given;
  const { link } = design;
  const name = basename(path);
  const written = onnxExport(file.onnx, replaced, { precision, quantization, link, version, name });
  await writeFiles(dirname(path), written.files, 'export');
  const { maxSequence } = file.model;
  const examples = calibration === null ? [] : [calibration.first];
  const checked = await checkOnnx(file.onnx, written, { seed, maxSequence, examples });
  const stored = new Map(written.edit.layers.map((layer) => [layer.layer.name, layer]));
  const results: ExportedLayer[] = [];
  for (const made of layers) {
    const own = kept && precision === 'f32' ? undefined : stored.get(made.layer.name);
    if (own === undefined) {
      results.push(described(made));
      continue;
    }
    const weight = await readModelWeight(file, made.layer.name);
    const { values } = reconstruct(own.factorization, own.stored);
    results.push({ ...described(made), storedError: relativeDistance(weight.values, values) });
  }
  return { path, bytes: written.bytes, originalBytes: file.bytes, layers: results, check: checked };
};

const writeTorch: Writer = async ({ file, design, layers }, path, given) => {
  const name = basename(path).replace(/\.py$/, '');
  // A link names every layer; those that stay dense are the user's own already.
  const wanted = layers.filter((each) => design.config === null || each.factorization.format !== 'dense');
  check(wanted.length > 0, 'export', 'the design must have a layer that is not dense');
  const torch = await torchLayers(file, wanted);
  const library = given.to === 'tltorch' ? 'tltorch' : 'pytorch';
  const { precision } = given;
  const files = torchExport(torch, { library, precision, link: design.link, version, name });
  await writeFiles(dirname(path), files, 'export');
  const factors = readFileSync(join(dirname(path), `${name}.safetensors`));
  const difference = await checkFactors(torch, bytesSource(factors));
  return {
    path,
    bytes: totalBytes(files),
    originalBytes: file.bytes,
    layers: layers.map(described),
    check: { difference },
  };
};

const writeTable: Writer = async ({ file, layers }, path) => {
  const rows = layers.map(({ layer, ...rest }): TableLayer => {
    const { name, weight, out, in: inside } = layer;
    return { name, weight, out, in: inside, ...rest };
  });
  const files = [textFile(basename(path), layerTable(rows))];
  await writeFiles(dirname(path), files, 'export');
  return {
    path,
    bytes: totalBytes(files),
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
