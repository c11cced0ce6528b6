/**
 * Where the Pareto plot draws and what its axes span. Right is a larger reduction (log), up is more weight energy kept
 * (linear): the best corner is top right. Pixels have their origin at the top left.
 */
import { scaleLinear, scaleLog } from 'd3';

/** A place on the plot: `x` a reduction against dense (times), `y` weight energy kept (percent). */
export interface Place {
  readonly x: number;
  readonly y: number;
}

export interface Domain {
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
  readonly y: (kept: number) => number;
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

/** Axes that hold every place; the horizontal one always holds dense, both move in round steps only. */
export function paretoDomain(places: Iterable<Place>): Domain {
  let least = leftOfDense;
  let most = 1.5;
  let lowest = 99;
  for (const { x, y } of places) {
    if (x > 0 && Number.isFinite(x)) {
      least = Math.min(least, x / 1.15);
      most = Math.max(most, x * 1.06);
    }
    if (Number.isFinite(y)) lowest = Math.min(lowest, y);
  }
  const low = least < leftOfDense ? 10 ** (Math.floor(Math.log10(least) * 4) / 4) : leftOfDense;
  const high = niceEnds.find((end) => end >= most) ?? most;
  const step = lowest < 80 ? 10 : lowest < 95 ? 5 : 2;
  return {
    x: [low, high],
    y: [Math.max(0, Math.floor((lowest - 0.5) / step) * step), 100 + headroom],
  };
}

/** The smallest axes that hold both: while a drag goes on the axes may only grow. */
export function widen(a: Domain, b: Domain): Domain {
  const x: Domain['x'] = [Math.min(a.x[0], b.x[0]), Math.max(a.x[1], b.x[1])];
  const y: Domain['y'] = [Math.min(a.y[0], b.y[0]), Math.max(a.y[1], b.y[1])];
  return { x, y };
}

export function plotScales(frame: Frame, domain: Domain): Scales {
  const x = scaleLog([...domain.x], [frame.left, frame.right]);
  const y = scaleLinear([...domain.y], [frame.bottom, frame.top]);
  return { x: (v) => x(v), y: (v) => y(v), invertX: (p) => x.invert(p), invertY: (p) => y.invert(p) };
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

export function keptTicks(frame: Frame, domain: Domain): readonly Tick[] {
  const count = Math.max(2, Math.min(6, Math.floor((frame.bottom - frame.top) / 42)));
  return scaleLinear([domain.y[0], 100], [0, 1])
    .ticks(count)
    .map((value) => ({ at: value, label: String(value) }));
}
