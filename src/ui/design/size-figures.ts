/** The parameters of a layer beside dense, as its bar shows them at rest and in a drag. */
import type { LinearView } from '../../state/derive.ts';
import { formatExact, formatPercent, sayGain } from '../format.ts';

/** Shares are of the bar. */
export interface SizeFigures {
  readonly parameters: string;
  readonly ofDense: string;
  readonly gain: string;
  readonly isOver: boolean;
  readonly filled: number;
  readonly dense: number;
}

export function sizeFigures({
  parameters,
  denseParameters,
  cost,
  denseCost,
}: Pick<LinearView, 'parameters' | 'denseParameters' | 'cost' | 'denseCost'>): SizeFigures {
  // The bar ends a quarter above dense, or at the count itself.
  const end = Math.max(1.25 * denseParameters, parameters);
  const reduction = (denseCost.energyPj * denseCost.latencyCycles) / (cost.energyPj * cost.latencyCycles);
  return {
    parameters: formatExact(parameters),
    ofDense: formatPercent((100 * parameters) / denseParameters),
    gain: `${sayGain(reduction)}, modelled`,
    isOver: parameters > denseParameters,
    filled: parameters / end,
    dense: denseParameters / end,
  };
}
