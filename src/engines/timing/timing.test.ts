import { describe, expect, it } from 'vitest';
import { einsumProgram } from '../../core/einsum/program.ts';
import { timeDesigns, bytesOf, movedBytes, type Timing } from './designs.ts';
import { fakeEngine, type FakeEngine } from './fake-engine.fixture.ts';
import { measureRoof } from './roof.ts';

const wide = einsumProgram('bi,oi->bo', [
  [100, 200],
  [50, 200],
]);
const narrow = einsumProgram('bi,ir,ro->bo', [
  [100, 200],
  [200, 10],
  [10, 50],
]);
const designs = [
  [{ program: 0, count: 1 }],
  [
    { program: 1, count: 3 },
    { program: 0, count: 1 },
  ],
];
const memory = 2 ** 30;

async function timed(engine: FakeEngine, options: { memory?: number; budgetMs?: number } = {}) {
  const steps: Timing[] = [];
  const all = { now: engine.now, budgetMs: 1000, memory, onPrepared: () => {}, ...options };
  for await (const step of timeDesigns(engine, [wide, narrow], designs, all)) steps.push(step);
  return steps;
}

describe('the roof of a device', () => {
  it('is its best matrix product and the copy of a large array', async () => {
    const engine = fakeEngine({ macsPerMs: 1e6 });
    const stages: number[] = [];
    const roof = await measureRoof(engine, {
      longestMs: 100,
      date: () => 77,
      onStage: (done) => stages.push(done),
    });
    // 10^6 MACs a millisecond = 2 GFLOP/s; a copied word counts as one MAC here: 8 bytes at 10^9 words a second.
    expect(roof.gflops).toBeCloseTo(2, 6);
    expect(roof.gigabytes).toBeCloseTo(8, 6);
    expect(roof.copied).toBeGreaterThanOrEqual(2 ** 24);
    // 256^3 takes 17 ms, 512^3 would take 134.
    expect(engine.events.filter((text) => text.includes('ik'))).toHaveLength(3);
    expect(roof.at).toBe(77);
    expect(stages).toEqual([...stages].toSorted((a, b) => a - b));
    expect(engine.prepared()).toBe(0);
  });

  it('copies what a slow device has time for', async () => {
    const engine = fakeEngine({ macsPerMs: 1e4 });
    const roof = await measureRoof(engine, { longestMs: 100, date: () => 0, onStage: () => {} });
    expect(roof.copied).toBe(2 ** 22);
    expect(roof.gigabytes).toBeCloseTo(0.08, 6);
    expect(roof.side).toBe(64);
  });

  it('is what the device can do, not what it often does', async () => {
    const engine = fakeEngine({ noise: (run) => (run % 5 === 3 ? 0 : 9) });
    const { gflops } = await measureRoof(engine, { longestMs: 1e4, date: () => 0, onStage: () => {} });
    expect(gflops).toBeCloseTo(2, 6);
  });
});

describe('designs timed in turns', () => {
  it('are sums of their programs, known to the last digit where nothing disturbs', async () => {
    const engine = fakeEngine();
    const steps = await timed(engine);
    const last = steps.at(-1)!;
    expect(last.complete).toBe(true);
    expect(steps.slice(0, -1).every(({ complete }) => !complete)).toBe(true);
    expect(last.programs.map((ms) => ms?.median)).toEqual([
      expect.closeTo(1, 9),
      expect.closeTo((100 * 200 * 10 + 100 * 10 * 50) / 1e6, 9),
    ]);
    expect(last.designs.map(({ ms }) => ms?.median)).toEqual([expect.closeTo(1, 9), expect.closeTo(1.75, 9)]);
    expect(last.designs.map(({ speedUp }) => speedUp?.median)).toEqual([1, expect.closeTo(1 / 1.75, 9)]);
    expect(last.dispatches[1]).toEqual([{ steps: [0, 1], kernel: 'fake' }]);
    expect(engine.prepared()).toBe(0);
  });

  it('a slow spell falls on all of them and leaves the medians', async () => {
    const spell = fakeEngine({ noise: (run) => (run % 40 < 4 ? 5 : 0) });
    const last = (await timed(spell, { budgetMs: 3000 })).at(-1)!;
    expect(last.designs[0]!.ms!.median).toBeCloseTo(1, 1);
    expect(last.designs[0]!.ms!.count).toBeGreaterThan(10);
  });

  it('ends when the time is up, after a few rounds at least', async () => {
    const restless = fakeEngine({ noise: (run) => run % 7 });
    const last = (await timed(restless, { budgetMs: 1 })).at(-1)!;
    expect(last.programs.map((ms) => ms?.count)).toEqual([5, 5]);
    expect(last.complete).toBe(true);
  });

  it('go batch after batch where memory is short, and the sums are the same', async () => {
    const engine = fakeEngine();
    const steps = await timed(engine, { memory: 1 });
    expect(steps[0]!.programs[1]).toBeNull();
    expect(steps[0]!.designs.map(({ ms }) => ms?.median ?? null)).toEqual([expect.closeTo(1, 9), null]);
    expect(steps.at(-1)!.designs.map(({ ms }) => ms?.median)).toEqual([
      expect.closeTo(1, 9),
      expect.closeTo(1.75, 9),
    ]);
    expect(steps.filter(({ complete }) => complete)).toHaveLength(1);
    expect(engine.prepared()).toBe(0);
  });

  it('leave nothing behind when the device is lost', async () => {
    const engine = fakeEngine();
    engine.loseAfter(12);
    await expect(timed(engine)).rejects.toThrow('webgpu: the device was lost, on purpose');
    expect(engine.prepared()).toBe(0);
  });

  it('count bytes of all arrays, and those that must move', () => {
    expect(bytesOf(narrow)).toBe(4 * (20_000 + 2000 + 500 + 1000 + 5000));
    expect(movedBytes(narrow)).toBe(4 * (20_000 + 2000 + 500 + 5000));
  });
});
