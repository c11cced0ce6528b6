/**
 * A model as a search sees it: what is fixed (attention, locked layers, layers that are not factorized) and what is
 * free, in classes of layers that no figure can tell apart. Figures of a design are then short sums over classes.
 */
import type { Cycles, EnergyPj } from '../base/units.ts';
import { check } from '../base/checks.ts';
import type { LayerSetting } from '../cost/layer.ts';
import type { Factorization } from '../factor/factorization.ts';
import type { Candidate } from './evaluation.ts';
import type { SearchSetting } from './setting.ts';

export interface Shape {
  readonly out: number;
  readonly in: number;
  /** Rows of X in one step. */
  readonly rows: number;
  readonly setting: LayerSetting;
}

export interface FreeClass {
  /** Position in `shapes`. */
  readonly shape: number;
  /** Positions in the model's linear layers. */
  readonly layers: readonly number[];
}

export interface Assembly {
  readonly shapes: readonly Shape[];
  readonly free: readonly FreeClass[];
  /** Of everything that is not free. */
  readonly energyPj: EnergyPj;
  readonly latencyCycles: Cycles;
  readonly damage: number;
  /** The whole design: free layers from `pick` (class, place within the class), the others as they are. */
  readonly design: (pick: (group: number, place: number) => Factorization) => Candidate;
}

export function assemble({ evaluator, design, locked }: SearchSetting): Assembly {
  const { linears } = evaluator.model;
  check(design.length === linears.length, 'design', `must have ${linears.length} layers`, design.length);
  check(
    locked.length === linears.length,
    'locks',
    `must be one per layer (${linears.length})`,
    locked.length,
  );
  const isFree = linears.map((layer, index) => layer.factorize && locked[index] !== true);
  let { energyPj, latencyCycles } = evaluator.fixed;
  let damage = 0;
  for (const index of linears.keys()) {
    if (isFree[index]) continue;
    const factorization = design[index] ?? evaluator.denseFactorization(index);
    const cost = evaluator.layer(index, factorization);
    energyPj += cost.energyPj;
    latencyCycles += cost.latencyCycles;
    damage += evaluator.damage(index, factorization).value;
  }
  const shapes: Shape[] = [];
  const free = evaluator.classes.flatMap((group): FreeClass[] => {
    const layers = group.layers.filter((index) => isFree[index]);
    if (layers.length === 0) return [];
    let shape = shapes.findIndex(
      ({ out, in: columns, rows, setting }) =>
        out === group.out &&
        columns === group.in &&
        rows === group.rows &&
        JSON.stringify(setting) === JSON.stringify(group.setting),
    );
    if (shape < 0) shape = shapes.push(group) - 1;
    return [{ shape, layers }];
  });
  return {
    shapes,
    free,
    energyPj,
    latencyCycles,
    damage,
    design(pick) {
      const whole = linears.map((_, index) => design[index] ?? evaluator.denseFactorization(index));
      for (const [group, { layers }] of free.entries())
        for (const [place, index] of layers.entries()) whole[index] = pick(group, place);
      return whole;
    },
  };
}
