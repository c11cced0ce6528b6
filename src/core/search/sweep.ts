/**
 * The sweep. First every candidate of the space is costed, coarsely first, and tried on the whole model at once. Then
 * the layers bargain for the model's hull (bargain.ts). Between two points of the hull layers change over one by one,
 * and last, single layers are changed at random.
 */
import { createRandom, type Random } from '../base/random.ts';
import { efficientChoices, priceSteps, walkHull, type Choices } from './bargain.ts';
import { scales } from './scales.ts';
import type { Search, SearchBatch, SearchSetting } from './setting.ts';
import { createStudy, type Picks, type Study } from './study.ts';
import { uniformGap } from './uniform-gap.ts';
import { affordableVisits, costVisits, planVisits, type Visit } from './visits.ts';

/** Shares of the space after which the layers bargain for a first time, so that the frontier is good early. */
const looks = [0.1, 0.25, 0.5];
/** A search with a smaller budget is over soon. */
const worthLooking = 8000;
/** Share of the budget that one of them may take for designs. */
const lookShare = 0.01;
const designsPerBatch = 512;
/** Random changes stop after so many without a better design. */
const patience = 5000;

export function* sweep(setting: SearchSetting): Search {
  const study = createStudy(setting);
  const { evaluator } = setting;
  const uniform: { edpPjCycles: number; edpReduction: number; value: number }[] = [];
  const tryVisit = (visit: Visit): void => {
    study.record(study.uniform(visit));
    if (visit.some((f) => f?.format !== 'svd')) return;
    const [energyPj = 0, latencyCycles = 0, damage = 0] = study.figures;
    const edpPjCycles = energyPj * latencyCycles;
    uniform.push({
      edpPjCycles,
      edpReduction: evaluator.dense.edpPjCycles / edpPjCycles,
      value: evaluator.accuracy.value(damage),
    });
  };
  if (study.assembly.free.length > 0) {
    const visits = affordableVisits(study, yield* planVisits(study));
    let next = 0;
    for (const share of setting.budget < worthLooking ? [] : looks) {
      const until = Math.ceil(share * visits.length);
      yield* costVisits(study, visits.slice(next, until), tryVisit);
      next = until;
      yield* walkHull(study, efficientChoices(study), priceSteps / 8, Math.floor(lookShare * setting.budget));
    }
    yield* costVisits(study, visits.slice(next), tryVisit);
    const choices = efficientChoices(study);
    const hull = yield* walkHull(study, choices, priceSteps, setting.budget - study.recorder.evaluations);
    yield* fillGaps(study, hull);
    yield* changeAtRandom(study, choices, createRandom(setting.seed));
  }
  yield study.recorder.batch();
  const result = study.recorder.result();
  return uniform.length === 0 ? result : { ...result, uniform: uniformGap(uniform, result.frontier) };
}

/** Steps of the axis, or share of EDP, that one step between two points of the hull may cover. */
const finest = { steps: 2, edp: 0.002 };

/** Between two neighbours of the hull the layers change over one after the other: identical ones move together there. */
export function* fillGaps(study: Study, hull: readonly Picks[]): Generator<SearchBatch, void, void> {
  const { recorder, setting, figures } = study;
  const sorted = hull
    .map((picks) => {
      study.sum(picks);
      return { picks, edp: (figures[0] ?? 0) * (figures[1] ?? 0), value: study.value(figures[2] ?? 0) };
    })
    .sort((a, b) => b.value - a.value || a.edp - b.edp);
  const apart = finest.steps * scales[setting.evaluator.accuracy.metric].step;
  let recorded = 0;
  for (const [i, from] of sorted.entries()) {
    const to = sorted[i + 1];
    if (to === undefined) break;
    const differing = [...from.picks.keys()].filter((layer) => from.picks[layer] !== to.picks[layer]);
    const steps = Math.ceil(
      Math.min(
        differing.length,
        Math.max((from.value - to.value) / apart, Math.abs(Math.log(from.edp / to.edp)) / finest.edp),
      ),
    );
    const picks = from.picks.slice();
    let changed = 0;
    for (let step = 1; step < steps; step++) {
      if (recorder.evaluations >= setting.budget) return;
      for (const until = Math.round((step * differing.length) / steps); changed < until; changed++) {
        const layer = differing[changed] ?? 0;
        picks[layer] = to.picks[layer] ?? 0;
      }
      recorder.assembled();
      study.record(picks);
      if (++recorded % designsPerBatch === 0) yield recorder.batch();
    }
  }
}

/** Takes a design off the frontier, gives some layers that share a pick another one nearby, and looks if it holds. */
function* changeAtRandom(
  study: Study,
  choices: readonly Choices[],
  random: Random,
): Generator<SearchBatch, void, void> {
  const { assembly, offsets, recorder, setting, pool } = study;
  const total = offsets.at(-1) ?? 0;
  const groupOf = Int32Array.from({ length: total }, (_, i) =>
    offsets.findLastIndex((offset) => offset <= i),
  );
  let idle = 0;
  for (let done = 1; recorder.evaluations < setting.budget && idle < patience; done++) {
    const { entries } = recorder.frontier;
    const picks = entries[random.below(entries.length)]?.item.kept.slice() ?? new Int32Array(total);
    for (let changes = 1 + random.below(2); changes > 0; changes--) {
      const layer = random.below(total);
      const group = groupOf[layer] ?? 0;
      const { columns, loss } = choices[group] ?? { columns: new Int32Array(1), loss: new Float64Array(1) };
      const { shape = 0 } = assembly.free[group] ?? {};
      const old = picks[layer] ?? 0;
      const place = placeOf(loss, pool.shapes[shape]?.damage[group]?.[old] ?? 0);
      const jump = (1 + random.below(8)) * (random.below(2) === 0 ? 1 : -1);
      const next = columns[Math.min(columns.length - 1, Math.max(0, place + jump))] ?? 0;
      const end = random.below(4) === 0 ? (offsets[group + 1] ?? total) : layer + 1;
      for (let i = layer; i < end; i++) if (picks[i] === old) picks[i] = next;
    }
    recorder.assembled();
    idle = study.record(picks) ? 0 : idle + 1;
    if (done % designsPerBatch === 0) yield recorder.batch();
  }
}

/** First place whose loss is not below `wanted`; losses ascend. */
function placeOf(losses: Float64Array, wanted: number): number {
  let low = 0;
  let high = losses.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((losses[middle] ?? 0) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
