/**
 * A plan opened for the temporal search: the lattices of what its spatial factors leave, which tiles fit each level, and
 * the coefficients of every tally. One object is reused for all plans, so that searching allocates next to nothing.
 */
import { latticeOf, thinLatticeOf } from './lattice.ts';
import type { Lattice } from './lattice.ts';
import type { Extents } from './plans.ts';
import type { MachineTables, Tally } from './tables.ts';

/** One tally's coefficients under the open plan, and its tables. */
export interface Values {
  /** Everything that no temporal choice moves. */
  fixed: number;
  /** [level * 3 + dim]: tally per (1 / reach) of the words that enter the level. */
  readonly weight: Float64Array;
  /** [(a * (levels + 1) + b) * 3 + dim]: sum of `weight` over the levels a+1..b. */
  readonly span: Float64Array;
  /** [level]: V of the level, on its box; the innermost is zero. */
  readonly table: Float64Array[];
}

/** The next level with loops, the dim claimed on the way there and the tile there. */
export interface Step {
  /** Least tally inside the level from which the step is taken. */
  value: number;
  level: number;
  claim: number;
  m: number;
  n: number;
  k: number;
}

/** A plan opened for temporal search. */
export interface OpenPlan {
  readonly machine: MachineTables;
  extents: Extents;
  macs: number;
  /** [level * 4 + dim] */
  readonly spatial: Float64Array;
  /** [level * 4 + dim]: product of the spatial factors above the level; one row more for the MACs. */
  readonly above: Float64Array;
  readonly lattice: [Lattice, Lattice, Lattice];
  /** Whether some divisors were left out. */
  thinned: boolean;
  /** Cycles that the MACs need. */
  computeCycles: number;
  /** [level]: per (M, N) pair of tile indices, how many K indices fit this level and those above it. */
  readonly box: Int32Array[];
  /** False when not even a tile of single words fits. */
  feasible: boolean;
  readonly energy: Values;
  readonly ports: readonly Values[];
  /** Scratch of the prefix minimum. */
  spread: Float64Array;
  /** Scratch of `takeStep`. */
  readonly step: Step;
}

const createValues = (levels: number): Values => ({
  fixed: 0,
  weight: new Float64Array(levels * 3),
  span: new Float64Array(levels * (levels + 1) * 3),
  table: Array.from({ length: levels }, () => new Float64Array(0)),
});

export function createOpenPlan(machine: MachineTables): OpenPlan {
  const { levels } = machine;
  const one = latticeOf(1);
  return {
    machine,
    extents: [1, 1, 1, 1],
    macs: 1,
    spatial: new Float64Array(levels * 4),
    above: new Float64Array((levels + 1) * 4),
    lattice: [one, one, one],
    thinned: false,
    computeCycles: 1,
    box: Array.from({ length: levels }, () => new Int32Array(0)),
    feasible: false,
    energy: createValues(levels),
    ports: machine.ports.map(() => createValues(levels)),
    spread: new Float64Array(0),
    step: { value: 0, level: 0, claim: 0, m: 0, n: 0, k: 0 },
  };
}

/** Places the plan whose factors stand in `plan.spatial`: what they fix, and the energy's coefficients. */
export function placePlan(plan: OpenPlan, extents: Extents, macs: number): void {
  const { machine, spatial, above } = plan;
  const { levels } = machine;
  plan.extents = extents;
  plan.macs = macs;
  above.fill(1, 0, 4);
  let cycles = 1;
  for (let d = 0; d < 4; d += 1) {
    for (let l = 0; l < levels; l += 1) {
      above[(l + 1) * 4 + d] = (above[l * 4 + d] as number) * (spatial[l * 4 + d] as number);
    }
    const left = (extents[d] as number) / (above[levels * 4 + d] as number);
    if (d < 3) plan.lattice[d as 0 | 1 | 2] = latticeOf(left);
    cycles *= left;
  }
  plan.computeCycles = cycles;
  weigh(plan, plan.energy, machine.energy);
}

/** Opens the placed plan: its lattices and boxes. Divisors are thinned out where there would be more than `mostTiles` tiles. */
export function openPlan(plan: OpenPlan, mostTiles: number): void {
  const { lattice } = plan;
  plan.thinned = lattice[0].count * lattice[1].count * lattice[2].count > mostTiles;
  if (plan.thinned) for (const d of [0, 1, 2] as const) lattice[d] = thinLatticeOf(lattice[d].extent);
  else plan.thinned = !(lattice[0].complete && lattice[1].complete && lattice[2].complete);
  fillBoxes(plan);
}

function fillBoxes(plan: OpenPlan): void {
  const { machine, above, box, lattice } = plan;
  const { levels } = machine;
  const [m, n, k] = lattice;
  const rows = m.count * n.count;
  for (let l = 0; l < levels; l += 1) {
    let fits = box[l] as Int32Array;
    if (fits.length < rows) box[l] = fits = new Int32Array(rows * 2);
    const outer = l === 0 ? null : (box[l - 1] as Int32Array);
    const depth = machine.depth[l] as number;
    // At level 0 the batch's temporal loop is inside the tile.
    const below = (d: number): number =>
      d === 3 && l === 0
        ? (plan.extents[3] as number)
        : (above[levels * 4 + d] as number) / (above[l * 4 + d] as number);
    const batch = below(3);
    const words = (operand: number, d: number, e: number): number =>
      (machine.takes[l * 3 + operand] as number) * batch * below(d) * below(e);
    const w = words(0, 1, 2);
    const i = words(1, 0, 2);
    const o = words(2, 0, 1);
    for (let im = 0; im < m.count; im += 1) {
      const tm = m.divisors[im] as number;
      let limit = k.count;
      for (let jn = 0; jn < n.count; jn += 1) {
        const row = im * n.count + jn;
        if (depth !== Number.POSITIVE_INFINITY) {
          const tn = n.divisors[jn] as number;
          const held = o * tm * tn;
          const perK = w * tn + i * tm;
          while (limit > 0 && held + perK * (k.divisors[limit - 1] as number) > depth) limit -= 1;
        }
        fits[row] = outer === null ? limit : Math.min(limit, outer[row] as number);
      }
    }
  }
  // At level 0 the tile is everything.
  const whole = (box[0] as Int32Array)[rows - 1] === k.count;
  plan.feasible = whole && ((box[levels - 1] as Int32Array)[0] as number) > 0;
}

/** Sets the coefficients of one tally under the open plan; its tables are then empty. */
export function weigh(plan: OpenPlan, values: Values, tally: Tally): void {
  const { machine, above, macs } = plan;
  const { levels, edges } = machine;
  const { weight, span } = values;
  weight.fill(0);
  let fixed = tally.level < 0 ? macs * machine.macEnergyPj : 0;
  for (let e = 0; e < edges.length; e += 1) {
    const edge = edges[e];
    if (edge === undefined) continue;
    const { dim, parent, child } = edge;
    const lanes = above[levels * 4 + dim] as number;
    const between = (above[child * 4 + dim] as number) / (above[parent * 4 + dim] as number);
    const atParent = (tally.atParent[e] as number) / between;
    if (child === levels) fixed += macs * atParent;
    else {
      const inside = lanes / (above[child * 4 + dim] as number);
      weight[child * 3 + dim] = (macs / inside) * ((tally.atChild[e] as number) + atParent);
    }
  }
  const results = macs / (plan.extents[2] as number);
  for (let l = 0; l < levels; l += 1)
    fixed += (tally.owned[l] as number) * results * (above[l * 4 + 2] as number);
  if (tally.level >= 0) {
    const at = tally.level * 4;
    const instances =
      (above[at] as number) *
      (above[at + 1] as number) *
      (above[at + 2] as number) *
      (above[at + 3] as number);
    const share = 1 / (instances * tally.wordsPerCycle);
    fixed *= share;
    for (let i = 0; i < weight.length; i += 1) weight[i] = (weight[i] as number) * share;
  }
  values.fixed = fixed;
  const width = levels + 1;
  for (let a = 0; a < levels; a += 1) {
    for (let d = 0; d < 3; d += 1) {
      let sum = 0;
      for (let b = a + 1; b < levels; b += 1) {
        sum += weight[b * 3 + d] as number;
        span[(a * width + b) * 3 + d] = sum;
      }
    }
  }
}

/**
 * Makes the table of level a and the scratch as large as the lattices ask for, and the table infinite: nothing is known
 * yet. Inside the innermost level nothing is left to pay: its table is zero, and the answer true.
 */
export function openTable(plan: OpenPlan, values: Values, a: number): boolean {
  const [m, n, k] = plan.lattice;
  const size = m.count * n.count * k.count;
  let table = values.table[a] as Float64Array;
  if (table.length < size) values.table[a] = table = new Float64Array(size * 2);
  const innermost = a === plan.machine.levels - 1;
  table.fill(innermost ? 0 : Number.POSITIVE_INFINITY, 0, size);
  if (plan.spread.length < size) plan.spread = new Float64Array(size * 2);
  return innermost;
}
