import { describe, expect, it } from 'vitest';
import type { DeviceFigures, DeviceInfo, DeviceReply, DeviceRequest } from '../../workers/protocol.ts';
import type { Spread } from '../core/base/spread.ts';
import { workerByHand } from './by-hand.fixture.ts';
import type { AskedDesign, DeviceQuestion } from './device-question.ts';
import { createDeviceBench, measuredDelays } from './device-run.ts';

const asked = (who: AskedDesign['who'], key: string | null = null): AskedDesign => ({
  who,
  key,
  design: [],
  parts: [],
  latencyCycles: 1,
});
const question = (key: string, designs = [asked('dense'), asked('now')]): DeviceQuestion => ({
  key,
  scope: 'layer',
  setting: 'm 1',
  about: '',
  works: [],
  designs,
  machine: 'simba',
  budgetMs: 10,
});
const spread = (median: number): Spread => ({ median, low: median, high: median, count: 9 });
const figures = (ms: readonly number[], complete = true): DeviceFigures => ({
  roof: { gflops: 1, side: 64, gigabytes: 1, copied: 1, at: 1 },
  works: [],
  designs: ms.map((median) => ({
    ms: spread(median),
    speedUp: spread((ms[0] ?? 0) / median),
    macs: 1,
    leastMs: 1,
  })),
  tuned: [],
  complete,
});
const card: DeviceInfo = { backend: 'webgpu', name: 'a card', software: false, why: null };
const wasm: DeviceInfo = { backend: 'wasm', name: 'WASM', software: false, why: 'no adapter' };

function open() {
  const { port, posted, reply, crash, restarts } = workerByHand<DeviceRequest, DeviceReply>();
  const { run, bench } = createDeviceBench(port);
  const of = () => posted.at(-1)?.run ?? -1;
  return {
    bench,
    posted,
    now: () => run.getState(),
    restarts,
    opened: (device: DeviceInfo) => reply({ kind: 'device-opened', run: of(), device }),
    measured: (ms: readonly number[], complete = true, number = of()) =>
      reply({ kind: 'device-figures', run: number, figures: figures(ms, complete) }),
    lost: () => reply({ kind: 'device-lost', run: of(), backend: 'webgpu', reason: 'gone', next: 'wasm' }),
    fail: (message: string) => reply({ kind: 'device-failed', run: of(), message }),
    crash,
  };
}

describe('measuring on this device', () => {
  it('runs nothing before it is asked for, and what is asked for on what was chosen', () => {
    const { bench, posted, now, opened, measured } = open();
    expect(posted).toEqual([]);
    bench.choose('wasm');
    expect(posted).toEqual([]);
    bench.measure(question('a'), { freshRoof: true });
    expect(posted).toMatchObject([{ kind: 'start-device', choice: 'wasm', freshRoof: true, budgetMs: 10 }]);
    opened(wasm);
    measured([2, 1], false);
    expect(now().running).toMatchObject({ key: 'a', device: { backend: 'wasm' } });
    expect(now().results.get('a')).toMatchObject([{ figures: { complete: false } }]);
    measured([2, 1]);
    expect(now().running).toBeNull();
    expect(now().results.get('a')).toMatchObject([{ figures: { complete: true } }]);
  });

  it('keeps one result a backend, the newest first', () => {
    const { bench, now, opened, measured } = open();
    for (const device of [wasm, card, wasm]) {
      bench.measure(question('a'));
      opened(device);
      measured([2, 1]);
    }
    expect(now().results.get('a')).toMatchObject([{ device: wasm }, { device: card }]);
  });

  it('hears the newest question only, and stops at once', () => {
    const { bench, now, opened, measured, restarts, posted } = open();
    bench.measure(question('a'));
    opened(card);
    measured([2, 1], false);
    bench.measure(question('b'));
    expect(restarts()).toBe(1);
    measured([2, 1], true, posted[0]!.run);
    expect(now().results.has('b')).toBe(false);
    expect(now().running).toMatchObject({ key: 'b' });
    bench.cancel();
    expect(restarts()).toBe(2);
    expect(now().running).toBeNull();
    opened(card);
    measured([2, 1]);
    expect(now().results.has('b')).toBe(false);
    // What was measured stays.
    expect(now().results.get('a')).toHaveLength(1);
    bench.cancel();
    expect(restarts()).toBe(2);
  });

  it('says that a device was lost, forgets its half of a measurement, takes that of the next', () => {
    const { bench, now, opened, measured, lost } = open();
    bench.measure(question('a'));
    opened(card);
    measured([2, 1], false);
    lost();
    expect(now().losses).toEqual([{ key: 'a', backend: 'webgpu', reason: 'gone', next: 'wasm' }]);
    expect(now().results.get('a')).toEqual([]);
    expect(now().running).toMatchObject({ key: 'a', device: null });
    opened(wasm);
    measured([2, 1]);
    expect(now().results.get('a')).toMatchObject([{ device: { backend: 'wasm' } }]);
    expect(now().losses).toHaveLength(1);
    bench.measure(question('b'));
    expect(now().losses).toEqual([]);
  });

  it('names a failure and whose it was; a worker that died is started anew', () => {
    const { bench, now, fail, crash, restarts } = open();
    bench.measure(question('a'));
    fail('webgpu: needs 9 GB, got 4');
    expect(restarts()).toBe(1);
    expect(now()).toMatchObject({ running: null, problem: { key: 'a', text: 'webgpu: needs 9 GB, got 4' } });
    bench.measure(question('b'));
    expect(now().problem).toBeNull();
    crash('internal: worker: gone');
    expect(now().problem).toEqual({ key: 'b', text: 'internal: worker: gone' });
  });
});

describe('the measured axis', () => {
  it('holds designs of whole models, of the setting, of one device', () => {
    const { bench, now, opened, measured } = open();
    const ask = (
      key: string,
      device: DeviceInfo,
      keys: readonly (string | null)[],
      ms: readonly number[],
    ) => {
      bench.measure(question(key, [asked('dense', keys[0]), asked('now', keys[1])]));
      opened(device);
      measured(ms);
    };
    ask('p', card, ['d', 'x'], [8, 2]);
    ask('q', wasm, ['d', 'y'], [6, 3]);
    ask('l', wasm, [null, null], [1, 9]);
    ask('r', wasm, ['d', 'x'], [5, 4]);
    const delays = measuredDelays(now().results, 'm 1');
    expect([...delays].map(([key, { ms, speedUp }]) => [key, ms.median, speedUp.median])).toEqual([
      ['d', 5, 1],
      ['x', 4, 1.25],
      ['y', 3, 2],
    ]);
    expect(measuredDelays(now().results, 'm 2').size).toBe(0);
  });
});
