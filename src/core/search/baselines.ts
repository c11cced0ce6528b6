/**
 * What the sweep is held against: one svd rank everywhere, tensorly-torch's heuristic shapes and ranks, and chance over
 * the sweep's own space. Their designs go through the same mapper and gear.
 */
import { createRandom } from '../base/random.ts';
import { formats, type Factorization } from '../factor/factorization.ts';
import { parameterCount } from '../factor/parameters.ts';
import { clipRanks, tltorchRanks } from '../factor/ranks.ts';
import { orderedFactorizations, tltorchModes } from '../factor/tensorization.ts';
import type { Group } from '../workload/model.ts';
import type { Shape } from './assembly.ts';
import type { Search, SearchSetting } from './setting.ts';
import { layerCandidates } from './space.ts';
import { createStudy, type Study } from './study.ts';

/** The same share of full rank in every layer, from the largest to 1. */
export function* uniformSvd(setting: SearchSetting): Search {
  return yield* tryUniform(setting, function* (shapes) {
    const full = Math.max(...shapes.map(({ out, in: columns }) => Math.min(out, columns)));
    for (let rank = full; rank >= 1; rank--)
      yield shapes.map(({ out, in: columns }) => ({
        format: 'svd',
        outModes: [out],
        inModes: [columns],
        ranks: [Math.max(1, Math.round((rank / full) * Math.min(out, columns)))],
      }));
  });
}

/** Float ranks asked of tensorly-torch: what it gives is another matter (its README's table of surprises). */
const askedShares: readonly number[] = Array.from({ length: 60 }, (_, i) => 0.005 * 200 ** (i / 59));

/** CP, Tucker and BlockTT at tensorly-torch's own shapes (orders 2, 3, 4; its default, as many as possible, is not tried). */
export function* tltorch(setting: SearchSetting): Search {
  return yield* tryUniform(setting, function* (shapes) {
    for (const share of askedShares)
      for (const format of ['cp', 'tucker', 'ttm'] as const)
        for (const order of [2, 3, 4]) {
          const perShape = shapes.map((shape) => tltorchChoice(format, shape, order, share));
          if (perShape.every((f) => f !== null)) yield perShape;
        }
  });
}

function tltorchChoice(
  format: 'cp' | 'tucker' | 'ttm',
  { out, in: columns }: Shape,
  order: number,
  share: number,
): Factorization | null {
  if (orderedFactorizations(out, order).length === 0 || orderedFactorizations(columns, order).length === 0)
    return null;
  const modes = tltorchModes(columns, out, order);
  return clipRanks({ format, ...modes, ranks: tltorchRanks(format, modes.outModes, modes.inModes, share) });
}

/** Chance: per group of matrices (Q, K, ..., FFN2) a format, then one of its candidates near a size common to the design. */
export function* randomSearch(setting: SearchSetting): Search {
  const study = createStudy(setting);
  const { assembly, recorder } = study;
  const random = createRandom(setting.seed);
  const lists: (readonly Factorization[])[][] = [];
  for (const format of formats) {
    if (format === 'dense') continue;
    const perShape: (readonly Factorization[])[] = [];
    for (const shape of assembly.shapes) {
      const bySize = layerCandidates(format, shape).map((f) => ({ f, parameters: parameterCount(f) }));
      perShape.push(bySize.sort((a, b) => a.parameters - b.parameters).map(({ f }) => f));
      yield recorder.batch();
    }
    if (perShape.every((list) => list.length > 0)) lists.push(perShape);
  }
  const { linears } = setting.evaluator.model;
  const free = assembly.free.flatMap(({ shape, layers }) =>
    layers.map((index) => ({ shape, group: linears[index]?.group ?? 'other' })),
  );
  const picks = new Int32Array(free.length);
  const groups = new Set(free.map(({ shape, group }) => `${group} ${shape}`)).size;
  while (free.length > 0 && lists.length > 0 && affordsDesign(study, groups)) {
    const size = random.next();
    const drawn = new Map<
      Group,
      { readonly perShape: readonly (readonly Factorization[])[]; readonly at: number }
    >();
    for (const [i, { shape, group }] of free.entries()) {
      let choice = drawn.get(group);
      if (choice === undefined) {
        const perShape = lists[random.below(lists.length)] ?? [];
        const at = Math.min(1, Math.max(0, size + (random.next() - 0.5) / 3));
        drawn.set(group, (choice = { perShape, at }));
      }
      const list = choice.perShape[shape] ?? [];
      const f = list[Math.round(choice.at * (list.length - 1))];
      picks[i] = f === undefined ? 0 : study.pool.column(shape, f);
    }
    recorder.assembled();
    study.record(picks);
    yield recorder.batch();
  }
  yield recorder.batch();
  return recorder.result();
}

/** Whether the budget has room for a design of so many new candidates, and the design itself. */
function affordsDesign({ recorder, setting }: Study, candidates: number): boolean {
  return recorder.evaluations + candidates + 1 <= setting.budget;
}

/** Records one design after the other, each one candidate per shape, until they or the budget run out. */
function* tryUniform(
  setting: SearchSetting,
  designs: (shapes: readonly Shape[]) => Iterable<readonly Factorization[]>,
): Search {
  const study: Study = createStudy(setting);
  const { assembly, recorder } = study;
  if (assembly.free.length > 0)
    for (const perShape of designs(assembly.shapes)) {
      if (!affordsDesign(study, assembly.shapes.length)) break;
      study.record(study.uniform(perShape));
      yield recorder.batch();
    }
  yield recorder.batch();
  return recorder.result();
}
