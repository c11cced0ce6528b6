/**
 * Sharing loops: when an intermediate is too large to stay whole, a group of products runs under common outer loops, and
 * only the tile of one iteration stays (HEAT's fused einsums). A loop over an index that a product does not have makes it
 * run again for every iteration: its operands are fetched again unless they are held over those iterations, and an
 * intermediate without that index is recomputed. What one product of the group sums over cannot be shared, unless it is the
 * last. Searched: one or two loops over thinned-out factors, some of every size of tile, with every choice of operands to
 * hold; so the result is the best found, not a proven optimum.
 */
import { operands } from '../../hardware/accelerator.ts';
import type { Accelerator, Operand } from '../../hardware/accelerator.ts';
import { wordsTaken } from '../../hardware/bit-widths.ts';
import { slotsOf } from '../bit-widths.ts';
import { stepGemm, withSlots } from '../gemm.ts';
import { latticeOf } from '../lattice.ts';
import type { Accounting, Gemm } from '../mapping.ts';
import type { Chain, ChainStep } from './chain.ts';
import { sizeOf } from './chain.ts';
import type { Homes } from './homes.ts';
import type { Parts, Tile } from './parts.ts';

/** Loops outermost first. */
export type SharedLoops = readonly (readonly [label: string, factor: number])[];

/** One product of a group, as `parts.part` takes it. */
export interface TiledStep {
  readonly gemm: Gemm;
  readonly homes: Homes;
  readonly held: readonly number[];
  readonly tile: Tile;
}

/** Consecutive products `from` to `to` whose intermediates between them stay at `level` as tiles. */
export interface Group {
  readonly from: number;
  readonly to: number;
  readonly level: number;
  readonly loops: SharedLoops;
}

const mostProducts = 3;
const mostFactors = 6;
const keptPerSize = 3;

/** Spans of products that hand all they make, but the last one's result, to each other. */
export function spansOf(chain: Chain): readonly (readonly [from: number, to: number])[] {
  const spans: [number, number][] = [];
  for (let from = 0; from < chain.steps.length; from += 1) {
    for (let to = from + 1; to < Math.min(chain.steps.length, from + mostProducts); to += 1) {
      const inside = chain.intermediates.filter(({ madeBy }) => madeBy >= from && madeBy < to);
      if (inside.every(({ usedBy }) => usedBy <= to)) spans.push([from, to]);
    }
  }
  return spans;
}

/** The loops worth a try for a span: for every size of what stays, those with the least to fetch. */
export function loopsFor(chain: Chain, from: number, to: number): readonly SharedLoops[] {
  const { extents } = chain.path.einsum;
  const labels = sharable(chain, from, to).filter((label) => (extents.get(label) ?? 1) > 1);
  const single = labels.flatMap((label) =>
    factorsOf(extents.get(label) ?? 1).map((factor): SharedLoops[number] => [label, factor]),
  );
  const all: SharedLoops[] = [
    ...single.map((loop) => [loop]),
    ...single.flatMap((outer) =>
      single.flatMap((inner): SharedLoops[] => (outer[0] === inner[0] ? [] : [[outer, inner]])),
    ),
  ];
  const bySize = new Map<number, { readonly loops: SharedLoops; readonly words: number }[]>();
  for (const loops of all) {
    const size = Math.floor(Math.log2(tileWords(chain, from, to, loops)) / 2);
    const words = leastWords(chain, from, to, loops);
    bySize.set(size, [...(bySize.get(size) ?? []), { loops, words }]);
  }
  return [...bySize.values()].flatMap((list) =>
    list
      .toSorted((a, b) => a.words - b.words)
      .slice(0, keptPerSize)
      .map(({ loops }) => loops),
  );
}

/** Labels that no product of the span sums over, its last excepted. */
function sharable(chain: Chain, from: number, to: number): string[] {
  const steps = chain.steps.slice(from, to + 1);
  const labels = new Set(steps.flatMap((step) => operands.flatMap((operand) => labelsOf(step, operand))));
  const summed = new Set(
    steps
      .slice(0, -1)
      .flatMap((step) =>
        [...labelsOf(step, 'I'), ...labelsOf(step, 'W')].filter((l) => !step.step.output.includes(l)),
      ),
  );
  return [...labels].filter((label) => !summed.has(label)).toSorted();
}

/** Labels of the operand that the product is over; a label of one input alone is summed before. */
function labelsOf({ inputs, step }: ChainStep, operand: Operand): readonly string[] {
  const [first = [], second = []] = inputs;
  if (operand === 'O') return step.output;
  const [own, other] = operand === 'I' ? [first, second] : [second, first];
  return own.filter((label) => other.includes(label) || step.output.includes(label));
}

/** Divisors above 1, at most a few, spread evenly. */
function factorsOf(extent: number): number[] {
  const divisors = [...latticeOf(extent).divisors].slice(1);
  if (divisors.length <= mostFactors) return divisors;
  return Array.from(
    { length: mostFactors },
    (_, i) => divisors[Math.round((i * (divisors.length - 1)) / (mostFactors - 1))] as number,
  );
}

const iterations = (loops: SharedLoops): number => loops.reduce((all, [, factor]) => all * factor, 1);
const over = (loops: SharedLoops, labels: readonly string[]): number =>
  loops.reduce((all, [label, factor]) => (labels.includes(label) ? all * factor : all), 1);

/** Words of the intermediates' tiles, all together. */
const tileWords = (chain: Chain, from: number, to: number, loops: SharedLoops): number =>
  chain.intermediates
    .filter(({ madeBy }) => madeBy >= from && madeBy < to)
    .reduce((sum, { labels, words }) => sum + words / over(loops, labels), 0);

/** Words to fetch when nothing is held beyond the innermost loops without it, and multiplications done again. */
function leastWords(chain: Chain, from: number, to: number, loops: SharedLoops): number {
  let words = 0;
  for (const step of chain.steps.slice(from, to + 1)) {
    for (const operand of operands) {
      const labels = labelsOf(step, operand);
      const size = sizeOf(chain.path.einsum, labels);
      words += (size / over(loops, labels)) * (iterations(loops) / runOf(loops, labels));
    }
  }
  return words;
}

/** Iterations of the innermost loops that the labels are not in. */
function runOf(loops: SharedLoops, labels: readonly string[]): number {
  const inner = loops.findLastIndex(([label]) => labels.includes(label));
  return iterations(loops.slice(inner + 1));
}

/** How an operand that lives outside comes in: anew in every iteration, once per run of loops without it, or once. */
type Hold = 'none' | 'run' | 'whole';

/** Every way to run the group, as parts to be; ways that cannot fit are left out. */
export function tiledSteps(
  { accelerator, machineOf, accounting }: Pick<Parts, 'accelerator' | 'machineOf' | 'accounting'>,
  chain: Chain,
  { from, to, level, loops }: Group,
  /** Homes of the tensors that come in, go out or pass by whole. */
  homeOf: (tensor: number) => number,
  /** Words of each level that whole tensors take while the group runs. */
  beside: readonly number[],
): TiledStep[][] {
  const { einsum } = chain.path;
  const steps = chain.steps.slice(from, to + 1);
  const inside = chain.intermediates.filter(({ madeBy }) => madeBy >= from && madeBy < to);
  const isInside = (tensor: number): boolean => inside.some((each) => each.tensor === tensor);
  const times = iterations(loops);
  const extents = new Map(einsum.extents);
  for (const [label, factor] of loops) extents.set(label, (extents.get(label) ?? 1) / factor);
  const room = accelerator.levels[level]?.depthWords ?? Number.POSITIVE_INFINITY;

  // Operands from outside that would be fetched more than once.
  const movable = steps.flatMap((step, s) =>
    operands.flatMap((operand) => {
      const tensor = step.slots[operand];
      const labels = labelsOf(step, operand);
      const keeps = accelerator.levels[level]?.keeps.includes(operand) ?? false;
      if (isInside(tensor) || homeOf(tensor) > 0 || !keeps || over(loops, labels) === times) return [];
      const words = sizeOf(einsum, labels);
      const run = runOf(loops, labels);
      const ways: { readonly hold: Hold; readonly words: number }[] = [{ hold: 'none', words: 0 }];
      if (run > 1) ways.push({ hold: 'run', words: words / over(loops, labels) });
      if (run * over(loops, labels) < times) ways.push({ hold: 'whole', words });
      const takes = wordsTaken(machineOf(slotsOf(step.gemm)).levels[level], operand);
      return [{ s, operand, words, run, visits: over(loops, labels), takes, ways }];
    }),
  );
  type Movable = (typeof movable)[number];
  let choices: { readonly holds: ReadonlyMap<Movable, Hold>; readonly words: number }[] = [
    { holds: new Map(), words: 0 },
  ];
  for (const each of movable) {
    choices = choices.flatMap(({ holds, words }) =>
      each.ways.flatMap((way) => {
        const total = words + way.words * each.takes;
        return total + (beside[level] ?? 0) >= room
          ? []
          : [{ holds: new Map([...holds, [each, way.hold]]), words: total }];
      }),
    );
  }

  return choices.map(({ holds, words: heldOver }) =>
    steps.map((step, s): TiledStep => {
      const slots = slotsOf(step.gemm);
      const gemm = withSlots(
        stepGemm({ ...einsum, extents }, { inputs: step.inputs, output: step.step.output }),
        slots,
      );
      const homes = { I: 0, W: 0, O: 0 };
      const reads = accelerator.levels.map(() => 0);
      const writes = accelerator.levels.map(() => 0);
      for (const operand of operands) {
        const tensor = step.slots[operand];
        homes[operand] = isInside(tensor) ? level : homeOf(tensor);
      }
      for (const [each, hold] of holds) {
        if (each.s !== s || hold === 'none') continue;
        homes[each.operand] = level;
        const moves = hold === 'whole' ? each.words : (each.words / each.visits) * (times / each.run);
        const again = each.operand === 'O' ? moves - each.words : moves;
        pass(machineOf(slots), accounting, each.operand, level, moves, again, reads, writes);
      }
      const held = beside.slice();
      held[level] = (held[level] ?? 0) + heldOver;
      for (const { madeBy, usedBy, labels, words } of inside) {
        if (madeBy <= from + s && usedBy >= from + s)
          held[level] =
            (held[level] ?? 0) + (words / over(loops, labels)) * wordsTaken(accelerator.levels[level], 'O');
      }
      // An intermediate is made anew; only the last result is come back to.
      const revisits = s === steps.length - 1 ? times / over(loops, labelsOf(step, 'O')) : 1;
      return { gemm, homes, held, tile: { times, revisits, reads, writes } };
    }),
  );
}

/** Words of each level between the outermost keeper and the level that holds the operand: `down` fetched, and for results `up` drained. */
function pass(
  { levels }: Accelerator,
  accounting: Accounting,
  operand: Operand,
  level: number,
  moves: number,
  again: number,
  reads: number[],
  writes: number[],
): void {
  const keepers = levels.flatMap(({ keeps }, l) => (l <= level && keeps.includes(operand) ? [l] : []));
  keepers.slice(1).forEach((child, hop) => {
    const parent = keepers[hop] ?? 0;
    const down = operand === 'O' ? again : moves;
    const [outside, inside] = [wordsTaken(levels[parent], operand), wordsTaken(levels[child], operand)];
    reads[parent] = (reads[parent] ?? 0) + down * outside;
    writes[child] = (writes[child] ?? 0) + down * inside;
    if (operand !== 'O') return;
    writes[parent] = (writes[parent] ?? 0) + moves * outside;
    if (accounting === 'accelforge') reads[child] = (reads[child] ?? 0) + moves * inside;
  });
}
