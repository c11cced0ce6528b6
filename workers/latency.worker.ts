/** Latency on this device: a thin shell around `engines/ort/latency`. To cancel it is ended. */
import { restoreFactorized } from '../src/core/export/restore.ts';
import {
  openDropped,
  openModelFile,
  readModelWeight,
  type ModelFile,
} from '../src/core/onnx/dropped-files.ts';
import { bytesSource } from '../src/core/workload/byte-source.ts';
import { layerPair, measureLatency, modelPair, warmRuntime, type Pair } from '../src/engines/ort/latency.ts';
import { findAdapter } from './adapter.ts';
import { fetchModel, fileSource, warm } from './model-bytes.ts';
import type { LatencyReply, LatencyRequest, LatencyStart, LatencySubject, WeightFiles } from './protocol.ts';
import { problemOf } from './problem.ts';

/** Of the rounds of one provider; warm-up comes before. */
const budgetMs = { layer: 4000, model: 8000 } as const;
const reportMs = 150;

const post = (reply: LatencyReply): void => self.postMessage(reply);

async function open(weights: WeightFiles): Promise<ModelFile> {
  if (weights.kind === 'files') {
    const given = weights.files.map((file) => ({ name: file.name, source: fileSource(file) }));
    return restoreFactorized(await openDropped(given)).file;
  }
  const source = bytesSource(await fetchModel(weights.id, weights.url));
  return openModelFile({ name: `${weights.id}.onnx`, source }, () => null);
}

async function pairOf(subject: LatencySubject): Promise<Pair> {
  switch (subject.kind) {
    case 'layer': {
      const { layer, rows, weights } = subject;
      if (weights === null) return layerPair(layer, rows, subject);
      return layerPair(layer, rows, subject, await readModelWeight(await open(weights), layer.name));
    }
    case 'model': {
      const { weights, layers, own } = subject;
      return modelPair(await open(weights), layers, subject, subject, own);
    }
  }
  return subject satisfies never;
}

async function run({ run: of, provider, threads, subject }: LatencyStart): Promise<void> {
  const pair = await pairOf(subject);
  const options = { provider, threads, now: () => performance.now(), budgetMs: budgetMs[subject.kind] };
  let told = -Infinity;
  for await (const { dense, factorized, complete } of measureLatency(pair, options)) {
    if (!complete && performance.now() - told < reportMs) continue;
    told = performance.now();
    post({ kind: 'latency', run: of, latency: { dense, factorized }, complete });
  }
}

async function tellAdapter(of: number): Promise<void> {
  const adapter = await findAdapter();
  post({ kind: 'adapter', run: of, name: adapter?.name ?? null, software: adapter?.software ?? false });
}

self.addEventListener('message', ({ data }: MessageEvent<LatencyRequest>) => {
  switch (data.kind) {
    case 'start-latency':
      run(data).catch((error: unknown) => {
        post({ kind: 'latency-failed', run: data.run, message: problemOf(error) });
      });
      return;
    case 'find-adapter':
      return void tellAdapter(data.run);
    case 'warm-latency':
      return void warm(() => warmRuntime(data.threads), data.urls);
  }
  data satisfies never;
});
