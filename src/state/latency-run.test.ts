import { describe, expect, it } from 'vitest';
import type { Latency, LatencyReply, LatencyRequest, LatencySubject } from '../../workers/protocol.ts';
import { findPath } from '../core/einsum/path.ts';
import type { Factorization } from '../core/factor/factorization.ts';
import { forwardEinsum } from '../core/factor/forward.ts';
import { workerByHand } from './by-hand.fixture.ts';
import { createStopwatch, type Device, type LatencyQuestion } from './latency-run.ts';

const f: Factorization = { format: 'svd', outModes: [8], inModes: [8], ranks: [2] };
const subject = ({ software }: Device): LatencySubject => ({
  kind: 'layer',
  layer: { name: 'q', factorization: f, path: findPath(forwardEinsum(f, 4)) },
  rows: software ? 1 : 4,
  weights: null,
  precision: 'f32',
  quantization: { kind: 'none' },
});
const question = (key: string): LatencyQuestion => ({ key, subject });
const spread = { median: 1, low: 0.9, high: 1.2, count: 9 };
const latency: Latency = { dense: spread, factorized: spread };

function open() {
  const { port, posted, reply, crash, restarts } = workerByHand<LatencyRequest, LatencyReply>();
  const { run, stopwatch } = createStopwatch(port);
  const last = () => posted.at(-1);
  const runOf = (): number => {
    const request = last();
    return request === undefined || request.kind === 'warm-latency' ? -1 : request.run;
  };
  return {
    stopwatch,
    posted,
    last,
    now: () => run.getState(),
    measured: (complete: boolean) => reply({ kind: 'latency', run: runOf(), latency, complete }),
    adapter: (name: string | null, software = false) =>
      reply({ kind: 'adapter', run: runOf(), name, software }),
    fail: (message: string) => reply({ kind: 'latency-failed', run: runOf(), message }),
    crash,
    restarts,
  };
}

describe('latency on this device', () => {
  it('runs on nothing before it is asked for, on WASM alone without an adapter', () => {
    const { stopwatch, posted, last, now, measured, adapter } = open();
    expect(posted).toEqual([]);
    stopwatch.measure(question('a'));
    expect(last()).toMatchObject({ kind: 'start-latency', provider: 'wasm' });
    measured(false);
    expect(now().results.get('a')).toMatchObject([{ complete: false, latency }]);
    measured(true);
    expect(last()).toMatchObject({ kind: 'find-adapter' });
    expect(now().running).toMatchObject({ key: 'a', device: null });
    adapter(null);
    expect(now().running).toBeNull();
    expect(now().results.get('a')).toMatchObject([{ complete: true, device: { provider: 'wasm' } }]);
  });

  it('goes on to WebGPU, gives a software adapter less to do and calls it so', () => {
    const { stopwatch, last, now, measured, adapter } = open();
    stopwatch.measure(question('a'));
    measured(true);
    adapter('google swiftshader', true);
    expect(last()).toMatchObject({ kind: 'start-latency', provider: 'webgpu', subject: { rows: 1 } });
    measured(true);
    expect(now().running).toBeNull();
    expect(now().results.get('a')).toMatchObject([
      { device: { provider: 'wasm' }, subject: { rows: 4 } },
      { device: { provider: 'webgpu', adapter: 'google swiftshader', software: true }, subject: { rows: 1 } },
    ]);
  });

  it('keeps what was measured when the adapter is lost, and names it', () => {
    const { stopwatch, now, measured, adapter, fail, restarts } = open();
    stopwatch.measure(question('a'));
    measured(true);
    adapter('some card');
    fail('onnxruntime: could not run the model: no answer within 30 s');
    expect(restarts()).toBe(1);
    expect(now()).toMatchObject({
      running: null,
      problem: {
        key: 'a',
        text: 'WebGPU: onnxruntime: could not run the model: no answer within 30 s',
      },
    });
    expect(now().results.get('a')).toHaveLength(1);
  });

  it('stops at once; the next question is heard, late replies are not', () => {
    const { stopwatch, now, measured, restarts, crash } = open();
    stopwatch.measure(question('a'));
    measured(false);
    stopwatch.cancel();
    expect(restarts()).toBe(1);
    expect(now().running).toBeNull();
    measured(true);
    expect(now().results.get('a')).toMatchObject([{ complete: false }]);
    stopwatch.measure(question('b'));
    stopwatch.measure(question('c'));
    expect(restarts()).toBe(2);
    expect(now().running).toMatchObject({ key: 'c' });
    crash('internal: worker: gone');
    expect(now()).toMatchObject({ running: null, problem: { key: 'c', text: 'internal: worker: gone' } });
    stopwatch.cancel();
    expect(restarts()).toBe(2);
  });
});
