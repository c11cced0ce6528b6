/**
 * A linear layer on an accelerator: its forward einsum, contracted pair by pair, each pair mapped as one GEMM. Energies
 * and latencies of the steps add up (one step after the other, intermediates through the outermost level); of the
 * MACs-, write- and size-optimal paths the one that is cheapest once mapped is taken, since they often differ. Dense is
 * one more factorization: same mapper, same gear. A step over one operand (a sum before the products, a transpose)
 * moves no words here: it is costed at nothing. Whatever derives from X takes the input slot of its GEMM, factors the
 * weight slot, as in the dense layer.
 * Left out: fused chains, where intermediates stay on chip.
 */
import type { Cycles, EnergyPj, Macs } from '../base/units.ts';
import { findPath, type ContractionPath, type PathObjective } from '../einsum/path.ts';
import type { Factorization } from '../factor/factorization.ts';
import { forwardEinsum } from '../factor/forward.ts';
import { parameterCount } from '../factor/parameters.ts';
import { stepGemm } from './gemm.ts';
import type { Gear, Gemm, Objective } from './mapping.ts';
import type { GemmCost, Mapper } from './mapper.ts';

export interface LayerStep {
  readonly gemm: Gemm;
  readonly cost: GemmCost;
  /** Of the step as it is; the mapped GEMM may be padded. */
  readonly macs: Macs;
}

export interface LayerCost {
  readonly energyPj: EnergyPj;
  readonly latencyCycles: Cycles;
  readonly macs: Macs;
  /** Of the factors, without bias. */
  readonly parameters: number;
  /** One entry per storage level, outermost first, then the MACs; sums to `energyPj`. */
  readonly energyByLevelPj: readonly EnergyPj[];
  readonly path: ContractionPath;
  /** The mapped steps of `path`, in its order. */
  readonly steps: readonly LayerStep[];
}

/** Text that two factorizations share exactly when they are equal. */
export function factorizationKey(f: Factorization): string {
  return `${f.format}:${f.outModes.join('x')}:${f.inModes.join('x')}:${f.ranks.join(',')}`;
}

interface Memo {
  /** The same object again is the rule in a drag; only then is no key built. */
  readonly byObject: WeakMap<Factorization, LayerCost>;
  readonly byKey: Map<string, LayerCost>;
}

const memos = new WeakMap<Mapper, Map<string, Memo>>();
const mostKept = 4096;

/**
 * Cost of one step of `rows` rows through the layer, memoized per mapper, gear, rows and factorization.
 * @throws InputError when the accelerator cannot hold a step (naming the level)
 */
export function costLayer(mapper: Mapper, factorization: Factorization, rows: number, gear: Gear): LayerCost {
  const { byObject, byKey } = memoOf(mapper, rows, gear);
  let cost = byObject.get(factorization);
  if (cost !== undefined) return cost;
  const key = factorizationKey(factorization);
  cost = byKey.get(key);
  if (cost === undefined) {
    cost = mapLayer(mapper, factorization, rows, gear);
    if (byKey.size >= mostKept) byKey.clear();
    byKey.set(key, cost);
  }
  byObject.set(factorization, cost);
  return cost;
}

function memoOf(mapper: Mapper, rows: number, gear: Gear): Memo {
  let ofMapper = memos.get(mapper);
  if (ofMapper === undefined) memos.set(mapper, (ofMapper = new Map()));
  const key = `${gear} ${rows}`;
  let memo = ofMapper.get(key);
  if (memo === undefined) ofMapper.set(key, (memo = { byObject: new WeakMap(), byKey: new Map() }));
  return memo;
}

const pathObjectives: readonly PathObjective[] = ['macs', 'write', 'size'];

/** `costLayer` without its memory, for a search that keeps its own. */
export function mapLayer(mapper: Mapper, factorization: Factorization, rows: number, gear: Gear): LayerCost {
  const einsum = forwardEinsum(factorization, rows);
  const parameters = parameterCount(factorization);
  let best: LayerCost | null = null;
  const seen = new Set<string>();
  for (const objective of pathObjectives) {
    const path = findPath(einsum, objective);
    const key = path.steps.map((step) => step.operands.join()).join(';');
    if (seen.has(key)) continue;
    seen.add(key);
    const cost = costPath(mapper, path, parameters, gear);
    if (best === null || score(mapper.objective, cost) < score(mapper.objective, best)) best = cost;
    // Two factors or fewer leave no choice worth a second search.
    if (einsum.inputs.length <= 2) break;
  }
  if (best === null) throw new Error('internal: a layer without a contraction path');
  return best;
}

function costPath(mapper: Mapper, path: ContractionPath, parameters: number, gear: Gear): LayerCost {
  const steps: LayerStep[] = [];
  const energyByLevelPj = new Array<number>(mapper.accelerator.levels.length + 1).fill(0);
  let energyPj = 0;
  let latencyCycles = 0;
  // Which of the operands still there derive from X, the first one (positions as in opt_einsum).
  const activations = path.einsum.inputs.map((_, position) => position === 0);
  for (const step of path.steps) {
    const [first = 0, second = first] = step.operands;
    const swap = activations[first] === false && activations[second] === true;
    activations.push(activations[first] === true || activations[second] === true);
    for (const position of [...step.operands].sort((a, b) => b - a)) activations.splice(position, 1);
    if (step.operands.length < 2) continue;
    const gemm = stepGemm(path.einsum, swap ? { ...step, inputs: [...step.inputs].reverse() } : step);
    const cost = mapper.cost(gemm, gear);
    steps.push({ gemm, cost, macs: step.macs });
    energyPj += cost.energyPj;
    latencyCycles += cost.latencyCycles;
    cost.energyByLevelPj.forEach((energy, i) => (energyByLevelPj[i] = (energyByLevelPj[i] ?? 0) + energy));
  }
  return { energyPj, latencyCycles, macs: path.macs, parameters, energyByLevelPj, path, steps };
}

function score(objective: Objective, cost: LayerCost): number {
  switch (objective) {
    case 'edp':
      return cost.energyPj * cost.latencyCycles;
    case 'energy':
      return cost.energyPj;
    case 'latency':
      return cost.latencyCycles;
    default:
      return objective satisfies never;
  }
}
