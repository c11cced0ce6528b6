/**
 * The scent of a rank slider: what energy-delay product and predicted accuracy would be over the slider's whole range,
 * the other ranks held. Computed outside the drag (worker or idle), cached by what it depends on.
 */
import type { Factorization } from '../factor/factorization.ts';
import { breakEvenRanks } from '../factor/parameters.ts';
import { rankLimits } from '../factor/ranks.ts';
import type { Evaluator } from './evaluate.ts';
import { phasesOf, type Phase } from './phases.ts';

export interface Scent {
  /** Position in `ranks`. */
  readonly rank: number;
  readonly min: number;
  readonly max: number;
  /** Rank values sampled, ascending, first = min, last = max. */
  readonly values: readonly number[];
  /** Layer EDP relative to the dense layer's at each value. */
  readonly edp: readonly number[];
  /** Share of ||W||^2 kept at each value. */
  readonly kept: readonly number[];
  /** Damage of all layers that follow, at each value: added to that of the others it tells the model's figure. */
  readonly damage: readonly number[];
  /** Largest rank with fewer parameters than dense, or null when every one has more. */
  readonly breakEven: number | null;
  /** Sampled values that are Pareto-efficient in (EDP, damage). */
  readonly efficient: readonly number[];
  /** What bounds the layer and what stays on chip, from rank to rank. */
  readonly phases: readonly Phase[];
}

const samples = 48;

/** Rank values to sample: all when few, else log-spaced with both ends. */
export function sampleRanks(min: number, max: number): readonly number[] {
  if (max - min < samples) return Array.from({ length: max - min + 1 }, (_, i) => min + i);
  const values = new Set<number>();
  for (let i = 0; i < samples; i++) values.add(Math.round(min * (max / min) ** (i / (samples - 1))));
  return [...values].sort((a, b) => a - b);
}

/**
 * The scent of one rank; costs come from the evaluator's own gear.
 * @param layers the layer itself, then those of its shape that take the same factorization
 */
export function scentOf(
  evaluator: Evaluator,
  layers: readonly number[],
  factorization: Factorization,
  rank: number,
): Scent {
  const [layer = 0] = layers;
  const limits = rankLimits(factorization)[rank] ?? { min: 1, max: 1 };
  const dense = evaluator.layer(layer, evaluator.denseFactorization(layer));
  const denseEdp = dense.energyPj * dense.latencyCycles;
  const values = sampleRanks(limits.min, limits.max);
  const edp: number[] = [];
  const kept: number[] = [];
  const damage: number[] = [];
  for (const value of values) {
    const at = withRank(factorization, rank, value);
    const cost = evaluator.layer(layer, at);
    edp.push((cost.energyPj * cost.latencyCycles) / denseEdp);
    kept.push(evaluator.kept(layer, at).value);
    damage.push(layers.reduce((sum, each) => sum + evaluator.damage(each, at).value, 0));
  }
  return {
    rank,
    min: limits.min,
    max: limits.max,
    values,
    edp,
    kept,
    damage,
    breakEven: breakEvenRanks(factorization)[rank] ?? null,
    efficient: efficient(values, edp, damage),
    phases: phasesOf(evaluator, layer, values, (value) => withRank(factorization, rank, value)),
  };
}

function withRank(factorization: Factorization, rank: number, value: number): Factorization {
  return { ...factorization, ranks: factorization.ranks.map((r, i) => (i === rank ? value : r)) };
}

/** A value is efficient when nothing with at most its EDP does as little damage. */
function efficient(
  values: readonly number[],
  edp: readonly number[],
  damage: readonly number[],
): readonly number[] {
  const order = values
    .map((_, i) => i)
    .sort((a, b) => (edp[a] ?? 0) - (edp[b] ?? 0) || (damage[a] ?? 0) - (damage[b] ?? 0));
  let least = Number.POSITIVE_INFINITY;
  const found: number[] = [];
  for (const i of order) {
    const lost = damage[i] ?? 0;
    if (lost < least) {
      least = lost;
      found.push(values[i] ?? 0);
    }
  }
  return found.sort((a, b) => a - b);
}
