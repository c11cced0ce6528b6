import { describe, expect, it } from 'vitest';

import { reference } from '../base/reference.ts';
import { checkAccelerator, printAccelerator } from './parse.ts';
import type { Machine } from './parse.ts';
import { figureKinds, presetByName, presetInfo, presets } from './presets.ts';

const published = reference<{ machines: Record<string, Omit<Machine, 'name'>> }>('timeloop_machines.json');

describe('presets', () => {
  it.skipIf(published === null)(
    'are the reference machines, figure by figure (skipped without the reference)',
    () => {
      const printed = Object.values(presets).map((preset) => {
        const { name, ...machine } = printAccelerator(preset);
        return [name, machine];
      });
      expect(Object.fromEntries(printed)).toMatchObject(published?.machines ?? {});
    },
  );

  it('can exist', () => {
    expect(Object.keys(presets)).toEqual(['ws16', 'simba', 'eyeriss', 'ws8t', 'tpu1', 'gemmini']);
    for (const preset of Object.values(presets)) expect(checkAccelerator(preset)).toBe(preset);
  });

  it('carry a source beside every kind of figure', () => {
    for (const name of Object.keys(presets)) {
      const info = presetInfo(name);
      expect(info?.title).toContain(name);
      for (const kind of figureKinds) expect(info?.sources[kind], `${name} ${kind}`).toMatch(/\w{3}.*\.$/);
    }
  });

  it('never call relative energies picojoules', () => {
    expect(presets['eyeriss']?.energyUnit).toBe('relative (MAC = 1)');
    expect(Object.values(presets).filter((preset) => preset.energyUnit === 'pJ')).toHaveLength(5);
  });

  it('agree with the published figures of the chips they are like', () => {
    const level = (name: string, at: string) => presetByName(name).levels.find((each) => each.name === at);
    const { clockHz, mac } = presetByName('tpu1');
    // 92 TOPS, 34 GB/s, 24 MiB and 4 MiB (Jouppi et al., ISCA 2017, table 2).
    expect((2 * mac.meshX * mac.meshY * clockHz) / 1e12).toBeCloseTo(92, 0);
    const dram = (level('tpu1', 'DRAM')?.readWordsPerCycle ?? 0) * clockHz;
    expect(dram / 34e9).toBeCloseTo(1, 1);
    expect(level('tpu1', 'UB')?.depthWords).toBe(24 * 2 ** 20);
    expect(256 * 4 * (level('tpu1', 'Acc')?.depthWords ?? 0)).toBe(4 * 2 ** 20);
    expect(level('gemmini', 'SPad')?.depthWords).toBe(4 * 4096 * 16);
    expect(16 * 4 * (level('gemmini', 'Acc')?.depthWords ?? 0)).toBe(64 * 2 ** 10);
  });

  it('are found by name only', () => {
    expect(presetByName('simba').levels).toHaveLength(6);
    expect(() => presetByName('tpu')).toThrow(
      'accelerator: name must be one of ws16, simba, eyeriss, ws8t, tpu1, gemmini, got "tpu"',
    );
    for (const name of ['constructor', '__proto__', '']) {
      expect(() => presetByName(name)).toThrow('accelerator: name must be one of');
      expect(presetInfo(name)).toBeNull();
    }
  });
});
