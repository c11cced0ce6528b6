/** Finding room for words: of several places the one that covers least of what matters. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export const boxAround = (x: number, y: number, r: number): Box => ({
  x: x - r,
  y: y - r,
  width: 2 * r,
  height: 2 * r,
});

/** Area that two boxes share, square pixels. */
export function overlap(a: Box, b: Box): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return width > 0 && height > 0 ? width * height : 0;
}

/** Area of a box that is outside of another. */
const outside = (box: Box, room: Box): number => box.width * box.height - overlap(box, room);

/** Index of the first box that covers the least; leaving `room` counts ten times. */
export function roomiest(boxes: readonly Box[], taken: readonly Box[], room: Box): number {
  let best = 0;
  let least = Infinity;
  for (const [i, box] of boxes.entries()) {
    let covered = 10 * outside(box, room);
    for (const other of taken) covered += overlap(box, other);
    // A later place must be better by more than a hair: labels should not hop about during a drag.
    if (covered < least - 0.5) {
      least = covered;
      best = i;
    }
  }
  return best;
}

/** Pixels that a text of the interface's face takes, a little generous (there is no canvas to ask in Node). */
export function textWidth(text: string, size = 11, strong = false): number {
  return text.length * size * (strong ? 0.58 : 0.54);
}
