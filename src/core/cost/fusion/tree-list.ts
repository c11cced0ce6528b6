/**
 * Trees one by one, for what only a whole chain can tell (shared loops): all those that could still win if no intermediate
 * took any room on chip, each with that bound. Such a bound is a sum over joins, whatever stays where.
 */
import type { Einsum } from '../../einsum/einsum.ts';
import { stepGemm, withSlots } from '../gemm.ts';
import { slotsFor } from './chain.ts';
import type { Objective } from '../mapping.ts';
import { possibleHomes } from './homes.ts';
import { bestPlan, weigh } from './lazy.ts';
import { free } from './parts.ts';
import type { Part, Parts } from './parts.ts';
import { scores } from './trade.ts';
import type { Point } from './trade.ts';
import { joinsOf, positionsOf, resultLabels, usefulJoins } from './trees.ts';
import type { Positions, Sides } from './trees.ts';

interface FreeJoin extends Sides {
  /** Its intermediates at the innermost level that may hold them, where there is room for everything. */
  readonly part: Part;
}

export interface ListedTree {
  /** A score that it is not below in any order. */
  readonly least: number;
  /** The tree in the orders in which it can run, and whether these are all. */
  readonly orders: () => { readonly paths: readonly Positions[]; readonly complete: boolean };
}

const mostOrders = 48;

/** Every tree whose bound is below the limit, the most promising first. */
export function listTrees(parts: Parts, einsum: Einsum, objective: Objective, limit: number): ListedTree[] {
  const { accelerator } = parts;
  const worth = (least: Point): boolean => scores[objective](least) < limit;
  const full = (1 << einsum.inputs.length) - 1;
  const labels = resultLabels(einsum);
  // Whatever shares loops is a mapping of each product by itself once levels that may hold tiles are boundless.
  const innermost = accelerator.levels.findLastIndex(({ meshX, meshY }) => meshX * meshY === 1);
  const boundless = accelerator.levels.map((_, l) => (l <= innermost ? Number.NEGATIVE_INFINITY : 0));
  const home = (set: number, slot: 'I' | 'W'): number =>
    (set & (set - 1)) === 0 ? 0 : (possibleHomes(accelerator, slot, 1).at(-1) ?? 0);
  const joinOf = (input: number, weight: number): FreeJoin => {
    const set = input | weight;
    const tensor = (side: number): number =>
      (side & (side - 1)) === 0 ? Math.log2(side) : einsum.inputs.length;
    const gemm = withSlots(
      stepGemm(einsum, {
        inputs: [labels[input] ?? [], labels[weight] ?? []],
        output: labels[set] ?? [],
      }),
      slotsFor(tensor(input), tensor(weight), einsum.inputs.length),
    );
    const out = set === full ? 0 : Math.max(home(set, 'I'), home(set, 'W'));
    const homes = { I: home(input, 'I'), W: home(weight, 'W'), O: out };
    return { input, weight, part: parts.part(gemm, homes, boundless, free) };
  };
  const joins = usefulJoins(
    full,
    (set) => joinsOf(set, joinOf),
    ({ part }) => part.floor,
    worth,
  );
  const trees: ListedTree[] = [];
  for (const tree of grow(full, joins, worth)) {
    const own = tree.map(({ part }) => part);
    const { least } = bestPlan(
      (measure) => ({
        parts: own,
        decisions: null,
        least: own.reduce((sum, part) => sum + weigh(part, measure), 0),
      }),
      objective,
      limit,
    );
    if (least >= limit) continue;
    const ordered = (): ReturnType<ListedTree['orders']> => {
      const found = orders(tree);
      const paths = found.slice(0, mostOrders).map((pairs) => positionsOf(einsum, pairs));
      return { paths, complete: paths.length === found.length };
    };
    trees.push({ least, orders: ordered });
  }
  return trees.toSorted((a, b) => a.least - b.least);
}

/** Every tree over the useful joins, cut as soon as the sums of floors are not worth it. */
function grow(
  full: number,
  joins: readonly (readonly FreeJoin[])[],
  worth: (least: Point) => boolean,
): FreeJoin[][] {
  const insideEnergy = new Float64Array(full + 1);
  const insideCycles = new Float64Array(full + 1);
  for (let set = 1; set <= full; set += 1) {
    if ((set & (set - 1)) === 0) continue;
    let [energy, cycles] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (const { input, weight, part } of joins[set] ?? []) {
      energy = Math.min(
        energy,
        part.floor.energyPj + (insideEnergy[input] as number) + (insideEnergy[weight] as number),
      );
      cycles = Math.min(
        cycles,
        part.floor.cycles + (insideCycles[input] as number) + (insideCycles[weight] as number),
      );
    }
    insideEnergy[set] = energy;
    insideCycles[set] = cycles;
  }
  const found: FreeJoin[][] = [];
  const chosen: FreeJoin[] = [];
  /** `left`: subsets still to be taken apart; what they at least cost is in the sums. */
  const visit = (left: readonly number[], energy: number, cycles: number): void => {
    const [set, ...others] = left;
    if (set === undefined) {
      found.push(chosen.toReversed());
      return;
    }
    for (const join of joins[set] ?? []) {
      const { input, weight, part } = join;
      const energyPj =
        energy -
        (insideEnergy[set] as number) +
        part.floor.energyPj +
        (insideEnergy[input] as number) +
        (insideEnergy[weight] as number);
      const after =
        cycles -
        (insideCycles[set] as number) +
        part.floor.cycles +
        (insideCycles[input] as number) +
        (insideCycles[weight] as number);
      if (!worth({ energyPj, cycles: after })) continue;
      chosen.push(join);
      visit([...[input, weight].filter((side) => (side & (side - 1)) !== 0), ...others], energyPj, after);
      chosen.pop();
    }
  };
  visit([full], insideEnergy[full] as number, insideCycles[full] as number);
  return found;
}

/** Every order in which a join comes after those that make its sides. */
function orders(tree: readonly FreeJoin[]): FreeJoin[][] {
  const found: FreeJoin[][] = [];
  const made = new Set<number>();
  const ready = (set: number): boolean => (set & (set - 1)) === 0 || made.has(set);
  const visit = (before: readonly FreeJoin[], left: readonly FreeJoin[]): void => {
    if (found.length > mostOrders) return;
    if (left.length === 0) found.push([...before]);
    for (const join of left) {
      if (!ready(join.input) || !ready(join.weight)) continue;
      made.add(join.input | join.weight);
      visit(
        [...before, join],
        left.filter((other) => other !== join),
      );
      made.delete(join.input | join.weight);
    }
  };
  visit([], tree);
  return found;
}
