/** Hypervolume over evaluations as a sparkline, and what the last stretch has gained. Pure. */
export interface Sample {
  readonly evaluations: number;
  readonly value: number;
}

export interface SparkMarks {
  readonly path: string;
  readonly endX: number;
  readonly endY: number;
  /** Level reached so far, on to the end of the budget; empty when there. */
  readonly ahead: string;
  readonly baseY: number;
}

/** Null with fewer than two samples. */
export function sparkMarks(
  all: readonly Sample[],
  budget: number,
  width: number,
  height: number,
): SparkMarks | null {
  const last = all.at(-1);
  const history = all.filter(({ value }) => value >= (last?.value ?? 0) / 4);
  if (history.length < 2 || last === undefined) return null;
  const most = Math.max(1, budget, last.evaluations);
  let [low, high] = [Infinity, -Infinity];
  for (const { value } of history) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const x = (evaluations: number): number => 1 + ((width - 6) * evaluations) / most;
  const y = (value: number): number =>
    high > low ? height - 4 - ((height - 8) * (value - low)) / (high - low) : height / 2;
  const every = Math.ceil(history.length / width);
  const shown = history.filter((_, i) => i % every === 0 || i === history.length - 1);
  const point = ({ evaluations, value }: Sample): string =>
    `${x(evaluations).toFixed(1)} ${y(value).toFixed(1)}`;
  const [endX, endY] = [x(last.evaluations), y(last.value)];
  return {
    path: `M${shown.map(point).join('L')}`,
    endX,
    endY,
    ahead: endX < width - 8 ? `M${(endX + 3).toFixed(1)} ${endY.toFixed(1)}H${width - 1}` : '',
    baseY: height - 0.5,
  };
}

/** Gain over the last stretch of at least a tenth of what was evaluated; null before there is one. */
export function lastGain(
  history: readonly Sample[],
): { readonly gain: number; readonly over: number } | null {
  const last = history.at(-1);
  if (last === undefined || history.length < 2) return null;
  const since = last.evaluations * 0.9;
  const before = history.findLast((sample) => sample.evaluations <= since);
  if (before === undefined) return null;
  return { gain: last.value - before.value, over: last.evaluations - before.evaluations };
}
