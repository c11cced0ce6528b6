/** The figures of a nest against the counting rules, and back to a mapping. */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../base/random.ts';
import { everyMapping } from './every-mapping.fixture.ts';
import { gemmContraction } from './gemm.ts';
import { createRaggedCounter, mappingFrom, nestFrom } from './ragged-nest.ts';
import { evaluateRagged } from './ragged.ts';
import { pick, randomMachine } from './random-machine.fixture.ts';
import { compileMachine } from './tables.ts';

describe('a nest as numbers', () => {
  it('costs what the counting rules say, as a mapping again too', () => {
    let compared = 0;
    for (let seed = 0; compared < 900; seed += 1) {
      const random = createRandom(seed);
      const machine = randomMachine(random, 2 + random.below(3));
      const accounting = pick(random, ['timeloop', 'accelforge'] as const);
      const extent = (): number => pick(random, [1, 2, 3, 4, 6, 8, 12]);
      const padded = { batch: pick(random, [1, 1, 2]), m: extent(), n: extent(), k: extent() };
      const less = (full: number): number => full - random.below(Math.ceil(full / 2));
      const gemm = { ...padded, m: less(padded.m), n: less(padded.n), k: less(padded.k) };
      let tables;
      try {
        tables = compileMachine(machine, accounting);
      } catch {
        continue;
      }
      // The batch is outermost in all that is searched.
      const every = (everyMapping(machine, gemmContraction(padded), 2000) ?? []).filter((mapping) =>
        mapping.every(({ temporal }) => temporal.every(([dim], i) => dim !== 'B' || i === 0)),
      );
      if (every.length === 0) continue;
      const { count, isLegal } = createRaggedCounter(tables, gemm);
      for (let i = 0; i < 15; i += 1) {
        const mapping = pick(random, every);
        const nest = nestFrom(tables, mapping);
        const expected = evaluateRagged(machine, gemmContraction(gemm), mapping, accounting);
        const label = `seed ${seed} ${JSON.stringify({ gemm, mapping })}`;
        expect(isLegal(nest), label).toBe(true);
        const found = count(nest);
        expect(found.cycles, label).toBe(expected.latencyCycles);
        expect(found.energyPj / expected.energyPj, label).toBeCloseTo(1, 9);
        const again = evaluateRagged(machine, gemmContraction(gemm), mappingFrom(tables, nest), accounting);
        expect(again.energyPj / expected.energyPj, label).toBeCloseTo(1, 9);
        compared += 1;
      }
    }
  });
});
