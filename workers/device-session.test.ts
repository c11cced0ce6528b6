import { describe, expect, it } from 'vitest';
import type { Backend } from '../src/core/einsum/engine.ts';
import { findPath } from '../src/core/einsum/path.ts';
import type { Factorization } from '../src/core/factor/factorization.ts';
import { forwardEinsum } from '../src/core/factor/forward.ts';
import { fakeEngine, type FakeEngine, type FakeOptions } from '../src/engines/timing/fake-engine.fixture.ts';
import type { Adapter } from './adapter.ts';
import { createDeviceSession } from './device-session.ts';
import type { DeviceFigures, DeviceReply, DeviceStart, DeviceWork } from './protocol.ts';

const dense: Factorization = { format: 'dense', outModes: [60], inModes: [80], ranks: [] };
const svd: Factorization = { format: 'svd', outModes: [60], inModes: [80], ranks: [6] };
const work = (factorization: Factorization, rows = 100): DeviceWork => ({
  factorization,
  rows,
  path: findPath(forwardEinsum(factorization, rows)).steps.map(({ operands }) => operands),
});
const start: DeviceStart = {
  kind: 'start-device',
  run: 7,
  choice: 'auto',
  works: [work(dense), work(svd)],
  designs: [[{ program: 0, count: 2 }], [{ program: 1, count: 2 }]],
  budgetMs: 100,
  freshRoof: false,
};
const card: Adapter = { name: 'nvidia turing', software: false };
const program: Adapter = { name: 'google swiftshader', software: true };

function open(adapter: Adapter | null, missing: readonly Backend[] = [], given: FakeOptions = {}) {
  const options: { -readonly [Key in keyof FakeOptions]: FakeOptions[Key] } = { ...given };
  const replies: DeviceReply[] = [];
  const opened: FakeEngine[] = [];
  const stored = new Map<string, unknown>();
  /** Runs until the n-th engine is lost. */
  const losses: number[] = [];
  const session = createDeviceSession({
    findAdapter: async () => adapter,
    open: async (backend, onTuning) => {
      if (missing.includes(backend)) return null;
      // Small arrays, so that no time goes into filling large ones.
      const engine = fakeEngine({
        backend,
        limit: 2 ** 20,
        ...options,
        tuned: () => options.tuned?.() ?? [],
      });
      engine.loseAfter(losses[opened.length] ?? Infinity);
      opened.push(engine);
      onTuning({ shape: '60 x 80', done: 1, of: 4, bestMs: null });
      return engine;
    },
    store: {
      get: async (key) => stored.get(key),
      set: async (key, value) => void stored.set(key, value),
    },
    now: () => opened.at(-1)?.now() ?? 0,
    date: () => 1,
    post: (reply) => replies.push(structuredClone(reply)),
  });
  const of = <Kind extends DeviceReply['kind']>(kind: Kind) =>
    replies.filter((reply): reply is Extract<DeviceReply, { kind: Kind }> => reply.kind === kind);
  return {
    session,
    opened,
    losses,
    of,
    stored,
    options,
    steps: (run: number) =>
      of('device-stage').flatMap((reply) => (reply.run === run ? [reply.stage.step] : [])),
    last: (): DeviceFigures => of('device-figures').at(-1)!.figures,
  };
}

describe('a measurement on this device', () => {
  it('takes the graphics card, and tells times, work and what the roof allows', async () => {
    const { session, of, last, opened, steps, stored } = open(card);
    await session(start);
    expect(of('device-opened')).toMatchObject([
      { run: 7, device: { backend: 'webgpu', name: 'fake webgpu', why: null } },
    ]);
    expect(of('device-stage').map(({ stage }) => stage.step)).toEqual(
      expect.arrayContaining(['opening', 'roof', 'preparing', 'timing']),
    );
    const { designs, works, complete, roof } = last();
    expect(complete).toBe(true);
    expect(works.map(({ rows, steps: count, dispatches }) => [rows, count, dispatches?.length])).toEqual([
      [100, 1, 1],
      [100, 2, 1],
    ]);
    expect(designs.map(({ macs }) => macs)).toEqual([2 * 100 * 60 * 80, 2 * 100 * 6 * (60 + 80)]);
    // Both run at the speed of the fake one, 2 GFLOP/s; dense stands at its roof.
    expect(designs[0]!.ms!.median).toBeCloseTo(0.96, 6);
    expect(designs[0]!.leastMs).toBeCloseTo(0.96, 6);
    expect(roof.gflops).toBeCloseTo(2, 6);
    await session({ ...start, run: 8 });
    expect(opened).toHaveLength(1);
    expect(steps(8)).not.toContain('roof');
    await session({ ...start, run: 9, freshRoof: true });
    expect(steps(9)).toContain('roof');
    // What is not a roof is not taken for one.
    stored.set(
      [...stored.keys()].find((key) => key.startsWith('roof '))!,
      { gflops: 'many' },
    );
    await session({ ...start, run: 10 });
    expect(steps(10)).toContain('roof');
  });

  it('takes WebAssembly where the adapter is none or a program, and says why; else JavaScript', async () => {
    const seen = async (adapter: Adapter | null, missing: readonly Backend[], choice = start.choice) => {
      const { session, of } = open(adapter, missing);
      await session({ ...start, choice });
      return of('device-opened').map(({ device }) => [device.backend, device.why]);
    };
    expect(await seen(null, [])).toEqual([['wasm', 'this browser has no WebGPU adapter']]);
    expect(await seen(program, [])).toEqual([
      ['wasm', 'its WebGPU adapter (google swiftshader) is a program, slower than WebAssembly'],
    ]);
    expect(await seen(null, ['wasm'])).toEqual([
      ['js', 'this browser has no WebGPU adapter, and no WebAssembly SIMD'],
    ]);
    expect(await seen(card, ['webgpu'])).toEqual([['wasm', 'its WebGPU adapter gives no device']]);
    const unflagged = open(card, [], { software: true });
    await unflagged.session(start);
    expect(unflagged.of('device-opened')).toMatchObject([
      { device: { backend: 'wasm', why: expect.stringContaining('is a program') } },
    ]);
    expect(await seen(program, [], 'webgpu')).toEqual([['webgpu', null]]);
    expect(await seen(null, ['webgpu'], 'webgpu')).toEqual([['wasm', 'this browser has no WebGPU adapter']]);
    expect(await seen(card, [], 'js')).toEqual([['js', null]]);
  });

  it('does the work again on a card that went away, and then on WebAssembly', async () => {
    const once = open(card);
    once.losses.push(50);
    await once.session(start);
    expect(once.of('device-lost')).toMatchObject([
      { backend: 'webgpu', reason: 'on purpose', next: 'webgpu' },
    ]);
    expect(once.opened.map(({ backend }) => backend)).toEqual(['webgpu', 'webgpu']);
    expect(once.opened[0]!.events).toContain('dispose');
    expect(once.last().complete).toBe(true);

    const twice = open(card);
    twice.losses.push(50, 3);
    await twice.session(start);
    expect(twice.of('device-lost').map(({ next }) => next)).toEqual(['webgpu', 'wasm']);
    expect(twice.of('device-opened').map(({ device }) => device.backend)).toEqual([
      'webgpu',
      'webgpu',
      'wasm',
    ]);
    expect(twice.last().complete).toBe(true);

    const never = open(card);
    never.losses.push(5, 5, 5, 5);
    await expect(never.session(start)).rejects.toThrow('device: could not be used, on purpose');
  });

  it('shows what was tried for a kernel that an earlier visit chose', async () => {
    const tried = [
      { kernel: 'a', ms: 2 },
      { kernel: 'b', ms: null },
    ];
    const entry = { shape: 'm64', winner: 'a', tried };
    const { session, last, options } = open(card);
    options.tuned = () => [{ ...entry, from: 'tuned' }];
    await session(start);
    expect(last().tuned).toEqual([{ ...entry, from: 'tuned' }]);
    options.tuned = () => [
      { ...entry, from: 'store', tried: [] },
      { ...entry, shape: 'm8', from: 'store', tried: [] },
    ];
    await session(start);
    expect(last().tuned.map(({ from, shape, tried: shown }) => [from, shape, shown])).toEqual([
      ['store', 'm64', tried],
      ['store', 'm8', []],
    ]);
  });

  it('gives a slow device fewer rows, the same share of every layer', async () => {
    const { session, last } = open(card, [], { macsPerMs: 1000 });
    await session(start);
    // The roof is 2 MFLOP/s: 480,000 MACs would take 480 ms, of which 200 are waited for.
    expect(last().works.map(({ rows }) => rows)).toEqual([41, 41]);
    expect(last().designs[0]!.macs).toBe(2 * 41 * 60 * 80);
  });

  it('says what does not fit', async () => {
    const { session } = open(card);
    const huge: Factorization = { format: 'dense', outModes: [4096], inModes: [2048], ranks: [] };
    await expect(session({ ...start, works: [work(huge, 1)], designs: [] })).rejects.toThrow(
      /^device: holds at most 1048576 words, got 8388608$/,
    );
  });
});
