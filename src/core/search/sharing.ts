/**
 * A search under shared loops. To share them takes a hundred times as long as to keep whole intermediates, so the space is
 * searched with whole ones. Then what stands on the frontier, and every format's own best in each layer (one may gain more
 * than another), is counted anew as the design on screen is, and the frontier is made of these figures only; a sweep lets
 * the layers bargain over them again. The cloud stays as it was searched. A single product counts the same either way, so
 * dense does too.
 * Left out: a candidate that no layer would take from its own format with whole intermediates, and would with shared loops.
 */
import { referenceExecution, sharesLoops } from '../cost/execution.ts';
import { formats, type Factorization } from '../factor/factorization.ts';
import { assemble } from './assembly.ts';
import { efficientChoices, priceSteps, walkHull } from './bargain.ts';
import { createEvaluator, type Evaluator, type EvaluatorSetting } from './evaluate.ts';
import { createFrontier } from './pareto.ts';
import { createPool, type Pool } from './pool.ts';
import type { Recount, Search, SearchBatch, SearchResult, SearchSetting } from './setting.ts';
import { evenly } from './space.ts';
import { strategies } from './strategies.ts';
import { createStudy, type Study } from './study.ts';
import { fillGaps } from './sweep.ts';

export type Strategy = keyof typeof strategies;

/** A search by any strategy, under shared loops where the setting has them, and the evaluator that its figures are of. */
export function createSearch(
  strategy: Strategy,
  setting: EvaluatorSetting,
  rest: Omit<SearchSetting, 'evaluator' | 'pool'>,
): { readonly evaluator: Evaluator; readonly search: Search } {
  const { execution = referenceExecution, gear } = setting;
  const evaluator = createEvaluator(setting);
  if (!sharesLoops(execution) || gear !== 'exact')
    return { evaluator, search: strategies[strategy]({ ...rest, evaluator }) };
  const { mapper, accuracy } = evaluator;
  const whole = createEvaluator({
    ...setting,
    execution: { ...execution, sharedLoops: false },
    mapper,
    accuracy,
  });
  return { evaluator, search: sharing(strategy, { ...rest, evaluator }, whole) };
}

function* sharing(strategy: Strategy, setting: SearchSetting, whole: Evaluator): Search {
  const withWhole = { ...setting, evaluator: whole };
  const pool = createPool(whole, assemble(withWhole));
  const search = strategies[strategy]({ ...withWhole, pool });
  for (;;) {
    const next = search.next();
    if (next.done) return yield* countAnew(setting, next.value, pool, strategy === 'sweep');
    yield { ...next.value, whole: true };
  }
}

interface Wanted {
  /** Position in the assembly's shapes. */
  readonly shape: number;
  readonly factorization: Factorization;
}

/** Share of the budget for designs that are assembled anew. */
const designShare = 0.2;

function* countAnew(setting: SearchSetting, found: SearchResult, pool: Pool, bargains: boolean): Search {
  const budget = Number.POSITIVE_INFINITY;
  const study = createStudy({ ...setting, budget });
  const { assembly, recorder } = study;
  const shapeOf = new Map(assembly.free.flatMap(({ shape, layers }) => layers.map((l) => [l, shape])));
  const designs = found.frontier.map(({ design }) => design);
  const standing = distinct(
    designs.flatMap((design) =>
      design.flatMap((factorization, layer): Wanted[] => {
        const shape = shapeOf.get(layer);
        return shape === undefined ? [] : [{ shape, factorization }];
      }),
    ),
  );
  const others = bargains ? distinct([...standing, ...bestOfFormats(pool)]).slice(standing.length) : [];
  const of = standing.length + others.length;
  const { evaluations, counts } = found;
  let { hypervolume } = found;
  const batch = (done: number, frontier: SearchBatch['frontier'] = null): SearchBatch => {
    const recount: Recount = { done, of };
    return { evaluations, cloud: new Float32Array(), frontier, counts, hypervolume, recount };
  };
  let done = 0;
  for (const { shape, factorization } of standing) {
    study.pool.column(shape, factorization);
    yield batch((done += 1));
  }
  for (const design of designs) study.record(picksOf(study, design), false);
  const recounted = recorder.result();
  hypervolume = recounted.hypervolume;
  yield batch(done, recounted.frontier);
  if (!bargains) return { frontier: recounted.frontier, evaluations, counts, hypervolume };
  for (const { shape, factorization } of others) {
    study.pool.column(shape, factorization);
    yield batch((done += 1));
  }
  const most = Math.ceil(designShare * setting.budget);
  const hull = yield* quietly(walkHull(study, efficientChoices(study), priceSteps, most), () => batch(done));
  const gaps = fillGaps({ ...study, setting: { ...setting, budget: recorder.evaluations + most } }, hull);
  yield* quietly(gaps, () => batch(done));
  const { frontier, hypervolume: volume } = recorder.result();
  return { frontier, evaluations, counts, hypervolume: volume };
}

function distinct(wanted: readonly Wanted[]): readonly Wanted[] {
  const seen = new Map<number, Set<Factorization>>();
  return wanted.filter(({ shape, factorization }) => {
    let ofShape = seen.get(shape);
    if (ofShape === undefined) seen.set(shape, (ofShape = new Set()));
    return ofShape.size < ofShape.add(factorization).size;
  });
}

/** More of them gained .03 % of what the frontier encloses (Glyph-ViT, ws8t), in three times as long. */
const mostOfFormat = 32;

/** Of every format the candidates that no other of it beats in EDP and damage, over all layers of a shape. */
function bestOfFormats({ shapes }: Pool): readonly Wanted[] {
  return shapes.flatMap(({ factorizations, energyPj, latencyCycles, damage }, shape) => {
    const lost = factorizations.map((_, column) =>
      damage.reduce((sum, ofClass) => sum + (ofClass[column] ?? 0), 0),
    );
    return formats.flatMap((format) => {
      const best = createFrontier<Factorization>();
      for (const [column, f] of factorizations.entries())
        if (f.format === format)
          best.add((energyPj[column] ?? 0) * (latencyCycles[column] ?? 0), -(lost[column] ?? 0), () => f);
      return evenly(best.entries, mostOfFormat).map(({ item }) => ({ shape, factorization: item }));
    });
  });
}

function picksOf({ assembly, offsets, pool }: Study, design: readonly Factorization[]): Int32Array {
  const picks = new Int32Array(offsets.at(-1) ?? 0);
  for (const [group, { shape, layers }] of assembly.free.entries())
    for (const [place, layer] of layers.entries()) {
      const factorization = design[layer];
      if (factorization !== undefined)
        picks[(offsets[group] ?? 0) + place] = pool.column(shape, factorization);
    }
  return picks;
}

/** The same steps, told in other words. */
function* quietly<T>(
  steps: Generator<SearchBatch, T, void>,
  batch: () => SearchBatch,
): Generator<SearchBatch, T, void> {
  for (;;) {
    const next = steps.next();
    if (next.done) return next.value;
    yield batch();
  }
}
