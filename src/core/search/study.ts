/**
 * What every strategy works with: the model taken apart (assembly), the single layers costed so far (pool), the books
 * (recorder), and designs as picks: for each free layer, class by class, the column of its candidate in the pool. The
 * dense model is column 0 everywhere and the first design recorded.
 */
import type { Factorization } from '../factor/factorization.ts';
import { denseFactorization } from '../factor/ranks.ts';
import { assemble, type Assembly } from './assembly.ts';
import { createPool, type Pool } from './pool.ts';
import { createRecorder, type Recorder } from './recorder.ts';
import type { SearchSetting } from './setting.ts';

export type Picks = Int32Array;

export interface Study {
  readonly setting: SearchSetting;
  readonly assembly: Assembly;
  readonly pool: Pool;
  readonly recorder: Recorder<Picks>;
  /** Where each class's layers start in `Picks`; one entry more than classes, the last the number of free layers. */
  readonly offsets: readonly number[];
  /** One candidate per shape, taken by every free layer of that shape; dense where there is none. */
  readonly uniform: (perShape: readonly (Factorization | undefined)[]) => Picks;
  /** Whole model: [energyPj, latencyCycles, damage] are written to `figures`. */
  readonly sum: (picks: Picks) => void;
  readonly figures: Float64Array;
  /** On the vertical axis, of a whole model's damage. */
  readonly value: (damage: number) => number;
  /** Sums and records (`picky`: see the recorder); the picks are copied when they are kept. */
  readonly record: (picks: Picks, picky?: boolean) => boolean;
}

export function createStudy(setting: SearchSetting): Study {
  const assembly = assemble(setting);
  const offsets = [0];
  for (const { layers } of assembly.free) offsets.push((offsets.at(-1) ?? 0) + layers.length);
  const total = offsets.at(-1) ?? 0;
  const offset = (group: number): number => offsets[group] ?? 0;

  const recorder = createRecorder<Picks>(setting.evaluator, (picks) =>
    assembly.design((group, place) => {
      const shape = assembly.free[group]?.shape ?? 0;
      const f = pool.shapes[shape]?.factorizations[picks[offset(group) + place] ?? -1];
      if (f === undefined) throw new Error('internal: a pick that was never costed');
      return f;
    }),
  );
  const known = setting.pool ?? createPool(setting.evaluator, assembly);
  const pool: Pool = {
    shapes: known.shapes,
    column(shape, f) {
      const before = known.shapes[shape]?.factorizations.length;
      const column = known.column(shape, f);
      if (known.shapes[shape]?.factorizations.length !== before) recorder.costed(f.format);
      return column;
    },
  };

  const figures = new Float64Array(3);
  const sum = (picks: Picks): void => {
    let { energyPj, latencyCycles, damage } = assembly;
    for (let group = 0; group < assembly.free.length; group++) {
      const table = pool.shapes[assembly.free[group]?.shape ?? -1];
      const lost = table?.damage[group];
      if (table === undefined || lost === undefined) continue;
      for (let i = offset(group); i < offset(group + 1); i++) {
        const column = picks[i] ?? 0;
        energyPj += table.energyPj[column] ?? 0;
        latencyCycles += table.latencyCycles[column] ?? 0;
        damage += lost[column] ?? 0;
      }
    }
    figures[0] = energyPj;
    figures[1] = latencyCycles;
    figures[2] = damage;
  };

  for (const [shape, { out, in: columns }] of assembly.shapes.entries())
    pool.column(shape, denseFactorization(out, columns));
  const { value } = setting.evaluator.accuracy;
  const record = (picks: Picks, picky = true): boolean => {
    sum(picks);
    const [energyPj = 0, latencyCycles = 0, damage = 0] = figures;
    return recorder.record(energyPj, latencyCycles, value(damage), picky, () => picks.slice());
  };
  record(new Int32Array(total));

  return {
    setting,
    assembly,
    pool,
    recorder,
    offsets,
    figures,
    sum,
    uniform(perShape) {
      const picks = new Int32Array(total);
      for (const [group, { shape }] of assembly.free.entries()) {
        const f = perShape[shape];
        if (f !== undefined) picks.fill(pool.column(shape, f), offset(group), offset(group + 1));
      }
      return picks;
    },
    value,
    record,
  };
}
