/**
 * The least product of energy and cycles where both are sums over parts. The product falls towards the corner and is
 * quasi-concave, so over any set of points it is least at a vertex of their lower hull, and such a vertex has the least
 * energy + price x cycles at some price. At a given price the parts no longer depend on each other. So: ask for the best
 * plan at a few prices; two neighbouring answers leave a triangle in which a better one may lie, and it is asked about until
 * no triangle can hold one.
 */
import type { Goal } from '../objective.ts';

export interface Point {
  readonly energyPj: number;
  readonly cycles: number;
}

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
  /** Nothing has less energy + price x cycles. */
  readonly cost: number;
  readonly point: P;
}

/** Prices are taken from a coarse grid while it will do, so that related searches ask alike and remember. */
const onGrid = (price: number, round: (steps: number) => number): number =>
  2 ** (round(Math.log2(price) * 2) / 2);

const product = ({ energyPj, cycles }: Point): number => energyPj * cycles;
const mostAsked = 200;

/**
 * @param ask the point of least energy + price x cycles
 * @param floor energy and cycles that no point is below, both above 0
 * @param price where to begin
 */
export function leastProduct<P extends Point>(ask: (price: number) => P, floor: Point, price: number): P {
  const supports: Support<P>[] = [];
  let best: P | null = null;
  const visit = (at: number): P => {
    const point = ask(at);
    const place = supports.findIndex((support) => support.price > at);
    const support = { price: at, cost: point.energyPj + at * point.cycles, point };
    supports.splice(place < 0 ? supports.length : place, 0, support);
    if (best === null || product(point) < product(best)) best = point;
    return point;
  };
  // A few steps towards the price at which the best point is the best answer to its own price.
  for (let next = onGrid(price, Math.round); !supports.some((support) => support.price === next);) {
    const { energyPj, cycles } = visit(next);
    if (!(energyPj > 0 && cycles > 0)) break;
    next = onGrid(energyPj / cycles, Math.round);
  }
  while (supports.length < mostAsked) {
    const open = openPrice(supports, floor, best as P | null);
    if (open === null) break;
    visit(open);
  }
  return best as unknown as P;
}

/** A price to ask at, or null when nothing can beat the best. */
function openPrice<P extends Point>(
  supports: readonly Support<P>[],
  floor: Point,
  best: P | null,
): number | null {
  const limit = best === null ? Number.POSITIVE_INFINITY : product(best) * (1 - 1e-9);
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
