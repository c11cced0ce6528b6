/** The shipped summary of our validation: sound by itself, and what the tables give now wherever they are. */
import { describe, expect, it } from 'vitest';
import shipped from '../../../public/validation.json' with { type: 'json' };
import { reference } from '../base/reference.ts';
import { validate, type ReferenceTables, type Validation } from './validation.ts';
import { costModel } from './version.ts';

const file = shipped as Validation;
const tables = {
  timeloop: reference<ReferenceTables['timeloop']>('timeloop_mappings.json'),
  accelforge: reference<ReferenceTables['accelforge']>('fused_chain.json'),
  optima: reference<ReferenceTables['optima']>('optimal_mappings.json'),
  best: reference<ReferenceTables['best']>('best_mappings.json'),
};
const absent = Object.values(tables).some((table) => table === null);

describe('public/validation.json', () => {
  it('is of this cost model, with every count equal and every optimum reached', () => {
    expect(file.costModel).toBe(costModel);
    expect(file.counted.length).toBeGreaterThan(200);
    expect(file.optima.length).toBeGreaterThan(90);
    for (const { id, counts, equal, cycles, energy } of file.counted) {
      expect(counts, id).toBeGreaterThan(10);
      expect(equal, id).toBe(counts);
      expect(cycles, id).toBeLessThanOrEqual(1);
      expect(energy, id).toBeLessThan(1e-4);
    }
    for (const { ratio } of file.optima) expect(Math.abs(ratio - 1)).toBeLessThan(1e-8);
    // Their mapper is never better than a proven optimum.
    for (const { timeloopMapper } of file.optima)
      if (typeof timeloopMapper === 'number') expect(timeloopMapper).toBeGreaterThanOrEqual(1);
  });

  // When this fails, the counting rules or the tables changed: run `node scripts/validation.mjs`.
  it.skipIf(absent)('is what the reference tables give now (skipped without them)', () => {
    expect(JSON.parse(JSON.stringify(validate(tables as ReferenceTables)))).toEqual(shipped);
  });

  it.skipIf(absent)('tells a wrong count, wrong cycles and wrong energy', () => {
    const { timeloop, accelforge } = tables as ReferenceTables;
    const [first] = timeloop.cases;
    if (first === undefined) throw new Error('no case');
    const { expected } = first;
    const wrong = {
      ...first,
      expected: {
        ...expected,
        macs: expected.macs + 1,
        cycles: expected.cycles + 7,
        energy_pJ: 2 * expected.energy_pJ,
      },
    };
    const none = { cases: [] };
    const { counted } = validate({ timeloop: { cases: [wrong] }, accelforge, optima: none, best: none });
    expect(counted[0]).toMatchObject({ cycles: 7, energy: 0.5 });
    expect((counted[0]?.counts ?? 0) - (counted[0]?.equal ?? 0)).toBe(1);
  });
});
