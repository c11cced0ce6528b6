/**
 * The scale under a rank slider, as pure functions: where a rank stands (0 to 1), which rank stands somewhere, and what
 * a key does. Logarithmic when the range spans more than a factor of 12.
 */
export interface RankScale {
  readonly min: number;
  readonly max: number;
  readonly log: boolean;
}

const widestLinear = 12;

export function rankScale(min: number, max: number): RankScale {
  return { min, max, log: max / Math.max(1, min) > widestLinear };
}

/** Where a value stands, 0 at min to 1 at max; clamped. */
export function placeOf(scale: RankScale, value: number): number {
  const { min, max, log } = scale;
  if (max <= min) return 0;
  const share = log ? Math.log(value / min) / Math.log(max / min) : (value - min) / (max - min);
  return Math.min(1, Math.max(0, share));
}

/** The whole value at a place; clamped. */
export function valueAt(scale: RankScale, place: number): number {
  const { min, max, log } = scale;
  const share = Math.min(1, Math.max(0, place));
  return Math.round(log ? min * (max / min) ** share : min + share * (max - min));
}

/** The multiple of `step` nearest to the value within the range; the value itself where the range has none. */
export function snapInto(scale: RankScale, value: number, step: number): number {
  const { min, max } = scale;
  const clamped = Math.min(max, Math.max(min, Math.round(value)));
  if (step <= 1) return clamped;
  const lowest = Math.ceil(min / step) * step;
  const highest = Math.floor(max / step) * step;
  if (lowest > highest) return clamped;
  return Math.min(highest, Math.max(lowest, Math.round(clamped / step) * step));
}

const page = 8;

/**
 * The value after a key of the slider pattern, or null for another key. With a step above 1 the arrows go from multiple
 * to multiple, a page is four of them.
 */
export function afterKey(scale: RankScale, value: number, key: string, step: number): number | null {
  const up = (distance: number): number =>
    step > 1 ? (Math.floor(value / step) + distance) * step : value + distance;
  const down = (distance: number): number =>
    step > 1 ? (Math.ceil(value / step) - distance) * step : value - distance;
  const far = step > 1 ? page / 2 : page;
  const wanted = (
    {
      ArrowRight: () => up(1),
      ArrowUp: () => up(1),
      ArrowLeft: () => down(1),
      ArrowDown: () => down(1),
      PageUp: () => up(far),
      PageDown: () => down(far),
      Home: () => scale.min,
      End: () => scale.max,
    } as Readonly<Record<string, () => number>>
  )[key]?.();
  return wanted === undefined ? null : Math.min(scale.max, Math.max(scale.min, wanted));
}

/** Labelled ticks: round numbers, at most seven. */
export function ticksOf(scale: RankScale): readonly number[] {
  const { min, max, log } = scale;
  if (log) {
    const all: number[] = [];
    for (let tick = 2 ** Math.ceil(Math.log2(min)); tick <= max; tick *= 2) all.push(tick);
    const every = Math.max(1, Math.ceil(all.length / 7));
    return all.filter((_, i) => (all.length - 1 - i) % every === 0);
  }
  const rough = Math.max(1, (max - min) / 6);
  const magnitude = 2 ** Math.ceil(Math.log2(rough));
  const ticks: number[] = [];
  for (let tick = Math.ceil(min / magnitude) * magnitude; tick <= max; tick += magnitude) ticks.push(tick);
  return ticks;
}

/** Piecewise linear between samples; clamped at the ends. `xs` ascending. */
export function interpolate(xs: readonly number[], ys: readonly number[], x: number): number {
  const next = xs.findIndex((each) => each >= x);
  if (next === -1) return ys.at(-1) ?? Number.NaN;
  const [x0, x1] = [xs[next - 1], xs[next]];
  const [y0, y1] = [ys[next - 1], ys[next]];
  if (x1 === undefined || y1 === undefined) return Number.NaN;
  if (x0 === undefined || y0 === undefined || x1 === x) return y1;
  return y0 + ((y1 - y0) * (x - x0)) / (x1 - x0);
}
