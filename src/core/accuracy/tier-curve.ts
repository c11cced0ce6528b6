/**
 * From damage to points of accuracy, fitted on measured designs: a falling curve over ln damage (monotone.ts) on one half
 * of them, and on the other half a split-conformal band (conformal.ts) whose half width follows the spread around the
 * curve, since it is narrow near the dense model and wide on the slope. No damage is no change, without a band.
 */
import { check } from '../base/checks.ts';
import { confidence, conformalBound, coverage } from './conformal.ts';
import type { AccuracyFigure, Tier } from './figure.ts';
import type { Damage } from './model.ts';
import { fallingFunction, fitFalling } from './monotone.ts';

/** A measured design: what its damage was said to be, and what became of its accuracy. */
export interface MeasuredDesign {
  readonly damage: number;
  /** Points of accuracy against the dense model, on the same examples. */
  readonly points: number;
}

/** Plain data, as stored. */
export interface TierCurve {
  /** ln damage of the knots, rising. */
  readonly x: readonly number[];
  /** Points at the knots, below zero, strictly falling. */
  readonly y: readonly number[];
  /** Mean absolute distance from the curve around each knot, points. */
  readonly spread: readonly number[];
  /** The band reaches so many spreads to either side. */
  readonly width: number;
  /** Designs that the curve, and that the band was made of. */
  readonly fitted: number;
  readonly held: number;
}

/** Least and greatest change possible: all wrong, all right. */
export interface Range {
  readonly least: number;
  readonly most: number;
}

const knots = 12;
/** Points: a curve is not known better than a few hundred examples tell. */
const leastSpread = 0.25;
/** Points from knot to knot at least, so that searches tell damages apart everywhere. */
const leastFall = 1e-3;

/** @param designs exchangeable, at least 50: every second one makes the curve, the others the band */
export function fitTier(designs: readonly MeasuredDesign[]): TierCurve {
  check(designs.length >= 50, 'calibration', 'needs at least 50 measured designs', designs.length);
  check(
    designs.every(({ damage, points }) => damage > 0 && Number.isFinite(damage) && Number.isFinite(points)),
    'calibration',
    'needs positive finite damages and finite points',
  );
  const fitted = designs.filter((_, i) => i % 2 === 0);
  const held = designs.filter((_, i) => i % 2 === 1);
  const curve = fitFalling(
    fitted.map(({ damage }) => Math.log(damage)),
    fitted.map(({ points }) => points),
    knots,
  );
  const y: number[] = [];
  for (const value of curve.y) y.push(Math.min(value, (y.at(-1) ?? 0) - leastFall));
  const { x } = curve;
  const at = fallingFunction({ x, y });
  const spread = spreadAt(x, fitted, at);
  const scale = linear(x, spread);
  const scores = held.map(({ damage, points }) => {
    const log = Math.log(damage);
    return Math.abs(points - at(log)) / scale(log);
  });
  const width = conformalBound(scores);
  return { x, y, spread, width, fitted: fitted.length, held: held.length };
}

/** Mean absolute residual of the designs around each knot: its own and both neighbouring stretches. */
function spreadAt(
  x: readonly number[],
  designs: readonly MeasuredDesign[],
  at: (log: number) => number,
): readonly number[] {
  return x.map((_, k) => {
    const from = x[k - 2] ?? Number.NEGATIVE_INFINITY;
    const to = x[k + 2] ?? Number.POSITIVE_INFINITY;
    let [sum, count] = [0, 0];
    for (const { damage, points } of designs) {
      const log = Math.log(damage);
      if (log < from || log > to) continue;
      sum += Math.abs(points - at(log));
      count++;
    }
    return Math.max(leastSpread, count === 0 ? 0 : sum / count);
  });
}

export interface Axis {
  /** Points; falls strictly with damage until nothing is left to lose. */
  readonly value: (damage: number) => number;
  readonly figure: (total: Damage) => AccuracyFigure;
}

/** The curve in use. */
export function tierAxis(curve: TierCurve, range: Range, tier: Tier, provenance: string): Axis {
  const { x, y, spread, width } = curve;
  const [first, last] = [x[0]!, x.at(-1)!];
  const inside = fallingFunction({ x, y });
  const scale = linear(x, spread);
  const end = y.at(-1)!;
  // Beyond the last knot towards the least that is possible, or a little below the end where that is already less.
  const floor = Math.min(range.least, end - leastFall);
  const value = (damage: number): number => {
    if (!(damage > 0)) return 0;
    const log = Math.log(damage);
    // Below the first knot in proportion to the damage.
    if (log < first) return y[0]! * Math.exp(log - first);
    return log <= last ? inside(log) : floor + (end - floor) * Math.exp(last - log);
  };
  const half = (damage: number): number => {
    if (!(damage > 0)) return 0;
    const log = Math.log(damage);
    // Few answers change: their number spreads as its root.
    return width * (log < first ? spread[0]! * Math.exp((log - first) / 2) : scale(log));
  };
  return {
    value,
    figure: (total) => {
      const middle = value(total.value);
      const low = Math.max(range.least, value(total.high) - half(total.high));
      const high = Math.min(range.most, value(total.low) + half(total.low));
      return {
        metric: 'accuracyChangePoints',
        tier,
        value: middle,
        low: Math.min(middle, low),
        high: Math.max(middle, high),
        provenance,
      };
    },
  };
}

/** What the ends of the interval mean, for provenance sentences. */
export const bandMeaning = (curve: TierCurve): string =>
  `band: ${100 * coverage} % of such designs (split-conformal on ${curve.held} others, ${100 * confidence} % sure)`;

/** Between knots in a straight line, constant beyond them. */
function linear(x: readonly number[], y: readonly number[]): (at: number) => number {
  return (at) => {
    if (!(at > x[0]!)) return y[0]!;
    const k = x.findIndex((knot) => knot >= at);
    if (k < 0) return y.at(-1)!;
    const t = (at - x[k - 1]!) / (x[k]! - x[k - 1]!);
    return y[k - 1]! + t * (y[k]! - y[k - 1]!);
  };
}
