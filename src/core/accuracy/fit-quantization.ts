/**
 * What quantized factors lose beyond quantized dense layers: the divergence that a quantization adds to a factorized
 * layer is taken as a multiple of what it does to the dense one, a product of one number per format and one per
 * quantization, each in turn the one of least squared error in ln divergence.
 */
import type { Format } from '../factor/factorization.ts';

/** A factorized layer with and without quantization, nats. */
export interface QuantizedLayer {
  readonly format: Format;
  readonly quantization: string;
  readonly exact: number;
  readonly quantized: number;
  /** Of the dense layer when it is quantized. */
  readonly dense: number;
}

export interface QuantizedFactors {
  readonly formats: ReadonlyMap<Format, number>;
  readonly quantizations: ReadonlyMap<string, number>;
}

const rounds = 4;
/** Multiples tried: 1/16 to 1024 in steps of 2^(1/4). */
const multiples = Array.from({ length: 57 }, (_, k) => 2 ** (-4 + k / 4));
/** Nats below it are rounding. */
const least = 1e-7;

export function fitQuantization(layers: readonly QuantizedLayer[]): QuantizedFactors {
  const formats = new Map(layers.map(({ format }) => [format, 1]));
  const quantizations = new Map(layers.map(({ quantization }) => [quantization, 1]));
  const known = layers.filter(({ quantized, dense }) => quantized > least && dense > least);
  for (let round = 0; round < rounds; round++) {
    for (const format of formats.keys())
      formats.set(
        format,
        best(
          known.filter((layer) => layer.format === format),
          ({ quantization }) => quantizations.get(quantization) ?? 1,
        ),
      );
    for (const name of quantizations.keys())
      quantizations.set(
        name,
        best(
          known.filter(({ quantization }) => quantization === name),
          ({ format }) => formats.get(format) ?? 1,
        ),
      );
  }
  return { formats, quantizations };
}

/** The multiple of least squared error in ln divergence; 1 where nothing is known. */
function best(layers: readonly QuantizedLayer[], other: (layer: QuantizedLayer) => number): number {
  let [found, smallest] = [1, Number.POSITIVE_INFINITY];
  if (layers.length === 0) return found;
  for (const multiple of multiples) {
    let error = 0;
    for (const layer of layers) {
      const predicted = layer.exact + multiple * other(layer) * layer.dense;
      error += Math.log(Math.max(least, predicted) / layer.quantized) ** 2;
    }
    if (error < smallest) [found, smallest] = [multiple, error];
  }
  return found;
}
