/**
 * Steps of a layer under shared loops that somebody chose: all other steps and tensors stay where they are; what is held
 * over the loops and how the tiles are mapped is found anew. Operands are held one after the other where that pays, those
 * that move most words first: the best found.
 */
import { check } from '../base/checks.ts';
import { operands } from '../hardware/accelerator.ts';
import { wordsHeld } from '../hardware/bit-widths.ts';
import { slotsOf } from './bit-widths.ts';
import { chainOf, sizeOf, type Chain, type ChainStep } from './fusion/chain.ts';
import type { PlannedPart } from './fusion/lazy.ts';
import { describeStep } from './fusion/map-chain.ts';
import type { Parts } from './fusion/parts.ts';
import { iterations, labelsOf, over, sharable, type Group, type SharedLoops } from './fusion/shared-loops.ts';
import { tiledSteps } from './fusion/tiling.ts';
import { layerStepOf, type LayerCost, type LayerStep } from './layer.ts';
import type { Mapper } from './mapper.ts';
import type { Objective } from './mapping.ts';

/** Positions of the steps that share loops with this one, in their order. */
export function stepsUnder({ steps }: LayerCost, step: number): readonly number[] {
  const shared = steps[step]?.tiled?.shared ?? [];
  return shared.length === 0 ? [] : steps.flatMap(({ tiled }, s) => (tiled?.shared === shared ? [s] : []));
}

/** Labels that the steps may share loops over, each with its extent; extents of 1 are left out. */
export function sharableLabels(cost: LayerCost, step: number): ReadonlyMap<string, number> {
  const group = stepsUnder(cost, step);
  const chain = chainOf(cost.path);
  const { extents } = cost.path.einsum;
  const labels = group.length === 0 ? [] : sharable(chain, group[0] as number, group.at(-1) as number);
  return new Map(
    labels.flatMap((label) => {
      const extent = extents.get(label) ?? 1;
      return extent > 1 ? [[label, extent] as const] : [];
    }),
  );
}

/** Price of a cycle, so that a sum stands for a product at the figures of the layer. */
const prices: Readonly<Record<Objective, (cost: LayerCost) => number>> = {
  edp: ({ energyPj, latencyCycles }) => energyPj / latencyCycles,
  energy: () => 0,
  latency: ({ energyPj, latencyCycles }) => (1e9 * energyPj) / latencyCycles,
};

/**
 * The steps of the group of `step` under other loops.
 * @param loops outermost first, each over a divisor of what is left of its extent
 * @returns null where the tiles fit nowhere
 * @throws InputError for loops that cannot be shared
 */
export function underLoops(
  mapper: Mapper,
  cost: LayerCost,
  step: number,
  loops: SharedLoops,
): readonly LayerStep[] | null {
  const positions = stepsUnder(cost, step);
  const possible = new Map(sharableLabels(cost, step));
  for (const [label, factor] of loops) {
    const left = possible.get(label);
    check(left !== undefined, 'shared loops', `${label} cannot be shared: a step sums over it`, factor);
    check(
      Number.isSafeInteger(factor) && factor >= 1 && left % factor === 0,
      'shared loops',
      `the factor of ${label} must divide ${left}`,
      factor,
    );
    possible.set(label, left / factor);
  }
  const chain = chainOf(cost.path);
  const [from, to] = [positions[0] as number, positions.at(-1) as number];
  const level = cost.steps[from]?.tiled?.homes.O ?? 0;
  const group: Group = { from, to, level, loops: loops.filter(([, factor]) => factor > 1) };
  const parts = mapper.parts();
  const planned = bestHeld(
    parts,
    chain,
    group,
    surroundingsOf(parts, chain, cost, group),
    prices[mapper.objective](cost),
  );
  return (
    planned?.map((part, i) =>
      layerStepOf(
        cost.path,
        chain.steps[from + i] as ChainStep,
        describeStep(parts, chain, part, from + i, [group]),
      ),
    ) ?? null
  );
}

interface Surroundings {
  readonly homeOf: (tensor: number) => number;
  readonly beside: readonly number[];
}

/** Where the intermediates live that the group does not make for itself, and what they take meanwhile. */
function surroundingsOf(
  { accelerator: { levels } }: Parts,
  { intermediates }: Chain,
  cost: LayerCost,
  { from, to }: Group,
): Surroundings {
  const outside = intermediates.filter(({ madeBy }) => madeBy < from || madeBy >= to);
  const homes = new Map(
    outside.map(({ tensor, madeBy }) => {
      const level = cost.onChip?.find((each) => each.madeBy === madeBy)?.level;
      return [
        tensor,
        Math.max(
          0,
          levels.findIndex(({ name }) => name === level),
        ),
      ] as const;
    }),
  );
  const beside = levels.map(() => 0);
  for (const { tensor, madeBy, usedBy, words } of outside) {
    const home = homes.get(tensor) ?? 0;
    if (home > 0 && madeBy <= to && usedBy >= from)
      beside[home] = (beside[home] ?? 0) + words * wordsHeld(levels[home], 'O');
  }
  return { homeOf: (tensor) => homes.get(tensor) ?? 0, beside };
}

interface Held {
  readonly level: number;
  readonly visits: number;
  readonly share: number;
}

function bestHeld(
  parts: Parts,
  chain: Chain,
  group: Group,
  { homeOf, beside }: Surroundings,
  price: number,
): readonly PlannedPart[] | null {
  const planned = (holds: ReadonlyMap<number, Held>): readonly PlannedPart[] | null => {
    const found: PlannedPart[] = [];
    for (const { gemm, homes, held, tile } of tiledSteps(parts, chain, group, holds, homeOf, beside)) {
      const part = parts.part(gemm, homes, held, tile);
      part.ask(price);
      const point = part.known(price);
      if (point === null || point === 'misfit') return null;
      found.push({ part, ...point });
    }
    return found;
  };
  const weight = (plan: readonly PlannedPart[] | null): number =>
    plan?.reduce((sum, { energyPj, cycles }) => sum + energyPj + price * cycles, 0) ??
    Number.POSITIVE_INFINITY;
  let holds: ReadonlyMap<number, Held> = new Map();
  let best = planned(holds);
  for (const { key, ways } of movable(parts, chain, group, homeOf))
    for (const way of ways) {
      const other = new Map([...holds, [key, way]]);
      const plan = planned(other);
      if (weight(plan) < weight(best)) [best, holds] = [plan, other];
    }
  return best;
}

/** Operands that come in more than once unless they are held, and how they may be held; the busiest first. */
function movable(
  { machineOf }: Parts,
  chain: Chain,
  { from, to, level, loops }: Group,
  homeOf: (tensor: number) => number,
): readonly { readonly key: number; readonly ways: readonly Held[] }[] {
  const made = chain.intermediates.filter(({ madeBy }) => madeBy >= from && madeBy < to);
  return chain.steps
    .slice(from, to + 1)
    .flatMap((step, s) =>
      operands.flatMap((operand, o) => {
        const tensor = step.slots[operand];
        if (made.some((each) => each.tensor === tensor) || homeOf(tensor) > 0) return [];
        if (machineOf(slotsOf(step.gemm)).levels[level]?.keeps.includes(operand) !== true) return [];
        const labels = labelsOf(step, operand);
        const often = iterations(loops) / over(loops, labels);
        const ways = waysToHold(loops, labels, level).filter(({ visits }) => visits < often);
        if (ways.length === 0) return [];
        return [{ key: s * operands.length + o, ways, moves: often * sizeOf(chain.path.einsum, labels) }];
      }),
    )
    .toSorted((a, b) => b.moves - a.moves);
}

/** Just outside a loop that the operand does not see and inside one that it does. */
function waysToHold(loops: SharedLoops, labels: readonly string[], level: number): readonly Held[] {
  return loops.flatMap(([label], i): Held[] => {
    const before = loops[i - 1];
    if (labels.includes(label) || (before !== undefined && !labels.includes(before[0]))) return [];
    const around = loops.slice(0, i);
    const last = around.findLastIndex(([other]) => labels.includes(other));
    const visited = around.slice(0, Math.max(0, last));
    return [{ level, visits: iterations(visited) / over(visited, labels), share: 1 / over(around, labels) }];
  });
}
