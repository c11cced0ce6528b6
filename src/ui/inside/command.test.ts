import { describe, expect, it } from 'vitest';
import { referenceExecution } from '../../core/cost/execution.ts';
import { quantizationByName } from '../../core/factor/check-quantization.ts';
import { presetByName } from '../../core/hardware/presets.ts';
import { commandFor } from './command.ts';
import type { Stage } from './stage.ts';

const accelerator = presetByName('ws16');
const stage: Stage = {
  machine: accelerator,
  gemm: { batch: 1, m: 8, n: 96, k: 32 },
  swapped: false,
  place: null,
};
const setting = {
  accelerator,
  accounting: 'timeloop',
  execution: referenceExecution,
  quantization: quantizationByName('none'),
} as const;

describe('the command that counts a mapping', () => {
  const plain = 'rankscape cost --gemm 8,96,32 --accelerator ws16 --mapping mapping.json';

  it('says the machine, the widths, the bandwidth and the accounting where they are not the defaults', () => {
    expect(commandFor(setting, stage)).toBe(plain);
    const other = {
      ...setting,
      accounting: 'accelforge',
      execution: { ...referenceExecution, outerWordsPerCycle: 2, swap: true },
      quantization: quantizationByName('int4-g128'),
    } as const;
    expect(commandFor(other, stage)).toBe(
      `${plain} --accounting accelforge --quantization int4-g128 --dram-words 2`,
    );
    const beyond = {
      ...setting,
      execution: { ...referenceExecution, hopPj: 0.5, leakagePjPerCycle: 20, doubleBuffered: true },
    };
    expect(commandFor(beyond, stage)).toBe(`${plain} --hop 0.5 --leakage 20 --double-buffered`);
    expect(commandFor(setting, { ...stage, ragged: true })).toBe(`${plain} --factors ragged`);
    const own = { ...setting, accelerator: { ...accelerator, clockHz: 1 } };
    expect(commandFor(own, stage)).toContain('--accelerator accelerator.json');
    expect(commandFor(setting, { ...stage, gemm: { ...stage.gemm, batch: 4 } })).toContain(
      "--einsum 'BMK,BKN->BMN' --shapes '[[4,8,32],[4,32,96]]'",
    );
  });

  it('is silent where the command line cannot count the same', () => {
    const place = { homes: { I: 1, W: 0, O: 0 }, held: [0, 0, 0] };
    expect(commandFor(setting, { ...stage, place })).toBeNull();
    const turned = { ...stage, gemm: { ...stage.gemm, slots: 'wa' } } as const;
    expect(commandFor(setting, turned)).toBe(plain);
    expect(commandFor({ ...setting, quantization: quantizationByName('w8a8') }, turned)).toBeNull();
  });
});
