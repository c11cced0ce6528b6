/**
 * Calibrates and validates the accuracy tiers of a shipped model: tables of each layer alone, random designs measured
 * with onnxruntime, curves and bands fitted to them. Everything random comes from one seed. The shells `calibrate.mjs`
 * and `validate.mjs` beside it read and write the files.
 */
import { agreementOf, type Judged, type ValidatedModel } from '../src/core/accuracy/agreement.ts';
import { fitQuantization } from '../src/core/accuracy/fit-quantization.ts';
import { spearman } from '../src/core/accuracy/rank-correlation.ts';
import { fitFormats, type TriedLayer } from '../src/core/accuracy/fit-sensitivity.ts';
import {
  bins,
  randomDesign,
  randomPool,
  type PoolMember,
  type RandomDesign,
} from '../src/core/accuracy/random-designs.ts';
import {
  calibratedFigure,
  createSensitivityModel,
  type CalibrationTable,
  type LayerTable,
  type QuantizationTable,
} from '../src/core/accuracy/sensitivity.ts';
import type { AccuracyModel } from '../src/core/accuracy/model.ts';
import { fitTier, type TierCurve } from '../src/core/accuracy/tier-curve.ts';
import { check, InputError } from '../src/core/base/checks.ts';
import { createRandom, type Random } from '../src/core/base/random.ts';
import { quantizationByName, quantizationName } from '../src/core/factor/check-quantization.ts';
import { factorizationKey } from '../src/core/cost/layer.ts';
import { balanceFactors } from '../src/core/factor/balance.ts';
import { momentsOf, truncateWeighted } from '../src/core/factor/decompose/covariance.ts';
import { decompose } from '../src/core/factor/decompose/decompose.ts';
import { reconstruct } from '../src/core/factor/decompose/reconstruct.ts';
import type { Factorization, Format } from '../src/core/factor/factorization.ts';
import { unquantized, type Quantization } from '../src/core/factor/quantization.ts';
import { quantizeWeights } from '../src/core/factor/quantize.ts';
import { denseFactorization } from '../src/core/factor/ranks.ts';
import { taskOf } from '../src/core/tasks/tasks.ts';
import { tensor, transpose, type Matrix, type Tensor } from '../src/core/tensor/dense.ts';
import { matmul, timesTransposed } from '../src/core/tensor/matmul.ts';
import { eigenSymmetric } from '../src/core/tensor/eigen.ts';
import { singularValues } from '../src/core/tensor/svd.ts';
import { modelById } from '../src/core/workload/cards.ts';
import type { TransformerModel } from '../src/core/workload/model.ts';
import { loadOrt } from '../src/engines/ort/ort.ts';
import { divergenceExamples, openProbe, type Probe } from '../src/engines/ort/probe.ts';

type Progress = (text: string) => void;

/** Storage that tables are made for; coarser groups serve those that are missing. */
const quantizationNames = [
  'int8-row',
  'int6-row',
  'int5-row',
  'int4-row',
  'int4-g128',
  'int4-g32',
  'int3-row',
  'int3-g32',
  'w8a8',
  'fp4-g32',
  'fp4-g16',
  'palette4',
  'palette3',
  'palette2',
];

/** Held-out examples that calibration measures on lie beyond those that validation and the page use. */
const calibrationFrom = 16_384;

export interface CalibrationSizes {
  readonly seed: number;
  /** Random designs measured. */
  readonly designs: number;
  /** Decompositions of each format tried per layer. */
  readonly perFormat: number;
  /** Examples per design. */
  readonly examples: number;
}

// A pool of decompositions with what the network says to each

interface Tried {
  readonly member: PoolMember;
  readonly factors: readonly Tensor[];
  readonly rebuilt: Matrix;
  readonly divergence: number;
}

type Pools = readonly (readonly Tried[])[];

async function tryPool(probe: Probe, random: Random, perFormat: number, progress: Progress): Promise<Pools> {
  const pools: Tried[][] = [];
  for (const [index, { linear, weight, covariance }] of probe.layers.entries()) {
    const tried: Tried[] = [];
    for (const member of randomPool(random, linear, perFormat)) {
      const { factors } = decompose(weight, member.f, { covariance, effort: 'quick' });
      const rebuilt = reconstruct(member.f, factors);
      tried.push({ member, factors, rebuilt, divergence: await probe.divergence(index, rebuilt) });
    }
    pools.push(tried);
    progress(`${linear.name}: ${tried.length} decompositions`);
  }
  return pools;
}

const quantized = (f: Factorization, factors: readonly Tensor[], q: Quantization): Matrix =>
  reconstruct(
    f,
    balanceFactors(f, factors).map(({ shape, values }) =>
      tensor(shape, quantizeWeights(values, shape, q).values),
    ),
  );

const quantizedDense = (w: Matrix, q: Quantization): Matrix => ({
  ...w,
  values: quantizeWeights(w.values, [w.rows, w.columns], q).values,
});

// Designs

interface Drawn {
  readonly bin: number;
  readonly design: RandomDesign;
  readonly quantization: Quantization;
}

/** A third of the designs is quantized. */
function draw(probe: Probe, pools: Pools, random: Random, bin: number): Drawn {
  const block = blockLayers(probe);
  const design = randomDesign(
    random,
    block.map((index) => {
      const { linear } = probe.layers[index]!;
      return {
        out: linear.out,
        in: linear.in,
        group: linear.group,
        pool: pools[index]!.map((t) => t.member),
      };
    }),
    bin,
  );
  const name = quantizationNames[random.below(3 * quantizationNames.length)];
  return { bin, design, quantization: name === undefined ? unquantized : quantizationByName(name) };
}

/** Positions of the layers that designs factorize. */
const blockLayers = (probe: Probe): readonly number[] =>
  probe.layers.flatMap(({ linear }, index) => (linear.factorize ? [index] : []));

/** A random design and what became of it: plain data. */
export interface KnownDesign {
  readonly bin: number;
  /** Of the dense parameters. */
  readonly share: number;
  readonly quantization: string;
  readonly factorizations: readonly Factorization[];
  /** By layer of the model, each replaced alone. */
  readonly divergences: readonly number[];
  /** Points of accuracy against the dense model. */
  readonly points: number;
}

async function measureDesign(
  probe: Probe,
  pools: Pools,
  { bin, design, quantization: q }: Drawn,
  from: number,
  examples: number,
): Promise<KnownDesign> {
  const block = blockLayers(probe);
  const weights = new Map<number, Matrix>();
  const factorizations: Factorization[] = [];
  const divergences: number[] = [];
  for (const [index, { linear, weight }] of probe.layers.entries()) {
    const choice = design.choice[block.indexOf(index)] ?? -1;
    const tried = pools[index]![choice];
    factorizations.push(tried?.member.f ?? denseFactorization(linear.out, linear.in));
    if (q.kind === 'none') {
      if (tried !== undefined) weights.set(index, tried.rebuilt);
      divergences.push(tried?.divergence ?? 0);
    } else {
      const w = tried === undefined ? quantizedDense(weight, q) : quantized(tried.member.f, tried.factors, q);
      weights.set(index, w);
      divergences.push(await probe.divergence(index, w));
    }
  }
  const { paired } = await probe.measure(weights, from, examples);
  return {
    bin,
    share: design.share,
    quantization: quantizationName(q),
    factorizations,
    divergences,
    points: 100 * paired.difference,
  };
}

// Tables

const fewRanks = [
  1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 18, 20, 22, 24, 28, 32, 36, 40, 44, 48, 56, 64, 72, 80, 88,
];

async function svdTable(probe: Probe, index: number): Promise<LayerTable> {
  const { linear, weight, covariance } = probe.layers[index]!;
  const { name, out, in: width } = linear;
  const full = Math.min(out, width);
  const ranks = fewRanks.filter((rank) => rank < full);
  const moments = momentsOf(covariance, width);
  if (moments === null) throw new InputError('calibration', 'needs activations that are not all zero', name);
  // One decomposition serves all ranks: those of lower rank are its leading part.
  const { left, right } = truncateWeighted(weight, full, moments);
  const columns = transpose(left);
  const divergence: number[] = [];
  for (const rank of ranks) {
    const head = (m: Matrix): Matrix => ({
      ...m,
      rows: rank,
      values: m.values.subarray(0, rank * m.columns),
    });
    const nats = await probe.divergence(index, matmul(transpose(head(columns)), head(right)));
    // More ranks never harm: what rises is noise of few examples.
    divergence.push(Math.min(nats, divergence.at(-1) ?? nats));
  }
  const spectrum = outputSpectrum(weight, covariance);
  return {
    name,
    out,
    in: width,
    spectrum: spectrum.map((share) => round(share, 4)),
    ranks,
    divergence: divergence.map((nats) => round(nats, 4)),
    shifts: {},
  };
}

/** Squared singular values of W C^(1/2) as shares; C by its eigenvectors, since it may be singular. */
function outputSpectrum(w: Matrix, c: Matrix): readonly number[] {
  const { values, vectors } = eigenSymmetric(c);
  const along = timesTransposed(w, vectors);
  const scaled = along.values.map((value, k) => value * Math.sqrt(Math.max(0, values[k % c.rows]!)));
  const energy = [...singularValues({ ...along, values: scaled })].map((value) => value * value);
  const whole = energy.reduce((sum, each) => sum + each, 0);
  return energy.map((each) => each / whole);
}

/** Dense layers alone; what factors add is fitted to the designs. */
async function quantizationTables(probe: Probe): Promise<Readonly<Record<string, QuantizationTable>>> {
  const tables: Record<string, QuantizationTable> = {};
  for (const name of quantizationNames) {
    const q = quantizationByName(name);
    const dense: number[] = [];
    for (const [index, { weight }] of probe.layers.entries())
      dense.push(round(await probe.divergence(index, quantizedDense(weight, q)), 3));
    tables[name] = { dense, factors: {} };
  }
  return tables;
}

/** The tables with what quantized factors lost in the designs, each layer beside its unquantized self. */
function withQuantization({ base, tried, designs }: CalibrationData): CalibrationTable {
  const exact = new Map(tried.map(({ layer, f, divergence }) => [keyOf(layer, f), divergence]));
  const layers = designs.flatMap(({ quantization, factorizations, divergences }) =>
    factorizations.flatMap((f, layer) => {
      const known = exact.get(keyOf(layer, f));
      const dense = base.quantizations[quantization]?.dense[layer];
      return known === undefined || dense === undefined
        ? []
        : [{ format: f.format, quantization, exact: known, quantized: divergences[layer] ?? 0, dense }];
    }),
  );
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

const triedOf = (pools: Pools): readonly TriedLayer[] =>
  pools.flatMap((pool, layer) => pool.map(({ member, divergence }) => ({ layer, f: member.f, divergence })));

/** The damage that tables say a design has. */
function estimate(
  table: CalibrationTable,
  model: TransformerModel,
  { factorizations, quantization }: KnownDesign,
): number {
  const estimated = createSensitivityModel(table, model, quantizationByName(quantization));
  return factorizations.reduce((sum, f, index) => sum + estimated.damage(index, f).value, 0);
}

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

/** To so many significant digits. */
const round = (value: number, digits: number): number => Number(value.toPrecision(digits));

function open(id: string, bytes: Uint8Array): Promise<Probe> {
  const task = taskOf(id);
  if (task === null) throw new InputError('model', 'must be one with a task: glyph-vit or lexical-qa', id);
  return loadOrt().then((ort) => openProbe(ort, bytes, modelById(id).linears, task));
}

// Calibration

/** All that was measured for a calibration: plain data, from which the file is fitted in a moment. */
export interface CalibrationData {
  /** Tables without what is said of formats, and curves that hold nothing. */
  readonly base: CalibrationTable;
  readonly tried: readonly TriedLayer[];
  readonly designs: readonly KnownDesign[];
}

export async function measureCalibration(
  id: string,
  bytes: Uint8Array,
  { seed, designs, perFormat, examples }: CalibrationSizes,
  progress: Progress,
): Promise<CalibrationData> {
  const probe = await open(id, bytes);
  const random = createRandom(seed);
  const layers: LayerTable[] = [];
  for (const index of probe.layers.keys()) layers.push(await svdTable(probe, index));
  progress('svd tables');
  const pools = await tryPool(probe, random, perFormat, progress);
  const { dense } = await probe.measure(new Map(), calibrationFrom, examples);
  const nothing = { x: [0], y: [-1], spread: [1], width: 1, fitted: 0, held: 0 };
  const base: CalibrationTable = {
    version: 1,
    model: id,
    seed,
    dense: { score: probe.task.score, accuracy: dense.value, examples },
    power: 1,
    divergenceExamples,
    measured: { from: calibrationFrom, examples },
    layers,
    formats: {},
    quantizations: await quantizationTables(probe),
    estimated: nothing,
    calibrated: nothing,
    source: `scripts/calibrate.mjs ${id} --seed ${seed} --designs ${designs} --per-format ${perFormat} --examples ${examples}`,
  };
  const known: KnownDesign[] = [];
  for (let k = 0; k < designs; k++) {
    const bin = k % 3 === 2 ? 0.12 * (0.85 / 0.12) ** random.next() : bins[random.below(bins.length)]!;
    known.push(await measureDesign(probe, pools, draw(probe, pools, random, bin), calibrationFrom, examples));
    if (k % 20 === 19) progress(`${k + 1} of ${designs} designs`);
  }
  await probe.release();
  return { base, tried: triedOf(pools), designs: known };
}

/** Powers tried; the one that orders designs of equal parameters best is taken. */
const powers = [0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.85, 1];

export function fitCalibration(data: CalibrationData): CalibrationTable {
  const { tried, designs } = data;
  const base = withQuantization(data);
  const model = modelById(base.model);
  const divergences = crossEstimates(base, model, tried);
  const choices = powers.map((power) => {
    const pairs = (of: (design: KnownDesign) => readonly number[]) =>
      designs.map((design) => ({
        damage: sumOf(of(design).map((nats) => nats ** power)),
        points: design.points,
      }));
    const [estimated, calibrated] = [pairs(divergences), pairs((design) => design.divergences)];
    return {
      power,
      estimated,
      calibrated,
      order: orderAt(designs, estimated) + orderAt(designs, calibrated),
    };
  });
  const { power, estimated, calibrated } = choices.reduce((a, b) => (b.order > a.order ? b : a));
  return {
    ...withFormats(base, tried),
    power,
    estimated: roundedCurve(fitTier(estimated)),
    calibrated: roundedCurve(fitTier(calibrated)),
  };
}

/** Parts of the tried factorizations that estimate one another. */
const folds = 4;

/**
 * Estimated divergences of a design's layers, each by tables that were fitted without its factorization, as those of
 * designs that come later will be.
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
    const some = pairs.filter((_, k) => designs[k]!.bin === bin);
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

// Validation

/** Fresh designs of a model, measured: plain data. */
export interface FreshDesigns {
  readonly model: string;
  readonly seed: number;
  readonly examples: number;
  readonly designs: readonly KnownDesign[];
}

export async function measureFresh(
  id: string,
  bytes: Uint8Array,
  { seed, designs, perFormat, examples }: CalibrationSizes,
  progress: Progress,
): Promise<FreshDesigns> {
  const probe = await open(id, bytes);
  const random = createRandom(seed);
  const pools = await tryPool(probe, random, perFormat, progress);
  const known: KnownDesign[] = [];
  for (let k = 0; k < designs; k++) {
    const drawn = draw(probe, pools, random, bins[k % bins.length]!);
    known.push(await measureDesign(probe, pools, drawn, 0, examples));
    if (k % 20 === 19) progress(`${k + 1} of ${designs} designs`);
  }
  await probe.release();
  return { model: id, seed, examples, designs: known };
}

/** What the tiers say of designs that they were not fitted to, beside what was measured. */
export function judge(table: CalibrationTable, { seed, examples, designs }: FreshDesigns): ValidatedModel {
  check(seed !== table.seed, 'seed', 'must differ from the one of the calibration', seed);
  const model = modelById(table.model);
  const judged: { readonly T0: Judged[]; readonly T1: Judged[] } = { T0: [], T1: [] };
  const rows: (readonly [number, number, number, number])[] = [];
  for (const design of designs) {
    const damage = estimate(table, model, design);
    const figures = {
      T0: createSensitivityModel(table, model).figure({ value: damage, low: damage, high: damage }),
      T1: calibratedFigure(table, design.divergences),
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
    seed,
    n: designs.length,
    examples,
    pairs,
    coverage90: Math.min(...pairs.map((pair) => pair.coverage90)),
    designs: rows,
  };
}
