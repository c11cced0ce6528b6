/** Tensors at their own heights: against every nest of small products with every height of every tensor, and laws. */
import { env } from 'node:process';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../base/random.ts';
import { presetByName } from '../../hardware/presets.ts';
import { evaluateMapping } from '../counts.ts';
import { gemmContraction } from '../gemm.ts';
import type { Gemm } from '../mapping.ts';
import { everyUnevenPoint, smallMachine } from './enumeration.fixture.ts';
import type { PartPoint } from './parts.ts';
import { createParts } from './parts.ts';

const long = env['RANKSCAPE_LONG'] !== undefined;
const nowhere = { I: 0, W: 0, O: 0 };

it('is the best of every nest with every height', { timeout: 600_000 }, () => {
  const random = createRandom(41);
  const sizes = [
    [4, 2, 2],
    [2, 2, 4],
    [2, 4, 2],
    [3, 2, 2],
    [2, 3, 1],
    [1, 4, 3],
  ] as const;
  let placed = 0;
  for (let turn = 0; turn < (long ? 300 : 9); turn += 1) {
    const machine = smallMachine(random);
    const [m, n, k] = sizes[turn % sizes.length] ?? [1, 1, 1];
    const gemm: Gemm = { batch: 1, m, n, k };
    const accounting = random.below(2) === 0 ? 'timeloop' : 'accelforge';
    const homes = turn % 3 === 0 ? { ...nowhere, [random.below(2) === 0 ? 'I' : 'O']: 1 } : nowhere;
    const parts = createParts(machine, { accounting, factors: 'perfect', heights: 'uneven' });
    const part = parts.part(gemm, homes, [0, 0, 0]);
    const points = everyUnevenPoint(machine, accounting, gemm, homes, [0, 0, 0]);
    for (const price of [0, 1, 30]) {
      part.ask(price);
      const least = points.reduce(
        (all, { energyPj, cycles }) => Math.min(all, energyPj + price * cycles),
        Number.POSITIVE_INFINITY,
      );
      const found = part.known(price);
      if (found === 'misfit') {
        expect(points).toEqual([]);
        continue;
      }
      const { energyPj, cycles, mapping } = found as PartPoint;
      expect((energyPj + price * cycles) / least).toBeCloseTo(1, 10);
      if (mapping().placement?.some((level) => Object.keys(level).length > 0) === true) placed += 1;
    }
  }
  expect(placed).toBeGreaterThan(0);
});

describe('on whole machines', () => {
  it.each(['ws16', 'simba', 'eyeriss', 'ws8t'])('%s: what it says is what its mapping counts', (name) => {
    const machine = presetByName(name);
    const random = createRandom(7);
    for (let turn = 0; turn < 4; turn += 1) {
      const size = (): number => [1, 6, 16, 24, 37, 64, 96][random.below(7)] ?? 1;
      const gemm: Gemm = { batch: 1 + random.below(2), m: size(), n: size(), k: size() };
      const accounting = turn % 2 === 0 ? 'timeloop' : 'accelforge';
      const part = createParts(machine, { accounting, factors: 'any', heights: 'uneven' }).part(
        gemm,
        nowhere,
        [],
      );
      part.ask(1);
      const found = part.known(1) as PartPoint;
      const { mapping, placement } = found.mapping();
      const cost = evaluateMapping(machine, gemmContraction(found.gemm), mapping, accounting, placement);
      expect(cost.energyPj / found.energyPj).toBeCloseTo(1, 10);
      expect(cost.latencyCycles).toBe(found.cycles);
    }
  });
});
