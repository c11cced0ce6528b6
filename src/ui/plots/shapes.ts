/** Shape says who: one outline per design on the plot, in tables and in lanes, centred at the origin. */
import type { PinLetter } from '../../state/config.ts';

export type Who = 'dense' | 'now' | PinLetter;

export const whoColour: Readonly<Record<Who, string>> = {
  dense: 'var(--rs-ink-2)',
  now: 'var(--rs-accent)',
  A: 'var(--rs-pin-a)',
  B: 'var(--rs-pin-b)',
  C: 'var(--rs-pin-c)',
  D: 'var(--rs-pin-d)',
};

export const whoName = (who: Who): string => (who === 'dense' ? 'Dense' : who === 'now' ? 'Now' : who);

/**
 * SVG path data: bar, diamond, circle, square, triangle, hexagon of about `r` pixels from centre (`x`, `y`) to edge. A
 * mark that moves has its place in the path: a transform would make the browser order its layers anew in every frame.
 */
export function shapePath(who: Who, r: number, x = 0, y = 0): string {
  const n = (value: number): string => String(Math.round(value * 100) / 100);
  const from = (dx: number, dy: number): string => `M${n(x + dx * r)} ${n(y + dy * r)}`;
  const by = (dx: number, dy: number): string => `l${n(dx * r)} ${n(dy * r)}`;
  switch (who) {
    case 'dense':
      return `${from(-0.32, -1.3)}h${n(0.64 * r)}v${n(2.6 * r)}h${n(-0.64 * r)}Z`;
    case 'now':
      return `${from(0, -1.25)}${by(1.25, 1.25)}${by(-1.25, 1.25)}${by(-1.25, -1.25)}Z`;
    case 'A':
      return `${from(-1, 0)}a${n(r)} ${n(r)} 0 1 0 ${n(2 * r)} 0a${n(r)} ${n(r)} 0 1 0 ${n(-2 * r)} 0Z`;
    case 'B':
      return `${from(-0.9, -0.9)}h${n(1.8 * r)}v${n(1.8 * r)}h${n(-1.8 * r)}Z`;
    case 'C':
      return `${from(0, -1.15)}${by(1.15, 2.07)}h${n(-2.3 * r)}Z`;
    case 'D':
      return `${from(-1.1, 0)}${by(0.55, -0.95)}h${n(1.1 * r)}${by(0.55, 0.95)}${by(-0.55, 0.95)}h${n(-1.1 * r)}Z`;
  }
  return who satisfies never;
}
