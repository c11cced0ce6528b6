/** Measures layers alone and random designs of a shipped model with onnxruntime. Everything random comes from one seed. */
import {
  bins,
  randomDesign,
  randomPool,
  type PoolMember,
  type RandomDesign,
} from '../../src/core/accuracy/random-designs.ts';
import { createRebuilder } from '../../src/core/accuracy/rebuild.ts';
import type { Response } from '../../src/core/accuracy/response.ts';
import { InputError } from '../../src/core/base/checks.ts';
import { createRandom, type Random } from '../../src/core/base/random.ts';
import { balanceFactors } from '../../src/core/factor/balance.ts';
import { quantizationByName, quantizationName } from '../../src/core/factor/check-quantization.ts';
import { momentsOf, truncateWeighted } from '../../src/core/factor/decompose/covariance.ts';
import { decompose } from '../../src/core/factor/decompose/decompose.ts';
import { reconstruct } from '../../src/core/factor/decompose/reconstruct.ts';
import type { Factorization } from '../../src/core/factor/factorization.ts';
import { parameterCount } from '../../src/core/factor/parameters.ts';
import { unquantized, type Quantization } from '../../src/core/factor/quantization.ts';
import { quantizeWeights } from '../../src/core/factor/quantize.ts';
import { denseFactorization } from '../../src/core/factor/ranks.ts';
import { taskOf } from '../../src/core/tasks/tasks.ts';
import { tensor, transpose, type Matrix, type Tensor } from '../../src/core/tensor/dense.ts';
import { eigenSymmetric } from '../../src/core/tensor/eigen.ts';
import { matmul, timesTransposed } from '../../src/core/tensor/matmul.ts';
import { singularValues } from '../../src/core/tensor/svd.ts';
import { modelById } from '../../src/core/workload/cards.ts';
import { loadOrt } from '../../src/engines/ort/ort.ts';
import { openProbe, type Probe } from '../../src/engines/ort/probe.ts';
import {
  quantizationNames,
  type CalibrationData,
  type FreshDesigns,
  type KnownDesign,
  type RankedLayer,
  type Sizes,
} from './data.ts';
import { fitCalibration } from './fit.ts';
import { pickedDesigns } from './picked.ts';

type Progress = (text: string) => void;

/** Held-out examples that calibration measures on lie beyond those that validation and the page use. */
const calibrationFrom = 16_384;

// A pool of decompositions per layer

interface Member {
  readonly member: PoolMember;
  readonly factors: readonly Tensor[];
  readonly rebuilt: Matrix;
}

type Pools = readonly (readonly Member[])[];

function makePools(probe: Probe, random: Random, perFormat: number, progress: Progress): Pools {
  return probe.layers.map(({ linear, weight, covariance }) => {
    const pool = randomPool(random, linear, perFormat).map((member): Member => {
      const { factors } = decompose(weight, member.f, { covariance, effort: 'quick' });
      return { member, factors, rebuilt: reconstruct(member.f, factors) };
    });
    progress(`${linear.name}: ${pool.length} decompositions`);
    return pool;
  });
}

const quantized = ({ member, factors }: Member, q: Quantization): Matrix =>
  reconstruct(
    member.f,
    balanceFactors(member.f, factors).map(({ shape, values }) =>
      tensor(shape, quantizeWeights(values, shape, q).values),
    ),
  );

const quantizedDense = (w: Matrix, q: Quantization): Matrix => ({
  ...w,
  values: quantizeWeights(w.values, [w.rows, w.columns], q).values,
});

const alone = (probe: Probe, index: number, w: Matrix): Promise<Response> =>
  probe.response(new Map([[index, w]]));

// Designs

interface Drawn {
  readonly bin: number;
  readonly design: RandomDesign;
  readonly quantization: Quantization;
}

/** A third of the designs is quantized. */
function draw(probe: Probe, pools: Pools, random: Random, bin: number): Drawn {
  const design = randomDesign(
    random,
    blockLayers(probe).map((index) => {
      const { linear } = probe.layers[index]!;
      const { out, in: width, group } = linear;
      return { out, in: width, group, pool: pools[index]!.map(({ member }) => member) };
    }),
    bin,
  );
  const name = quantizationNames[random.below(3 * quantizationNames.length)];
  return { bin, design, quantization: name === undefined ? unquantized : quantizationByName(name) };
}

/** Positions of the layers that designs factorize. */
const blockLayers = (probe: Probe): readonly number[] =>
  probe.layers.flatMap(({ linear }, index) => (linear.factorize ? [index] : []));

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
  for (const [index, { linear, weight }] of probe.layers.entries()) {
    const member = pools[index]![design.choice[block.indexOf(index)] ?? -1];
    factorizations.push(member?.member.f ?? denseFactorization(linear.out, linear.in));
    if (q.kind !== 'none')
      weights.set(index, member === undefined ? quantizedDense(weight, q) : quantized(member, q));
    else if (member !== undefined) weights.set(index, member.rebuilt);
  }
  return {
    bin,
    share: design.share,
    quantization: quantizationName(q),
    factorizations,
    ...(await outcome(probe, weights, from, examples)),
  };
}

async function outcome(
  probe: Probe,
  weights: ReadonlyMap<number, Matrix>,
  from: number,
  examples: number,
): Promise<Pick<KnownDesign, 'response' | 'points'>> {
  const response = await probe.response(weights);
  const { paired } = await probe.measure(weights, from, examples);
  return { response, points: 100 * paired.difference };
}

/** As many designs that searches pick as there are random ones for each of them. */
const randomForOnePicked = 2;

/** @param known what random designs gave */
async function measurePicked(
  probe: Probe,
  known: CalibrationData,
  progress: Progress,
): Promise<readonly KnownDesign[]> {
  const { seed, designs, examples } = known.sizes;
  const { rebuilt } = createRebuilder();
  const dense = probe.layers.reduce((sum, { linear }) => sum + linear.out * linear.in, 0);
  const found: KnownDesign[] = [];
  for (const factorizations of pickedDesigns(
    fitCalibration(known),
    seed,
    Math.round(designs / randomForOnePicked),
  )) {
    const weights = new Map<number, Matrix>();
    for (const [index, { linear, weight, covariance }] of probe.layers.entries()) {
      const f = factorizations[index]!;
      if (f.format !== 'dense') weights.set(index, rebuilt(linear.name, weight, f, { covariance }));
    }
    const share = factorizations.reduce((sum, f) => sum + parameterCount(f), 0) / dense;
    const { response, points } = await outcome(probe, weights, calibrationFrom, examples);
    found.push({ bin: 0, share, quantization: 'none', factorizations, response, points });
  }
  progress(`${found.length} designs picked by searches`);
  return found;
}

// Layers alone

const fewRanks = [
  1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 18, 20, 22, 24, 28, 32, 36, 40, 44, 48, 56, 64, 72, 80, 88,
];

async function rankedLayer(probe: Probe, index: number): Promise<RankedLayer> {
  const { linear, weight, covariance } = probe.layers[index]!;
  const { name, out, in: width } = linear;
  const full = Math.min(out, width);
  const ranks = fewRanks.filter((rank) => rank < full);
  const moments = momentsOf(covariance, width);
  if (moments === null) throw new InputError('calibration', 'needs activations that are not all zero', name);
  // One decomposition serves all ranks: those of lower rank are its leading part.
  const { left, right } = truncateWeighted(weight, full, moments);
  const columns = transpose(left);
  const responses: Response[] = [];
  for (const rank of ranks) {
    const head = (m: Matrix): Matrix => ({
      ...m,
      rows: rank,
      values: m.values.subarray(0, rank * m.columns),
    });
    responses.push(await alone(probe, index, matmul(transpose(head(columns)), head(right))));
  }
  return { name, out, in: width, spectrum: outputSpectrum(weight, covariance), ranks, responses };
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

/** Dense layers alone. */
async function quantizedLayers(probe: Probe): Promise<CalibrationData['quantizations']> {
  const found: Record<string, readonly Response[]> = {};
  for (const name of quantizationNames) {
    const q = quantizationByName(name);
    const responses: Response[] = [];
    for (const [index, { weight }] of probe.layers.entries())
      responses.push(await alone(probe, index, quantizedDense(weight, q)));
    found[name] = responses;
  }
  return found;
}

/** Decompositions stored in each way of quantization, drawn from all layers and formats alike. */
const storedEach = 32;

async function quantizedFactors(
  probe: Probe,
  pools: Pools,
  random: Random,
): Promise<CalibrationData['stored']> {
  const stored: CalibrationData['stored'][number][] = [];
  for (const quantization of quantizationNames)
    for (let k = 0; k < storedEach; k++) {
      const layer = random.below(pools.length);
      const pool = pools[layer]!;
      const picked = pool[random.below(pool.length)];
      if (picked === undefined) continue;
      const w = quantized(picked, quantizationByName(quantization));
      stored.push({ layer, f: picked.member.f, quantization, response: await alone(probe, layer, w) });
    }
  return stored;
}

function open(id: string, bytes: Uint8Array): Promise<Probe> {
  const task = taskOf(id);
  if (task === null) throw new InputError('model', 'must be one with a task: glyph-vit or lexical-qa', id);
  return loadOrt().then((ort) => openProbe(ort, bytes, modelById(id).linears, task));
}

export async function measureCalibration(
  id: string,
  bytes: Uint8Array,
  sizes: Sizes,
  progress: Progress,
): Promise<CalibrationData> {
  const probe = await open(id, bytes);
  const random = createRandom(sizes.seed);
  const { dense } = await probe.measure(new Map(), calibrationFrom, sizes.examples);
  const layers: RankedLayer[] = [];
  for (const index of probe.layers.keys()) layers.push(await rankedLayer(probe, index));
  const quantizations = await quantizedLayers(probe);
  progress('layers alone');
  const pools = makePools(probe, random, sizes.perFormat, progress);
  const tried: CalibrationData['tried'][number][] = [];
  for (const [layer, pool] of pools.entries())
    for (const { member, rebuilt } of pool)
      tried.push({ layer, f: member.f, response: await alone(probe, layer, rebuilt) });
  const stored = await quantizedFactors(probe, pools, random);
  progress('decompositions alone');
  const designs: KnownDesign[] = [];
  for (let k = 0; k < sizes.designs; k++) {
    const bin = k % 3 === 2 ? 0.15 * (0.85 / 0.15) ** random.next() : bins[random.below(bins.length)]!;
    const drawn = draw(probe, pools, random, bin);
    designs.push(await measureDesign(probe, pools, drawn, calibrationFrom, sizes.examples));
    if (k % 20 === 19) progress(`${k + 1} of ${sizes.designs} designs`);
  }
  const known: CalibrationData = {
    model: id,
    sizes,
    from: calibrationFrom,
    dense: { score: probe.task.score, accuracy: dense.value },
    layers,
    quantizations,
    tried,
    stored,
    designs,
    picked: [],
  };
  const picked = await measurePicked(probe, known, progress);
  await probe.release();
  return { ...known, picked };
}

export async function measureFresh(
  id: string,
  bytes: Uint8Array,
  sizes: Sizes,
  progress: Progress,
): Promise<FreshDesigns> {
  const probe = await open(id, bytes);
  const random = createRandom(sizes.seed);
  const pools = makePools(probe, random, sizes.perFormat, progress);
  const designs: KnownDesign[] = [];
  for (let k = 0; k < sizes.designs; k++) {
    const drawn = draw(probe, pools, random, bins[k % bins.length]!);
    designs.push(await measureDesign(probe, pools, drawn, 0, sizes.examples));
    if (k % 20 === 19) progress(`${k + 1} of ${sizes.designs} designs`);
  }
  await probe.release();
  return { model: id, sizes, designs };
}
