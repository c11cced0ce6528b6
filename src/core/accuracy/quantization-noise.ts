/**
 * What storing weights in few bits loses of their energy, where the weights are not known: that of a Gaussian sample
 * through the real quantizer. Factors err independently, so that errors add: E = (W - W') + (W' - stored W').
 */
import { createRandom } from '../base/random.ts';
import { quantizationName } from '../factor/check-quantization.ts';
import { quantizeWeights } from '../factor/quantize.ts';
import type { Quantization } from '../factor/quantization.ts';

/** Rows as long as the shipped models' longest, so that groups of 128 fit. */
const shape = [32, 384] as const;
const known = new Map<string, number>();

/** Share of a factor's squared weights that is lost, 0 to 1. */
export function quantizationNoise(q: Quantization): number {
  if (q.kind === 'none') return 0;
  const name = quantizationName(q);
  let noise = known.get(name);
  if (noise === undefined) {
    const random = createRandom(1);
    const weights = Float64Array.from({ length: shape[0] * shape[1] }, () => random.normal());
    const { values } = quantizeWeights(weights, shape, q);
    let [lost, all] = [0, 0];
    for (const [i, weight] of weights.entries()) {
      lost += (weight - (values[i] ?? 0)) ** 2;
      all += weight ** 2;
    }
    known.set(name, (noise = Math.min(1, lost / all)));
  }
  return noise;
}
