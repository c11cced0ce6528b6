/** Dropped model files: a thin shell around `core/onnx`. Weights are read layer by layer and never leave it. */
import { spectrumOf } from '../src/core/accuracy/spectrum.ts';
import { InputError } from '../src/core/base/checks.ts';
import { restoreFactorized } from '../src/core/export/restore.ts';
import type { Factorization } from '../src/core/factor/factorization.ts';
import { denseFactorization } from '../src/core/factor/ranks.ts';
import { singularValues } from '../src/core/tensor/svd.ts';
import { openDropped, readModelWeight, type ModelFile } from '../src/core/onnx/dropped-files.ts';
import type { LinearLayer } from '../src/core/workload/model.ts';
import { hastenTensors } from '../src/engines/wasm/tensor.ts';
import { fileSource } from './model-bytes.ts';
import type { FileReply, FileRequest, OpenFiles, ReadSpectra } from './protocol.ts';
import { problemOf } from './problem.ts';

let opened: ModelFile | null = null;

const post = (reply: FileReply): void => self.postMessage(reply);

async function open({ run, files }: OpenFiles): Promise<void> {
  const dropped = await openDropped(files.map((file) => ({ name: file.name, source: fileSource(file) })));
  const { file, design } = restoreFactorized(dropped);
  opened = file;
  const { name, bytes, model } = opened;
  const [attention] = model.attention;
  post({
    kind: 'file-opened',
    run,
    name,
    bytes,
    linears: model.linears.map(shapeOf),
    heads: attention === undefined ? null : headsOf(attention),
    sequence: { usual: model.defaultSequence, most: model.maxSequence },
    tokens: model.defaultTokens ?? null,
    design: design.size === 0 ? null : model.linears.map((layer) => design.get(layer.name) ?? denseOf(layer)),
  });
}

const denseOf = ({ out, in: inside }: LinearLayer): Factorization => denseFactorization(out, inside);

/** What the config keeps of a layer of a file. */
function shapeOf({
  name,
  role,
  group,
  block,
  out,
  in: inside,
  bias,
  factorize,
  rows,
}: LinearLayer): LinearLayer {
  return { name, role, group, block, out, in: inside, bias, factorize, ...(rows !== undefined && { rows }) };
}

const headsOf = ({ heads, kvHeads, headWidth }: ModelFile['model']['attention'][number]) => ({
  heads,
  kvHeads,
  headWidth,
});

async function readSpectra({ run, layers }: ReadSpectra): Promise<void> {
  if (opened === null) throw new InputError('file', 'must be opened before its weights are read');
  for (const name of layers) {
    const spectrum = spectrumOf(singularValues(await readModelWeight(opened, name)));
    post({ kind: 'spectrum', run, layer: name, weights: { kind: 'spectrum', spectrum } });
  }
  post({ kind: 'spectra-done', run });
}

void hastenTensors();

self.addEventListener('message', ({ data }: MessageEvent<FileRequest>) => {
  (data.kind === 'open-files' ? open(data) : readSpectra(data)).catch((error: unknown) => {
    post({ kind: 'file-failed', run: data.run, message: problemOf(error) });
  });
});
