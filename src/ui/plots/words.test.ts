import { describe, expect, it } from 'vitest';
import type { DesignPlace } from './pareto.ts';
import { flagLines, reductionOf, sayBaselines, sayPlace, sayPlot } from './words.ts';

const kept = 'weightEnergyKeptPercent';
const now: DesignPlace = { x: 6.29, y: 88.2, low: 81.1, high: 92.3, tier: 'estimated' };

describe('reductionOf', () => {
  it('is a product on the EDP axis', () => {
    const dense = { energyPj: 12, latencyCycles: 30 };
    const figures = { energyPj: 4, latencyCycles: 10 };
    expect(reductionOf('edp', figures, dense)).toBe(9);
    expect(reductionOf('energy', figures, dense)).toBe(3);
    expect(reductionOf('latency', figures, dense)).toBe(3);
  });
});

describe('flagLines', () => {
  it('says the change of a cost as a cost: less EDP is a minus', () => {
    const lines = flagLines('edp', kept, 'FFN1 rank 256 → 72', now, { x: 4.72, y: 88.79 }, null);
    expect(lines.map(({ text }) => text)).toEqual([
      'FFN1 rank 256 → 72',
      'EDP −25%, kept −0.6 pt',
      'estimated, 81.1% to 92.3%',
    ]);
  });

  it('says how far a limit is missed', () => {
    const lines = flagLines('edp', kept, 'x', now, null, 90);
    expect(lines.at(-1)).toEqual({ text: '1.8 pt past the limit', tone: 'warn' });
  });

  it('does not call a loss a gain', () => {
    const slow: DesignPlace = { ...now, x: 0.5 };
    expect(flagLines('edp', kept, 'x', slow, null, null)[1]?.text).toBe(
      'EDP 2.00× higher than dense, 88.2% kept',
    );
  });
});

describe('speech', () => {
  it('reads a place', () => {
    expect(sayPlace('edp', kept, now)).toBe(
      'EDP 6.29 times lower, estimated 88.2 percent of weight energy kept',
    );
    expect(sayPlace('latency', kept, { x: 0.5, y: 100 })).toContain('Delay 2 times higher');
  });

  it('says what the baselines reach at what the design keeps', () => {
    const places = [
      { x: 3, y: 95 },
      { x: 5, y: 90 },
      { x: 9, y: 60 },
    ];
    const baselines = [
      { strategy: 'uniform-svd', label: 'uniform SVD', places },
      { strategy: 'random', label: 'random', places: places.slice(2) },
    ] as const;
    expect(sayBaselines('edp', kept, now, baselines)).toBe(
      'Best EDP reduction at 88.2% kept or better: here 6.29×, uniform SVD 5.00×, random reaches none.',
    );
    expect(sayBaselines('edp', kept, now, [])).toBe('');
  });

  it('speaks of accuracy in signed points where that is measured or predicted', () => {
    const place: DesignPlace = { x: 6.29, y: -1.47, low: -2, high: -1, tier: 'measured' };
    expect(sayPlace('edp', 'accuracyChangePoints', place)).toBe(
      'EDP 6.29 times lower, measured accuracy minus 1.47 points',
    );
    expect(flagLines('edp', 'accuracyChangePoints', 'x', place, null, -1.1).at(-1)?.text).toBe(
      '0.37 pt past the limit',
    );
  });

  it('never calls weight energy accuracy', () => {
    const sentence = sayPlot('edp', kept, now, [{ x: 1, y: 100 }, now], 12_416, 85);
    expect(sentence).toContain('12,416 evaluated designs');
    expect(sentence).toContain('Your limit is 85.0% kept.');
    expect(sentence.toLowerCase()).not.toContain('accuracy');
  });
});
