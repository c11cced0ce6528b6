import type { Bench } from '../base/bench.ts';
import { createMapper } from '../cost/mapper.ts';
import type { Factorization } from '../factor/factorization.ts';
import { clipRanks } from '../factor/ranks.ts';
import { presets } from '../hardware/presets.ts';
import { modelById } from '../workload/cards.ts';
import { createEvaluator } from './evaluate.ts';
import type { Candidate } from './evaluation.ts';

const model = modelById('bert-base');
const workload = { tokens: 128, batch: 1, sequence: 128 };
const accounting = 'timeloop';

/** Designs as a drag makes them: one rank of all FFN1 layers changes a frame, the objects of the others stay. */
function frames(at: (out: number, columns: number, rank: number) => Factorization): readonly Candidate[] {
  const start = model.linears.map((layer) => at(layer.out, layer.in, 100));
  return Array.from({ length: 40 }, (_, frame) =>
    start.map((f, index) => {
      const { group, out = 1, in: columns = 1 } = model.linears[index] ?? {};
      return group === 'FFN1' ? at(out, columns, 101 + frame) : f;
    }),
  );
}

/** Milliseconds a frame: the GEMMs are known to the mapper, the factorizations are new to the evaluator. */
function perFrame(now: () => number, designs: readonly Candidate[]): number {
  const accelerator = presets['simba'];
  if (accelerator === undefined) return Number.NaN;
  const evaluator = (mapper = createMapper(accelerator, { accounting })) =>
    createEvaluator({
      model,
      workload,
      accelerator,
      accounting,
      gear: 'fast',
      weights: () => ({ kind: 'synthetic' }),
      mapper,
    });
  const first = evaluator();
  for (const design of designs) first.evaluate(design);
  const known = createMapper(accelerator, { accounting });
  known.remember(first.mapper.entries());
  const second = evaluator(known);
  const [warm, ...rest] = designs;
  if (warm !== undefined) second.evaluate(warm);
  const start = now();
  for (const design of rest) second.evaluate(design);
  return (now() - start) / rest.length;
}

export const benches: readonly Bench[] = [
  {
    name: 'BERT-base re-evaluated after one svd rank changed, GEMMs known',
    unit: 'ms',
    budget: 1,
    run: (now) =>
      perFrame(
        now,
        frames((out, columns, rank) => ({
          format: 'svd',
          outModes: [out],
          inModes: [columns],
          ranks: [rank],
        })),
      ),
  },
  {
    name: 'BERT-base re-evaluated after a rank of TTM of order 3 changed, GEMMs known',
    unit: 'ms',
    budget: 1,
    run: (now) =>
      perFrame(
        now,
        frames((out, columns, rank) =>
          clipRanks({
            format: 'ttm',
            outModes: [out / 64, 8, 8],
            inModes: [8, 8, columns / 64],
            ranks: [rank, 40],
          }),
        ),
      ),
  },
];
