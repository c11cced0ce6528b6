/**
 * POINT of the contract: one design of a model with its figures, its link and its layers.
 */
import type { Metric, Tier } from '../core/accuracy/figure.ts';
import type { Evaluation } from '../core/search/evaluation.ts';
import type { Factorization } from '../core/factor/factorization.ts';
import type { TransformerModel } from '../core/workload/model.ts';
import type { Config } from '../state/config.ts';
import { encodeLink } from '../state/url.ts';

export interface PointLayer extends Factorization {
  readonly layer: string;
}

export interface Point {
  readonly edpReduction: number;
  readonly energyPj: number;
  readonly latencyCycles: number;
  readonly parameters: number;
  readonly macs: number;
  readonly bytes: number;
  readonly accuracy: {
    readonly metric: Metric;
    readonly tier: Tier;
    readonly value: number;
    readonly low: number;
    readonly high: number;
  };
  readonly link: string;
  readonly layers: readonly PointLayer[];
}

/** @param config whose design `evaluation` is of */
export function pointOf(model: TransformerModel, config: Config, evaluation: Evaluation): Point {
  const { edpReduction, energyPj, latencyCycles, parameters, macs, bytes, accuracy } = evaluation;
  const { metric, tier, value, low, high } = accuracy;
  return {
    edpReduction,
    energyPj,
    latencyCycles,
    parameters,
    macs,
    bytes,
    accuracy: { metric, tier, value, low, high },
    link: encodeLink(config),
    layers: model.linears.flatMap((linear, index) => {
      const design = config.design[index];
      if (design === undefined) return [];
      const { format, outModes, inModes, ranks } = design;
      return [{ layer: linear.name, format, outModes, inModes, ranks }];
    }),
  };
}

/** How a layer reads in a table: `svd 188`, `ttm 4x12x16 / 4x12x16: 8 8`. */
export function describeLayer({ format, outModes, inModes, ranks }: Factorization): string {
  const modes =
    outModes.length > 1 || inModes.length > 1 ? ` ${outModes.join('x')} / ${inModes.join('x')}:` : '';
  return `${format}${modes}${ranks.length > 0 ? ` ${ranks.join(' ')}` : ''}`;
}
