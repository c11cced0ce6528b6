/** Fits the tables, curves and bands of the accuracy tiers to what was measured, and judges them on fresh designs. */
import { agreementOf, type Judged, type ValidatedModel } from '../../src/core/accuracy/agreement.ts';
import { fitQuantization } from '../../src/core/accuracy/fit-quantization.ts';
import { fitFormats, type TriedLayer } from '../../src/core/accuracy/fit-sensitivity.ts';
import type { AccuracyModel } from '../../src/core/accuracy/model.ts';
import { bins } from '../../src/core/accuracy/random-designs.ts';
import { spearman } from '../../src/core/accuracy/rank-correlation.ts';
import { disagreement } from '../../src/core/accuracy/response.ts';
import {
  calibratedFigure,
  createSensitivityModel,
  type CalibrationTable,
  type LayerTable,
} from '../../src/core/accuracy/sensitivity.ts';
import { fitTier, type TierCurve } from '../../src/core/accuracy/tier-curve.ts';
import { check } from '../../src/core/base/checks.ts';
import { factorizationKey } from '../../src/core/cost/layer.ts';
import { quantizationByName } from '../../src/core/factor/check-quantization.ts';
import type { Factorization, Format } from '../../src/core/factor/factorization.ts';
import { modelById } from '../../src/core/workload/cards.ts';
import type { TransformerModel } from '../../src/core/workload/model.ts';
import { responseExamples } from '../../src/engines/ort/probe.ts';
import type { CalibrationData, FreshDesigns, KnownDesign } from './data.ts';

/** To so many significant digits. */
const round = (value: number, digits: number): number => Number(value.toPrecision(digits));

/** Tables of each layer alone; what is said of formats and quantized factors is fitted to the decompositions tried. */
function tablesOf(data: CalibrationData): CalibrationTable {
  const { model, sizes, from, dense, layers, quantizations } = data;
  const nothing = { x: [0], y: [-1], spread: [1], width: 1, fitted: 0, held: 0 };
  return {
    version: 1,
    model,
    seed: sizes.seed,
    dense: { ...dense, examples: sizes.examples },
    power: 1,
    responseExamples,
    measured: { from, examples: sizes.examples },
    layers: layers.map(({ name, out, in: width, spectrum, ranks, responses }): LayerTable => {
      const divergence: number[] = [];
      // More ranks never harm: what rises is noise of few examples.
      for (const { kl } of responses)
        divergence.push(Math.min(kl, divergence.at(-1) ?? Number.POSITIVE_INFINITY));
      return {
        name,
        out,
        in: width,
        spectrum: spectrum.map((share) => round(share, 4)),
        ranks,
        divergence: divergence.map((nats) => round(nats, 4)),
        shifts: {},
      };
    }),
    formats: {},
    quantizations: Object.fromEntries(
      Object.entries(quantizations).map(([name, responses]) => [
        name,
        { dense: responses.map(({ kl }) => round(kl, 3)), factors: {} },
      ]),
    ),
    estimated: nothing,
    calibrated: nothing,
    source:
      `scripts/calibrate.mjs ${model} --seed ${sizes.seed} --designs ${sizes.designs} ` +
      `--per-format ${sizes.perFormat} --examples ${sizes.examples}`,
  };
}

function withQuantization(base: CalibrationTable, { tried, stored }: CalibrationData): CalibrationTable {
  const exact = new Map(tried.map(({ layer, f, response }) => [keyOf(layer, f), response.kl]));
  const layers = stored.flatMap(({ layer, f, quantization, response }) => {
    const known = exact.get(keyOf(layer, f));
    const dense = base.quantizations[quantization]?.dense[layer];
    return known === undefined || dense === undefined
      ? []
      : [{ format: f.format, quantization, exact: known, quantized: response.kl, dense }];
  });
  const { formats, quantizations } = fitQuantization(layers);
  return {
    ...base,
    quantizations: Object.fromEntries(
      Object.entries(base.quantizations).map(([name, { dense }]) => {
        const of = quantizations.get(name) ?? 1;
        const factors = Object.fromEntries(
          [...formats].map(([format, more]) => [format, round(more * of, 3)]),
        );
        return [name, { dense, factors }];
      }),
    ),
  };
}

const keyOf = (layer: number, f: Factorization): string => `${layer} ${factorizationKey(f)}`;

function withFormats(table: CalibrationTable, tried: readonly TriedLayer[]): CalibrationTable {
  const { formats, shifts } = fitFormats(table.layers, tried);
  const rounded = (of: Readonly<Partial<Record<Format, number>>>): LayerTable['shifts'] =>
    Object.fromEntries(Object.entries(of).map(([format, shift]) => [format, round(shift, 3)]));
  return {
    ...table,
    formats: Object.fromEntries(
      Object.entries(formats).map(([format, { offset, byLoss, bySize, spread, samples }]) => {
        const [a, b, c, d] = [offset, byLoss, bySize, spread].map((value) => round(value, 4));
        return [format, { offset: a!, byLoss: b!, bySize: c!, spread: d!, samples }];
      }),
    ),
    layers: table.layers.map((layer, k) => ({ ...layer, shifts: rounded(shifts[k] ?? {}) })),
  };
}

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

/** Powers tried; the one that orders designs of equal parameters best is taken. */
const powers = [0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 1, 1.2];

export function fitCalibration(data: CalibrationData): CalibrationTable {
  const { designs, picked } = data;
  const model = modelById(data.model);
  const base = withQuantization(tablesOf(data), data);
  const tried = data.tried.map(({ layer, f, response }) => ({ layer, f, divergence: response.kl }));
  const tables = withFormats(base, tried);
  const across = crossEstimates(base, model, tried);
  const plain = createSensitivityModel({ ...tables, power: 1 }, model);
  const all = [
    ...designs.map((design) => ({ ...design, divergences: across(design) })),
    // Their factorizations are not among those tried.
    ...picked.map((design) => ({
      ...design,
      divergences: design.factorizations.map((f, layer) => plain.damage(layer, f).value),
    })),
  ];
  const choices = powers.map((power) => {
    const pairs = all.map(({ divergences, points }) => ({
      damage: sumOf(divergences.map((nats) => nats ** power)),
      points,
    }));
    return { power, pairs, order: orderAt(designs, pairs) };
  });
  const { power, pairs } = choices.reduce((a, b) => (b.order > a.order ? b : a));
  const whole = all.map(({ response, points }) => ({ damage: disagreement(response), points }));
  return {
    ...tables,
    power,
    // Full ranks lose nothing: no curve is needed there.
    estimated: roundedCurve(fitTier(pairs.filter(({ damage }) => damage > 0))),
    calibrated: roundedCurve(fitTier(whole)),
  };
}

/** Parts of the tried factorizations that estimate one another. */
const folds = 4;

/**
 * Estimated divergences of a design's layers, each by tables that were fitted without its factorization, as those of designs
 * that come later will be.
 */
function crossEstimates(
  base: CalibrationTable,
  model: TransformerModel,
  tried: readonly TriedLayer[],
): (design: KnownDesign) => readonly number[] {
  const foldOf = new Map(tried.map(({ layer, f }, k) => [keyOf(layer, f), k % folds]));
  const plain = { ...base, power: 1 };
  const tables = Array.from({ length: folds }, (_, fold) =>
    withFormats(
      plain,
      tried.filter(({ layer, f }) => foldOf.get(keyOf(layer, f)) !== fold),
    ),
  );
  const known = new Map<string, readonly AccuracyModel[]>();
  return ({ factorizations, quantization }) => {
    let models = known.get(quantization);
    if (models === undefined) {
      const q = quantizationByName(quantization);
      models = tables.map((table) => createSensitivityModel(table, model, q));
      known.set(quantization, models);
    }
    const each = models;
    return factorizations.map(
      (f, layer) => each[foldOf.get(keyOf(layer, f)) ?? 0]?.damage(layer, f).value ?? 0,
    );
  };
}

/** Spearman's rho at equal parameters. */
function orderAt(
  designs: readonly KnownDesign[],
  pairs: readonly { readonly damage: number; readonly points: number }[],
): number {
  let [sum, count] = [0, 0];
  for (const bin of bins) {
    const some = pairs.filter((_, k) => designs[k]?.bin === bin);
    sum +=
      some.length *
      spearman(
        some.map(({ damage }) => -damage),
        some.map(({ points }) => points),
      );
    count += some.length;
  }
  return count === 0 ? 0 : sum / count;
}

function roundedCurve(curve: TierCurve): TierCurve {
  const digits = (values: readonly number[]): readonly number[] => values.map((value) => round(value, 6));
  return {
    ...curve,
    x: digits(curve.x),
    y: digits(curve.y),
    spread: digits(curve.spread),
    width: round(curve.width, 4),
  };
}

/** The damage that tables say a design has. */
function estimate(
  table: CalibrationTable,
  model: TransformerModel,
  { factorizations, quantization }: KnownDesign,
): number {
  const estimated = createSensitivityModel(table, model, quantizationByName(quantization));
  return factorizations.reduce((sum, f, index) => sum + estimated.damage(index, f).value, 0);
}

/** What the tiers say of designs that they were not fitted to, beside what was measured. */
export function judge(table: CalibrationTable, { sizes, designs }: FreshDesigns): ValidatedModel {
  check(sizes.seed !== table.seed, 'seed', 'must differ from the one of the calibration', sizes.seed);
  const model = modelById(table.model);
  const axis = createSensitivityModel(table, model);
  const judged: { readonly T0: Judged[]; readonly T1: Judged[] } = { T0: [], T1: [] };
  const rows: (readonly [number, number, number, number])[] = [];
  for (const design of designs) {
    const damage = estimate(table, model, design);
    const figures = {
      T0: axis.figure({ value: damage, low: damage, high: damage }),
      T1: calibratedFigure(table, design.response),
    };
    for (const tier of ['T0', 'T1'] as const) {
      const { value, low, high } = figures[tier];
      judged[tier].push({ bin: design.bin, predicted: value, low, high, measured: design.points });
    }
    const { T0, T1 } = figures;
    rows.push([round(design.share, 3), round(T0.value, 3), round(T1.value, 3), round(design.points, 3)]);
  }
  const pairs = (['T0', 'T1'] as const).map((low) => ({
    low,
    high: 'T2' as const,
    ...agreementOf(judged[low]),
  }));
  return {
    model: table.model,
    seed: sizes.seed,
    n: designs.length,
    examples: sizes.examples,
    pairs,
    coverage90: Math.min(...pairs.map((pair) => pair.coverage90)),
    designs: rows,
  };
}
