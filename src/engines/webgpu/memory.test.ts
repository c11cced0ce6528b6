import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../core/base/random.ts';
import { einsumProgram } from '../../core/einsum/program.ts';
import { randomEinsum } from '../../core/einsum/random-einsum.fixture.ts';
import { candidatePlans } from './candidates.ts';
import { assignBuffers, bytesOf, checkBytes } from './memory.ts';
import { createSchedule, type Schedule } from './schedule.ts';

const scheduleOf = (
  equation: string,
  shapes: readonly (readonly number[])[],
  path?: readonly (readonly number[])[],
): Schedule =>
  createSchedule(einsumProgram(equation, shapes, path), {
    dtype: 'f32',
    mostMacs: 1e9,
    planOf: (form) => candidatePlans(form, { software: true, sharedBytes: 32_768, subgroup: 0 })[0]!,
  });

describe('buffers of a program', () => {
  it('hold every value from when it is written to when it is last read', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const { equation, shapes } = randomEinsum(createRandom(seed), 6);
        const schedule = scheduleOf(equation, shapes);
        const places = assignBuffers(schedule, shapes.length);
        const holds = new Map<number, number>();
        const kept = [...shapes.keys(), ...schedule.zeros];
        for (const value of kept) {
          expect(holds.has(places[value]!)).toBe(false);
          holds.set(places[value]!, value);
        }
        for (const { reads, writes } of schedule.calls) {
          for (const value of reads) expect(holds.get(places[value]!)).toBe(value);
          expect(kept).not.toContain(holds.get(places[writes]!));
          holds.set(places[writes]!, writes);
        }
        expect(holds.get(places[schedule.result]!)).toBe(schedule.result);
      }),
      { numRuns: 150, seed: 3 },
    );
  });

  it('are shared by intermediates that do not live at the same time', () => {
    const side = [16, 16];
    const fromTheLeft = [
      [0, 1],
      [0, 4],
      [0, 3],
      [0, 2],
      [0, 1],
    ];
    const schedule = scheduleOf('ab,bc,cd,de,ef,fg->ag', [side, side, side, side, side, side], fromTheLeft);
    expect(schedule.calls).toHaveLength(5);
    expect(new Set(assignBuffers(schedule, 6)).size).toBe(6 + 1 + 2);
  });

  it('have room for whole vectors, and never none', () => {
    expect([0, 1, 4, 5].map((words) => bytesOf({ words, dtype: 'f32' }))).toEqual([16, 16, 16, 32]);
    expect([0, 1, 4, 5].map((words) => bytesOf({ words, dtype: 'f16' }))).toEqual([8, 8, 8, 16]);
  });

  it('are refused by their bytes where the device cannot bind them', () => {
    expect(() => checkBytes(4096, 1024)).toThrow(
      'webgpu: an array must have at most 1024 bytes on this device, got 4096',
    );
  });
});
