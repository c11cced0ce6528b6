import { describe, expect, it } from 'vitest';
import type { Spread } from '../../core/base/spread.ts';
import { findPath } from '../../core/einsum/path.ts';
import { forwardEinsum } from '../../core/factor/forward.ts';
import type { AskedDesign, DeviceQuestion } from '../../state/device-question.ts';
import type { DeviceFigures, DeviceInfo } from '../../../workers/protocol.ts';
import {
  deviceRows,
  deviceSentences,
  formatGflops,
  fusedText,
  sayChoice,
  sayLoss,
  sayMapper,
  sayMeasured,
  sayRoof,
  sayStage,
  stepTexts,
} from './words.ts';

const asked = (who: AskedDesign['who'], latencyCycles: number | null): AskedDesign => ({
  who,
  key: null,
  design: [],
  parts: [],
  latencyCycles,
});
const spread = (median: number): Spread => ({ median, low: median, high: median, count: 30 });
const device: DeviceInfo = { backend: 'wasm', name: 'WebAssembly SIMD', software: false, why: null };

function result(
  designs: readonly (readonly [AskedDesign['who'], cycles: number | null, ms: number | null, macs: number])[],
) {
  const question: DeviceQuestion = {
    key: '',
    scope: 'pins',
    setting: '',
    about: '',
    works: [],
    designs: designs.map(([who, cycles]) => asked(who, cycles)),
    machine: 'ws8t',
    budgetMs: 1,
  };
  const figures: DeviceFigures = {
    roof: { gflops: 20, side: 512, gigabytes: 8.25, copied: 2 ** 26, at: 0 },
    works: [],
    // 20 GFLOP/s are 10^7 MACs a millisecond.
    designs: designs.map(([, , ms, macs]) => ({
      ms: ms === null ? null : spread(ms),
      speedUp: ms === null ? null : spread((designs[0]?.[2] ?? 0) / ms),
      macs,
      leastMs: macs / 1e7,
    })),
    tuned: [],
    complete: true,
  };
  return { question, figures, device };
}

describe('what was measured on this device, in words', () => {
  const mixed = result([
    ['dense', 800, 8, 4e7],
    ['now', 200, 2, 1e7],
    ['A', 100, 16, 8e6],
    ['B', null, 8.1, 8e7],
    ['frontier', 400, 4, 2e7],
    ['frontier', 500, null, 2e7],
  ]);

  it('stands beside work, roof and model', () => {
    expect(
      deviceRows(mixed).map(({ name, gflops, share, measured, modelled }) => [
        name,
        gflops,
        share,
        measured?.median ?? null,
        modelled,
      ]),
    ).toEqual([
      ['Dense', 10, 0.5, null, null],
      ['Now', 10, 0.5, 4, 4],
      ['A', 1, 0.05, 0.5, 8],
      ['B', expect.closeTo(19.75, 2), expect.closeTo(0.988, 3), expect.closeTo(0.988, 3), null],
      ['Found 1', 10, 0.5, 2, 2],
      ['Found 2', null, null, null, 1.6],
    ]);
  });

  it('tells which designs run fused: all of their chains, some or none', () => {
    const { question, figures } = mixed;
    const work = (steps: number, ...calls: readonly (readonly number[])[]) => ({
      rows: 1,
      steps,
      ms: null,
      dispatches: calls.map((own) => ({ steps: own, kernel: 'k' })),
      choices: [],
    });
    const works = [work(1, [0]), work(2, [0, 1]), work(2, [0], [1]), { ...work(2), dispatches: null }];
    const uses = [[0], [0, 1], [1, 2], [2], [3], []];
    const designs = question.designs.map((design, k) => ({
      ...design,
      parts: uses[k]!.map((program) => ({ program, count: 1 })),
    }));
    const rows = deviceRows({ question: { ...question, designs }, figures: { ...figures, works } });
    expect(rows.map(({ fused }) => fused)).toEqual([
      null,
      'fused',
      'partly fused',
      'not fused',
      'not fused',
      null,
    ]);
  });

  it('says plainly what is slower, and why; no word for each point of a frontier', () => {
    expect(deviceSentences(mixed)).toEqual([
      'On this device (WebAssembly) the factorized one is 4.00× faster; ws8t is modelled 4.00× faster.',
      'On this device (WebAssembly) A is 2.00× slower: it multiplies 5.00× less, but reaches 5.0% of the roof where dense reaches 50%; ws8t is modelled 8.00× faster.',
      'On this device (WebAssembly) B is as fast as dense; ws8t cannot hold it.',
      'None of the one design of the frontier is slower than dense here.',
    ]);
    const found = result([
      ['dense', 1, 1, 1e6],
      ['frontier', 2, 2, 2e6],
      ['frontier', 2, 0.5, 2e6],
      ['frontier', 2, 3, 2e6],
    ]);
    expect(deviceSentences(found)).toEqual([
      '2 of the 3 designs of the frontier are slower than dense here: Found 1, Found 3.',
    ]);
    const more = result([
      ['dense', 1, 1, 1e6],
      ['now', 2, 2, 2e6],
    ]);
    expect(deviceSentences(more)[0]).toContain(
      '2.00× slower: it multiplies 2.00× more, and reaches 10% of the roof where dense reaches 10%; ws8t is modelled 2.00× slower.',
    );
  });

  it('says where it stands: stage, tuner, roof, loss', () => {
    const stage = { step: 'preparing', done: 1, of: 4, tuning: null } as const;
    expect(sayStage(stage)).toBe('preparing kernels, 2 of 4');
    expect(sayStage({ ...stage, tuning: { shape: '8 x 8', done: 3, of: 24, bestMs: null } })).toBe(
      'preparing kernels, 2 of 4; kernels for 8 x 8: 3 of 24 tried',
    );
    expect(sayStage({ ...stage, tuning: { shape: '8 x 8', done: 3, of: 24, bestMs: 0.12 } })).toMatch(
      /, best 0\.12 ms$/,
    );
    expect(sayRoof(mixed.figures.roof)).toBe(
      '20.0 GFLOP/s (matrix product 512³), 8.25 GB/s (copy of 64.0 MiB)',
    );
    const loss = { key: 'a', backend: 'webgpu', reason: 'unplugged', next: 'wasm' } as const;
    expect(sayLoss(loss)).toBe('The WebGPU device was lost (unplugged); its work was handed to WebAssembly.');
    expect(sayLoss({ ...loss, next: 'webgpu' })).toContain('done again on a new WebGPU device');
    expect([1.02, 1.2, 0.8].map((ratio) => sayMeasured(spread(ratio)))).toEqual([
      'as fast as dense',
      '1.20× faster',
      '1.25× slower',
    ]);
    expect(sayMeasured({ ...spread(1.2), low: 0.9 })).toBe('1.20× faster (the rounds lie on both sides)');
    expect([0.8412, 23.42, 1240].map(formatGflops)).toEqual(['0.84', '23.4', '1,240']);
  });

  it('shows the path and what of it was fused, here and on the machine', () => {
    const f = { format: 'tt', outModes: [6, 8], inModes: [4, 9], ranks: [3, 5, 4] } as const;
    const { steps } = findPath(forwardEinsum(f, 32));
    const texts = stepTexts(steps);
    expect(texts).toHaveLength(4);
    for (const text of texts) expect(text).toMatch(/^[A-Za-z]+,[A-Za-z]+→[A-Za-z]+$/);
    const call = (...numbers: number[]) => ({ steps: numbers, kernel: 'k' });
    expect(fusedText(null, 1)).toBe('one call');
    expect(fusedText([call(0), call(1)], 2)).toBe('not fused: each step by itself');
    expect(fusedText(null, 2)).toBe('not fused: each step by itself');
    expect(fusedText([call(0, 1), call(2)], 3)).toBe('fused: steps 1 and 2 in one call, the rest one by one');
    expect(fusedText([call(0, 1, 2)], 3)).toBe('fused: steps 1, 2 and 3 in one call');
    const choice = { steps: [0, 1], kernel: 'k', fusedMs: 0.912, unfusedMs: 1.304, fused: true };
    expect(sayChoice(choice)).toBe('steps 1 and 2 fused 0.91 ms, by themselves 1.30 ms');
    expect(sayChoice({ ...choice, fusedMs: null })).toContain('fused refused by the device, by themselves');
    expect(sayMapper('simba', null)).toBe('simba cannot hold it');
    expect(sayMapper('simba', [])).toBe('on simba the mapper fuses nothing');
    expect(sayMapper('simba', ['GLB'])).toBe('on simba the mapper would keep the intermediate in GLB');
    expect(sayMapper('simba', ['GLB', 'GLB'])).toBe('on simba the mapper would keep 2 intermediates in GLB');
  });
});
