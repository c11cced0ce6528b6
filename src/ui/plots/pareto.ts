/**
 * The Pareto plot as marks: what stands still (axes, frontier, ghost, baselines) and what moves in a drag (the current
 * design, its band, flag and labels). Pure: the same data and size give the same marks.
 */
import type { Tier } from '../../core/accuracy/figure.ts';
import type { PinLetter, Strategy } from '../../state/config.ts';
import { metricWords } from '../metric.ts';
import { placeLabels } from './labels.ts';
import { boxAround, roomiest, textWidth, type Box } from './boxes.ts';
import {
  valueTicks,
  plotScales,
  reductionTicks,
  type Domain,
  type Frame,
  type Place,
  type Scales,
} from './frame.ts';
import { staircase, thinned } from './frontier.ts';
import type { Who } from './shapes.ts';

/** A design on the plot with the band of its figure. */
export interface DesignPlace extends Place {
  readonly low: number;
  readonly high: number;
  readonly tier: Tier;
}

export interface PinPlace extends DesignPlace {
  readonly letter: PinLetter;
}

export interface Baseline {
  readonly strategy: Strategy;
  readonly label: string;
  /** Non-dominated, left to right. */
  readonly places: readonly Place[];
}

/** A place of the frontier with the ends of its figure's band, where it has one. */
export interface FrontierPlace extends Place {
  readonly low?: number;
  readonly high?: number;
}

/** A measured point of the frontier; `estimate` is where its dot stands. */
export interface MeasuredPlace extends Place {
  readonly low: number;
  readonly high: number;
  readonly estimate: number;
}

export interface StillData {
  /** Empty where nothing was measured, or measured figures are not shown. */
  readonly measured: readonly MeasuredPlace[];
  readonly frontier: readonly FrontierPlace[];
  readonly previous: readonly Place[];
  readonly baselines: readonly Baseline[];
}

/** The interval as a whisker, and a thread to the estimate that it replaces. */
interface MeasuredMark extends Whisker {
  readonly y: number;
  readonly from: number;
}

export interface StillMarks {
  readonly xTicks: readonly { readonly x: number; readonly label: string }[];
  readonly yTicks: readonly { readonly y: number; readonly label: string }[];
  readonly frontier: string;
  /** Area between the ends of the frontier's bands; empty when every figure is exact. */
  readonly band: string;
  readonly dots: readonly { readonly x: number; readonly y: number }[];
  readonly measured: readonly MeasuredMark[];
  readonly previous: string;
  readonly baselines: readonly { readonly strategy: Strategy; readonly path: string }[];
}

export function stillMarks(data: StillData, frame: Frame, domain: Domain): StillMarks {
  const scales = plotScales(frame, domain);
  return {
    xTicks: reductionTicks(frame, domain).map(({ at, label }) => ({ x: scales.x(at), label })),
    yTicks: valueTicks(frame, domain).map(({ at, label }) => ({ y: scales.y(at), label })),
    // A frontier of dense alone bounds nothing yet.
    frontier: data.frontier.length > 1 ? staircase(data.frontier, scales, domain) : '',
    band: bandArea(data.frontier, scales),
    dots: thinned(data.frontier, scales, domain, 9),
    measured: data.measured.flatMap((place) => measuredMark(place, scales, frame, domain)),
    previous: staircase(data.previous, scales, domain),
    baselines: data.baselines.map(({ strategy, places }) => ({
      strategy,
      path: polyline(places, scales),
    })),
  };
}

function measuredMark(
  { x, y, low, high, estimate }: MeasuredPlace,
  scales: Scales,
  frame: Frame,
  domain: Domain,
): readonly MeasuredMark[] {
  if (x < domain.x[0] || x > domain.x[1]) return [];
  const at = (value: number): number => clamp(scales.y(value), frame.top - 4, frame.bottom);
  return [{ x: scales.x(x), y: at(y), top: at(high), bottom: at(low), from: at(estimate) }];
}

/** Along the high ends and back along the low ones. */
function bandArea(places: readonly FrontierPlace[], scales: Scales): string {
  const ends = places.flatMap(({ x, low, high }) =>
    low === undefined || high === undefined ? [] : [{ x, low, high }],
  );
  if (ends.length < 2 || ends.every(({ low, high }) => high - low < 1e-9)) return '';
  const there = polyline(
    ends.map(({ x, high }) => ({ x, y: high })),
    scales,
  );
  const back = polyline(ends.map(({ x, low }) => ({ x, y: low })).reverse(), scales);
  return `${there}L${back.slice(1)}Z`;
}

/** A baseline is a family of designs along one setting, not a boundary: straight lines between its points. */
function polyline(places: readonly Place[], scales: Scales): string {
  return places
    .map((p, i) => `${i === 0 ? 'M' : 'L'}${scales.x(p.x).toFixed(1)} ${scales.y(p.y).toFixed(1)}`)
    .join('');
}

export interface FlagLine {
  readonly text: string;
  readonly tone: 'strong' | 'plain' | 'warn';
}

export interface LiveData {
  readonly now: DesignPlace;
  /** Its estimate, where `now` is measured and estimates are shown too. */
  readonly echo: DesignPlace | null;
  /** Where the drag began, or null. */
  readonly before: Place | null;
  readonly pins: readonly PinPlace[];
  readonly limit: number | null;
  readonly flag: readonly FlagLine[];
}

interface Whisker {
  readonly x: number;
  readonly top: number;
  readonly bottom: number;
}

export interface Label {
  readonly x: number;
  readonly y: number;
  readonly anchor: 'start' | 'end' | 'middle';
  readonly text: string;
  /** Stands before the text, in the owner's hue. */
  readonly who?: Who;
}

export interface LiveMarks {
  readonly now: { readonly x: number; readonly y: number; readonly tier: Tier };
  readonly echo: { readonly x: number; readonly y: number; readonly tier: Tier } | null;
  readonly band: Whisker | null;
  readonly before: { readonly x: number; readonly y: number } | null;
  /** From where the drag began to the current design. */
  readonly trail: string;
  /** From the current design to both axes. */
  readonly crosshair: string;
  readonly pins: readonly {
    readonly letter: PinLetter;
    readonly x: number;
    readonly y: number;
    readonly tier: Tier;
    readonly band: Whisker | null;
  }[];
  readonly dense: { readonly x: number; readonly y: number };
  readonly limit: { readonly y: number; readonly inside: boolean } | null;
  readonly flag: (Box & { readonly lines: readonly FlagLine[]; readonly pole: string }) | null;
  readonly labels: readonly Label[];
}

const clamp = (value: number, low: number, high: number): number => Math.max(low, Math.min(high, value));

/** @param front dots of the frontier as drawn, which flag and labels keep clear of */
export function liveMarks(
  data: LiveData,
  still: StillData,
  front: StillMarks['dots'],
  frame: Frame,
  domain: Domain,
): LiveMarks {
  const scales = plotScales(frame, domain);
  const at = (place: Place): { x: number; y: number } => ({
    x: clamp(scales.x(place.x), frame.left, frame.right),
    y: clamp(scales.y(place.y), frame.top - 4, frame.bottom),
  });
  const band = (place: DesignPlace): Whisker | null => {
    const top = clamp(scales.y(place.high), frame.top, frame.bottom);
    const bottom = clamp(scales.y(place.low), frame.top, frame.bottom);
    return bottom - top < 3 ? null : { x: at(place).x, top, bottom };
  };
  const now = at(data.now);
  const before = data.before === null ? null : at(data.before);
  const dense = at({ x: 1, y: metricWords(domain.metric).dense });
  const pins = data.pins.map((pin) => ({
    letter: pin.letter,
    tier: pin.tier,
    band: band(pin),
    ...at(pin),
  }));
  const limit =
    data.limit === null
      ? null
      : {
          y: clamp(scales.y(data.limit), frame.top, frame.bottom),
          inside: data.limit >= domain.y[0] && data.limit <= domain.y[1],
        };

  const echo = data.echo === null ? null : { ...at(data.echo), tier: data.echo.tier };
  const points = [now, ...[before, echo].filter((mark) => mark !== null), dense, ...pins].map(({ x, y }) =>
    boxAround(x, y, 11),
  );
  const dots = front.map(({ x, y }) => boxAround(x, y, 3));
  const flag = placeFlag(data.flag, now, points, dots, frame);
  const whiskers = [band(data.now), ...pins.map((pin) => pin.band)].flatMap((line): Box[] =>
    line === null ? [] : [{ x: line.x - 3, y: line.top, width: 6, height: line.bottom - line.top }],
  );
  const taken = [...points, ...dots, ...whiskers, ...(flag === null ? [] : [flag])];
  return {
    now: { ...now, tier: data.now.tier },
    echo,
    band: band(data.now),
    before,
    trail: before === null ? '' : trail(before, now),
    crosshair: `M${now.x.toFixed(1)} ${(now.y + 11).toFixed(1)}V${frame.bottom}M${frame.left} ${now.y.toFixed(1)}H${(now.x - 11).toFixed(1)}`,
    pins,
    dense,
    limit,
    flag,
    labels: placeLabels(data, still, scales, frame, domain, { dense, limit, pins }, taken),
  };
}

/** A bow, so that the trail is told from axes and frontier. */
function trail(from: { x: number; y: number }, to: { x: number; y: number }): string {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  if (length < 24) return '';
  const n = (v: number): string => v.toFixed(1);
  const [ux, uy] = [(to.x - from.x) / length, (to.y - from.y) / length];
  const middle = { x: (from.x + to.x) / 2 - uy * length * 0.12, y: (from.y + to.y) / 2 + ux * length * 0.12 };
  return `M${n(from.x + ux * 8)} ${n(from.y + uy * 8)}Q${n(middle.x)} ${n(middle.y)} ${n(to.x - ux * 11)} ${n(to.y - uy * 11)}`;
}

const lineHeight = 15;

/** The flag flies in the corner that no design can reach; elsewhere only when a point that matters stands there. */
function placeFlag(
  lines: readonly FlagLine[],
  now: { x: number; y: number },
  points: readonly Box[],
  dots: readonly Box[],
  frame: Frame,
): LiveMarks['flag'] {
  if (lines.length === 0) return null;
  const widest = Math.max(
    ...lines.map(({ text, tone }) => textWidth(text, tone === 'strong' ? 12 : 11, tone === 'strong')),
  );
  const width = Math.min(widest + 18, frame.right - frame.left);
  const height = lines.length * lineHeight + 10;
  // Nearest first: from the design to the right, then to the left, then beside it.
  const xs: number[] = [];
  for (let x = now.x; x < frame.right - width; x += 24) xs.push(x);
  xs.push(frame.right - width);
  for (let x = Math.min(now.x, frame.right - width) - 24; x > frame.left; x -= 24) xs.push(x);
  xs.push(now.x + 18, now.x - width - 18, frame.left + 4);
  const ys = [frame.top + 5, now.y - height - 22, now.y + 22, frame.bottom - height - 6];
  const places = ys.flatMap((y) => xs.map((x): Box => ({ x, y, width, height })));
  // A covered design weighs more than covered frontier dots, the current one more than all, whatever the areas.
  const own = Array<Box>(40).fill(boxAround(now.x, now.y, 11));
  const taken = [...own, ...points, ...points, ...points, ...dots];
  const room: Box = {
    x: frame.left,
    y: frame.top,
    width: frame.right - frame.left,
    height: frame.bottom - frame.top,
  };
  const box = places[roomiest(places, taken, room)];
  if (box === undefined) return null;
  const inner = clamp(now.x, box.x, box.x + box.width);
  const edge = box.y > now.y ? box.y : box.y + box.height;
  const clear = box.y > now.y ? now.y + 10 : now.y - 10;
  const level = now.y >= box.y && now.y <= box.y + box.height;
  const pole = level
    ? `M${(box.x > now.x ? now.x + 10 : now.x - 10).toFixed(1)} ${now.y.toFixed(1)}H${(box.x > now.x ? box.x : box.x + box.width).toFixed(1)}`
    : `M${now.x.toFixed(1)} ${clear.toFixed(1)}L${inner.toFixed(1)} ${edge.toFixed(1)}`;
  return { ...box, lines, pole };
}
