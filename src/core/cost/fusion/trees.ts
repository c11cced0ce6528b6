/**
 * Every binary tree over an einsum's operands with every residency of its intermediates, as a proposer: a dynamic programme
 * over (subset of operands, home of its result, words held beside it). A tree runs one whole branch after the other; the
 * result of the first is held, at its home, while the second runs, so both orders are tried. Joins that cannot be part of
 * a tree as good as a known one, by what everything at least costs, are left out from the start.
 */
import { invariant } from '../../base/checks.ts';
import type { Einsum } from '../../einsum/einsum.ts';
import { wordsHeld } from '../../hardware/bit-widths.ts';
import { stepGemm, withSlots } from '../gemm.ts';
import type { Gemm } from '../mapping.ts';
import { sizeOf, slotsFor } from './chain.ts';
import { possibleHomes } from './homes.ts';
import { weigh } from './lazy.ts';
import type { Plan, Propose } from './lazy.ts';
import type { Part, Parts } from './parts.ts';
import type { Fusion } from './residency.ts';
import type { Point } from './trade.ts';

/** Positions per step, as in opt_einsum. */
export type Positions = readonly (readonly number[])[];

/** One way to join two disjoint subsets; `input` takes the input slot. */
export interface Join {
  readonly input: number;
  readonly weight: number;
  readonly gemm: Gemm;
  /** Homes that either may have when it is taken like this. */
  readonly inputHomes: readonly number[];
  readonly weightHomes: readonly number[];
  readonly parts: Map<number, Part>;
}

/** What one subset costs and how, at the current weights. */
interface Entry {
  readonly cost: number;
  readonly join: Join | null;
  readonly inputHome: number;
  readonly weightHome: number;
  readonly inputFirst: boolean;
  readonly part: Part | null;
}

const nowhere: Entry = {
  cost: Number.POSITIVE_INFINITY,
  join: null,
  inputHome: 0,
  weightHome: 0,
  inputFirst: true,
  part: null,
};
const given: Entry = { ...nowhere, cost: 0 };

/**
 * @param worth whether a tree of at least this energy and these cycles may be of use
 */
export function proposeTrees(
  parts: Parts,
  einsum: Einsum,
  fusion: Fusion,
  worth: (least: Point) => boolean,
): Propose<Positions> {
  const { accelerator } = parts;
  const levels = accelerator.levels.length;
  const count = einsum.inputs.length;
  const full = (1 << count) - 1;
  const labels = resultLabels(einsum);
  const words = labels.map((list) => sizeOf(einsum, list));
  const holding = createHoldings(levels);

  const isLeaf = (set: number): boolean => (set & (set - 1)) === 0;
  const tensorOf = (set: number): number => (isLeaf(set) ? Math.log2(set) : count);
  /** Words of its home that an intermediate takes. */
  const taken = (set: number, home: number): number =>
    (words[set] ?? 0) * wordsHeld(accelerator.levels[home], 'O');
  const homesOf = (set: number, slot: 'I' | 'W'): readonly number[] =>
    isLeaf(set) || fusion === 'none' ? [0] : [0, ...possibleHomes(accelerator, slot, words[set] ?? 0)];
  const joinOf = (input: number, weight: number): Join => ({
    input,
    weight,
    gemm: withSlots(
      stepGemm(einsum, {
        inputs: [labels[input] ?? [], labels[weight] ?? []],
        output: labels[input | weight] ?? [],
      }),
      slotsFor(tensorOf(input), tensorOf(weight), count),
    ),
    inputHomes: homesOf(input, 'I'),
    weightHomes: homesOf(weight, 'W'),
    parts: new Map(),
  });
  const partOf = (join: Join, input: number, weight: number, home: number, held: number): Part => {
    const key = ((held * levels + home) * levels + input) * levels + weight;
    let part = join.parts.get(key);
    if (part === undefined) {
      part = parts.part(join.gemm, { I: input, W: weight, O: home }, holding.words(held));
      join.parts.set(key, part);
    }
    return part;
  };

  const joins = usefulJoins(
    full,
    (set) => joinsOf(set, joinOf),
    (join, set) => leastOf(join, homesAsResult(set, full, homesOf), partOf),
    worth,
  );

  return (measure): Plan<Positions> | null => {
    const memo = new Map<number, Entry>();
    const solve = (set: number, home: number, held: number): Entry => {
      if (isLeaf(set)) return given;
      const key = (held * levels + home) * (full + 1) + set;
      const known = memo.get(key);
      if (known !== undefined) return known;
      let best = nowhere;
      for (const join of joins[set] ?? []) {
        const both = !isLeaf(join.input) && !isLeaf(join.weight);
        for (const inputHome of join.inputHomes) {
          for (const weightHome of join.weightHomes) {
            const part = partOf(join, inputHome, weightHome, home, held);
            const own = weigh(part, measure);
            if (own >= best.cost) continue;
            for (let order = 0; order < (both ? 2 : 1); order += 1) {
              const inputFirst = order === 0;
              const besideWeight =
                inputFirst && both ? holding.with(held, inputHome, taken(join.input, inputHome)) : held;
              const besideInput = inputFirst
                ? held
                : holding.with(held, weightHome, taken(join.weight, weightHome));
              const first = solve(join.input, inputHome, besideInput).cost;
              if (own + first >= best.cost) continue;
              const cost = own + first + solve(join.weight, weightHome, besideWeight).cost;
              if (cost < best.cost) best = { cost, join, inputHome, weightHome, inputFirst, part };
              // Held words only matter where something is held.
              if (inputHome === 0 && weightHome === 0) break;
            }
          }
        }
      }
      memo.set(key, best);
      return best;
    };
    const least = solve(full, 0, 0).cost;
    if (least === Number.POSITIVE_INFINITY) return null;
    return { least, ...readOff(einsum, full, taken, holding, solve) };
  };
}

/** Labels of every subset's result: those that stand outside it or in the output. */
export function resultLabels(einsum: Einsum): (readonly string[])[] {
  const { inputs, output } = einsum;
  const count = inputs.length;
  return Array.from({ length: 1 << count }, (_, set) => {
    const inside = new Set(inputs.flatMap((list, i) => ((set >> i) & 1 ? list : [])));
    const outside = new Set([...output, ...inputs.flatMap((list, i) => ((set >> i) & 1 ? [] : list))]);
    return [...inside].filter((label) => outside.has(label));
  });
}

/** Every way to join two parts of a set; what holds the first operand takes the input slot, otherwise either may. */
export function joinsOf<J>(set: number, joinOf: (input: number, weight: number) => J): J[] {
  const lowest = set & -set;
  const rest = set ^ lowest;
  const found: J[] = [];
  for (let b = rest; b > 0; b = (b - 1) & rest) {
    const a = set ^ b;
    found.push(joinOf(a, b));
    if (lowest !== 1) found.push(joinOf(b, a));
  }
  return found;
}

const homesAsResult = (
  set: number,
  full: number,
  homesOf: (set: number, slot: 'I' | 'W') => readonly number[],
): readonly number[] => (set === full ? [0] : [...new Set([...homesOf(set, 'I'), ...homesOf(set, 'W')])]);

/** Energy and cycles that a join cannot be below, wherever its tensors live. */
function leastOf(
  join: Join,
  homes: readonly number[],
  partOf: (join: Join, input: number, weight: number, home: number, held: number) => Part,
): Point {
  let energyPj = Number.POSITIVE_INFINITY;
  let cycles = Number.POSITIVE_INFINITY;
  for (const home of homes) {
    for (const input of join.inputHomes) {
      for (const weight of join.weightHomes) {
        const { floor } = partOf(join, input, weight, home, 0);
        energyPj = Math.min(energyPj, floor.energyPj);
        cycles = Math.min(cycles, floor.cycles);
      }
    }
  }
  return { energyPj, cycles };
}

export interface Sides {
  readonly input: number;
  readonly weight: number;
}

/** Per subset its joins, without those in no tree worth looking at: inside-outside sums of what everything costs at least. */
export function usefulJoins<J extends Sides>(
  full: number,
  joinsOfSet: (set: number) => J[],
  leastOfJoin: (join: J, set: number) => Point,
  worth: (least: Point) => boolean,
): (readonly J[])[] {
  const insideEnergy = new Float64Array(full + 1);
  const insideCycles = new Float64Array(full + 1);
  const all: { readonly join: J; readonly least: Point }[][] = [];
  for (let set = 1; set <= full; set += 1) {
    if ((set & (set - 1)) === 0) continue;
    const list = joinsOfSet(set).map((join) => ({ join, least: leastOfJoin(join, set) }));
    all[set] = list;
    insideEnergy[set] = Number.POSITIVE_INFINITY;
    insideCycles[set] = Number.POSITIVE_INFINITY;
    for (const { join, least } of list) {
      const energy =
        least.energyPj + (insideEnergy[join.input] as number) + (insideEnergy[join.weight] as number);
      const cycles =
        least.cycles + (insideCycles[join.input] as number) + (insideCycles[join.weight] as number);
      insideEnergy[set] = Math.min(insideEnergy[set] as number, energy);
      insideCycles[set] = Math.min(insideCycles[set] as number, cycles);
    }
  }
  const outsideEnergy = new Float64Array(full + 1).fill(Number.POSITIVE_INFINITY);
  const outsideCycles = new Float64Array(full + 1).fill(Number.POSITIVE_INFINITY);
  outsideEnergy[full] = 0;
  outsideCycles[full] = 0;
  const useful: (readonly J[])[] = [];
  for (let set = full; set >= 1; set -= 1) {
    const kept: J[] = [];
    for (const { join, least } of all[set] ?? []) {
      const { input, weight } = join;
      const energy = (outsideEnergy[set] as number) + least.energyPj;
      const cycles = (outsideCycles[set] as number) + least.cycles;
      const [energyI, energyW] = [insideEnergy[input] as number, insideEnergy[weight] as number];
      const [cyclesI, cyclesW] = [insideCycles[input] as number, insideCycles[weight] as number];
      if (!worth({ energyPj: energy + energyI + energyW, cycles: cycles + cyclesI + cyclesW })) continue;
      kept.push(join);
      outsideEnergy[input] = Math.min(outsideEnergy[input] as number, energy + energyW);
      outsideEnergy[weight] = Math.min(outsideEnergy[weight] as number, energy + energyI);
      outsideCycles[input] = Math.min(outsideCycles[input] as number, cycles + cyclesW);
      outsideCycles[weight] = Math.min(outsideCycles[weight] as number, cycles + cyclesI);
    }
    useful[set] = kept;
  }
  return useful;
}

interface Holdings {
  /** The holding with more words at a level; holdings go by number, 0 = nothing. */
  readonly with: (holding: number, level: number, words: number) => number;
  readonly words: (holding: number) => readonly number[];
}

function createHoldings(levels: number): Holdings {
  const list: (readonly number[])[] = [new Array<number>(levels).fill(0)];
  const byKey = new Map<string, number>([[(list[0] ?? []).join(), 0]]);
  const further = new Map<string, number>();
  return {
    words: (holding) => list[holding] ?? [],
    with: (holding, level, words) => {
      if (level === 0) return holding;
      const step = `${holding} ${level} ${words}`;
      let index = further.get(step);
      if (index === undefined) {
        const next = (list[holding] ?? []).map((held, l) => held + (l === level ? words : 0));
        const key = next.join();
        index = byKey.get(key);
        if (index === undefined) {
          index = list.length;
          list.push(next);
          byKey.set(key, index);
        }
        further.set(step, index);
      }
      return index;
    },
  };
}

/** The best tree as parts in the order in which they run, and as positions in the list of operands. */
function readOff(
  einsum: Einsum,
  full: number,
  taken: (set: number, home: number) => number,
  holding: Holdings,
  solve: (set: number, home: number, held: number) => Entry,
): Omit<Plan<Positions>, 'least'> {
  const parts: Part[] = [];
  const pairs: Sides[] = [];
  const walk = (set: number, home: number, held: number): void => {
    const { join, inputHome, weightHome, inputFirst, part } = solve(set, home, held);
    if (join === null) return;
    const { input, weight } = join;
    if (inputFirst) {
      walk(input, inputHome, held);
      walk(weight, weightHome, holding.with(held, inputHome, taken(input, inputHome)));
    } else {
      walk(weight, weightHome, held);
      walk(input, inputHome, holding.with(held, weightHome, taken(weight, weightHome)));
    }
    invariant(part !== null, 'a join has a part');
    parts.push(part);
    pairs.push({ input, weight });
  };
  walk(full, 0, 0);
  return { parts, decisions: positionsOf(einsum, pairs) };
}

/** Joins of subsets in their order as positions; sums over one operand come first, as in `findPath`. */
export function positionsOf(einsum: Einsum, pairs: readonly Sides[]): Positions {
  const path: (readonly number[])[] = [];
  let list = einsum.inputs.map((_, i) => 1 << i);
  const summed = einsum.inputs.flatMap((own, i) => (isSummed(einsum, own, i) ? [1 << i] : []));
  for (const set of summed) {
    path.push([list.indexOf(set)]);
    list = [...list.filter((other) => other !== set), set];
  }
  for (const { input, weight } of pairs) {
    path.push([list.indexOf(input), list.indexOf(weight)]);
    list = [...list.filter((other) => other !== input && other !== weight), input | weight];
  }
  return path;
}

/** Whether the operand has a label that nothing else has. */
const isSummed = ({ inputs, output }: Einsum, own: readonly string[], index: number): boolean =>
  own.some(
    (label) => !output.includes(label) && !inputs.some((other, i) => i !== index && other.includes(label)),
  );
