import { describe, expect, it } from 'vitest';
import { InputError } from '../base/checks.ts';
import { atBits, wordsTaken } from './bit-widths.ts';
import { presetByName, presets } from './presets.ts';

describe('atBits', () => {
  it.each(Object.values(presets))('$name at its own word is itself', (machine) => {
    const { wordBits: b } = machine;
    expect(atBits(machine, { I: b, W: b, O: b }, 'wider')).toBe(machine);
    expect(atBits(machine, { I: b, W: b, O: b }, 'own')).toBe(machine);
  });

  it('lets an operand take its part of a word at every level', () => {
    const machine = atBits(presetByName('ws16'), { I: 8, W: 4, O: 8 }, 'wider');
    for (const level of machine.levels) {
      expect(wordsTaken(level, 'W')).toBe(0.5);
      expect(wordsTaken(level, 'I')).toBe(1);
    }
    expect(machine.levels[1]?.depthWords).toBe(262_144);
  });

  it('leaves partial sums alone in accumulators, and a register one of each', () => {
    const machine = atBits(presetByName('simba'), { I: 16, W: 16, O: 16 }, 'wider');
    const at = (name: string) => machine.levels.find((level) => level.name === name);
    expect(wordsTaken(at('GLB'), 'O')).toBe(2);
    expect(wordsTaken(at('AccBuf'), 'O')).toBe(1);
    expect(at('WReg')?.depthWords).toBe(wordsTaken(at('WReg'), 'W'));
    expect(at('AccBuf')?.depthWords).toBe(1024);
  });

  it.each([
    // .2 (b_w b_a / 64) + .1 (accumulator / 32) over its value at 8 x 8: .3 with 32-bit, .225 with 8-bit sums.
    ['tpu1', 8, 4, 'wider', 1],
    ['tpu1', 8, 4, 'own', 0.2 / 0.3],
    ['tpu1', 4, 4, 'wider', 0.15 / 0.3],
    ['tpu1', 8, 4.125, 'own', 0.2 / 0.3],
    ['tpu1', 8, 16, 'wider', 0.9 / 0.3],
    ['ws16', 4, 4, 'own', 0.075 / 0.225],
    // 16-bit words and sums: .8 + .05.
    ['eyeriss', 8, 8, 'wider', 0.25 / 0.85],
  ] as const)(
    '%s, activations of %d and weights of %d bits, %s: MAC energy x %d',
    (name, i, w, multiply, share) => {
      const machine = presetByName(name);
      const { mac } = atBits(machine, { I: i, W: w, O: i }, multiply);
      expect(mac.energyPj).toBeCloseTo(machine.mac.energyPj * share, 12);
    },
  );

  it.each([0, -4, 65, Number.NaN, Number.POSITIVE_INFINITY])('refuses %d bits by name', (bits) => {
    const make = () => atBits(presetByName('ws16'), { I: 8, W: bits, O: 8 }, 'wider');
    expect(make).toThrow(InputError);
    expect(make).toThrow(/bits of operand W: must be a number from 1 to 64/);
  });
});
