/**
 * Exports: a model read, its layers decomposed, the files written into Blobs piece by piece, and what was written read
 * back and compared. A thin shell around `core/export` and `engines/ort`. To cancel it is ended.
 */
import packageJson from '../package.json' with { type: 'json' };
import { InputError } from '../src/core/base/checks.ts';
import { bytesFile, textFile, type ExportFile } from '../src/core/export/file.ts';
import { halves } from '../src/core/examples/split.ts';
import { fitLayers, type FittedLayer, type WantedLayer } from '../src/core/export/fit.ts';
import { layerTable } from '../src/core/export/layer-table.ts';
import { checkFactors, torchExport } from '../src/core/export/torch-files.ts';
import { torchLayers } from '../src/core/export/torch-layers.ts';
import { zipChunks } from '../src/core/export/zip.ts';
import { parameterCount } from '../src/core/factor/parameters.ts';
import { openModelFile, type ModelFile } from '../src/core/onnx/dropped-files.ts';
import type { LayerReplacement } from '../src/core/onnx/edit.ts';
import { someInputs, type UserInputs } from '../src/core/onnx/user-inputs.ts';
import { taskOf } from '../src/core/tasks/tasks.ts';
import type { Matrix } from '../src/core/tensor/dense.ts';
import { bytesSource } from '../src/core/workload/byte-source.ts';
import { modelById } from '../src/core/workload/cards.ts';
import { checkOnnx, heldOutInputs, inputCovariances, onnxExport } from '../src/engines/ort/export.ts';
import { loadOrt } from '../src/engines/ort/ort.ts';
import { warmRuntime } from '../src/engines/ort/latency.ts';
import { mostOfHalf } from '../src/engines/ort/own-measurer.ts';
import { layerCovariances } from '../src/engines/ort/user-statistics.ts';
import { hastenTensors } from '../src/engines/wasm/tensor.ts';
import { fetchModel, fileSource, warm } from './model-bytes.ts';
import { openOwnFile, readOwnExamples } from './own-model.ts';
import type {
  ExportedFile,
  ExportForm,
  ExportMade,
  ExportReply,
  ExportRequest,
  ExportStage,
  ExportStart,
  NamedFile,
} from './protocol.ts';
import { problemOf } from './problem.ts';

/** The same design gives the same files; `export` of the command line has this seed too. */
const seed = 1;
/** Held-out examples that a check runs beside random inputs. */
const checkedExamples = 8;

/** Relative, of outputs whose sums are taken in another order: float32, and half precision with its 11 bits. */
const floatLimit = 1e-4;
const halfLimit = 1e-2;

const isHalf = (layers: readonly FittedLayer[]): boolean =>
  layers.some(({ layer }) => layer.dtype === 'F16' || layer.dtype === 'BF16');

type Tell = (stage: ExportStage, done: number, of: number) => void;

const post = (reply: ExportReply): void => self.postMessage(reply);

interface Opened {
  readonly file: ModelFile;
  /** Of a trained model, or from a person's examples, what its layers' inputs are like. */
  readonly covariances: ReadonlyMap<string, Matrix>;
  /** A person's own, that factors are fitted to. */
  readonly examples: UserInputs | null;
}

/** By address: what calibration gave is the same for every design. */
const shipped = new Map<string, Opened>();

async function open({ weights, layers }: ExportStart, tell: Tell): Promise<Opened> {
  tell('loading', 0, 1);
  if (weights.kind === 'files') {
    const file = await openOwnFile(weights.files);
    const { examples = [] } = weights;
    return examples.length === 0
      ? { file, covariances: new Map(), examples: null }
      : calibrateOwn(file, examples, layers, tell);
  }
  const { id, url } = weights;
  const known = shipped.get(url);
  if (known !== undefined) return known;
  const bytes = await fetchModel(id, url);
  const file = await openModelFile({ name: `${id}.onnx`, source: bytesSource(bytes) }, () => null);
  const task = taskOf(id);
  const opened = {
    file,
    examples: null,
    covariances: task === null ? new Map<string, Matrix>() : await calibrate(id, bytes, task, tell),
  };
  shipped.set(url, opened);
  return opened;
}

/** Over the half that designs are not measured on: the same factors as the page's figures are of. */
async function calibrateOwn(
  file: ModelFile,
  examples: readonly NamedFile[],
  layers: readonly WantedLayer[],
  tell: Tell,
): Promise<Opened> {
  const own = await readOwnExamples(file, examples);
  const { calibration, heldOut } = halves(own.given.inputs, mostOfHalf);
  const names = new Set(
    layers.filter(({ factorization }) => factorization.format !== 'dense').map(({ name }) => name),
  );
  const wanted = own.file.model.linears.filter(({ name }) => names.has(name));
  const steps = layerCovariances(await loadOrt(), own.file.onnx, wanted, calibration);
  for (;;) {
    const next = await steps.next();
    if (next.done === true) return { file, covariances: next.value, examples: heldOut };
    tell('calibrating', next.value.done, next.value.of);
  }
}

async function calibrate(
  id: string,
  bytes: Uint8Array,
  task: NonNullable<ReturnType<typeof taskOf>>,
  tell: Tell,
): Promise<ReadonlyMap<string, Matrix>> {
  const steps = inputCovariances(await loadOrt(), bytes, modelById(id).linears, task);
  for (;;) {
    const next = await steps.next();
    if (next.done === true) return next.value;
    tell('calibrating', next.value.done, next.value.of);
  }
}

async function fit(
  { file, covariances }: Opened,
  request: ExportStart,
  tell: Tell,
): Promise<readonly FittedLayer[]> {
  const balanced = request.quantization.kind !== 'none';
  const steps = fitLayers(file, request.layers, { seed, balanced, covariances, effort: 'quick' });
  for (;;) {
    const next = await steps.next();
    if (next.done === true) return next.value;
    tell('decomposing', next.value, request.layers.length);
  }
}

/** What one form writes, and its check once the files stand. */
interface Written {
  readonly files: readonly ExportFile[];
  /** Bytes of the model in this form. */
  readonly bytes: number;
  readonly check: ((blobs: readonly ExportedFile[]) => Promise<ExportMade['check']>) | null;
}

type Writer = (opened: Opened, layers: readonly FittedLayer[], request: ExportStart) => Promise<Written>;

const onnx: Writer = async (
  { file, examples: own },
  layers,
  { precision, quantization, stem, link, weights },
) => {
  if (file.format !== 'onnx')
    throw new InputError(
      'export',
      'ONNX needs the graph of an ONNX model, which safetensors do not have',
      file.name,
    );
  const task = weights.kind === 'shipped' ? taskOf(weights.id) : null;
  const { version } = packageJson;
  const made = onnxExport(file.onnx, layers as readonly (FittedLayer & LayerReplacement)[], {
    precision,
    quantization,
    link,
    version,
    name: `${stem}.onnx`,
  });
  const { maxSequence } = file.model;
  return {
    ...made,
    check: async () => {
      const examples =
        own !== null
          ? [someInputs(own, 0, own.batch ?? Math.min(checkedExamples, own.count))]
          : task === null
            ? []
            : [heldOutInputs(task, checkedExamples)];
      const { difference, reason = null } = await checkOnnx(file.onnx, made, { seed, maxSequence, examples });
      return { of: 'outputs', difference, reason, limit: isHalf(layers) ? halfLimit : floatLimit };
    },
  };
};

const torch =
  (library: 'tltorch' | 'pytorch'): Writer =>
  async ({ file }, layers, { precision, stem, link }) => {
    const made = await torchLayers(file, layers);
    const { version } = packageJson;
    const files = torchExport(made, { library, precision, link, version, name: stem });
    return {
      files,
      bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
      check: async (blobs) => {
        const written = blobs.find(({ name }) => name.endsWith('.safetensors'));
        if (written === undefined) return null;
        const difference = await checkFactors(made, fileSource(written.blob));
        const limit = precision === 'f16' ? halfLimit : floatLimit;
        return { of: 'factors', difference, reason: null, limit };
      },
    };
  };

const csv: Writer = async (_, layers, { stem }) => {
  const text = layerTable(
    layers.map(({ layer, factorization, relativeError, path }) => {
      const { name, weight, out, in: inside } = layer;
      return { name, weight, out, in: inside, factorization, relativeError, path };
    }),
  );
  const file = textFile(`${stem}-layers.csv`, text);
  return { files: [file], bytes: file.bytes, check: null };
};

/** Everything that the model allows, in one file; the ONNX file's check is the zip's. */
const zip: Writer = async (opened, layers, request) => {
  const plain: ExportStart = { ...request, quantization: { kind: 'none' } };
  const main = opened.file.format === 'onnx' ? await onnx(opened, layers, request) : null;
  const script = await torch('tltorch')(opened, layers, plain);
  const table = await csv(opened, layers, request);
  const texts = request.texts.map(({ name, text }) =>
    typeof text === 'string' ? textFile(name, text) : bytesFile(name, text),
  );
  const files = [...(main?.files ?? []), ...script.files, ...table.files, ...texts];
  const stream: ExportFile = {
    name: `${request.stem}.zip`,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    chunks: () => zipChunks(files),
  };
  return { files: [stream], bytes: (main ?? script).bytes, check: main?.check ?? null };
};

const writers: Readonly<Record<ExportForm, Writer>> = {
  onnx,
  tltorch: torch('tltorch'),
  pytorch: torch('pytorch'),
  csv,
  zip,
};

/** Pieces of a Blob: the browser may keep them on disk. */
const blobBytes = 16e6;

async function blobOf({ name, chunks }: ExportFile, wrote: (bytes: number) => void): Promise<ExportedFile> {
  const whole: Blob[] = [];
  let parts: BlobPart[] = [];
  let waiting = 0;
  for await (const chunk of chunks()) {
    parts.push(chunk as Uint8Array<ArrayBuffer>);
    waiting += chunk.length;
    wrote(chunk.length);
    if (waiting < blobBytes) continue;
    whole.push(new Blob(parts));
    parts = [];
    waiting = 0;
  }
  return { name, blob: new Blob([...whole, ...parts], { type: 'application/octet-stream' }) };
}

async function run(request: ExportStart): Promise<void> {
  const tell: Tell = (stage, done, of) =>
    post({ kind: 'export-progress', run: request.run, stage, done, of });
  const opened = await open(request, tell);
  const layers = await fit(opened, request, tell);
  const written = await writers[request.form](opened, layers, request);
  const total = written.files.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  const files: ExportedFile[] = [];
  for (const file of written.files)
    files.push(
      await blobOf(file, (bytes) => {
        done += bytes;
        tell('writing', Math.min(done, total), total);
      }),
    );
  if (written.check !== null) tell('checking', 0, 1);
  const made: ExportMade = {
    files,
    layers: layers.map(({ layer, factorization, relativeError }) => ({
      name: layer.name,
      parameters: parameterCount(factorization),
      relativeError,
    })),
    originalBytes: opened.file.bytes,
    bytes: written.bytes,
    check: written.check === null ? null : await written.check(files),
  };
  post({ kind: 'export-done', run: request.run, made });
}

void hastenTensors();

self.addEventListener('message', ({ data }: MessageEvent<ExportRequest>) => {
  switch (data.kind) {
    case 'start-export':
      run(data).catch((error: unknown) => {
        post({ kind: 'export-failed', run: data.run, message: problemOf(error) });
      });
      return;
    case 'warm-export':
      return void warm(warmRuntime, data.urls);
  }
  data satisfies never;
});
