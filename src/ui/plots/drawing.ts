/**
 * The live layer of the Pareto plot as a list of shapes: at rest they are SVG (`Drawing.tsx`), in a drag they are painted
 * on a canvas (`paint.ts`). One description, so that both are the same picture. Pure.
 */
import type { Tier } from '../../core/accuracy/figure.ts';
import type { Frame } from './frame.ts';
import type { Label, LiveMarks } from './pareto.ts';
import { shapePath, whoColour, type Who } from './shapes.ts';

/** Colours are CSS. */
export type Shape =
  | {
      readonly kind: 'path';
      readonly d: string;
      readonly fill?: string;
      readonly stroke?: string;
      readonly width?: number;
      readonly dash?: readonly number[];
      readonly opacity?: number;
      /** Cut off at the frame. */
      readonly clipped?: boolean;
    }
  | {
      readonly kind: 'half';
      readonly d: string;
      readonly fill: string;
      /** Only below this line. */
      readonly below: number;
    }
  | {
      readonly kind: 'text';
      readonly x: number;
      readonly y: number;
      readonly anchor: 'start' | 'middle' | 'end';
      readonly style: TextStyle;
      readonly runs: readonly Run[];
    };

export interface Run {
  readonly text: string;
  readonly colour: string;
  readonly strong: boolean;
}

/** A halo keeps words legible over lines. */
export type TextStyle = 'halo' | 'flag' | 'flag-title' | 'chip';

export const textSize: Readonly<Record<TextStyle, number>> = {
  halo: 11,
  flag: 11,
  'flag-title': 12,
  chip: 11,
};

type PathShape = Extract<Shape, { readonly kind: 'path' }>;

const accent = 'var(--rs-accent)';
const background = 'var(--rs-bg)';

const path = (d: string, rest: Omit<PathShape, 'kind' | 'd'>): Shape => ({ kind: 'path', d, ...rest });

const box = (x: number, y: number, width: number, height: number): string =>
  `M${x} ${y}h${width}v${height}h${-width}Z`;

/** The mark of a design: shape says who, fill says how sure. */
export function markShapes(
  who: Who,
  tier: Tier,
  {
    x,
    y,
    r,
    stroke,
  }: { readonly x: number; readonly y: number; readonly r: number; readonly stroke: number },
): readonly Shape[] {
  const colour = whoColour[who];
  const d = shapePath(who, r, x, y);
  const full = tier === 'measured' || tier === 'distilled';
  return [
    ...(tier === 'distilled' ? [path(shapePath(who, r + 3.2, x, y), { stroke: colour, width: 1.25 })] : []),
    path(d, { fill: full ? colour : background, stroke: colour, width: stroke }),
    ...(tier === 'calibrated' ? [{ kind: 'half', d, fill: colour, below: y } as const] : []),
  ];
}

const whisker = ({ x, top, bottom }: { x: number; top: number; bottom: number }): string =>
  `M${x} ${top}V${bottom}M${x - 4} ${top}h8M${x - 4} ${bottom}h8`;

/** Radius of a small circle as a path. */
const circle = (x: number, y: number, r: number): string =>
  `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`;

/**
 * In painting order.
 * @param xChip texts of the chips on the axes at the current design
 */
export function liveShapes(marks: LiveMarks, frame: Frame, xChip: string, yChip: string): readonly Shape[] {
  const { left, right, bottom } = frame;
  const { now, before, flag, limit, echo, dense } = marks;
  const thin = { width: 1.5, clipped: true } as const;
  return [
    ...(limit?.inside === true
      ? [path(`M${left} ${limit.y}H${right}`, { stroke: 'var(--rs-ink-2)', width: 1, dash: [1, 3] })]
      : []),
    ...marks.pins.flatMap(({ letter, band }) =>
      band === null ? [] : [path(whisker(band), { stroke: whoColour[letter], ...thin })],
    ),
    path(marks.crosshair, { stroke: accent, opacity: 0.55, dash: [3, 3], width: 1, clipped: true }),
    ...(marks.band === null ? [] : [path(whisker(marks.band), { stroke: accent, ...thin })]),
    ...markShapes('dense', 'measured', { ...dense, r: 5, stroke: 1.75 }),
    ...(before === null
      ? []
      : [
          path(marks.trail, { stroke: background, width: 4, opacity: 0.8 }),
          path(marks.trail, { stroke: accent, width: 1.5 }),
          path(circle(before.x, before.y, 5), {
            fill: background,
            stroke: 'var(--rs-ghost)',
            width: 1.5,
            dash: [2, 1.5],
          }),
        ]),
    ...marks.pins.flatMap(({ letter, tier, x, y }) =>
      markShapes(letter, tier, { x, y, r: 5.5, stroke: 1.75 }),
    ),
    ...marks.labels.map(labelShape),
    ...(flag === null ? [] : flagShapes(flag)),
    ...(echo === null
      ? []
      : [
          path(`M${echo.x} ${echo.y}L${now.x} ${now.y}`, { stroke: accent, width: 1, dash: [1, 2.5] }),
          ...markShapes('now', echo.tier, { x: echo.x, y: echo.y, r: 4.5, stroke: 1.5 }),
        ]),
    ...markShapes('now', now.tier, { x: now.x, y: now.y, r: 7.5, stroke: 2.75 }),
    ...chipShapes(Math.max(left + 12, Math.min(right - 20, now.x)), bottom + 12, xChip),
    ...chipShapes(left - 2 - chipWidth(yChip) / 2, now.y, yChip),
  ];
}

function labelShape({ x, y, anchor, text, who }: Label): Shape {
  const words = { text, colour: who === undefined ? 'var(--rs-ink-2)' : 'var(--rs-ink)', strong: false };
  const runs =
    who === undefined ? [words] : [{ text: `${who} `, colour: whoColour[who], strong: true }, words];
  return { kind: 'text', x, y, anchor, style: 'halo', runs };
}

const tones = { strong: 'var(--rs-ink)', plain: 'var(--rs-ink-2)', warn: 'var(--rs-warn)' } as const;

function flagShapes({ pole, x, y, width, height, lines }: NonNullable<LiveMarks['flag']>): readonly Shape[] {
  return [
    path(pole, { stroke: accent, width: 1.5 }),
    path(box(x, y, width, height), { fill: background, stroke: accent, width: 1.5 }),
    ...lines.map(({ text, tone }, i): Shape => {
      const strong = tone === 'strong';
      const runs = [{ text, colour: tones[tone], strong }];
      const style = strong ? 'flag-title' : 'flag';
      return { kind: 'text', x: x + 8, y: y + 16 + i * 15, anchor: 'start', style, runs };
    }),
  ];
}

const chipWidth = (text: string): number => Math.max(34, text.length * 6.3 + 7);
const corner = 3;

function chipShapes(x: number, y: number, text: string): readonly Shape[] {
  const [width, height] = [chipWidth(text), 16];
  const [across, down] = [width - 2 * corner, height - 2 * corner];
  const arc = (dx: number, dy: number): string => `a${corner} ${corner} 0 0 1 ${dx} ${dy}`;
  const d =
    `M${x - width / 2 + corner} ${y - height / 2}h${across}${arc(corner, corner)}v${down}${arc(-corner, corner)}` +
    `h${-across}${arc(-corner, -corner)}v${-down}${arc(corner, -corner)}Z`;
  return [
    path(d, { fill: accent }),
    {
      kind: 'text',
      x,
      y: y + 4,
      anchor: 'middle',
      style: 'chip',
      runs: [{ text, colour: 'var(--rs-on-accent)', strong: true }],
    },
  ];
}
