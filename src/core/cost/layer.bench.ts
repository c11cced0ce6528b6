/** What a layer costs to cost when its rank is new: once per drag frame and shape, steps apart and fused. */
import type { Bench } from '../base/bench.ts';
import type { Factorization } from '../factor/factorization.ts';
import { clipRanks } from '../factor/ranks.ts';
import { presetByName } from '../hardware/presets.ts';
import { costLayer } from './layer.ts';
import type { LayerSetting } from './layer.ts';
import { createMapper } from './mapper.ts';

const ranks: readonly number[] = Array.from({ length: 40 }, (_, i) => 20 + 4 * i);

const formats: Readonly<Record<string, (rank: number) => Factorization>> = {
  svd: (rank) => ({ format: 'svd', outModes: [768], inModes: [768], ranks: [rank] }),
  tt: (rank) => ({ format: 'tt', outModes: [24, 32], inModes: [32, 24], ranks: [20, rank, 20] }),
  tucker: (rank) => ({
    format: 'tucker',
    outModes: [24, 32],
    inModes: [24, 32],
    ranks: [8, rank >> 3, rank >> 3, 8],
  }),
  ttm: (rank) => ({
    format: 'ttm',
    outModes: [12, 8, 8],
    inModes: [8, 8, 12],
    ranks: [rank >> 1, rank >> 1],
  }),
};

/** Milliseconds per new factorization, the mean over the ranks, in a mapper that knows the ones before. */
function perRank(format: string, machine: string, setting: LayerSetting, now: () => number): number {
  const make = formats[format];
  if (make === undefined) throw new Error(`internal: no format ${format}`);
  const turn = (): number => {
    const mapper = createMapper(presetByName(machine));
    const designs = ranks.map((rank) => clipRanks(make(rank)));
    costLayer(mapper, clipRanks(make(10)), 128, 'fast', setting);
    const start = now();
    for (const f of designs) costLayer(mapper, f, 128, 'fast', setting);
    return (now() - start) / designs.length;
  };
  return Math.min(turn(), turn(), turn());
}

export const benches: readonly Bench[] = Object.keys(formats).flatMap((format) =>
  (['none', 'auto'] as const).map((fusion): Bench => ({
    name: `layer 768 x 768 of a new ${format} rank, 128 tokens, fast gear, ${fusion === 'auto' ? 'fused' : 'steps apart'}`,
    unit: 'ms',
    budget: fusion === 'auto' ? 5 : null,
    run: (now) => Math.max(...['ws16', 'simba'].map((machine) => perRank(format, machine, { fusion }, now))),
  })),
);
