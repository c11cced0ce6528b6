/** Steps that share loops, as they run together: the loops, the tiles between the steps, what stays over the loops, what runs again. */
import type { Words } from '../../core/base/units.ts';
import type { Einsum } from '../../core/einsum/einsum.ts';
import { chainOf } from '../../core/cost/fusion/chain.ts';
import { iterations, labelsOf, over } from '../../core/cost/fusion/shared-loops.ts';
import type { LayerCost } from '../../core/cost/layer.ts';
import { operands } from '../../core/hardware/accelerator.ts';
import { formatCount } from '../format.ts';

export interface GroupView {
  /** Outermost first. */
  readonly loops: readonly { readonly label: string; readonly bound: number; readonly of: string }[];
  readonly iterations: number;
  /** Position of the level that the tiles between the steps stay in. */
  readonly level: number;
  readonly steps: readonly {
    /** Position among the layer's steps. */
    readonly step: number;
    /** How often it does its whole product: once, unless a loop is over an index that it does not have. */
    readonly runs: number;
    /** Names of its operands that stay over the loops. */
    readonly held: readonly string[];
  }[];
  readonly tiles: readonly { readonly madeBy: number; readonly usedBy: number; readonly words: Words }[];
  /** Words of `level` that operands take over the loops. */
  readonly heldWords: Words;
}

/**
 * The group of a step; null = it runs by itself.
 * @param names of the einsum's operands, X first
 */
export function groupOf(cost: LayerCost, step: number, names: readonly string[]): GroupView | null {
  const shared = cost.steps[step]?.tiled?.shared;
  if (shared === undefined || shared.length === 0) return null;
  const { steps, intermediates, path } = chainOf(cost.path);
  const together = cost.steps.flatMap(({ tiled }, s) => (tiled?.shared === shared ? [s] : []));
  const [from = 0] = together;
  const to = together.at(-1) ?? from;
  const inside = intermediates.filter(({ madeBy }) => madeBy >= from && madeBy < to);
  const level = cost.steps[from]?.tiled?.homes.O ?? 0;
  const tiles = inside.map(({ madeBy, usedBy, words, labels }) => ({
    madeBy,
    usedBy,
    words: words / over(shared, labels),
  }));
  const heldWords = Math.max(
    0,
    ...together.map((s) =>
      tiles.reduce(
        (left, { madeBy, usedBy, words }) => (madeBy <= s && usedBy >= s ? left - words : left),
        cost.steps[s]?.tiled?.held[level] ?? 0,
      ),
    ),
  );
  return {
    loops: shared.map(([label, bound]) => ({ label, bound, of: meaning(path.einsum, label) })),
    iterations: iterations(shared),
    level,
    tiles,
    heldWords,
    steps: together.flatMap((s) => {
      const own = steps[s];
      const homes = cost.steps[s]?.tiled?.homes;
      if (own === undefined || homes === undefined) return [];
      const labels = operands.flatMap((operand) => labelsOf(own, operand));
      const held = operands.flatMap((operand) => {
        const tensor = own.slots[operand];
        const stays = homes[operand] > 0 && !inside.some((each) => each.tensor === tensor);
        return stays ? [operand === 'O' ? 'its result' : (names[tensor] ?? 'an intermediate')] : [];
      });
      return [{ step: s, runs: iterations(shared) / over(shared, labels), held }];
    }),
  };
}

/** `rows`, `input mode`, `output mode` or `rank`. */
export function meaning({ inputs, output }: Einsum, label: string): string {
  const given = inputs[0]?.includes(label) === true;
  if (given && output.includes(label)) return 'rows';
  return given ? 'input mode' : output.includes(label) ? 'output mode' : 'rank';
}

/** `Loops over rows b and rank r, 32 iterations, are shared by steps 1 and 2`. */
export function sayLoops({ loops, iterations: times, steps }: GroupView): string {
  const indices = loops.map(({ label, of }) => `${of} ${label}`);
  return `Loops over ${list([...new Set(indices)])}, ${formatCount(times)} iterations, are shared by steps ${list(steps.map(({ step }) => String(step + 1)))}`;
}

/** What stays over the loops and what runs again, sentence by sentence. */
export function sayGroup({ steps, heldWords }: GroupView, level: string): readonly string[] {
  const held = steps.flatMap(({ step, held: names }) => names.map((name) => `${name} of step ${step + 1}`));
  return [
    ...(held.length > 0
      ? [
          `${capital(list(held))} ${held.length === 1 ? 'stays' : 'stay'} in ${level} over the loops: ${formatCount(heldWords)} words`,
        ]
      : []),
    ...steps.flatMap(({ step, runs }) =>
      runs > 1
        ? [`Step ${step + 1} runs ${formatCount(runs)} times over: a loop is over what it does not have`]
        : [],
    ),
  ];
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const list = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
