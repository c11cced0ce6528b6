/** Shapes on a canvas, as `Drawing.tsx` has them in SVG. */
import { colourOf } from '../ink/colours.ts';
import { textSize, type Shape } from './drawing.ts';
import type { Frame } from './frame.ts';

/** @param family CSS font family of the plot's texts */
export function paint(
  context: CanvasRenderingContext2D,
  shapes: readonly Shape[],
  frame: Frame,
  family: string,
): void {
  context.lineJoin = 'round';
  context.textAlign = 'left';
  for (const shape of shapes)
    switch (shape.kind) {
      case 'path':
        paintPath(context, shape, frame);
        break;
      case 'half':
        context.save();
        clip(context, 0, shape.below, frame.width, frame.height);
        fill(context, new Path2D(shape.d), shape.fill);
        context.restore();
        break;
      case 'text':
        paintText(context, shape, family);
        break;
      default:
        shape satisfies never;
    }
}

function clip(context: CanvasRenderingContext2D, x: number, y: number, width: number, height: number): void {
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
}

function fill(context: CanvasRenderingContext2D, path: Path2D, colour: string): void {
  context.fillStyle = colourOf(colour);
  // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- not an array: a canvas
  context.fill(path);
}

function paintPath(
  context: CanvasRenderingContext2D,
  {
    d,
    fill: inside,
    stroke,
    width = 1,
    dash,
    opacity = 1,
    clipped = false,
  }: Extract<Shape, { readonly kind: 'path' }>,
  { left, right, top, bottom }: Frame,
): void {
  if (d === '') return;
  const path = new Path2D(d);
  if (clipped) {
    context.save();
    clip(context, left, top - 6, right - left, bottom - top + 6);
  }
  if (inside !== undefined) fill(context, path, inside);
  if (stroke !== undefined) {
    context.strokeStyle = colourOf(stroke);
    context.lineWidth = width;
    context.globalAlpha = opacity;
    context.setLineDash(dash === undefined ? [] : [...dash]);
    context.stroke(path);
    context.globalAlpha = 1;
  }
  if (clipped) context.restore();
}

const weights = { strong: 600, regular: 400 } as const;

function paintText(
  context: CanvasRenderingContext2D,
  { x, y, anchor, style, runs }: Extract<Shape, { readonly kind: 'text' }>,
  family: string,
): void {
  const fonts = runs.map(
    ({ strong }) => `${strong ? weights.strong : weights.regular} ${textSize[style]}px ${family}`,
  );
  const widths = runs.map(({ text }, i) => {
    if (anchor === 'start' && runs.length === 1) return 0;
    context.font = fonts[i] ?? '';
    return context.measureText(text).width;
  });
  const total = widths.reduce((sum, width) => sum + width, 0);
  let at = anchor === 'start' ? x : anchor === 'end' ? x - total : x - total / 2;
  for (const [i, { text, colour }] of runs.entries()) {
    context.font = fonts[i] ?? '';
    if (style === 'halo') {
      context.strokeStyle = colourOf('var(--rs-bg)');
      context.lineWidth = 3;
      context.setLineDash([]);
      context.strokeText(text, at, y);
    }
    context.fillStyle = colourOf(colour);
    context.fillText(text, at, y);
    at += widths[i] ?? 0;
  }
}
