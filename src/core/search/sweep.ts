/**
 * The sweep. First every candidate of the space is costed, coarsely first, and tried on the whole model at once. Then
 * the model's frontier is taken from the layers': to minimise (sum E)(sum D) under an error budget, each layer picks
 * argmin E + D x E_model / D_model + mu x loss, a fixed point in E_model / D_model; one mu, one point of the hull.
 * Between two points of the hull layers change over one by one, and last, single layers are changed at random.
 * Source of the bargain between layers: Everett, "Generalized Lagrange multiplier method" (1963).
 */
import { createRandom, type Random } from '../base/random.ts';
import { formats, type Factorization } from '../factor/factorization.ts';
import { hullEdges, paretoMinima } from './pareto.ts';
import { scales } from './scales.ts';
import type { Search, SearchBatch, SearchSetting } from './setting.ts';
import { candidatesByPart } from './space.ts';
import { createStudy, type Picks, type Study } from './study.ts';

/** Share of the budget that single layers may take; the rest is for designs. */
const spaceShare = 0.8;
/** Shares of the space after which the layers bargain for a first time, so that the frontier is good early. */
const looks = [0.1, 0.25, 0.5];
const partsPerBatch = 4;
const visitsPerBatch = 4;
const designsPerBatch = 512;
/** Random changes stop after so many without a better design. */
const patience = 5000;

export function* sweep(setting: SearchSetting): Search {
  const study = createStudy(setting);
  if (study.assembly.free.length > 0) {
    const affordable = Math.floor((spaceShare * setting.budget) / study.assembly.shapes.length);
    const visits = (yield* planVisits(study)).slice(0, affordable);
    let next = 0;
    for (const share of looks) {
      const until = Math.ceil(share * visits.length);
      yield* costVisits(study, visits.slice(next, until));
      next = until;
      yield* walkHull(study, efficientChoices(study), priceSteps / 8);
    }
    yield* costVisits(study, visits.slice(next));
    const choices = efficientChoices(study);
    const hull = yield* walkHull(study, choices, priceSteps);
    yield* fillGaps(study, hull);
    yield* changeAtRandom(study, choices, createRandom(setting.seed));
  }
  yield study.recorder.batch();
  return study.recorder.result();
}

/** One candidate per shape, in step along a format's lists. */
type Visit = readonly (Factorization | undefined)[];

/** Every candidate of the space at least once; the formats take turns, each from coarse to fine. */
function* planVisits({ assembly, recorder }: Study): Generator<SearchBatch, readonly Visit[], void> {
  const visits: { readonly turn: number; readonly visit: Visit }[] = [];
  let parts = 0;
  for (const format of formats) {
    if (format === 'dense') continue;
    const lists: (readonly Factorization[])[] = [];
    for (const shape of assembly.shapes) {
      const list: Factorization[] = [];
      for (const part of candidatesByPart(format, shape)) {
        list.push(...part);
        if (++parts % partsPerBatch === 0) yield recorder.batch();
      }
      lists.push(list);
    }
    const length = Math.max(...lists.map((list) => list.length));
    for (const [turn, i] of coarseToFine(length).entries())
      visits.push({ turn, visit: lists.map((list) => list[Math.floor((i * list.length) / length)]) });
  }
  return visits.sort((a, b) => a.turn - b.turn).map(({ visit }) => visit);
}

function* costVisits(study: Study, visits: readonly Visit[]): Generator<SearchBatch, void, void> {
  const { recorder, setting, assembly } = study;
  for (const [done, visit] of visits.entries()) {
    if (recorder.evaluations + assembly.shapes.length > setting.budget) break;
    study.record(study.uniform(visit));
    if (done % visitsPerBatch === visitsPerBatch - 1) yield recorder.batch();
  }
}

/** The places 0 to length - 1 in an order by halves, quarters, eighths (bits of the place reversed). */
function coarseToFine(length: number): readonly number[] {
  const reversed = (i: number): number => {
    let key = 0;
    for (let size = 1, rest = i, part = 0.5; size < length; size *= 2, rest >>= 1, part /= 2)
      key += part * (rest & 1);
    return key;
  };
  return Array.from({ length }, (_, i) => ({ i, key: reversed(i) }))
    .sort((a, b) => a.key - b.key)
    .map(({ i }) => i);
}

/** Of one class: the candidates that no other beats in energy, latency and loss, ascending in loss (damage). */
interface Choices {
  readonly columns: Int32Array;
  readonly energyPj: Float64Array;
  readonly latencyCycles: Float64Array;
  /** Damage in one layer. */
  readonly loss: Float64Array;
}

function efficientChoices({ assembly, pool }: Study): readonly Choices[] {
  return assembly.free.map(({ shape }, group) => {
    const table = pool.shapes[shape];
    if (table === undefined) throw new Error(`internal: no shape ${shape}`);
    const lost = table.damage[group] ?? [];
    const columns = paretoMinima(table.energyPj, table.latencyCycles, lost).sort(
      (a, b) => (lost[a] ?? 0) - (lost[b] ?? 0) || a - b,
    );
    const pick = (values: readonly number[]): Float64Array =>
      Float64Array.from(columns, (column) => values[column] ?? 0);
    return {
      columns: Int32Array.from(columns),
      energyPj: pick(table.energyPj),
      latencyCycles: pick(table.latencyCycles),
      loss: pick(lost),
    };
  });
}

/** Prices of loss tried from the dearest to the cheapest, evenly in logarithm. */
const priceSteps = 1200;
/** Losses below this share of the largest are taken for none. */
const leastLoss = 1e-7;
/** How far energy : latency of cheaper designs may move the prices at which classes change over. */
const margin = 4;

/** Between a price that no loss is worth and one that every loss is: those at which a class leaves or reaches an end. */
function priceRange(
  study: Study,
  choices: readonly Choices[],
): { readonly most: number; readonly least: number } {
  const { energyPj: scale, latencyCycles } = study.setting.evaluator.dense;
  let [most, least] = [0, Number.POSITIVE_INFINITY];
  for (const { energyPj, latencyCycles: latency, loss } of choices) {
    const costs = Float64Array.from(
      loss,
      (_, i) => (energyPj[i] ?? 0) / scale + (latency[i] ?? 0) / latencyCycles,
    );
    const ground = leastLoss * (loss.at(-1) ?? 0);
    for (const [from, to] of hullEdges(loss, costs)) {
      const rise = (loss[to] ?? 0) - Math.max(ground, loss[from] ?? 0);
      if (!(rise > 0)) continue;
      const price = ((costs[from] ?? 0) - (costs[to] ?? 0)) / rise;
      most = Math.max(most, price);
      least = Math.min(least, price);
    }
  }
  return most > 0 ? { most: most * margin, least: least / margin } : { most: 1, least: 1 };
}

/** The designs of ever lower price of loss, then back up (a fixed point depends on where one comes from). */
function* walkHull(
  study: Study,
  choices: readonly Choices[],
  steps: number,
): Generator<SearchBatch, readonly Picks[], void> {
  const { assembly, offsets, recorder, setting } = study;
  const picks = new Int32Array(offsets.at(-1) ?? 0);
  const hull: Picks[] = [picks.slice()];
  const { most, least } = priceRange(study, choices);
  const down = Array.from({ length: steps }, (_, i) => most * (least / most) ** (i / (steps - 1)));
  let before = '';
  for (const [step, price] of [...down, ...down.toReversed()].entries()) {
    if (recorder.evaluations >= setting.budget) break;
    const best = bargain(study, choices, picks, price);
    for (let group = 0; group < assembly.free.length; group++)
      picks.fill(choices[group]?.columns[best[group] ?? 0] ?? 0, offsets[group], offsets[group + 1]);
    const key = best.join();
    if (key !== before) {
      before = key;
      recorder.assembled();
      study.record(picks);
      hull.push(picks.slice());
    }
    if (step % 64 === 63) yield recorder.batch();
  }
  return hull;
}

/**
 * The classes' picks (places in their choices) at a price, starting from the energy and latency of `picks`. EDP falls
 * along D dE + E dD; only the ratio E : D is taken from the model, so that a cheaper model does not make energy dearer
 * and run away (EDP is not convex: whole stretches of its frontier would be jumped over).
 */
function bargain(study: Study, choices: readonly Choices[], picks: Picks, price: number): Int32Array {
  const { assembly, figures, setting } = study;
  const best = new Int32Array(choices.length);
  const scale = setting.evaluator.dense.energyPj;
  study.sum(picks);
  let energyPj = figures[0] ?? 0;
  let latencyCycles = figures[1] ?? 0;
  for (let round = 0; round < 8; round++) {
    let nextEnergy = assembly.energyPj;
    let nextLatency = assembly.latencyCycles;
    for (const [group, choice] of choices.entries()) {
      const place = cheapest(choice, 1 / scale, energyPj / latencyCycles / scale, price);
      const layers = assembly.free[group]?.layers.length ?? 0;
      best[group] = place;
      nextEnergy += layers * (choice.energyPj[place] ?? 0);
      nextLatency += layers * (choice.latencyCycles[place] ?? 0);
    }
    if (nextEnergy === energyPj && nextLatency === latencyCycles) break;
    energyPj = nextEnergy;
    latencyCycles = nextLatency;
  }
  return best;
}

function cheapest({ energyPj, latencyCycles, loss }: Choices, a: number, b: number, price: number): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < loss.length; i++) {
    const cost = a * (energyPj[i] ?? 0) + b * (latencyCycles[i] ?? 0) + price * (loss[i] ?? 0);
    if (cost < least) {
      least = cost;
      best = i;
    }
  }
  return best;
}

/** Steps of the axis, or share of EDP, that one step between two points of the hull may cover. */
const finest = { steps: 2, edp: 0.002 };

/** Between two neighbours of the hull the layers change over one after the other: identical ones move together there. */
function* fillGaps(study: Study, hull: readonly Picks[]): Generator<SearchBatch, void, void> {
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
