/** What if steps shared other loops: the group found anew under loops chosen by hand, beside what the mapper chose. */
import { InputError } from '../../core/base/checks.ts';
import { chainOf } from '../../core/cost/fusion/chain.ts';
import { iterations, over, type SharedLoops } from '../../core/cost/fusion/shared-loops.ts';
import type { LayerCost } from '../../core/cost/layer.ts';
import { latticeOf } from '../../core/cost/lattice.ts';
import type { Mapper } from '../../core/cost/mapper.ts';
import type { Accounting, Gear } from '../../core/cost/mapping.ts';
import { sharableLabels, stepsUnder, underLoops } from '../../core/cost/under-loops.ts';
import { formatExact, formatRatio } from '../format.ts';
import { groupOf, meaning, type GroupView } from './group.ts';
import { stageStep, type StagedStep } from './stage.ts';

/** A loop that the steps share, or could: factor 1 = no loop. */
export interface SharedLoop {
  readonly label: string;
  readonly factor: number;
  /** `rows`, `rank`: what it is over. */
  readonly of: string;
  /** Divisors of the extent, ascending. */
  readonly choices: readonly number[];
}

/** The loops of the step's group outermost first, then what else could be shared. */
export function sharedLoopsOf(cost: LayerCost, step: number): readonly SharedLoop[] {
  const shared = cost.steps[step]?.tiled?.shared ?? [];
  const labels = sharableLabels(cost, step);
  const all: SharedLoops = [
    ...shared,
    ...[...labels.keys()].flatMap((label) =>
      shared.some(([own]) => own === label) ? [] : [[label, 1] as const],
    ),
  ];
  return all.map(([label, factor]) => ({
    label,
    factor,
    of: meaning(cost.path.einsum, label),
    choices: [...latticeOf(labels.get(label) ?? factor).divisors],
  }));
}

export type Regrouped =
  | { readonly ok: true; readonly stage: StagedStep; readonly group: GroupView | null; readonly said: string }
  | { readonly ok: false; readonly problem: string };

/** @param names of the einsum's operands, X first */
export function regroup(
  mapper: Mapper,
  cost: LayerCost,
  step: number,
  names: readonly string[],
  loops: readonly SharedLoop[],
  gear: Gear,
  accounting: Accounting,
): Regrouped {
  const shared = loops.flatMap(({ label, factor }) => (factor > 1 ? [[label, factor] as const] : []));
  const positions = stepsUnder(cost, step);
  const [from = 0] = positions;
  try {
    const found = underLoops(mapper, cost, step, shared);
    if (found === null) return { ok: false, problem: sayMisfit(mapper, cost, positions, shared) };
    const other = { ...cost, steps: cost.steps.map((own, s) => found[s - from] ?? own) };
    const own = other.steps[step];
    if (own === undefined) throw new Error('internal: a step of the layer');
    const total = (of: LayerCost, pick: 'energyPj' | 'latencyCycles'): number =>
      positions.reduce((sum, s) => sum + (of.steps[s]?.cost[pick] ?? 0), 0);
    const energy = total(other, 'energyPj') / total(cost, 'energyPj');
    const delay = total(other, 'latencyCycles') / total(cost, 'latencyCycles');
    const steps = positions.map((s) => String(s + 1)).join(' and ');
    return {
      ok: true,
      stage: stageStep(mapper, own, gear, accounting),
      group: groupOf(other, step, names),
      said: `Steps ${steps} together under these loops, mapped anew: energy ${formatRatio(energy)}, delay ${formatRatio(delay)}, EDP ${formatRatio(energy * delay)} of the mapper's choice`,
    };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { ok: false, problem: error.message };
  }
}

/** Which tile leaves no room. */
function sayMisfit(
  { accelerator }: Mapper,
  cost: LayerCost,
  positions: readonly number[],
  loops: SharedLoops,
): string {
  const [from = 0] = positions;
  const to = positions.at(-1) ?? from;
  const level = accelerator.levels[cost.steps[from]?.tiled?.homes.O ?? 0];
  const tiles = chainOf(cost.path).intermediates.flatMap(({ madeBy, usedBy, words, labels }) =>
    madeBy >= from && madeBy < to
      ? [`the tile ${madeBy + 1}→${usedBy + 1} takes ${formatExact(words / over(loops, labels))}`]
      : [],
  );
  const often = iterations(loops);
  return `${level?.name ?? 'The level'}: with ${formatExact(often)} ${often === 1 ? 'iteration' : 'iterations'} ${tiles.join(', ')} of its ${formatExact(level?.depthWords ?? 0)} words, and the products' own tiles do not fit beside it`;
}
