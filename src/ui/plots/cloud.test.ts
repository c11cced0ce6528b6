import { describe, expect, it } from 'vitest';
import { rasterCloud, type CloudPoints } from './cloud.ts';
import { plotFrame, plotScales, type Domain } from './frame.ts';

const frame = plotFrame(400, 300);
const domain: Domain = { metric: 'weightEnergyKeptPercent', x: [0.86, 10], y: [40, 101.5] };
const cloud = (...places: readonly (readonly [number, number])[]): CloudPoints => ({
  logX: Float32Array.from(places, ([x]) => Math.log(x)),
  y: Float32Array.from(places, ([, y]) => y),
  count: places.length,
});

/** Opacity of every pixel that is not clear, by `x y`. */
function inked(points: CloudPoints, scale = 1, alpha = 0.5): ReadonlyMap<string, number> {
  const { pixels, width } = rasterCloud(points, frame, domain, scale, [10, 20, 30], alpha);
  const found = new Map<string, number>();
  for (let i = 3; i < pixels.length; i += 4) {
    if (pixels[i] === 0) continue;
    const at = (i - 3) / 4;
    expect([pixels[i - 3], pixels[i - 2], pixels[i - 1]]).toEqual([10, 20, 30]);
    found.set(`${at % width} ${Math.floor(at / width)}`, pixels[i] ?? 0);
  }
  return found;
}

describe('rasterCloud', () => {
  it('draws a point where the axes say, in the colour given', () => {
    const { x, y } = plotScales(frame, domain);
    const ink = inked(cloud([2, 80]));
    expect(ink.size).toBe(4);
    expect(ink.has(`${Math.floor(x(2))} ${Math.floor(y(80))}`)).toBe(true);
  });

  it('adds up points that share a pixel', () => {
    const [one = 0] = inked(cloud([3, 70])).values();
    const [two = 0] = inked(cloud([3, 70], [3, 70])).values();
    expect(one).toBe(128);
    expect(two).toBe(192);
  });

  it('leaves out what is off the axes, and what is no number', () => {
    expect(inked(cloud([0.2, 80], [50, 80], [2, 10], [Number.NaN, 80])).size).toBe(0);
  });

  it('keeps the dot about 1.6 CSS pixels at any density', () => {
    expect(inked(cloud([2, 80]), 2).size).toBe(9);
  });
});
