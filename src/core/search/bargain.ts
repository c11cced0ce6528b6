/**
 * The bargain between layers: the design of least sqrt(E D) + price x damage, for E = sum of energies and D = sum of
 * latencies. At E* and D*, sqrt(E D) <= (E sqrt(D* / E*) + D sqrt(E* / D*)) / 2 with equality at E*, D*: so each layer takes
 * the candidate of least energy x sqrt(D* / E*) / 2 + latency x sqrt(E* / D*) / 2 + price x damage, again and again; the sum
 * falls each time until nothing changes. One price, one point of the hull.
 * Sources: Everett, "Generalized Lagrange multiplier method" (1963); Hunter, Lange, "A tutorial on MM algorithms" (2004).
 * Left out: designs inside the hull (EDP is not convex), and other places where the descent might have ended.
 */
import { hullEdges, paretoMinima } from './pareto.ts';
import type { SearchBatch } from './setting.ts';
import { evenly } from './space.ts';
import type { Picks, Study } from './study.ts';

/** Of one class: the candidates that no other beats in energy, latency and loss, ascending in loss (damage). */
export interface Choices {
  readonly columns: Int32Array;
  readonly energyPj: Float64Array;
  readonly latencyCycles: Float64Array;
  /** Damage in one layer. */
  readonly loss: Float64Array;
}

export function efficientChoices({ assembly, pool }: Study): readonly Choices[] {
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

/** Prices tried first, evenly in logarithm; between two of them as many more as it takes to see layers change one by one. */
export const priceSteps = 200;
const mostHalvings = 12;
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
      (_, i) => ((energyPj[i] ?? 0) / scale + (latency[i] ?? 0) / latencyCycles) / 2,
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

/**
 * The designs of ever lower price of loss, then back up (a descent depends on where it starts); at most `most` of them,
 * evenly picked, are recorded and returned.
 */
export function* walkHull(
  study: Study,
  choices: readonly Choices[],
  steps: number,
  most: number,
): Generator<SearchBatch, readonly Picks[], void> {
  const { recorder } = study;
  const prices = priceRange(study, choices);
  const down = Array.from(
    { length: steps },
    (_, i) => prices.most * (prices.least / prices.most) ** (i / (steps - 1)),
  );
  const hull = new Map<string, Picks>();
  let before: Station | null = null;
  for (const [step, price] of [...down, ...down.toReversed()].entries()) {
    const start: Picks = before?.picks ?? new Int32Array(study.offsets.at(-1) ?? 0);
    const after = station(study, choices, start, price);
    if (before !== null)
      for (const between of stationsBetween(study, choices, before, after, mostHalvings))
        hull.set(between.best.join(), between.picks);
    hull.set(after.best.join(), after.picks);
    before = after;
    if (step % 16 === 15) yield recorder.batch();
  }
  const recorded = most < 2 ? [] : evenly([...hull.values()], most);
  for (const each of recorded) {
    recorder.assembled();
    study.record(each, false);
  }
  yield recorder.batch();
  return recorded;
}

/** Where the descent ends at a price. */
interface Station {
  readonly price: number;
  /** Per class, a place in its choices. */
  readonly best: Int32Array;
  readonly picks: Picks;
}

function station(study: Study, choices: readonly Choices[], start: Picks, price: number): Station {
  const { assembly, offsets } = study;
  const best = bargain(study, choices, start, price);
  const picks = start.slice();
  for (let group = 0; group < assembly.free.length; group++)
    picks.fill(choices[group]?.columns[best[group] ?? 0] ?? 0, offsets[group], offsets[group + 1]);
  return { price, best, picks };
}

/** Halves the interval of prices where more than one class changes over. */
function stationsBetween(
  study: Study,
  choices: readonly Choices[],
  from: Station,
  to: Station,
  halvings: number,
): readonly Station[] {
  let changes = 0;
  for (const [group, place] of from.best.entries()) if (to.best[group] !== place) changes++;
  if (changes < 2 || halvings === 0) return [];
  const middle = station(study, choices, from.picks, Math.sqrt(from.price * to.price));
  return [
    ...stationsBetween(study, choices, from, middle, halvings - 1),
    middle,
    ...stationsBetween(study, choices, middle, to, halvings - 1),
  ];
}

/** Rounds of a descent; each is an improvement, and few are needed. */
const mostRounds = 32;

/** The classes' picks (places in their choices) at a price of damage in dense models, starting from `picks`. */
export function bargain(study: Study, choices: readonly Choices[], picks: Picks, price: number): Int32Array {
  const { assembly, figures, setting } = study;
  const { energyPj: denseEnergy, latencyCycles: denseLatency } = setting.evaluator.dense;
  const best = new Int32Array(choices.length);
  study.sum(picks);
  let energyPj = figures[0] ?? 0;
  let latencyCycles = figures[1] ?? 0;
  for (let round = 0; round < mostRounds; round++) {
    const slope = Math.sqrt(latencyCycles / denseLatency / (energyPj / denseEnergy));
    let nextEnergy = assembly.energyPj;
    let nextLatency = assembly.latencyCycles;
    for (const [group, choice] of choices.entries()) {
      const place = cheapest(choice, slope / 2 / denseEnergy, 1 / slope / 2 / denseLatency, price);
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
