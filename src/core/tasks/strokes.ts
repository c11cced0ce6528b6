/**
 * Strokes on a small grey image: quadratic Bezier curves as chains of segments with round ends, anti-aliased by the
 * distance from the pixel's centre. Coordinates: the image is [-1, 1] x [-1, 1], x to the right, y down.
 */

/** Start, control and end point: x0 y0 x1 y1 x2 y2. */
export type Stroke = readonly [number, number, number, number, number, number];

export type Pose = readonly [a: number, b: number, c: number, d: number, x: number, y: number];

/** [a b; c d] times each point, then shifted by (x, y). */
export function placed([x0, y0, x1, y1, x2, y2]: Stroke, [a, b, c, d, x, y]: Pose): Stroke {
  return [
    a * x0 + b * y0 + x,
    c * x0 + d * y0 + y,
    a * x1 + b * y1 + x,
    c * x1 + d * y1 + y,
    a * x2 + b * y2 + x,
    c * x2 + d * y2 + y,
  ];
}

/** Enough for a curve across the image to look round at 24 pixels. */
const segments = 8;

/**
 * Adds one stroke to `image` [side, side] from `offset` on: each pixel becomes the larger of what it was and the ink.
 * @param halfWidth of the line, in image coordinates
 */
export function draw(
  image: Float32Array,
  offset: number,
  side: number,
  stroke: Stroke,
  halfWidth: number,
): void {
  const [x0, y0, x1, y1, x2, y2] = stroke;
  let fromX = x0;
  let fromY = y0;
  for (let k = 1; k <= segments; k++) {
    const t = k / segments;
    const [p, q, r] = [(1 - t) * (1 - t), 2 * t * (1 - t), t * t];
    const toX = p * x0 + q * x1 + r * x2;
    const toY = p * y0 + q * y1 + r * y2;
    line(image, offset, side, fromX, fromY, toX, toY, halfWidth);
    fromX = toX;
    fromY = toY;
  }
}

function line(
  image: Float32Array,
  offset: number,
  side: number,
  ax: number,
  ay: number,
  bx: number,
  by: number,
  halfWidth: number,
): void {
  const pixel = 2 / side;
  const reach = halfWidth + pixel / 2;
  const left = Math.max(0, Math.floor((Math.min(ax, bx) - reach + 1) / pixel));
  const right = Math.min(side - 1, Math.floor((Math.max(ax, bx) + reach + 1) / pixel));
  const top = Math.max(0, Math.floor((Math.min(ay, by) - reach + 1) / pixel));
  const bottom = Math.min(side - 1, Math.floor((Math.max(ay, by) + reach + 1) / pixel));
  const dx = bx - ax;
  const dy = by - ay;
  const inverse = 1 / Math.max(dx * dx + dy * dy, 1e-12);
  for (let row = top; row <= bottom; row++) {
    const y = (row + 0.5) * pixel - 1 - ay;
    for (let column = left; column <= right; column++) {
      const x = (column + 0.5) * pixel - 1 - ax;
      const along = Math.min(1, Math.max(0, (x * dx + y * dy) * inverse));
      const offX = x - along * dx;
      const offY = y - along * dy;
      const ink = (reach - Math.sqrt(offX * offX + offY * offY)) / pixel;
      if (ink <= 0) continue;
      const at = offset + row * side + column;
      image[at] = Math.max(image[at]!, Math.min(1, ink));
    }
  }
}
