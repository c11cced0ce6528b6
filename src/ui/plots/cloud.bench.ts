import type { Bench } from '../../core/base/bench.ts';
import { createRandom } from '../../core/base/random.ts';
import { rasterCloud, type CloudPoints } from './cloud.ts';
import { plotFrame } from './frame.ts';
import { cloudPoints } from './run-places.ts';

const count = 100_000;

function seeded(): { readonly triples: Float32Array; readonly points: CloudPoints } {
  const random = createRandom(7);
  const triples = new Float32Array(3 * count);
  for (let i = 0; i < count; i++) {
    triples[3 * i] = 1e9 / (1 + 3 * random.next());
    triples[3 * i + 1] = 1e6 / (1 + 3 * random.next());
    triples[3 * i + 2] = 40 + 60 * random.next();
  }
  return { triples, points: cloudPoints(triples, count, 'edp', { energyPj: 1e9, latencyCycles: 1e6 }) };
}

export const benches: readonly Bench[] = [
  {
    name: 'plot: 100,000 points to pixels, 700 x 420 at 2x',
    unit: 'ms',
    budget: 16,
    run: (now) => {
      const { points } = seeded();
      const start = now();
      rasterCloud(
        points,
        plotFrame(700, 420),
        { metric: 'weightEnergyKeptPercent', x: [0.86, 20], y: [30, 101.5] },
        2,
        [143, 152, 163],
        0.44,
      );
      return now() - start;
    },
  },
  {
    name: 'plot: places of 100,000 evaluated points',
    unit: 'ms',
    budget: 16,
    run: (now) => {
      const { triples } = seeded();
      const start = now();
      cloudPoints(triples, count, 'edp', { energyPj: 1e9, latencyCycles: 1e6 });
      return now() - start;
    },
  },
];
