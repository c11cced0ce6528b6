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
      expect(Object.fromEntries(printed)).toEqual(published?.machines);
    },
  );

  it('can exist', () => {
    expect(Object.keys(presets)).toEqual(['ws16', 'simba', 'eyeriss', 'ws8t']);
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
    expect(Object.values(presets).filter((preset) => preset.energyUnit === 'pJ')).toHaveLength(3);
  });

  it('are found by name only', () => {
    expect(presetByName('simba').levels).toHaveLength(6);
    expect(() => presetByName('tpu')).toThrow(
      'accelerator: name must be one of ws16, simba, eyeriss, ws8t, got "tpu"',
    );
    for (const name of ['constructor', '__proto__', '']) {
      expect(() => presetByName(name)).toThrow('accelerator: name must be one of');
      expect(presetInfo(name)).toBeNull();
    }
  });
});
