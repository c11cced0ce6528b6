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

/** SVG path data: bar, diamond, circle, square, triangle, hexagon of about `r` pixels from centre to edge. */
export function shapePath(who: Who, r: number): string {
  const n = (value: number): string => String(Math.round(value * 100) / 100);
  switch (who) {
    case 'dense':
      return `M${n(-0.32 * r)} ${n(-1.3 * r)}h${n(0.64 * r)}v${n(2.6 * r)}h${n(-0.64 * r)}Z`;
    case 'now':
      return `M0 ${n(-1.25 * r)}L${n(1.25 * r)} 0L0 ${n(1.25 * r)}L${n(-1.25 * r)} 0Z`;
    case 'A':
      return `M${n(-r)} 0a${n(r)} ${n(r)} 0 1 0 ${n(2 * r)} 0a${n(r)} ${n(r)} 0 1 0 ${n(-2 * r)} 0Z`;
    case 'B':
      return `M${n(-0.9 * r)} ${n(-0.9 * r)}H${n(0.9 * r)}V${n(0.9 * r)}H${n(-0.9 * r)}Z`;
    case 'C':
      return `M0 ${n(-1.15 * r)}L${n(1.15 * r)} ${n(0.92 * r)}H${n(-1.15 * r)}Z`;
    case 'D': {
      const [a, b] = [1.1 * r, 0.95 * r];
      return `M${n(-a)} 0L${n(-a / 2)} ${n(-b)}H${n(a / 2)}L${n(a)} 0L${n(a / 2)} ${n(b)}H${n(-a / 2)}Z`;
    }
  }
  return who satisfies never;
}
