/** Where a text stands on the page and how it is set, so that a canvas can write another one in its place. */
export interface TextPlace {
  /** CSS `font`. */
  readonly font: string;
  /** Of the side that stays where it is when the text changes, and of the baseline, from the sheet's corner. */
  readonly x: number;
  readonly y: number;
  readonly align: 'left' | 'right';
}

/** @param from corner of the sheet on the screen */
export function textPlace(
  node: Node,
  from: { readonly left: number; readonly top: number },
  align: TextPlace['align'],
): TextPlace | null {
  const element = node instanceof Element ? node : node.parentElement;
  if (element === null) return null;
  const range = document.createRange();
  range.selectNodeContents(node);
  const box = range.getBoundingClientRect();
  const font = fontOf(element);
  // A line's box is as high as its face; its baseline stands the ascent below its top.
  const { ascent, descent } = metricsOf(font);
  const top = box.top + (box.height - ascent - descent) / 2;
  return { font, x: box[align] - from.left, y: top + ascent - from.top, align };
}

export function fontOf(element: Element): string {
  const { fontStyle, fontWeight, fontSize, fontFamily } = getComputedStyle(element);
  return `${fontStyle} ${fontWeight} ${fontSize} ${fontFamily}`;
}

const metrics = new Map<string, { readonly ascent: number; readonly descent: number }>();
let scratch: CanvasRenderingContext2D | null = null;

/** Of a face, rounded as browsers do. */
export function metricsOf(font: string): { readonly ascent: number; readonly descent: number } {
  const before = metrics.get(font);
  if (before !== undefined) return before;
  scratch ??= document.createElement('canvas').getContext('2d');
  if (scratch === null) return { ascent: 0, descent: 0 };
  scratch.font = font;
  const { fontBoundingBoxAscent, fontBoundingBoxDescent } = scratch.measureText('0');
  const found = {
    ascent: Math.round(fontBoundingBoxAscent),
    descent: Math.round(fontBoundingBoxDescent),
  };
  metrics.set(font, found);
  return found;
}

export function writeText(
  context: CanvasRenderingContext2D,
  { font, x, y, align }: TextPlace,
  text: string,
  colour: string,
): void {
  context.font = font;
  context.textAlign = align;
  context.fillStyle = colour;
  context.fillText(text, x, y);
}
