/**
 * A linear layer on an accelerator: its forward einsum, contracted pair by pair, each pair mapped as one GEMM. Energies
 * and latencies of the steps add up (one step after the other, intermediates through the outermost level unless fused); of the
 * MACs-, write- and size-optimal paths the one that is cheapest once mapped is taken, since they often differ (one whose
 * compulsory work already costs more is not mapped). Dense is
 * one more factorization: same mapper, same gear. A step over one operand (a sum before the products, a transpose)
 * moves no words here: it is costed at nothing. Whatever derives from X takes the input slot of its GEMM, factors the
 * weight slot, as in the dense layer.
 */
import { invariant } from '../base/checks.ts';
import type { Cycles, EnergyPj, Macs, Words } from '../base/units.ts';
import { findPath, type ContractionPath, type PathObjective } from '../einsum/path.ts';
import type { Factorization } from '../factor/factorization.ts';
import { forwardEinsum } from '../factor/forward.ts';
import { parameterCount } from '../factor/parameters.ts';
import type { Operand } from '../hardware/accelerator.ts';
import { wordsTaken } from '../hardware/bit-widths.ts';
import { chainOf } from './fusion/chain.ts';
import type { Chain, ChainStep } from './fusion/chain.ts';
import type { LevelTotal } from './fusion/fixed.ts';
import type { Homes } from './fusion/homes.ts';
import { mapChainWith, type MappedStep } from './fusion/map-chain.ts';
import type { Tile } from './fusion/parts.ts';
import type { SharedLoops } from './fusion/shared-loops.ts';
import { endOf, fuseChain, outside } from './fusion/whole.ts';
import type { FusedChain, LayerEnds, OnChip } from './fusion/whole.ts';
import { slotsOf } from './bit-widths.ts';
import type { Placement } from './counts.ts';
import { stepGemm, withSlots } from './gemm.ts';
import type { Place } from './place.ts';
import type { Bound, Gear, Gemm, Mapping, Objective } from './mapping.ts';
import type { GemmCost, Mapper } from './mapper.ts';

export interface LayerStep {
  readonly gemm: Gemm;
  readonly cost: GemmCost;
  /** Of the step as it is; the mapped GEMM may be padded. */
  readonly macs: Macs;
  /** Where its operands live, if not all of them in the outermost level. */
  readonly place?: Place;
  /** Where it shares loops with its neighbours: these loops, the mapping of one iteration, and what all of them move. */
  readonly tiled?: LoopedStep;
}

export interface LoopedStep {
  /** The same list for all steps that share it; empty = the step runs by itself. */
  readonly shared: SharedLoops;
  /** Of one iteration, not padded. */
  readonly gemm: Gemm;
  /** Over the dims of `gemmContraction(cost.padded)`. */
  readonly mapping: Mapping;
  readonly placement: Placement | null;
  readonly homes: Homes;
  /** Words of each level that whatever lives at its home takes, and what stays over the iterations. */
  readonly held: readonly Words[];
  readonly tile: Tile;
  /** Of all iterations. */
  readonly levels: readonly LevelTotal[];
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
  /** Intermediates that stay on chip; absent = none. */
  readonly onChip?: readonly OnChip[];
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

/** What surrounds the layer and how it runs; nothing given: everything through the outermost level, step by step. */
export interface LayerSetting {
  /** Whether intermediates stay on chip where that is better; a dense layer has none. */
  readonly fusion?: LayerFusion;
  /** Where input and result live and what else is on chip meanwhile. */
  readonly ends?: LayerEnds;
}

/**
 * `auto`: whole intermediates, a few milliseconds. `loops`: also loops shared between steps, so that tiles of an intermediate
 * stay where the whole does not fit; best found, a tenth of a second, for what is looked at rather than dragged. Layers
 * whose ends live on chip and machines with hops or leakage take `auto`.
 */
export type LayerFusion = 'auto' | 'loops' | 'none';

/**
 * Cost of one step of `rows` rows through the layer, memoized per mapper, gear, rows, setting and factorization.
 * @throws InputError when the accelerator cannot hold a step (naming the level)
 */
export function costLayer(
  mapper: Mapper,
  factorization: Factorization,
  rows: number,
  gear: Gear,
  setting: LayerSetting = {},
): LayerCost {
  const { byObject, byKey } = memoOf(mapper, rows, gear, setting);
  let cost = byObject.get(factorization);
  if (cost !== undefined) return cost;
  const key = factorizationKey(factorization);
  cost = byKey.get(key);
  if (cost === undefined) {
    cost = mapLayer(mapper, factorization, rows, gear, setting);
    if (byKey.size >= mostKept) byKey.clear();
    byKey.set(key, cost);
  }
  byObject.set(factorization, cost);
  return cost;
}

function memoOf(mapper: Mapper, rows: number, gear: Gear, { fusion = 'none', ends }: LayerSetting): Memo {
  let ofMapper = memos.get(mapper);
  if (ofMapper === undefined) memos.set(mapper, (ofMapper = new Map()));
  const around = ends === undefined ? '' : `${ends.input} ${ends.output} ${ends.held.join()}`;
  const key = `${gear} ${rows} ${fusion} ${around}`;
  let memo = ofMapper.get(key);
  if (memo === undefined) ofMapper.set(key, (memo = { byObject: new WeakMap(), byKey: new Map() }));
  return memo;
}

const pathObjectives: readonly PathObjective[] = ['macs', 'write', 'size'];

/** A path's products, not yet mapped, and figures that no mapping can be below. */
interface Plan {
  readonly chain: Chain;
  readonly least: Figures;
}

interface Figures {
  readonly energyPj: EnergyPj;
  readonly latencyCycles: Cycles;
}

/** `costLayer` without its memory, for a search that keeps its own. */
export function mapLayer(
  mapper: Mapper,
  factorization: Factorization,
  rows: number,
  gear: Gear,
  { fusion = 'none', ends = outside }: LayerSetting = {},
): LayerCost {
  const einsum = forwardEinsum(factorization, rows);
  const parameters = parameterCount(factorization);
  const plans = new Map<string, Plan>();
  for (const objective of pathObjectives) {
    const path = findPath(einsum, objective);
    const key = path.steps.map((step) => step.operands.join()).join(';');
    if (!plans.has(key)) plans.set(key, plan(mapper, path, fusion, ends));
    if (einsum.inputs.length <= 2) break; // one product: no other path
  }
  const score = scores[mapper.objective];
  let best: LayerCost | null = null;
  for (const next of [...plans.values()].sort((a, b) => score(a.least) - score(b.least))) {
    if (best !== null && score(next.least) >= score(best)) break;
    const whole = fusion === 'none' ? 'none' : 'auto';
    const fused = fuseChain(mapper, next.chain, gear, whole, ends, best === null ? undefined : score(best));
    if (fused !== null) {
      const cost = costPlan(mapper, next.chain, parameters, fused);
      if (best === null || score(cost) < score(best)) best = cost;
    }
    const { hopPj, leakagePjPerCycle } = mapper.accelerator;
    const isPlain = hopPj === undefined && leakagePjPerCycle === undefined;
    if (fusion !== 'loops' || ends !== outside || !isPlain || next.chain.steps.length < 2) continue;
    const shared = costShared(mapper, next.chain, parameters);
    if (best === null || score(shared) < score(best) * (1 - 1e-9)) best = shared;
  }
  invariant(best !== null, 'a layer has a contraction path');
  return best;
}

const scores: Readonly<Record<Objective, (figures: Figures) => number>> = {
  edp: ({ energyPj, latencyCycles }) => energyPj * latencyCycles,
  energy: ({ energyPj }) => energyPj,
  latency: ({ latencyCycles }) => latencyCycles,
};

function plan(mapper: Mapper, path: ContractionPath, fusion: LayerFusion, ends: LayerEnds): Plan {
  const chain = chainOf(path);
  const passesBy = (tensor: number): boolean =>
    endOf(chain, ends, tensor) > 0 ||
    (fusion !== 'none' && chain.intermediates.some((each) => each.tensor === tensor));
  let energyPj = 0;
  let latencyCycles = 0;
  for (const { gemm, slots } of chain.steps) {
    const { levels, mac } = mapper.machineOf(gemm);
    const outermost = levels[0];
    const touched = (operand: Operand, energy: EnergyPj | undefined): EnergyPj =>
      outermost?.keeps.includes(operand) === true && !passesBy(slots[operand])
        ? (energy ?? 0) * wordsTaken(outermost, operand)
        : 0;
    const inEnergy = touched('I', outermost?.readEnergyPj);
    const weightEnergy = touched('W', outermost?.readEnergyPj);
    const outEnergy = touched('O', outermost?.writeEnergyPj);
    // Each MAC once on the array, each word of an operand at least once through the outermost level.
    const { batch, m, n, k } = gemm;
    energyPj +=
      batch * (m * n * k * mac.energyPj + m * k * inEnergy + k * n * weightEnergy + m * n * outEnergy);
    latencyCycles += (batch * m * n * k) / (mac.meshX * mac.meshY);
  }
  return { chain, least: { energyPj, latencyCycles } };
}

function costPlan(
  mapper: Mapper,
  chain: Chain,
  parameters: number,
  { costs, places, onChip }: FusedChain,
): LayerCost {
  const { path } = chain;
  const energyByLevelPj = new Array<number>(mapper.accelerator.levels.length + 1).fill(0);
  let energyPj = 0;
  let latencyCycles = 0;
  const steps = chain.steps.map(({ gemm, step }, s): LayerStep => {
    const cost = costs[s] as GemmCost;
    const place = places[s];
    energyPj += cost.energyPj;
    latencyCycles += cost.latencyCycles;
    cost.energyByLevelPj.forEach((energy, i) => (energyByLevelPj[i] = (energyByLevelPj[i] ?? 0) + energy));
    return { gemm, cost, macs: step.macs, ...(place === undefined ? {} : { place }) };
  });
  return {
    energyPj,
    latencyCycles,
    macs: path.macs,
    parameters,
    energyByLevelPj,
    path,
    steps,
    ...(onChip.length > 0 ? { onChip } : {}),
  };
}

/** What is left of the extents inside shared loops. */
function withinLoops(extents: ReadonlyMap<string, number>, loops: SharedLoops): ReadonlyMap<string, number> {
  const left = new Map(extents);
  for (const [label, factor] of loops) left.set(label, (left.get(label) ?? 1) / factor);
  return left;
}

/** A step of a chain that was weighed as one. */
export function layerStepOf(
  { einsum }: ContractionPath,
  { inputs, step }: ChainStep,
  { energyPj, latencyCycles, gemm, padded, levels, ...own }: MappedStep,
  /** Of all steps together. */
  bound: Bound = { kind: 'best-found', gap: null },
): LayerStep {
  const { shared, mapping, placement, homes, held, tile } = own;
  const spent = levels.map((level) => level.energyPj);
  const inLevels = spent.reduce((sum, energy) => sum + energy, 0);
  const cost: GemmCost = {
    energyPj,
    latencyCycles,
    energyByLevelPj: [...spent, energyPj - inLevels],
    padded,
    bound,
  };
  const once = { ...einsum, extents: withinLoops(einsum.extents, shared) };
  const iteration = withSlots(stepGemm(once, { inputs, output: step.output }), slotsOf(gemm));
  const tiled = { shared, gemm: iteration, mapping, placement, homes, held, tile, levels };
  return { gemm, cost, macs: step.macs, tiled };
}

/** The chain with its products weighed together and loops shared between them. */
function costShared(mapper: Mapper, { path, steps }: Chain, parameters: number): LayerCost {
  const mapped = mapChainWith(mapper.parts(), path, 'auto', mapper.objective);
  const energyByLevelPj = new Array<number>(mapper.accelerator.levels.length + 1).fill(0);
  const costed = mapped.steps.map((step, s): LayerStep => {
    const own = layerStepOf(path, steps[s] as ChainStep, step, mapped.bound);
    own.cost.energyByLevelPj.forEach(
      (energy, l) => (energyByLevelPj[l] = (energyByLevelPj[l] ?? 0) + energy),
    );
    return own;
  });
  const onChip = chainOf(path).intermediates.flatMap(({ madeBy, words }, i): OnChip[] => {
    const at = mapped.intermediates[i];
    return at?.onChip === true ? [{ madeBy, words, level: at.level }] : [];
  });
  const { energyPj, latencyCycles } = mapped;
  return {
    energyPj,
    latencyCycles,
    macs: path.macs,
    parameters,
    energyByLevelPj,
    path,
    steps: costed,
    onChip,
  };
}
