/** A small calibration made up for tests: two layers of 24 x 36 and 48 x 24 whose divergence is known in closed form. */
import type { TransformerModel } from '../workload/model.ts';
import type { CalibrationTable, LayerTable } from './sensitivity.ts';
import { powerLaw } from './spectrum.ts';

const ranks = [1, 2, 3, 4, 6, 8, 12, 16, 20];

/** Divergence = scale x lost^2: lost^2 is the share of output energy beyond the rank, squared. */
function layer(name: string, out: number, width: number, scale: number): LayerTable {
  const full = Math.min(out, width);
  const spectrum = [...powerLaw(full, 0.8)];
  const divergence = ranks.map(
    (rank) => scale * spectrum.slice(rank).reduce((sum, share) => sum + share, 0) ** 2,
  );
  return { name, out, in: width, spectrum, ranks, divergence, shifts: { tt: 0.2 } };
}

export const smallModel: TransformerModel = {
  id: 'small',
  title: 'Small',
  source: 'made up',
  linears: [
    { name: 'a', role: 'Q', group: 'Q', block: 0, out: 24, in: 36, bias: false, factorize: true },
    { name: 'b', role: 'FFN1', group: 'FFN1', block: 0, out: 48, in: 24, bias: false, factorize: true },
  ],
  attention: [],
  embeddings: [],
  defaultSequence: 8,
  maxSequence: 8,
};

const curve = {
  x: [-4, -2, 0, 2],
  y: [-0.5, -4, -40, -90],
  spread: [0.3, 1, 5, 3],
  width: 2,
  fitted: 60,
  held: 60,
};

export const smallTable: CalibrationTable = {
  version: 1,
  model: 'small',
  seed: 7,
  dense: { score: 'accuracy', accuracy: 0.98, examples: 512 },
  power: 1,
  responseExamples: 64,
  measured: { from: 0, examples: 512 },
  layers: [layer('a', 24, 36, 5), layer('b', 48, 24, 2)],
  formats: {
    tt: { offset: 0.5, byLoss: 0.8, bySize: 0.3, spread: 0.4, samples: 30 },
    kronecker: { offset: -0.3, byLoss: 0.2, bySize: 0.7, spread: 0.3, samples: 30 },
  },
  quantizations: {
    'int4-row': { dense: [0.02, 0.01], factors: { svd: 3 } },
    'int4-g32': { dense: [0.01, 0.005], factors: { svd: 2 } },
  },
  estimated: curve,
  calibrated: { ...curve, width: 1 },
  source: 'a test',
};

/** A table for any model: every layer as sensitive as its place is high. */
export function tableOf({ id, linears }: TransformerModel): CalibrationTable {
  const layers = linears.map(({ name, out, in: width }, index) => layer(name, out, width, 1 + index));
  return { ...smallTable, model: id, layers, quantizations: {} };
}
