/**
 * Trees one by one, for what only a whole chain can tell (shared loops): all those that could still win if no intermediate
 * took any room on chip, each with that bound. Such a bound is a sum over joins, whatever stays where.
 */
import type { Einsum } from '../../einsum/einsum.ts';
import { stepGemm, withSlots } from '../gemm.ts';
import { slotsFor } from './chain.ts';
import type { Objective } from '../mapping.ts';
import { possibleHomes } from './homes.ts';
import { bestPlan } from './lazy.ts';
import type { Part, Parts, Tile } from './parts.ts';
import type { Point } from './trade.ts';
import { joinsOf, positionsOf, resultLabels, usefulJoins } from './trees.ts';
import type { Positions, Sides } from './trees.ts';

interface FreeJoin extends Sides {
  /** Its intermediates at the innermost level that may hold them, taking no room. */
  readonly part: Part;
}

export interface ListedTree {
  readonly least: Point;
  /** The tree in every order in which it can run. */
  readonly paths: () => readonly Positions[];
}

const free: Tile = { times: 1, revisits: 1, reads: [], writes: [] };
const mostOrders = 48;

/** Every tree whose bound is worth it, the most promising first. */
export function listTrees(
  parts: Parts,
  einsum: Einsum,
  objective: Objective,
  score: (figures: Point) => number,
  worth: (least: Point) => boolean,
): ListedTree[] {
  const { accelerator } = parts;
  const full = (1 << einsum.inputs.length) - 1;
  const labels = resultLabels(einsum);
  const nothing = accelerator.levels.map(() => 0);
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
    return { input, weight, part: parts.part(gemm, homes, nothing, free) };
  };
  const joins = usefulJoins(
    full,
    (set) => joinsOf(set, joinOf),
    ({ part }) => part.floor,
    worth,
  );
  const trees: ListedTree[] = [];
  for (const tree of grow(full, joins, worth)) {
    const least = bestPlan(() => ({ parts: tree.map(({ part }) => part), decisions: null }), objective);
    if (least === null || !worth(least)) continue;
    const { energyPj, cycles } = least;
    trees.push({
      least: { energyPj, cycles },
      paths: () => orders(tree).map((pairs) => positionsOf(einsum, pairs)),
    });
  }
  return trees.toSorted((a, b) => score(a.least) - score(b.least));
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
    if (found.length >= mostOrders) return;
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
