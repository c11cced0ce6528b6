/** The search: a thin shell around `core/search`. It drives the generator in short slices, so that it always listens. */
import { accuracyModelOf } from '../src/core/accuracy/own-model.ts';
import type { LinearLayer } from '../src/core/workload/model.ts';
import { mapperOf } from '../src/core/search/evaluate.ts';
import { createSearch } from '../src/core/search/sharing.ts';
import type { Search, SearchBatch } from '../src/core/search/setting.ts';
import type { SearchReply, SearchRequest, SearchStart } from './protocol.ts';
import { problemOf } from './problem.ts';

const sliceMs = 25;
const progressMs = 100;

interface Current {
  readonly run: number;
  readonly search: Search;
  readonly clouds: Float32Array[];
  batch: SearchBatch | null;
  reported: number;
  paused: boolean;
}

let current: Current | null = null;

const post = (reply: SearchReply): void => self.postMessage(reply);

function* searchOf(request: SearchStart): Search {
  const { model, workload, accelerator, accounting, execution, quantization } = request;
  const { design, locked, budget, seed } = request;
  const machine = { accelerator, accounting, execution, quantization };
  const mapper = mapperOf(machine);
  mapper.remember(request.entries);
  const weights = (layer: LinearLayer) => request.weights.get(layer.name) ?? { kind: 'synthetic' as const };
  const accuracy = accuracyModelOf(request.accuracy, model, weights, quantization);
  const setting = { ...machine, model, workload, gear: 'exact', weights, accuracy, mapper } as const;
  return yield* createSearch(request.strategy, setting, { design, locked, budget, seed }).search;
}

let scheduled = false;

/** Messages come in between two slices. */
function schedule(): void {
  if (scheduled) return;
  scheduled = true;
  setTimeout(() => {
    scheduled = false;
    step();
  }, 0);
}

function step(): void {
  if (current === null || current.paused) return;
  const { run, search, clouds } = current;
  const end = performance.now() + sliceMs;
  try {
    while (performance.now() < end) {
      const next = search.next();
      if (next.done) {
        report(current);
        current = null;
        return post({ kind: 'search-done', run, result: next.value });
      }
      clouds.push(next.value.cloud);
      // A frontier that came earlier in this report is still the newest one when none follows.
      const { frontier, whole } = next.value.frontier === null ? (current.batch ?? next.value) : next.value;
      const { whole: _, ...batch } = next.value;
      current.batch = { ...batch, frontier, ...(whole && { whole }) };
    }
  } catch (error) {
    current = null;
    return post({ kind: 'search-failed', run, message: problemOf(error) });
  }
  if (performance.now() - current.reported >= progressMs) report(current);
  schedule();
}

function report(of: Current): void {
  of.reported = performance.now();
  if (of.batch === null) return;
  const cloud = new Float32Array(of.clouds.reduce((sum, each) => sum + each.length, 0));
  let at = 0;
  for (const each of of.clouds.splice(0)) {
    cloud.set(each, at);
    at += each.length;
  }
  post({ kind: 'search-progress', run: of.run, batch: { ...of.batch, cloud } });
  of.batch = null;
}

self.addEventListener('message', ({ data }: MessageEvent<SearchRequest>) => {
  switch (data.kind) {
    case 'start-search':
      current = {
        run: data.run,
        search: searchOf(data),
        clouds: [],
        batch: null,
        reported: 0,
        paused: false,
      };
      return schedule();
    case 'pause-search':
      if (current?.run === data.run) {
        current.paused = true;
        report(current);
      }
      return;
    case 'resume-search':
      if (current?.run === data.run && current.paused) {
        current.paused = false;
        schedule();
      }
      return;
    case 'cancel-search':
      if (current?.run === data.run) current = null;
      return post({ kind: 'search-cancelled', run: data.run });
  }
  data satisfies never;
});
