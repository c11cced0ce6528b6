/** The frontier as a figure: true staircase, thinned dots, the walk along it and the point nearest to a pointer. */
import type { Domain, Place, Scales } from './frame.ts';

const px = (value: number): string => String(Math.round(value * 10) / 10);

/** The places no other place beats in both directions, from left (most kept) to right (largest reduction). */
export function nonDominated<T extends Place>(places: readonly T[]): readonly T[] {
  const sorted = [...places].sort((a, b) => b.x - a.x || b.y - a.y);
  const kept: T[] = [];
  let best = -Infinity;
  for (const place of sorted) {
    if (place.y <= best) continue;
    best = place.y;
    kept.push(place);
  }
  return kept.reverse();
}

/**
 * SVG path of the boundary of what is dominated: along each place's level to the place, then down. Empty for no places.
 * @param places non-dominated, left to right
 */
export function staircase(places: readonly Place[], scales: Scales, domain: Domain): string {
  const first = places[0];
  if (first === undefined) return '';
  const bottom = px(scales.y(domain.y[0]));
  let path = `M${px(scales.x(domain.x[0]))} ${px(scales.y(first.y))}`;
  let height = '';
  for (const place of places) {
    const y = px(scales.y(place.y));
    if (y !== height && height !== '') path += `V${y}`;
    height = y;
    path += `H${px(scales.x(place.x))}`;
  }
  return `${path}V${bottom}`;
}

/** Pixel places of dots at least `gap` apart, inside the domain. */
export function thinned(
  places: readonly Place[],
  scales: Scales,
  domain: Domain,
  gap: number,
): readonly { readonly x: number; readonly y: number }[] {
  const dots: { x: number; y: number }[] = [];
  for (const place of places) {
    if (place.y < domain.y[0] || place.x < domain.x[0] || place.x > domain.x[1]) continue;
    const dot = { x: scales.x(place.x), y: scales.y(place.y) };
    const last = dots.at(-1);
    if (last === undefined || Math.hypot(dot.x - last.x, dot.y - last.y) >= gap) dots.push(dot);
  }
  return dots;
}

/** Index of the place nearest to a pixel, or -1 when none is within `reach` pixels. Brute force. */
export function nearest(
  places: readonly Place[],
  scales: Scales,
  x: number,
  y: number,
  reach: number,
): number {
  let best = -1;
  let least = reach * reach;
  for (const [i, place] of places.entries()) {
    const dx = scales.x(place.x) - x;
    const dy = scales.y(place.y) - y;
    const distance = dx * dx + dy * dy;
    if (distance <= least) {
      least = distance;
      best = i;
    }
  }
  return best;
}

/**
 * Next place of a walk by keyboard, or null when the key does not walk. From nowhere (`at` null) the walk begins at the
 * place nearest in x to the current design.
 */
export function walk(key: string, at: number | null, places: readonly Place[], now: Place): number | null {
  const last = places.length - 1;
  if (last < 0) return null;
  const step = { ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, PageUp: -10, PageDown: 10 }[key];
  if (key === 'Home') return 0;
  if (key === 'End') return last;
  if (step === undefined) return null;
  if (at === null) {
    let best = 0;
    for (const [i, place] of places.entries())
      if (Math.abs(Math.log(place.x / now.x)) < Math.abs(Math.log((places[best]?.x ?? 1) / now.x))) best = i;
    return best;
  }
  return Math.max(0, Math.min(last, at + step));
}
