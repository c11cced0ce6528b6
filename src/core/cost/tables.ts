/**
 * An accelerator compiled for the mapper. In a GEMM each operand misses one dim (W misses M, I misses N, O misses K), and
 * the words of an operand that move between two of its keepers depend on the factors of the missing dim only. So energy
 * and every port's load are sums over edges (keeper to next keeper, or to the MACs) of coefficients fixed here.
 */
import { check } from '../base/checks.ts';
import type { Accelerator, MemoryLevel, Operand } from '../hardware/accelerator.ts';
import { wordsTaken } from '../hardware/bit-widths.ts';
import { fanOut, hopEnergy } from './counts.ts';
import type { Accounting, Dataflow } from './mapping.ts';

/** Dims by number: M, N, K, then the batch. The operand that misses dim d is operand number d. */
export const dimNames = ['M', 'N', 'K', 'B'] as const;
const missing: readonly Operand[] = ['W', 'I', 'O'];
const outputs = 2;

/** Words of one operand from `parent` to its next keeper `child`; `child` = number of levels stands for the MACs. */
export interface Edge {
  readonly dim: number;
  readonly parent: number;
  readonly child: number;
}

/**
 * Something that adds up over words: the energy, or the words through one port.
 * Per edge `atChild` x words that enter the child (all instances) + `atParent` x words that leave the parent;
 * per level `owned` x output words that its instances ever own.
 */
export interface Tally {
  readonly atChild: Float64Array;
  readonly atParent: Float64Array;
  readonly owned: Float64Array;
  /** The port's level: the load is shared by its instances. -1 for the energy. */
  readonly level: number;
  /** The port's bandwidth; 1 for the energy. */
  readonly wordsPerCycle: number;
}

export interface MachineTables {
  readonly accelerator: Accelerator;
  readonly accounting: Accounting;
  readonly levels: number;
  readonly edges: readonly Edge[];
  readonly energy: Tally;
  readonly ports: readonly Tally[];
  readonly macEnergyPj: number;
  /** Words per instance; Infinity = unlimited. */
  readonly depth: Float64Array;
  /** One figure: how often what is searched for runs; ports are rounded up to whole cycles over all of them. */
  readonly iterations: Float64Array;
  /** [level * 3 + dim]: words of the level that one of the operand that misses the dim takes; 0 where it is not kept. */
  readonly takes: Float64Array;
  /** The levels with a fan-out above 1. */
  readonly fans: readonly Fan[];
}

export interface Fan {
  readonly level: number;
  readonly x: number;
  readonly y: number;
  readonly most: number;
  /** By dim: the largest factor of its own that the dataflow allows. */
  readonly limits: readonly number[];
  /** The part of a product of spatial factors (at most `most`) to lay along X; 0 = impossible. */
  readonly xShare: (product: number) => number;
}

/**
 * @throws InputError when there is no level, a figure is unsound, an operand is kept nowhere or a level cannot hold one word
 * of every operand it keeps
 */
export function compileMachine(
  accelerator: Accelerator,
  accounting: Accounting,
  dataflow: Dataflow = 'flexible',
): MachineTables {
  const { levels } = accelerator;
  const count = levels.length;
  checkFigures(accelerator);
  const edges: Edge[] = [];
  const outermost: number[] = [];
  missing.forEach((operand, dim) => {
    const keepers = levels.flatMap((level, l) => (level.keeps.includes(operand) ? [l] : []));
    check(keepers.length > 0, `accelerator ${accelerator.name}`, `some level must keep operand ${operand}`);
    outermost.push(keepers[0] ?? 0);
    keepers.forEach((parent, i) => edges.push({ dim, parent, child: keepers[i + 1] ?? count }));
  });
  for (const level of levels) {
    const least = level.keeps.reduce((sum, operand) => sum + wordsTaken(level, operand), 0);
    check(
      level.depthWords === null || level.depthWords >= least,
      `accelerator ${accelerator.name}, level ${level.name}`,
      `must have at least ${least} words, one for each operand it keeps`,
      level.depthWords,
    );
  }
  const part = (l: number, dim: number): number => wordsTaken(levels[l], missing[dim] as Operand);
  const tally = (
    level: number,
    wordsPerCycle: number,
    read: (l: number) => number,
    write: (l: number) => number,
  ): Tally => ({
    level,
    wordsPerCycle,
    atChild: Float64Array.from(edges, ({ dim, child }) =>
      child === count
        ? 0
        : (write(child) + (dim === outputs && accounting === 'accelforge' ? read(child) : 0)) *
          part(child, dim),
    ),
    atParent: Float64Array.from(
      edges,
      ({ dim, parent }) => (read(parent) + (dim === outputs ? write(parent) : 0)) * part(parent, dim),
    ),
    owned: Float64Array.from(levels, (at, l) =>
      at.keeps.includes('O') ? (-read(l) - (l === outermost[outputs] ? 0 : write(l))) * part(l, outputs) : 0,
    ),
  });
  const energy = tally(
    -1,
    1,
    (l) => levels[l]?.readEnergyPj ?? 0,
    (l) => levels[l]?.writeEnergyPj ?? 0,
  );
  if (accelerator.hopPj !== undefined) addHops(accelerator, edges, part, energy);
  const ports: Tally[] = [];
  levels.forEach((at, level) => {
    const { readWordsPerCycle: read, writeWordsPerCycle: write } = at;
    const here = (l: number): number => (l === level ? 1 : 0);
    const none = (): number => 0;
    if (read !== null) ports.push(tally(level, read, here, none));
    if (write !== null) ports.push(tally(level, write, none, here));
  });
  const fans = levels.map((_, l) => fanOf(l, fanOut(accelerator, l), dataflow)).filter((fan) => fan.most > 1);
  return {
    accelerator,
    accounting,
    levels: count,
    edges,
    energy,
    ports,
    macEnergyPj: accelerator.mac.energyPj,
    depth: Float64Array.from(levels, roomOf),
    iterations: Float64Array.of(1),
    takes: Float64Array.from(
      levels.flatMap((level) =>
        missing.map((operand) => (level.keeps.includes(operand) ? wordsTaken(level, operand) : 0)),
      ),
    ),
    fans,
  };
}

/** Results go up with every visit and come down again but for the first; the others come down. */
function addHops(
  accelerator: Accelerator,
  edges: readonly Edge[],
  part: (l: number, dim: number) => number,
  { atChild, owned }: Tally,
): void {
  edges.forEach(({ dim, parent, child }, e) => {
    if (child === accelerator.levels.length) return;
    const energy = hopEnergy(accelerator, parent, child) * part(child, dim);
    atChild[e] = (atChild[e] ?? 0) + (dim === outputs ? 2 : 1) * energy;
    if (dim === outputs) owned[child] = (owned[child] ?? 0) - energy;
  });
}

function checkFigures({ name, levels, mac }: Accelerator): void {
  const subject = `accelerator ${name}`;
  check(levels.length > 0, subject, 'must have at least one level');
  const sound = (value: number): boolean => Number.isFinite(value) && value >= 0;
  check(sound(mac.energyPj), subject, 'the energy of a MAC must be a number of at least 0', mac.energyPj);
  for (const level of levels) {
    const at = `${subject}, level ${level.name}`;
    for (const energy of [level.readEnergyPj, level.writeEnergyPj]) {
      check(sound(energy), at, 'energies must be numbers of at least 0', energy);
    }
    for (const rate of [level.readWordsPerCycle, level.writeWordsPerCycle]) {
      check(rate === null || rate > 0, at, 'words per cycle must be above 0, or null for unlimited', rate);
    }
  }
}

/** Words of one instance, Infinity = unlimited; parts of words leave room for rounding noise. */
export const roomOf = ({ depthWords, takes }: MemoryLevel): number =>
  depthWords === null
    ? Number.POSITIVE_INFINITY
    : takes === undefined
      ? depthWords
      : depthWords * (1 + 1e-10);

/** Products of spatial factors above this are rare enough to be worked out each time. */
const mostTabulated = 1 << 16;

/**
 * Which products of spatial factors a mesh takes: loops may be split at will, so a product is possible when one of its
 * divisors fits along X and the rest along Y.
 */
function fanOf(level: number, { x, y }: { readonly x: number; readonly y: number }, dataflow: Dataflow): Fan {
  const most = x * y;
  const table = new Int32Array(Math.min(most, mostTabulated) + 1);
  for (let along = 1; along <= x && along < table.length; along += 1) {
    for (let rest = 1; rest <= y && along * rest < table.length; rest += 1) table[along * rest] = along;
  }
  const xShare = (product: number): number => {
    if (product < table.length) return table[product] ?? 0;
    for (let along = Math.min(x, product); along >= 1 && along * y >= product; along -= 1) {
      if (product % along === 0) return along;
    }
    return 0;
  };
  return {
    level,
    x,
    y,
    most,
    limits: dataflow === 'fixed' ? [1, x, y, 1] : [most, most, most, most],
    xShare,
  };
}
