/**
 * The product's main sentence: a candidate (one factorization per linear layer) and what it costs and loses.
 */
import type { Bytes, Cycles, EdpPjCycles, EnergyPj, Macs } from '../base/units.ts';
import type { AccuracyFigure } from '../accuracy/figure.ts';
import type { Factorization } from '../factor/factorization.ts';

/** One factorization per entry of `TransformerModel.linears`, in that order. */
export type Candidate = readonly Factorization[];

/** Of the whole model and one step: linear layers plus attention products. */
export interface Evaluation {
  readonly energyPj: EnergyPj;
  readonly latencyCycles: Cycles;
  readonly edpPjCycles: EdpPjCycles;
  /** Dense EDP / this EDP, both mapped by the same gear. */
  readonly edpReduction: number;
  /** Weights and biases of the linear layers. */
  readonly parameters: number;
  readonly macs: Macs;
  /** Weight bytes at the accelerator's word size. */
  readonly bytes: Bytes;
  /** One entry per storage level, outermost first, then the MACs; sums to `energyPj`. */
  readonly energyByLevelPj: readonly EnergyPj[];
  readonly accuracy: AccuracyFigure;
}
