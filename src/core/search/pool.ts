/**
 * What is known of single layers during a search: per shape, the candidates costed so far as columns of figures. A
 * candidate is costed once however many layers and classes take it.
 */
import type { Factorization } from '../factor/factorization.ts';
import { mapLayer } from '../cost/layer.ts';
import type { Assembly } from './assembly.ts';
import type { Evaluator } from './evaluate.ts';

/** Column i of each array is the shape's i-th costed candidate. */
interface CostedShape {
  readonly factorizations: Factorization[];
  readonly energyPj: number[];
  readonly latencyCycles: number[];
  /** Damage in one layer, per class of layers of this shape; the others' stay empty. */
  readonly damage: readonly number[][];
}

export interface Pool {
  readonly shapes: readonly CostedShape[];
  /** The candidate's column; costs it first when it is new. */
  readonly column: (shape: number, f: Factorization) => number;
}

export function createPool(evaluator: Evaluator, { shapes, free }: Assembly): Pool {
  const columns = shapes.map(() => new Map<Factorization, number>());
  const tables = shapes.map((): CostedShape => ({
    factorizations: [],
    energyPj: [],
    latencyCycles: [],
    damage: free.map(() => []),
  }));
  return {
    shapes: tables,
    column(shape, f) {
      const known = columns[shape]?.get(f);
      if (known !== undefined) return known;
      const table = tables[shape];
      if (table === undefined) throw new Error(`internal: no shape ${shape}`);
      const { rows, setting } = shapes[shape] ?? { rows: 1, setting: {} };
      const cost = mapLayer(evaluator.mapper, f, rows, evaluator.gear, setting);
      const column = table.factorizations.push(f) - 1;
      table.energyPj.push(cost.energyPj);
      table.latencyCycles.push(cost.latencyCycles);
      for (const [group, { layers, shape: own }] of free.entries())
        if (own === shape) table.damage[group]?.push(evaluator.accuracy.damage(layers[0] ?? 0, f).value);
      columns[shape]?.set(f, column);
      return column;
    },
  };
}
