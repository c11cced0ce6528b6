/**
 * The least product of energy and cycles where both are sums over parts. The product falls towards the corner and is
 * quasi-concave, so over any set of points it is least at a vertex of their lower hull, and such a vertex has the least
 * energy + price x cycles at some price. At a given price the parts no longer depend on each other. So: ask for the best
 * plan at a few prices; two neighbouring answers leave a triangle in which a better one may lie, and it is asked about until
 * no triangle can hold one.
 */
import type { Objective } from '../mapping.ts';
import type { Goal } from '../objective.ts';

export interface Point {
  readonly energyPj: number;
  readonly cycles: number;
}

/** What an objective makes least of. */
export const scores: Readonly<Record<Objective, (figures: Point) => number>> = {
  edp: ({ energyPj, cycles }) => energyPj * cycles,
  energy: ({ energyPj }) => energyPj,
  latency: ({ cycles }) => cycles,
};

const slack = 1e-12;

/** Least energy + price x cycles; the price may be changed between searches. */
export interface PricedGoal extends Goal {
  price: number;
}

export function createPricedGoal(): PricedGoal {
  const cost = (energy: number, cycles: number): number => energy + goal.price * cycles;
  const goal: PricedGoal = {
    price: 1,
    timed: true,
    key: cost,
    tie: (_, cycles) => cycles,
    beats: (energy, cycles, incumbentPj, incumbentCycles) =>
      cost(energy, cycles) < cost(incumbentPj, incumbentCycles) * (1 - slack),
    energyLimit: (cycles, incumbentPj, incumbentCycles) =>
      cost(incumbentPj, incumbentCycles) * (1 - slack) - goal.price * cycles,
    mostCycles: (energy, incumbentPj, incumbentCycles) =>
      goal.price > 0
        ? Math.max(0, cost(incumbentPj, incumbentCycles) - energy) / goal.price
        : Number.POSITIVE_INFINITY,
  };
  return goal;
}

interface Support<P extends Point> {
  readonly price: number;
  /** Nothing that was made has less energy + price x cycles. */
  readonly cost: number;
  readonly point: P;
}

/** Nothing at all has less energy + price x cycles. */
interface Bound {
  readonly price: number;
  readonly cost: number;
}

/** Prices are taken from a coarse grid while it will do, so that related searches ask alike and remember. */
const onGrid = (price: number, round: (steps: number) => number): number =>
  2 ** (round(Math.log2(price) * 2) / 2);

const product = ({ energyPj, cycles }: Point): number => energyPj * cycles;
const mostAsked = 200;

/** What there is at a price: a point, and the least energy + price x cycles that anything may have. */
export interface Answer<P extends Point> {
  readonly plan: P | null;
  readonly least: number;
}

/**
 * The point of least product, and a product that nothing is below.
 * @param ask the point of least energy + price x cycles
 * @param floor energy and cycles that no point is below, both above 0
 * @param first price where to begin
 * @param limit only products below it are asked for
 */
export function leastProduct<P extends Point>(
  ask: (price: number) => Answer<P>,
  floor: Point,
  first: number,
  limit = Number.POSITIVE_INFINITY,
): Answer<P> {
  const supports: Support<P>[] = [];
  const bounds: Bound[] = [];
  let best: P | null = null;
  const below = (): number => Math.min(limit, best === null ? limit : product(best)) * (1 - 1e-9);
  /** What is known so far cannot be beaten. */
  const settled = (): boolean => leastWithin(bounds, floor) >= below();
  const visit = (price: number): P | null => {
    const { plan, least } = ask(price);
    bounds.splice(placeOf(bounds, price), 0, { price, cost: least });
    if (plan === null) return null;
    const cost = plan.energyPj + price * plan.cycles;
    supports.splice(placeOf(supports, price), 0, { price, cost, point: plan });
    if (best === null || product(plan) < product(best)) best = plan;
    return plan;
  };
  const answer = (): Answer<P> => ({
    plan: best !== null && product(best) < limit ? best : null,
    least: leastWithin(bounds, floor),
  });
  // A few steps towards the price at which the best point is the best answer to its own price.
  for (let next = onGrid(first, Math.round); !bounds.some(({ price }) => price === next);) {
    const point = visit(next);
    if (point === null || settled() || !(point.energyPj > 0 && point.cycles > 0)) return answer();
    next = onGrid(point.energyPj / point.cycles, Math.round);
  }
  while (supports.length < mostAsked && !settled()) {
    const open = openPrice(supports, floor, below());
    if (open === null || visit(open) === null) break;
  }
  return answer();
}

const placeOf = (list: readonly { readonly price: number }[], price: number): number => {
  const place = list.findIndex((other) => other.price > price);
  return place < 0 ? list.length : place;
};

/** The least product where every bound and the floor hold: at a corner of that region. */
function leastWithin(bounds: readonly Bound[], { energyPj, cycles }: Point): number {
  // The least cost is concave in the price: bounds below the line between others say nothing.
  const hull: Bound[] = [{ price: 0, cost: energyPj }];
  let fewest = energyPj;
  for (const next of bounds) {
    fewest = Math.max(fewest, next.cost - next.price * cycles);
    for (let last = hull.at(-1); last !== undefined && hull.length > 1; last = hull.at(-1)) {
      const before = hull.at(-2) as Bound;
      const line = (next.cost - before.cost) / (next.price - before.price);
      if (last.cost > before.cost + line * (last.price - before.price)) break;
      hull.pop();
    }
    hull.push(next);
  }
  let least = fewest * cycles;
  for (let i = 0; i + 1 < hull.length; i += 1) {
    const [a, b] = [hull[i] as Bound, hull[i + 1] as Bound];
    const at = (b.cost - a.cost) / (b.price - a.price);
    if (at >= cycles) least = Math.min(least, at * (a.cost - a.price * at));
  }
  return least;
}

/** A price to ask at, or null when nothing can beat the limit. */
function openPrice<P extends Point>(
  supports: readonly Support<P>[],
  floor: Point,
  limit: number,
): number | null {
  const first = supports[0] as Support<P>;
  const last = supports.at(-1) as Support<P>;
  // Above the lowest price: more cycles, at least the floor's energy.
  if (floor.energyPj * ((first.cost - floor.energyPj) / first.price) < limit) {
    const { energyPj, cycles } = first.point;
    const closing =
      (floor.energyPj * (energyPj - floor.energyPj)) / (limit - Math.min(limit, floor.energyPj * cycles));
    const price = Math.min(closing, first.price / 2);
    if (price > 0) return onGrid(price, Math.floor);
  }
  if (floor.cycles * (last.cost - last.price * floor.cycles) < limit) {
    const { energyPj, cycles } = last.point;
    const closing = (limit / floor.cycles - energyPj) / (cycles - floor.cycles);
    const price = Math.max(closing, last.price * 2);
    if (Number.isFinite(price)) return onGrid(price, Math.ceil);
  }
  for (let i = 0; i + 1 < supports.length; i += 1) {
    const a = supports[i] as Support<P>;
    const b = supports[i + 1] as Support<P>;
    const cycles = (b.cost - a.cost) / (b.price - a.price);
    const energyPj = a.cost - a.price * cycles;
    if (!(energyPj * cycles < limit)) continue;
    const chord = (b.point.energyPj - a.point.energyPj) / (a.point.cycles - b.point.cycles);
    if (!(chord > a.price * (1 + 1e-9) && chord < b.price * (1 - 1e-9))) continue;
    const near = onGrid(chord, Math.round);
    return near > a.price && near < b.price ? near : chord;
  }
  return null;
}
