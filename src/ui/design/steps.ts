/** A slider over a list of allowed values (token counts, batches): every allowed value has the same room. */

/** The list with the present value in its place. */
export function withValue(allowed: readonly number[], value: number): readonly number[] {
  return [...new Set([...allowed, value])].toSorted((a, b) => a - b);
}

/** The allowed value nearest to another. */
export function nearest(allowed: readonly number[], value: number): number {
  return allowed.reduce(
    (best, each) => (Math.abs(each - value) < Math.abs(best - value) ? each : best),
    allowed[0] ?? value,
  );
}

export function placeInList(allowed: readonly number[], value: number): number {
  return allowed.length < 2
    ? 0
    : Math.max(0, allowed.indexOf(nearest(allowed, value))) / (allowed.length - 1);
}

export function valueInList(allowed: readonly number[], place: number): number {
  const at = Math.round(Math.min(1, Math.max(0, place)) * (allowed.length - 1));
  return allowed[at] ?? allowed[0] ?? 1;
}

/** The allowed value after a key of the slider pattern, null for other keys. */
export function keyInList(allowed: readonly number[], value: number, key: string): number | null {
  const at = allowed.indexOf(nearest(allowed, value));
  const next = {
    ArrowRight: at + 1,
    ArrowUp: at + 1,
    ArrowLeft: at - 1,
    ArrowDown: at - 1,
    PageUp: at + 4,
    PageDown: at - 4,
    Home: 0,
    End: allowed.length - 1,
  }[key];
  return next === undefined ? null : (allowed[Math.min(allowed.length - 1, Math.max(0, next))] ?? null);
}

/** Sequence lengths to offer up to the model's own largest: powers of two and what the model opens with. */
export function offeredSequences(opening: number, largest: number): readonly number[] {
  const powers = Array.from({ length: 18 }, (_, i) => 2 ** i).filter((value) => value <= largest);
  return withValue(withValue(powers, opening), largest);
}
