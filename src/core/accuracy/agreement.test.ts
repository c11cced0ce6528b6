import { describe, expect, it } from 'vitest';
import { agreementOf, type Judged } from './agreement.ts';

const judged = (bin: number, predicted: number, measured: number, half = 1): Judged => ({
  bin,
  predicted,
  measured,
  low: predicted - half,
  high: predicted + half,
});

describe('agreement', () => {
  it('size alone orders everything pooled and nothing at equal parameters', () => {
    // Within a bin the prediction runs against what is measured.
    const designs = [0.2, 0.4, 0.6].flatMap((bin) =>
      [0, 1, 2, 3].map((k) => judged(bin, 100 * bin + k, 100 * bin - k)),
    );
    const { spearman, spearmanEqualParameters, n, bins } = agreementOf(designs);
    expect(n).toBe(12);
    expect(spearman).toBeGreaterThan(0.7);
    expect(spearmanEqualParameters).toBe(-1);
    expect(bins.map(({ bin, n: count }) => [bin, count])).toEqual([
      [0.2, 4],
      [0.4, 4],
      [0.6, 4],
    ]);
  });

  it('bins weigh by their designs; coverage and mean error by hand', () => {
    const designs = [
      judged(0.2, 1, 1),
      judged(0.2, 2, 2.5),
      judged(0.4, 1, 3),
      judged(0.4, 2, 2),
      judged(0.4, 3, 1),
      judged(0.4, 4, 0),
    ];
    const { spearmanEqualParameters, coverage90, meanError, kendall } = agreementOf(designs);
    expect(spearmanEqualParameters).toBeCloseTo((2 * 1 + 4 * -1) / 6, 12);
    expect(coverage90).toBeCloseTo(3 / 6, 12);
    expect(meanError).toBeCloseTo((0.5 + 2 + 2 + 4) / 6, 12);
    expect(kendall).toBeLessThan(0);
  });

  it('refuses nothing to judge', () => {
    expect(() => agreementOf([])).toThrow('agreement: needs designs');
  });
});
