/**
 * Where the Pareto plot draws and what its axes span. Right is a larger reduction (log), up is better: weight energy
 * kept (linear) or accuracy lost (logarithmic away from 0, since a tenth of a point and twenty points both matter). The
 * best corner is top right. Pixels have their origin at the top left.
 */
import type { Metric } from '../../core/accuracy/figure.ts';
import { metricWords } from '../metric.ts';
import { linearScale, logScale, roundTicks, symlogScale } from './scales.ts';

/** A place on the plot: `x` a reduction against dense (times), `y` a figure of the plot's metric. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

export interface Domain {
  readonly metric: Metric;
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
}

export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  /** A phone's width: shorter words, fewer ticks. */
  readonly compact: boolean;
}

export interface Scales {
  readonly x: (reduction: number) => number;
  readonly y: (value: number) => number;
  readonly invertX: (pixel: number) => number;
  readonly invertY: (pixel: number) => number;
}

export interface Tick {
  readonly at: number;
  readonly label: string;
}

export function plotFrame(width: number, height: number): Frame {
  const compact = width < 520;
  return {
    width,
    height,
    left: compact ? 42 : 52,
    right: Math.max(60, width - (compact ? 16 : 24)),
    top: compact ? 26 : 30,
    bottom: Math.max(60, height - 40),
    compact,
  };
}

/** Dense stands at 1x: the axis begins left of it so that its mark is not on the edge. */
const leftOfDense = 0.86;
/** Room above 100 % for the dense mark. */
const headroom = 1.5;
const niceEnds = [
  1.5, 2, 3, 4, 6, 8, 10, 12, 15, 20, 30, 40, 60, 80, 100, 150, 200, 300, 500, 1000, 1e4, 1e6,
];

/** Losses below this many points (nats) are spread evenly, larger ones by their logarithm; null: all evenly. */
export function bendOf(metric: Metric): number | null {
  switch (metric) {
    case 'weightEnergyKeptPercent':
      return null;
    case 'accuracyChangePoints':
      return 1;
    case 'negativeKlNats':
      return 0.02;
  }
  return metric satisfies never;
}

/** Ends of an axis of losses. */
const lossEnds = [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 4, 6, 10, 20, 40, 60, 100];

/** Axes that hold every place; the horizontal one always holds dense, both move in round steps only. */
export function paretoDomain(places: Iterable<Place>, metric: Metric): Domain {
  let least = leftOfDense;
  let most = 1.5;
  const bend = bendOf(metric);
  const { dense } = metricWords(metric);
  let lowest = bend === null ? 99 : dense - 2 * bend;
  let highest = dense;
  for (const { x, y } of places) {
    if (x > 0 && Number.isFinite(x)) {
      least = Math.min(least, x / 1.15);
      most = Math.max(most, x * 1.06);
    }
    if (!Number.isFinite(y)) continue;
    lowest = Math.min(lowest, y);
    highest = Math.max(highest, y);
  }
  const low = least < leftOfDense ? 10 ** (Math.floor(Math.log10(least) * 4) / 4) : leftOfDense;
  const high = niceEnds.find((end) => end >= most) ?? most;
  if (bend !== null) {
    const bottom = -(lossEnds.find((end) => -end <= lowest) ?? 100);
    return { metric, x: [low, high], y: [bottom, Math.max(0.25 * bend, 1.2 * highest)] };
  }
  const step = lowest < 80 ? 10 : lowest < 95 ? 5 : 2;
  return {
    metric,
    x: [low, high],
    y: [Math.max(0, Math.floor((lowest - 0.5) / step) * step), dense + headroom],
  };
}

/** The smallest axes that hold both, of one metric: while a drag goes on the axes may only grow. */
export function widen(a: Domain, b: Domain): Domain {
  const x: Domain['x'] = [Math.min(a.x[0], b.x[0]), Math.max(a.x[1], b.x[1])];
  const y: Domain['y'] = [Math.min(a.y[0], b.y[0]), Math.max(a.y[1], b.y[1])];
  return { metric: a.metric, x, y };
}

export function plotScales(frame: Frame, domain: Domain): Scales {
  const x = logScale(domain.x, [frame.left, frame.right]);
  const bend = bendOf(domain.metric);
  const range = [frame.bottom, frame.top] as const;
  const y = bend === null ? linearScale(domain.y, range) : symlogScale(domain.y, range, bend);
  return { x: x.at, y: y.at, invertX: x.invert, invertY: y.invert };
}

const candidates = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96,
  128, 256, 512, 1024,
];
/** Powers first: when ticks come too close the rounder one stays. */
const weight = (value: number): number =>
  value === 1 ? 0 : [0.01, 0.1, 2, 4, 8, 16, 32, 64].includes(value) ? 1 : 2;

export function reductionTicks(frame: Frame, domain: Domain): readonly Tick[] {
  const { x } = plotScales(frame, domain);
  const taken: number[] = [];
  for (const value of [...candidates].sort((a, b) => weight(a) - weight(b) || a - b)) {
    if (value < domain.x[0] || value > domain.x[1]) continue;
    if (taken.every((other) => Math.abs(x(other) - x(value)) >= 40)) taken.push(value);
  }
  return taken.sort((a, b) => a - b).map((value) => ({ at: value, label: `${value}×` }));
}

/** Losses worth a tick, those that stay first when room is short. */
const losses = [0, 1, 10, 0.1, 100, 0.01, 2, 5, 20, 50, 0.5, 0.2, 0.05, 0.02, 3, 30];
const tickGap = 26;

export function valueTicks(frame: Frame, domain: Domain): readonly Tick[] {
  if (bendOf(domain.metric) !== null) return lossTicks(frame, domain);
  const count = Math.max(2, Math.min(6, Math.floor((frame.bottom - frame.top) / 42)));
  return roundTicks([domain.y[0], 100], count).map((value) => ({ at: value, label: String(value) }));
}

function lossTicks(frame: Frame, domain: Domain): readonly Tick[] {
  const { y } = plotScales(frame, domain);
  const taken: number[] = [];
  for (const loss of losses) {
    const value = 0 - loss;
    if (value < domain.y[0] || value > domain.y[1]) continue;
    if (taken.every((other) => Math.abs(y(other) - y(value)) >= tickGap)) taken.push(value);
  }
  return taken
    .sort((a, b) => a - b)
    .map((value) => ({ at: value, label: value === 0 ? '0' : `\u2212${-value}` }));
}
