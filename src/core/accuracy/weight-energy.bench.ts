/** What a candidate keeps, on shapes and ranks of a BERT-base search; ranks change at every call. */
import type { Bench } from '../base/bench.ts';
import { createRandom } from '../base/random.ts';
import { formats, type Factorization } from '../factor/factorization.ts';
import { clipRanks, rankCount } from '../factor/ranks.ts';
import { createWeightEnergy } from './weight-energy.ts';

const calls = 2000;
const modes = [
  { outModes: [24, 32], inModes: [24, 32] },
  { outModes: [8, 8, 12], inModes: [8, 8, 12] },
];

function candidates(): readonly Factorization[] {
  const random = createRandom(1);
  return Array.from({ length: calls }, (_, k) => {
    const format = formats[k % formats.length] ?? 'dense';
    const flat = format === 'dense' || format === 'svd';
    const { outModes = [], inModes = [] } = flat
      ? { outModes: [768], inModes: [768] }
      : (modes[random.below(2)] ?? {});
    const scale = 4 * 2 ** (5 * random.next());
    const ranks = Array.from({ length: rankCount(format, outModes.length, inModes.length) }, () =>
      Math.ceil(scale * (0.5 + random.next())),
    );
    return clipRanks({ format, outModes, inModes, ranks });
  });
}

export const benches: readonly Bench[] = [
  {
    name: 'share of weight energy kept, per candidate (budget 20 us)',
    unit: 'us',
    budget: 20,
    run: (now) => {
      const list = candidates();
      const { kept } = createWeightEnergy(768, 768, { kind: 'synthetic' });
      for (const f of list.slice(0, 500)) kept(f);
      const start = now();
      for (const f of list) kept(f);
      return ((now() - start) * 1000) / list.length;
    },
  },
];
