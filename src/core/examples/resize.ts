/**
 * Resizing as Pillow does (Resample.c): two passes of a filter whose support grows with the reduction, rounded to bytes
 * after each; what image processors of trained models use.
 */
import { InputError } from '../base/checks.ts';

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** 0 to 255, [height, width, channels]. */
  readonly values: Uint8Array;
}

interface Filter {
  /** Half its width, pixels. */
  readonly support: number;
  readonly at: (x: number) => number;
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** Of Keys (1981), as Pillow has it. */
const cubic = -0.5;

/** By Pillow's numbers, which preprocessor_config.json holds; 0 is the nearest pixel. */
const filters: Readonly<Record<number, Filter & { readonly name: string }>> = {
  1: {
    name: 'Lanczos',
    support: 3,
    at: (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0),
  },
  2: { name: 'bilinear', support: 1, at: (x) => Math.max(0, 1 - Math.abs(x)) },
  3: {
    name: 'bicubic',
    support: 2,
    at: (signed) => {
      const x = Math.abs(signed);
      if (x < 1) return ((cubic + 2) * x - (cubic + 3)) * x * x + 1;
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * cubic : 0;
    },
  },
  4: { name: 'box', support: 0.5, at: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  5: {
    name: 'Hamming',
    support: 1,
    at: (x) => (Math.abs(x) < 1 ? sinc(x) * (0.54 + 0.46 * Math.cos(Math.PI * x)) : 0),
  },
};

export const resampleName = (resample: number): string =>
  resample === 0 ? 'nearest' : (filters[resample]?.name ?? String(resample));

/** @param resample Pillow's number of the filter. @throws InputError for another number */
export function resized(picture: Picture, width: number, height: number, resample: number): Picture {
  if (picture.width === width && picture.height === height) return picture;
  if (resample === 0) return nearest(picture, width, height);
  const filter = filters[resample];
  if (filter === undefined)
    throw new InputError('preprocessor_config.json', 'resample must be 0 to 5', resample);
  const wide = picture.width === width ? picture : acrossRows(picture, width, filter);
  return wide.height === height ? wide : acrossColumns(wide, height, filter);
}

interface Window {
  readonly from: number;
  readonly weights: readonly number[];
}

/** Which pixels make each new one, and how much of each. */
function windows(before: number, after: number, { support, at }: Filter): readonly Window[] {
  const scale = before / after;
  const stretch = Math.max(1, scale);
  const reach = support * stretch;
  return Array.from({ length: after }, (_, k) => {
    const centre = (k + 0.5) * scale;
    const from = Math.max(0, Math.trunc(centre - reach + 0.5));
    const to = Math.min(before, Math.trunc(centre + reach + 0.5));
    const weights = Array.from({ length: to - from }, (__, i) => at((i + from - centre + 0.5) / stretch));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { from, weights: weights.map((weight) => weight / sum) };
  });
}

const byte = (value: number): number => Math.min(255, Math.max(0, Math.floor(value + 0.5)));

function acrossRows(picture: Picture, width: number, filter: Filter): Picture {
  const { height, channels, values } = picture;
  const own = windows(picture.width, width, filter);
  const made = new Uint8Array(height * width * channels);
  for (let y = 0; y < height; y++)
    for (const [x, { from, weights }] of own.entries())
      for (let c = 0; c < channels; c++) {
        let at = (y * picture.width + from) * channels + c;
        let sum = 0;
        for (const weight of weights) {
          sum += weight * values[at]!;
          at += channels;
        }
        made[(y * width + x) * channels + c] = byte(sum);
      }
  return { width, height, channels, values: made };
}

function acrossColumns(picture: Picture, height: number, filter: Filter): Picture {
  const { width, channels, values } = picture;
  const own = windows(picture.height, height, filter);
  const row = width * channels;
  const made = new Uint8Array(height * row);
  for (const [y, { from, weights }] of own.entries())
    for (let x = 0; x < row; x++) {
      let sum = 0;
      for (const [i, weight] of weights.entries()) sum += weight * values[(from + i) * row + x]!;
      made[y * row + x] = byte(sum);
    }
  return { width, height, channels, values: made };
}

function nearest(
  { width: before, height: tall, channels, values }: Picture,
  width: number,
  height: number,
): Picture {
  const made = new Uint8Array(height * width * channels);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const from =
        (Math.floor(((y + 0.5) * tall) / height) * before + Math.floor(((x + 0.5) * before) / width)) *
        channels;
      for (let c = 0; c < channels; c++) made[(y * width + x) * channels + c] = values[from + c]!;
    }
  return { width, height, channels, values: made };
}

/** The middle of a picture; black beyond its edges. */
export function centred(
  { width: before, height: tall, channels, values }: Picture,
  width: number,
  height: number,
): Picture {
  if (before === width && tall === height) return { width, height, channels, values };
  const [left, top] = [Math.floor((before - width) / 2), Math.floor((tall - height) / 2)];
  const made = new Uint8Array(height * width * channels);
  for (let y = Math.max(0, -top); y < Math.min(height, tall - top); y++)
    for (let x = Math.max(0, -left); x < Math.min(width, before - left); x++)
      for (let c = 0; c < channels; c++)
        made[(y * width + x) * channels + c] = values[((y + top) * before + x + left) * channels + c]!;
  return { width, height, channels, values: made };
}

/** One channel as Pillow makes it (ITU-R 601-2 luma, in 16 bits). */
export function grey({ width, height, channels, values }: Picture): Picture {
  if (channels === 1) return { width, height, channels, values };
  const made = new Uint8Array(width * height);
  for (let k = 0; k < made.length; k++) {
    const [r, g, b] = [values[3 * k]!, values[3 * k + 1]!, values[3 * k + 2]!];
    made[k] = (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16;
  }
  return { width, height, channels: 1, values: made };
}

export function coloured({ width, height, channels, values }: Picture): Picture {
  if (channels === 3) return { width, height, channels, values };
  const made = new Uint8Array(3 * width * height);
  for (let k = 0; k < made.length; k++) made[k] = values[Math.floor(k / 3)]!;
  return { width, height, channels: 3, values: made };
}
