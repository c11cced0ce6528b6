/** Against Pillow (scripts/examples-goldens.py); it sums in 22 bits, so a byte may be one off. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { centred, coloured, grey, resized, type Picture } from './resize.ts';

interface Golden {
  readonly source: string;
  readonly resized: readonly {
    readonly from: readonly [number, number];
    readonly to: readonly [number, number];
    readonly channels: 1 | 3;
    readonly resample: number;
    readonly values: readonly number[];
  }[];
  readonly grey: { readonly from: readonly [number, number]; readonly values: readonly number[] };
}

const file = new URL('../../engines/examples/goldens/pictures.json', import.meta.url);
const golden = JSON.parse(readFileSync(file, 'utf8')) as Golden;

function pattern([width, height]: readonly [number, number], channels: 1 | 3): Picture {
  const values = Uint8Array.from({ length: width * height * channels }, (_, k) => {
    const [c, pixel] = [k % channels, Math.floor(k / channels)];
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    return (x * 37 + y * 91 + c * 53 + x * y * 7) % 256;
  });
  return { width, height, channels, values };
}

describe('resizing', () => {
  it.each(golden.resized)('is Pillow’s: $from to $to, $channels channels, filter $resample', (one) => {
    const { values, width, height } = resized(pattern(one.from, one.channels), ...one.to, one.resample);
    expect([width, height]).toEqual(one.to);
    const apart = one.values.map((value, k) => Math.abs(value - values[k]!));
    expect(Math.max(...apart)).toBeLessThanOrEqual(1);
    expect(apart.filter((each) => each > 0).length).toBeLessThanOrEqual(0.01 * apart.length);
  });

  it('to the same size is nothing, and an unknown filter is refused', () => {
    const picture = pattern([4, 3], 3);
    expect(resized(picture, 4, 3, 9)).toBe(picture);
    expect(() => resized(picture, 3, 3, 9)).toThrow(
      'preprocessor_config.json: resample must be 0 to 5, got 9',
    );
  });
});

it('grey is Pillow’s luma', () => {
  const { from, values } = golden.grey;
  expect([...grey(pattern(from, 3)).values]).toEqual(values);
});

it('grey in colour stays grey, and the middle is cut out or framed in black', () => {
  const picture = pattern([4, 2], 1);
  expect(grey(coloured(picture))).toEqual(picture);
  expect([...centred(picture, 2, 2).values]).toEqual([1, 2, 5, 6].map((k) => picture.values[k]!));
  const framed = centred(picture, 6, 2);
  expect([...framed.values.subarray(0, 6)]).toEqual([0, ...picture.values.subarray(0, 4), 0]);
});
