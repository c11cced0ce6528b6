import { describe, expect, it } from 'vitest';
import { referenceExecution, type Execution } from '../../core/cost/execution.ts';
import type { Roofline } from '../../core/cost/roofline.ts';
import { quantizationByName } from '../../core/factor/check-quantization.ts';
import { createDerive, type Derived } from '../../state/derive.ts';
import { openingConfig } from '../../state/defaults.ts';
import { lowestPort, modelRows, sayRoof, sayRoofs } from './roof.ts';

const derive = createDerive();
const derived = (preset: string, execution: Partial<Execution>, quantization = 'none'): Derived =>
  derive({
    ...openingConfig('glyph-vit', preset),
    execution: { ...referenceExecution, ...execution },
    quantization: quantizationByName(quantization),
  });
const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

describe('every layer of the model', () => {
  it.each([
    ['ws8t', {}, 'none'],
    ['ws16', { wholeModel: true, residency: true, fusion: true }, 'none'],
    ['ws16', { swap: true, outerWordsPerCycle: 1 }, 'int4-g128'],
    ['simba', { dataflow: 'fixed', wholeModel: true }, 'w8a8'],
  ] as const)('%s, %o, %s: the rows add up to the model', (preset, execution, quantization) => {
    const view = derived(preset, execution, quantization);
    const rows = modelRows(view);
    const { energyPj, latencyCycles, energyByLevelPj } = view.evaluation;
    expect(sum(rows.map((row) => row.energyPj)) / energyPj).toBeCloseTo(1, 9);
    expect(sum(rows.map((row) => row.latencyCycles)) / latencyCycles).toBeCloseTo(1, 9);
    energyByLevelPj.forEach((energy, l) =>
      expect(Math.abs(sum(rows.map((row) => row.energyByLevelPj[l] ?? 0)) - energy)).toBeLessThan(
        1e-9 * energyPj,
      ),
    );
    expect(rows.flatMap(({ layers }) => layers).toSorted((a, b) => a - b)).toEqual(
      view.model.linears.map((_, index) => index),
    );
    const names = rows.map(({ name }) => name);
    expect(names).toContain('Attention products');
    expect(names.includes('Vector work')).toBe('wholeModel' in execution);
  });

  it('puts layers of equal design and surroundings in one row, whatever their weights', () => {
    const rows = modelRows(derived('ws8t', {}));
    expect(rows.map(({ name }) => name)).toContain('FFN1 1-3');
    expect(rows.find(({ name }) => name === 'FFN1 1-3')?.design).toMatch(/^SVD \d+$/);
  });

  it('no layer runs faster than its roof', () => {
    for (const execution of [{}, { outerWordsPerCycle: 1 }, { fusion: true, residency: true }])
      for (const { roof, attained } of modelRows(derived('ws16', execution))) {
        if (roof === null || attained === null) continue;
        const port = lowestPort(roof)?.macsPerCycle ?? Infinity;
        expect(attained).toBeLessThanOrEqual(Math.min(roof.peak, port) * (1 + 1e-9));
      }
  });

  it('says in one sentence when no port matters, and which one does', () => {
    const slow = sayRoofs(modelRows(derived('ws16', { outerWordsPerCycle: 1 })));
    expect(slow).toMatch(
      /^DRAM bounds 20 of 20 linear layers, \d+% of the delay; linear layers run [\d.]+ of 256/,
    );
    const fast = modelRows(derived('ws16', { outerWordsPerCycle: 1024 })).filter(({ roof }) => roof !== null);
    expect(sayRoofs(fast)).toBe(
      'No port holds back a layer; linear layers run 256 of 256 MACs per cycle on average.',
    );
  });
});

describe('a roofline in words', () => {
  const roof: Roofline = {
    macs: 1e6,
    cycles: 1e4,
    attained: 100,
    peak: 256,
    levels: [
      { level: 'DRAM', words: 1e5, macsPerWord: 10, macsPerCycle: 118.04 },
      { level: 'GLB', words: 1e5, macsPerWord: 10, macsPerCycle: Infinity },
    ],
    boundBy: 'DRAM',
  };
  it('names the roof that binds', () => {
    expect(sayRoof(roof)).toBe(
      'The layer runs 100 of 256 MACs per cycle under the roof of DRAM, 118 at 10.0 MACs per word',
    );
    const [, glb] = roof.levels;
    expect(sayRoof({ ...roof, boundBy: null, attained: 256, levels: [glb!] })).toBe(
      "The layer runs 256 of 256 MACs per cycle, the array's roof",
    );
    const dram = { ...roof.levels[0]!, macsPerCycle: 412 };
    expect(sayRoof({ ...roof, boundBy: null, attained: 256, levels: [dram] })).toBe(
      "The layer runs 256 of 256 MACs per cycle, the array's roof; the next one is DRAM's, 412 at 10.0 MACs per word",
    );
  });
});
