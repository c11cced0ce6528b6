/**
 * What a search and a drag frame know of the vertical axis: each layer's damage, additive over layers, and a curve from
 * the sum to the axis. The share of weight energy kept is one such model (data-free), a calibrated sensitivity table
 * another (tier T0).
 */
import type { Factorization } from '../factor/factorization.ts';
import type { AccuracyFigure } from './figure.ts';

/** Additive over layers, 0 = as dense; its unit is the model's own. low <= value <= high. */
export interface Damage {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface AccuracyModel {
  readonly metric: AccuracyFigure['metric'];
  /** Of layer `index` of the model when it is replaced by `f`; a dense layer has none. Microseconds: called per drag frame. */
  damage(index: number, f: Factorization): Damage;
  /** On the axis, higher is better; never rises with damage. */
  value(damage: number): number;
  /** Value with its interval; `low` of the figure belongs to `high` of the damage. */
  figure(total: Damage): AccuracyFigure;
  /** Equal keys (by identity) = layers of one shape that no factorization tells apart. */
  key(index: number): unknown;
}
