/** The worker itself, in this process: `self` is stood in for. */
import { describe, expect, it } from 'vitest';
import { tableOf } from '../src/core/accuracy/calibration.fixture.ts';
import { createEvaluator } from '../src/core/search/evaluate.ts';
import { initialConfig, modelOf } from '../src/state/defaults.ts';
import { setModel } from '../src/state/edits.ts';
import type { SearchReply, SearchRequest, SearchStart } from './protocol.ts';
import { workerHere } from './worker.fixture.ts';

const { replies, send, until } = workerHere<SearchRequest, SearchReply>(() => import('./search.worker.ts'));

// One small layer: what is tested is the worker, not the search.
const config = setModel(initialConfig(), { kind: 'gemm', n: 96, k: 96 });
const { workload, accelerator, accounting, execution, quantization, design, model } = config;
const start = (run: number, change: Partial<SearchStart> = {}): SearchStart => ({
  kind: 'start-search',
  run,
  strategy: 'sweep',
  model: modelOf(model),
  workload,
  accelerator,
  accounting,
  execution,
  quantization,
  accuracy: { kind: 'weights' },
  weights: new Map(),
  design,
  locked: design.map(() => false),
  budget: 600,
  seed: 1,
  entries: [],
  ...change,
});

const ended = (run: number) => (): boolean =>
  replies.some((reply) => reply.run === run && reply.kind !== 'search-progress');

describe('the search worker', () => {
  it('reports at most ten times a second, and finds the same again', async () => {
    const results: SearchReply[] = [];
    for (const run of [1, 2]) {
      replies.length = 0;
      const began = performance.now();
      send(start(run));
      await until(ended(run));
      const seconds = (performance.now() - began) / 1000;
      const progress = replies.filter((reply) => reply.kind === 'search-progress');
      expect(progress.length).toBeGreaterThan(0);
      expect(progress.length).toBeLessThanOrEqual(2 + 10 * seconds);
      const last = replies.at(-1);
      expect(last?.kind).toBe('search-done');
      if (last?.kind === 'search-done') {
        expect(last.result.frontier.length).toBeGreaterThan(2);
        expect(last.result.evaluations).toBeLessThanOrEqual(600);
        results.push({ ...last, run: 0 });
      }
    }
    expect(results[1]).toEqual(results[0]);
  });

  it('builds the vertical axis again from what it is sent', async () => {
    const table = tableOf(modelOf(model));
    send(start(8, { accuracy: { kind: 'calibration', table } }));
    await until(ended(8));
    const last = replies.at(-1);
    expect(last?.kind).toBe('search-done');
    if (last?.kind !== 'search-done') return;
    const values = last.result.frontier.map(({ value }) => value);
    expect(values.length).toBeGreaterThan(2);
    expect(Math.max(...values)).toBeLessThanOrEqual(100 * (1 - table.dense.accuracy));
    expect(Math.min(...values)).toBeLessThan(-5);
  });

  it('stands still while paused, and goes on', async () => {
    send(start(3));
    await until(() => replies.length > 0);
    send({ kind: 'pause-search', run: 3 });
    await new Promise((resolve) => setTimeout(resolve, 50));
    const before = replies.length;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(replies.length).toBe(before);
    send({ kind: 'resume-search', run: 3 });
    await until(ended(3));
    expect(replies.at(-1)?.kind).toBe('search-done');
  });

  it('hears a cancel between two slices, and says no more of that run', async () => {
    send(start(4, { budget: 1_000_000 }));
    await until(() => replies.length > 0);
    send({ kind: 'cancel-search', run: 4 });
    expect(replies.at(-1)).toEqual({ kind: 'search-cancelled', run: 4 });
    const after = replies.length;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(replies.length).toBe(after);
  });

  it('leaves the older run for a newer one', async () => {
    send(start(5, { budget: 1_000_000 }));
    send(start(6, { strategy: 'uniform-svd', budget: 50 }));
    await until(ended(6));
    expect(replies.every((reply) => reply.run === 6)).toBe(true);
  });

  it('counts what it found anew where loops are shared, and hears a cancel meanwhile', async () => {
    const sharing = {
      model: modelOf({ kind: 'gemm', n: 48, k: 48 }),
      workload: { ...workload, tokens: 144 },
      execution: { ...execution, fusion: true, sharedLoops: true },
      budget: 30,
    };
    const recounts = (run: number): boolean =>
      replies.some(
        (reply) => reply.run === run && reply.kind === 'search-progress' && reply.batch.recount !== undefined,
      );
    send(start(9, sharing));
    await until(() => recounts(9));
    send({ kind: 'cancel-search', run: 9 });
    expect(replies.at(-1)).toEqual({ kind: 'search-cancelled', run: 9 });
    replies.length = 0;
    send(start(10, { ...sharing, strategy: 'uniform-svd' }));
    await until(ended(10));
    expect(replies.every(({ run }) => run === 10)).toBe(true);
    const last = replies.at(-1);
    expect(last?.kind).toBe('search-done');
    if (last?.kind !== 'search-done') return;
    const evaluator = createEvaluator({
      ...sharing,
      accelerator,
      accounting,
      quantization,
      gear: 'exact',
      weights: () => ({ kind: 'synthetic' }),
    });
    expect(last.result.frontier.length).toBeGreaterThan(2);
    for (const { design: found, edpPjCycles } of last.result.frontier)
      expect(edpPjCycles).toBeCloseTo(evaluator.evaluate(found).edpPjCycles, 3);
  });

  it('says what cannot be searched', async () => {
    send(start(7, { design: [] }));
    await until(ended(7));
    expect(replies.at(-1)).toMatchObject({
      kind: 'search-failed',
      message: expect.stringMatching(/^design: /),
    });
  });
});
