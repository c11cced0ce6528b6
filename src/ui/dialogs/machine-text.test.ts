import { describe, expect, it } from 'vitest';
import { presets } from '../../core/hardware/presets.ts';
import { acceleratorOf, textsOf } from './machine-text.ts';

describe('the accelerator form', () => {
  it.each(Object.keys(presets))('gives %s back as it was', (name) => {
    const machine = presets[name];
    if (machine === undefined) throw new Error('no preset');
    expect(acceleratorOf(textsOf(machine))).toEqual(machine);
  });

  const simba = textsOf(presets['simba'] ?? expect.fail('no simba'));
  const withCapacity = (text: string) => ({
    ...simba,
    levels: simba.levels.map((level, i) => (i === 1 ? { ...level, depth_words: text } : level)),
  });

  it('reads separators and unlimited', () => {
    expect(acceleratorOf(withCapacity('131,072')).levels[1]?.depthWords).toBe(131_072);
    expect(acceleratorOf(withCapacity('')).levels[1]?.depthWords).toBeNull();
  });

  it('names level and figure of what is wrong', () => {
    expect(() => acceleratorOf(withCapacity('many'))).toThrow(/GLB.*depth_words/);
    expect(() => acceleratorOf(withCapacity('0'))).toThrow(/GLB.*depth_words/);
  });
});
