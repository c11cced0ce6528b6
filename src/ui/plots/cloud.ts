/**
 * Every evaluated point as one picture: 100,000 points in one pass over the pixels, one blit. Points that share pixels
 * add up, so that density shows. Little-endian RGBA, as `ImageData` wants it.
 */
import { bendOf, type Domain, type Frame } from './frame.ts';

/** Points by their logarithmic reduction (natural log of times) and the plot's metric. */
export interface CloudPoints {
  readonly logX: Float32Array;
  readonly y: Float32Array;
  readonly count: number;
}

export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
}

export type Rgb = readonly [number, number, number];

/**
 * @param frame in CSS pixels, @param scale device pixels per CSS pixel, @param alpha opacity of one point, 0 to 1
 */
export function rasterCloud(
  points: CloudPoints,
  frame: Frame,
  domain: Domain,
  scale: number,
  colour: Rgb,
  alpha: number,
): Raster {
  const width = Math.max(1, Math.round(frame.width * scale));
  const height = Math.max(1, Math.round(frame.height * scale));
  const pixels = new Uint8ClampedArray(width * height * 4);
  const words = new Uint32Array(pixels.buffer);
  const next = overlay(alpha);
  const rgb = (colour[2] << 16) | (colour[1] << 8) | colour[0];
  const dot = Math.max(1, Math.round(1.6 * scale));
  const half = dot / 2;

  const logLeft = Math.log(domain.x[0]);
  const perLog = ((frame.right - frame.left) / (Math.log(domain.x[1]) - logLeft)) * scale;
  const bend = bendOf(domain.metric);
  const lowest = bent(domain.y[0], bend);
  const perPoint = ((frame.bottom - frame.top) / (bent(domain.y[1], bend) - lowest)) * scale;
  const left = frame.left * scale - half;
  const bottom = frame.bottom * scale - half;
  const [leastX, mostX] = [left, frame.right * scale - half];
  const [leastY, mostY] = [frame.top * scale - half, bottom];
  const { logX, y, count } = points;

  for (let i = 0; i < count; i++) {
    const px = left + ((logX[i] as number) - logLeft) * perLog;
    const py = bottom - (bent(y[i] as number, bend) - lowest) * perPoint;
    if (!(px >= leastX && px <= mostX && py >= leastY && py <= mostY)) continue;
    const column = px | 0;
    let row = (py | 0) * width + column;
    const columns = Math.min(dot, width - column);
    const rows = Math.min(dot, height - (py | 0));
    for (let dy = 0; dy < rows; dy++, row += width)
      for (let at = row; at < row + columns; at++)
        words[at] = ((next[(words[at] as number) >>> 24] as number) << 24) | rgb;
  }
  return { width, height, pixels };
}

/** Where d3's symmetric log scale puts a value, before it is stretched. */
function bent(value: number, bend: number | null): number {
  if (bend === null) return value;
  return value < 0 ? -Math.log1p(-value / bend) : Math.log1p(value / bend);
}

/** What one more point makes of an opacity of 0 to 255. */
function overlay(alpha: number): Uint8Array {
  const next = new Uint8Array(256);
  for (let before = 0; before < 256; before++) next[before] = Math.round(before + (255 - before) * alpha);
  return next;
}
