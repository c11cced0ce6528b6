/** The worker itself, in this process: `self` is stood in for, the runtime is the real one. */
import { describe, expect, it, vi } from 'vitest';
import { findPath } from '../src/core/einsum/path.ts';
import type { Factorization } from '../src/core/factor/factorization.ts';
import { forwardEinsum } from '../src/core/factor/forward.ts';
import type { LatencyReply, LatencyRequest, LatencySubject } from './protocol.ts';
import { workerHere } from './worker.fixture.ts';

let gpu: unknown;
const { replies, answer } = workerHere<LatencyRequest, LatencyReply>(
  () => {
    vi.stubGlobal('navigator', {
      get gpu() {
        return gpu;
      },
    });
    return import('./latency.worker.ts');
  },
  { in: true },
);

const last = (request: LatencyRequest): Promise<LatencyReply> =>
  answer(request, (reply) => reply.kind !== 'latency' || reply.complete);

const f: Factorization = { format: 'svd', outModes: [64], inModes: [64], ranks: [4] };
const path = findPath(forwardEinsum(f, 16));
const plain = { precision: 'f32', quantization: { kind: 'none' } } as const;
const wanted = { name: 'q', factorization: f, path };
const layer: LatencySubject = { kind: 'layer', layer: wanted, rows: 16, weights: null, ...plain };

describe('the latency worker', () => {
  it('tells medians as they become known, and the last one', async () => {
    const reply = await last({ kind: 'start-latency', run: 1, provider: 'wasm', threads: 1, subject: layer });
    if (reply.kind !== 'latency') throw new Error(JSON.stringify(reply));
    expect(reply.run).toBe(1);
    expect(reply.latency.dense.median).toBeGreaterThan(0);
    expect(reply.latency.factorized.count).toBe(reply.latency.dense.count);
    expect(replies.filter((each) => each.kind === 'latency' && each.complete)).toHaveLength(1);
  });

  it('names the adapter, a program as such, and none for none or a silent one', async () => {
    const info = { vendor: 'nvidia', architecture: 'turing', description: '' };
    const adapters = [
      [undefined, { name: null, software: false }],
      [{ requestAdapter: async () => null }, { name: null, software: false }],
      [{ requestAdapter: () => Promise.reject(new Error('no')) }, { name: null, software: false }],
      [{ requestAdapter: async () => ({ info }) }, { name: 'nvidia turing', software: false }],
      [
        { requestAdapter: async () => ({ info: { ...info, isFallbackAdapter: true } }) },
        { name: 'nvidia turing', software: true },
      ],
    ] as const;
    for (const [given, expected] of adapters) {
      gpu = given;
      expect(await last({ kind: 'find-adapter', run: 2 })).toEqual({ kind: 'adapter', run: 2, ...expected });
    }
  });

  it('says what it cannot run', async () => {
    const files = [new File([new Uint8Array(9)], 'bad.onnx')];
    const weights = { kind: 'files', files } as const;
    const subject: LatencySubject = {
      kind: 'model',
      weights,
      layers: [],
      own: true,
      batch: 1,
      length: 8,
      ...plain,
    };
    expect(
      await last({ kind: 'start-latency', run: 3, provider: 'wasm', threads: 1, subject }),
    ).toMatchObject({
      kind: 'latency-failed',
      run: 3,
      message: expect.stringMatching(/^ONNX file: /),
    });
  });
});
