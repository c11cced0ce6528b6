import { describe, expect, it } from 'vitest';
import type { Phase } from '../../core/search/phases.ts';
import { sayTurns } from './turns.ts';

const phase = (from: number, boundBy: string | null, onChip = 0): Phase => ({ from, boundBy, onChip });

describe('sayTurns', () => {
  it('names the rank at which the bound changes, either way', () => {
    const phases = [phase(1, null), phase(41, 'DRAM'), phase(90, 'GLB')];
    const at = (value: number) => sayTurns([{ name: 'r', value, phases }]);
    expect(at(64)).toBe(
      'DRAM bounds the layer; at rank r 40 and below the MACs do, from rank r 90 on GLB does.',
    );
    expect(at(40)).toBe('The MACs bound the layer; at rank r 41 DRAM does.');
    expect(at(96)).toBe('GLB bounds the layer; at rank r 89 DRAM does.');
  });

  it('passes over single ranks where two roofs are nearly one, and does not claim what they break', () => {
    const phases = [
      phase(1, 'DRAM'),
      phase(60, 'AccBuf'),
      phase(61, 'DRAM'),
      phase(69, 'InBuf'),
      phase(160, null),
      phase(162, 'InBuf'),
    ];
    expect(sayTurns([{ name: 'r', value: 192, phases }])).toBe(
      'InBuf bounds the layer; at rank r 68 DRAM does.',
    );
  });

  it('names the rank at which an intermediate stays on chip', () => {
    const phases = [phase(1, null, 1), phase(25, null)];
    expect(sayTurns([{ name: 'r', value: 48, phases }])).toBe(
      'At rank r 24 one intermediate stays on chip that does not now.',
    );
    expect(sayTurns([{ name: 'r', value: 8, phases }])).toBe(
      'Up to rank r 24 one intermediate stays on chip.',
    );
  });

  it('says nothing where no rank changes anything', () => {
    expect(sayTurns([])).toBeNull();
    expect(sayTurns([{ name: 'r', value: 8, phases: [phase(1, 'DRAM')] }])).toBeNull();
  });
});
