/**
 * Everything of a model's step but its linear layers: attention products, and with `wholeModel` vector work; and what the
 * linear layers find around them. It does not depend on the design, so it is worked out once; a dense model and a factorized
 * one find the same. Nothing set = attention products through the outermost level, as in the references.
 */
import type { Cycles, EnergyPj, Macs } from '../base/units.ts';
import type { TransformerModel, Workload } from '../workload/model.ts';
import { vectorWork } from '../workload/vector.ts';
import { attentionGemms } from '../workload/workload.ts';
import type { LayerFusion, LayerSetting } from './layer.ts';
import type { GemmCost, Mapper } from './mapper.ts';
import type { Gear } from './mapping.ts';
import { planResidency } from './residency.ts';
import { costVector } from './vector.ts';

export interface ModelSetting {
  /** Norms, softmax, activations and residuals count too, and heads that share keys fetch them once. Off = today's numbers. */
  readonly wholeModel?: boolean;
  /** Activations stay on chip between operations where they fit. */
  readonly residency?: boolean;
  /** Intermediates of a factorized layer stay on chip where that is better. */
  readonly fusion?: LayerFusion;
}

export interface FixedCost {
  readonly energyPj: EnergyPj;
  readonly latencyCycles: Cycles;
  readonly macs: Macs;
  /** Levels outermost first, then the MACs; sums to `energyPj`. */
  readonly energyByLevelPj: readonly EnergyPj[];
}

export interface Surroundings {
  readonly attention: FixedCost;
  readonly vector: FixedCost;
  /** Both. */
  readonly fixed: FixedCost;
  /** For `costLayer`, by position in `model.linears`. */
  readonly layer: (index: number) => LayerSetting;
}

/** @throws InputError when the accelerator cannot hold an attention product */
export function surroundings(
  mapper: Mapper,
  model: TransformerModel,
  workload: Workload,
  gear: Gear,
  { wholeModel = false, residency = false, fusion = 'none' }: ModelSetting = {},
): Surroundings {
  const machine = mapper.machineOf({ batch: 1, m: 1, n: 1, k: 1 });
  const plan = residency ? planResidency(machine, model, workload) : null;
  const none: FixedCost = {
    energyPj: 0,
    latencyCycles: 0,
    macs: 0,
    energyByLevelPj: new Array<number>(machine.levels.length + 1).fill(0),
  };
  const products = model.attention.map((product, index): FixedCost => {
    const gemm = attentionGemms(product, workload, { sharedKeys: wholeModel });
    const place = plan?.attention[index];
    const placed: GemmCost | null = place === undefined ? null : mapper.costAt(gemm, gear, place);
    const cost = placed ?? mapper.cost(gemm, gear);
    return { ...cost, macs: gemm.batch * gemm.m * gemm.n * gemm.k };
  });
  const attention = products.reduce(plus, none);
  const vector = (wholeModel ? vectorWork(model, workload) : [])
    .map((work): FixedCost => ({ ...costVector(machine, work, plan?.levelOf), macs: 0 }))
    .reduce(plus, none);
  const settings = model.linears.map((_, index): LayerSetting => {
    const ends = plan?.linears[index];
    return { ...(fusion === 'none' ? {} : { fusion }), ...(ends === undefined ? {} : { ends }) };
  });
  return {
    attention,
    vector,
    fixed: plus(attention, vector),
    layer: (index) => settings[index] ?? {},
  };
}

const plus = (a: FixedCost, b: FixedCost): FixedCost => ({
  energyPj: a.energyPj + b.energyPj,
  latencyCycles: a.latencyCycles + b.latencyCycles,
  macs: a.macs + b.macs,
  energyByLevelPj: a.energyByLevelPj.map((energy, i) => energy + (b.energyByLevelPj[i] ?? 0)),
});
