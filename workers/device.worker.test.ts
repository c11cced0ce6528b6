/** The worker itself, in this process: `self` is stood in for, the engines are the real ones; there is no storage here. */
import { describe, expect, it, vi } from 'vitest';
import { findPath } from '../src/core/einsum/path.ts';
import type { Factorization } from '../src/core/factor/factorization.ts';
import { forwardEinsum } from '../src/core/factor/forward.ts';
import type { DeviceReply, DeviceRequest, DeviceWork } from './protocol.ts';
import { workerHere } from './worker.fixture.ts';

const { replies, answer } = workerHere<DeviceRequest, DeviceReply>(() => {
  vi.stubGlobal('navigator', {});
  return import('./device.worker.ts');
});

const last = (request: DeviceRequest): Promise<DeviceReply> =>
  answer(
    request,
    (reply) => reply.kind === 'device-failed' || (reply.kind === 'device-figures' && reply.figures.complete),
  );

const svd: Factorization = { format: 'svd', outModes: [48], inModes: [48], ranks: [4] };
const dense: Factorization = { format: 'dense', outModes: [48], inModes: [48], ranks: [] };
const work = (factorization: Factorization): DeviceWork => ({
  factorization,
  rows: 16,
  path: findPath(forwardEinsum(factorization, 16)).steps.map(({ operands }) => operands),
});
const start: DeviceRequest = {
  kind: 'start-device',
  run: 3,
  choice: 'js',
  works: [work(dense), work(svd)],
  designs: [[{ program: 0, count: 1 }], [{ program: 1, count: 1 }]],
  budgetMs: 100,
  freshRoof: false,
};

describe('the device worker', () => {
  it('times dense and factorized on plain JavaScript, and tells the device', async () => {
    const reply = await last(start);
    if (reply.kind !== 'device-figures') throw new Error(JSON.stringify(reply));
    const [first, second] = reply.figures.designs;
    expect(reply.run).toBe(3);
    expect(first!.ms!.median).toBeGreaterThan(0);
    expect(second!.ms!.count).toBe(first!.ms!.count);
    expect(second!.macs).toBe(16 * 4 * (48 + 48));
    expect(replies.find(({ kind }) => kind === 'device-opened')).toMatchObject({
      device: { backend: 'js', software: false, why: null },
    });
  });

  it('says what it cannot run', async () => {
    const wrong = { ...start, run: 4, works: [{ ...work(svd), path: [[0, 1]] }], designs: [] };
    expect(await last(wrong)).toEqual({
      kind: 'device-failed',
      run: 4,
      message: 'path: must join all operands into one, got "2 left after 1 steps"',
    });
  });
});
