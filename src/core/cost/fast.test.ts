/** The fast gear is held to the exact one on fresh steps of layers; `RANKSCAPE_LONG` takes 1,000 of each of eight seeds. */
import { env } from 'node:process';
import { describe, expect, it } from 'vitest';
import { presetByName } from '../hardware/presets.ts';
import { createMapper } from './mapper.ts';
import type { Mapper } from './mapper.ts';
import type { Gear } from './mapping.ts';
import { randomCases } from './random-step.fixture.ts';

const long = env['RANKSCAPE_LONG'] !== undefined;
const seeds = long ? [1, 2, 3, 4, 5, 6, 7, 8] : [1, 2, 3];
const count = long ? 1000 : 120;

/** Ascending EDP of the fast gear over that of the exact one. */
function ratios(seed: number, factors: 'perfect' | 'any'): readonly number[] {
  const mappers = new Map<string, Mapper>();
  return randomCases(seed, count)
    .map(([name, gemm]) => {
      const mapper = mappers.get(name) ?? createMapper(presetByName(name), { factors });
      mappers.set(name, mapper);
      const edp = (gear: Gear): number => {
        const { energyPj, latencyCycles } = mapper.cost(gemm, gear);
        return energyPj * latencyCycles;
      };
      return edp('fast') / edp('exact');
    })
    .sort((a, b) => a - b);
}

describe.each(['perfect', 'any'] as const)('the fast gear, factors %s', (factors) => {
  it.each(seeds)('is within 1.10 of exact, nearly always equal: seed %i', (seed) => {
    const all = ratios(seed, factors);
    expect(all[0]).toBeGreaterThan(1 - 1e-9);
    expect(all[all.length >> 1]).toBeLessThan(1 + 1e-9);
    expect(all[Math.floor(all.length * 0.95)]).toBeLessThan(1.001);
    expect(all.at(-1)).toBeLessThan(1.1);
  });
});
