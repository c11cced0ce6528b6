import { describe, expect, it } from 'vitest';
import { mixedPurity, projectedPurity } from './cuts.ts';
import { flatHead, flatShare, marchenkoPastur, powerLaw, spectrumOf } from './spectrum.ts';

describe('flat spectrum', () => {
  it('a square Gaussian matrix: shares known in closed form', () => {
    // Marchenko-Pastur at aspect 1: eigenvalues above x(t) are (t - sin t) / pi of all.
    for (const t of [0.01, 0.4, 1.3, 2.2, 3.1]) {
      const r = (1e6 * (t - Math.sin(t))) / Math.PI;
      expect(flatShare(1e6, 1e6, r)).toBeCloseTo((t - Math.sin(t) * Math.cos(t)) / Math.PI, 9);
    }
  });

  it('is the integral of its density', () => {
    // Independent of the closed forms: midpoint sums over the eigenvalues x of the law with aspect b.
    for (const b of [0.05, 0.3, 0.75, 0.98]) {
      const [least, most] = [(1 - Math.sqrt(b)) ** 2, (1 + Math.sqrt(b)) ** 2];
      const steps = 400_000;
      let [count, energy] = [0, 0];
      for (let step = 0; step < steps; step++) {
        const x = most - ((step + 0.5) / steps) * (most - least) * 0.6;
        const density = Math.sqrt((most - x) * (x - least)) / (2 * Math.PI * b * x);
        const width = ((most - least) * 0.6) / steps;
        count += density * width;
        energy += density * x * width;
      }
      expect(flatShare(1000 * b, 1000, 1000 * b * count)).toBeCloseTo(energy, 6);
    }
  });

  it('a very wide matrix keeps the share of its rows', () => {
    expect(flatShare(10, 1e7, 4)).toBeCloseTo(0.4, 3);
    expect(flatShare(10, Infinity, 4)).toBe(0.4);
  });

  it('rises from 0 to 1 and sums to 1', () => {
    for (const [m, n] of [
      [48, 70],
      [768, 768],
      [1, 5],
      [3, 3],
      [64, 40000],
    ] as const) {
      const shares = marchenkoPastur(m, n);
      expect(shares.length).toBe(Math.min(m, n));
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
      for (let k = 1; k < shares.length; k++)
        expect(shares[k]).toBeLessThanOrEqual((shares[k - 1] ?? 0) + 1e-12);
      expect(shares.at(-1)).toBeGreaterThan(0);
    }
  });

  it('counts as many directions as are kept of an even matrix, and all of a whole one', () => {
    expect(flatHead(100, Infinity, 40).directions).toBe(40);
    expect(flatHead(100, 100, 100).directions).toBe(100);
    expect(flatHead(100, 100, 99.9999).directions).toBeCloseTo(100, 0);
    expect(flatHead(100, 100, 50).directions).toBeLessThanOrEqual(50);
  });
});

describe('spectra', () => {
  it('of singular values in any order', () => {
    expect([...spectrumOf(Float64Array.from([1, -3, 2]))].map((x) => 14 * x)).toEqual([9, 4, 1]);
    expect([...spectrumOf(new Float64Array(4))]).toEqual([0.25, 0.25, 0.25, 0.25]);
    expect([...spectrumOf(Float64Array.from([1e200, 1e200]))]).toEqual([0.5, 0.5]);
    expect(() => spectrumOf(new Float64Array())).toThrow('spectrum: needs a singular value');
    expect(() => spectrumOf(Float64Array.from([1, NaN]))).toThrow('finite');
  });

  it('of a power law', () => {
    const law = powerLaw(3, 0.5);
    expect(law[1]).toBeCloseTo((law[0] ?? 0) / 2, 12);
    expect(law[2]).toBeCloseTo((law[0] ?? 0) / 3, 12);
  });
});

describe('purity of unfoldings', () => {
  it('parting outputs from inputs has that of W, parting nothing has 1', () => {
    expect(mixedPurity(12, 1, 1, 12, 0.2)).toBeCloseTo(0.2, 12);
    expect(mixedPurity(12, 1, 12, 1, 0.2)).toBeCloseTo(1, 12);
    expect(mixedPurity(1, 12, 12, 1, 0.2)).toBeCloseTo(0.2, 12);
  });

  it('an orthogonal W has even unfoldings of a side, a Gaussian one Gaussian unfoldings', () => {
    expect(mixedPurity(4, 6, 1, 1, 1 / 24)).toBeCloseTo(1 / 4, 12);
    const [m, n] = [240, 360];
    const gaussian = (m + n) / (m * n + 1);
    const [a, b, c, d] = [12, 20, 10, 36];
    expect(mixedPurity(a, b, c, d, gaussian)).toBeCloseTo((a * c + b * d) / (m * n + 1), 12);
    expect(projectedPurity(m, 80, gaussian)).toBeCloseTo((80 + n) / (80 * n + 1), 12);
  });
});
