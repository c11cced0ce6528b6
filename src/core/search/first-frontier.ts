/**
 * The frontier that is on screen before anything was computed: a sweep of the opening model and machine, made by
 * `scripts/first-frontier.mjs` and shipped as JSON. Designs share a palette of factorizations and are written as runs
 * of equal picks over the layers ordered by shape; the cloud is a sample, its logarithms at 12 bits.
 */
import type { Metric } from '../accuracy/figure.ts';
import type { Measurement } from '../accuracy/tally.ts';
import { createSensitivityModel, type CalibrationTable } from '../accuracy/sensitivity.ts';
import { check } from '../base/checks.ts';
import { costModel } from '../cost/version.ts';
import type { Factorization, Format } from '../factor/factorization.ts';
import { presets } from '../hardware/presets.ts';
import { modelById } from '../workload/cards.ts';
import type { TransformerModel, Workload } from '../workload/model.ts';
import { createEvaluator, type Evaluator } from './evaluate.ts';
import type { Candidate } from './evaluation.ts';
import type { FrontierPoint } from './pareto.ts';
import { thin } from './recorder.ts';
import { defaultBudget, type Counts, type SearchResult } from './setting.ts';
import { evenly } from './space.ts';
import { sweep } from './sweep.ts';

const mostPoints = 160;
const mostCloud = 4000;

/** What was searched: the config that a new page opens with. */
export const firstSearch = {
  model: 'glyph-vit',
  accelerator: 'ws8t',
  accounting: 'timeloop',
  workload: { tokens: 144, batch: 9, sequence: 16 } satisfies Workload,
  seed: 1,
  budget: defaultBudget,
} as const;

type Search = Omit<typeof firstSearch, 'budget' | 'seed'> & {
  readonly budget: number;
  readonly seed: number;
};

/** The file. */
export interface FirstFrontier {
  readonly about: string;
  readonly costModel: number;
  readonly search: Search;
  readonly evaluations: number;
  readonly counts: Counts;
  readonly hypervolume: number;
  /** Of the values. */
  readonly metric: Metric;
  readonly denseEdpPjCycles: number;
  readonly bytesPerParameter: number;
  /** [format, out modes, in modes, ranks] */
  readonly factorizations: readonly (readonly [
    Format,
    readonly number[],
    readonly number[],
    readonly number[],
  ])[];
  /** [energyPj, latencyCycles, value, low, high, parameters, macs, runs: count, factorization, count, ...] */
  readonly points: readonly (readonly [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    readonly number[],
  ])[];
  /** What running some of them on held-out examples gave: place in `points`, or -1 for the opening design. */
  readonly measured: readonly (readonly [point: number, Measurement])[];
  /** Ranges of ln energy, ln latency, value; then two characters of base64's alphabet a figure. */
  readonly cloud: {
    readonly low: readonly [number, number, number];
    readonly high: readonly [number, number, number];
    readonly text: string;
  };
}

/** What the page wants of it. */
export interface FirstResult extends SearchResult {
  /** [energyPj, latencyCycles, value] triples. */
  readonly cloud: Float32Array;
}

/** @param table of the model, where it is calibrated; without it the axis is the share of weight energy */
export function firstEvaluator(table: CalibrationTable | null): Evaluator {
  const { model, workload, accelerator, accounting } = firstSearch;
  const machine = presets[accelerator];
  check(machine !== undefined, 'accelerator', 'must be a preset', accelerator);
  const transformer = modelById(model);
  return createEvaluator({
    model: transformer,
    workload,
    accelerator: machine,
    accounting,
    gear: 'exact', // as the page does: an adopted point keeps its figures
    weights: () => ({ kind: 'synthetic' }),
    ...(table !== null && { accuracy: createSensitivityModel(table, transformer) }),
  });
}

/** Runs the search and writes it down. */
export function computeFirstFrontier(evaluator: Evaluator): FirstFrontier {
  const { linears } = evaluator.model;
  const run = sweep({
    evaluator,
    design: linears.map((_, index) => evaluator.denseFactorization(index)),
    locked: linears.map(() => false),
    seed: firstSearch.seed,
    budget: firstSearch.budget,
  });
  const triples: (readonly [number, number, number])[] = [];
  for (;;) {
    const next = run.next();
    if (next.done === true) return encode(evaluator, next.value, triples);
    const { cloud } = next.value;
    for (let i = 0; i + 2 < cloud.length; i += 3)
      triples.push([cloud[i] ?? 0, cloud[i + 1] ?? 0, cloud[i + 2] ?? 0]);
  }
}

function encode(
  evaluator: Evaluator,
  result: SearchResult,
  triples: readonly (readonly [number, number, number])[],
): FirstFrontier {
  const order = layerOrder(evaluator.model);
  const palette = new Map<string, number>();
  const factorizations: FirstFrontier['factorizations'][number][] = [];
  const indexOf = (f: Factorization): number => {
    const written = [f.format, f.outModes, f.inModes, f.ranks] as const;
    const key = JSON.stringify(written);
    let index = palette.get(key);
    if (index === undefined) palette.set(key, (index = factorizations.push(written) - 1));
    return index;
  };
  const points = thin(
    result.frontier.map((point) => ({ edp: point.edpPjCycles, value: point.value, point })),
    mostPoints,
  ).map(({ point: p }): FirstFrontier['points'][number] => {
    const runs: number[] = [];
    for (const layer of order) {
      const f = p.design[layer];
      if (f === undefined) continue;
      const index = indexOf(f);
      if (runs.at(-1) === index) runs[runs.length - 2] = (runs.at(-2) ?? 0) + 1;
      else runs.push(1, index);
    }
    return [p.energyPj, p.latencyCycles, p.value, p.low, p.high, p.parameters, p.macs, runs];
  });
  return {
    about: 'Made by scripts/first-frontier.mjs; src/core/search/first-frontier.ts reads it.',
    costModel,
    search: firstSearch,
    evaluations: result.evaluations,
    counts: result.counts,
    hypervolume: result.hypervolume,
    metric: evaluator.accuracy.metric,
    denseEdpPjCycles: evaluator.dense.edpPjCycles,
    bytesPerParameter: evaluator.accelerator.wordBits / 8,
    factorizations,
    points,
    measured: [],
    cloud: packCloud(evenly(triples, mostCloud)),
  };
}

/** The file as a search result for the page; figures and designs are exact, the cloud is within 1/4096 of its range. */
export function readFirstFrontier(file: FirstFrontier): FirstResult {
  const model = modelById(file.search.model);
  const order = layerOrder(model);
  const palette = file.factorizations.map(([format, outModes, inModes, ranks]): Factorization => ({
    format,
    outModes,
    inModes,
    ranks,
  }));
  const frontier = file.points.map(
    ([energyPj, latencyCycles, value, low, high, parameters, macs, runs]): FrontierPoint => {
      const edpPjCycles = energyPj * latencyCycles;
      return {
        energyPj,
        latencyCycles,
        edpPjCycles,
        edpReduction: file.denseEdpPjCycles / edpPjCycles,
        value,
        low,
        high,
        parameters,
        macs,
        bytes: parameters * file.bytesPerParameter,
        design: spread(runs, order, palette),
      };
    },
  );
  const { evaluations, counts, hypervolume } = file;
  return { frontier, evaluations, counts, hypervolume, cloud: unpackCloud(file.cloud) };
}

function spread(
  runs: readonly number[],
  order: readonly number[],
  palette: readonly Factorization[],
): Candidate {
  const design: Factorization[] = [];
  let place = 0;
  for (let run = 0; run < runs.length; run += 2) {
    const f = palette[runs[run + 1] ?? -1];
    for (let i = 0; i < (runs[run] ?? 0); i++) {
      const layer = order[place++];
      check(
        f !== undefined && layer !== undefined,
        'first frontier',
        'must name known factorizations and layers',
      );
      design[layer] = f;
    }
  }
  check(
    place === order.length,
    'first frontier',
    `must have one factorization per layer (${order.length})`,
    place,
  );
  return design;
}

/** Layers by shape, so that equal picks stand together. */
function layerOrder({ linears }: TransformerModel): readonly number[] {
  const at = (index: number): readonly [number, number] => [
    linears[index]?.out ?? 0,
    linears[index]?.in ?? 0,
  ];
  return linears.map((_, index) => index).sort((i, j) => at(i)[0] - at(j)[0] || at(i)[1] - at(j)[1] || i - j);
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const finest = 4095;

function packCloud(triples: readonly (readonly [number, number, number])[]): FirstFrontier['cloud'] {
  const scaled = triples.map(
    ([energy, latency, value]) => [Math.log(energy), Math.log(latency), value] as const,
  );
  const ends = (pick: (a: number, b: number) => number, start: number): [number, number, number] =>
    scaled.reduce<[number, number, number]>(
      (end, triple) => [pick(end[0], triple[0]), pick(end[1], triple[1]), pick(end[2], triple[2])],
      [start, start, start],
    );
  const low = ends(Math.min, Number.POSITIVE_INFINITY);
  const high = ends(Math.max, Number.NEGATIVE_INFINITY);
  let text = '';
  for (const triple of scaled)
    for (const [axis, figure] of triple.entries()) {
      const bottom = low[axis] ?? 0;
      const level = Math.round((finest * (figure - bottom)) / ((high[axis] ?? 0) - bottom || 1));
      text += `${alphabet[level >> 6]}${alphabet[level & 63]}`;
    }
  return { low, high, text };
}

function unpackCloud({ low, high, text }: FirstFrontier['cloud']): Float32Array {
  const cloud = new Float32Array(text.length / 2);
  for (let i = 0; i < cloud.length; i++) {
    const axis = i % 3;
    const level = alphabet.indexOf(text[2 * i] ?? 'A') * 64 + alphabet.indexOf(text[2 * i + 1] ?? 'A');
    const figure = (low[axis] ?? 0) + (level / finest) * ((high[axis] ?? 0) - (low[axis] ?? 0));
    cloud[i] = axis < 2 ? Math.exp(figure) : figure;
  }
  return cloud;
}
