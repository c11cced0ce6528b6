/** `search`: the frontier of EDP against what is kept, for a whole model. */
import { check } from '../../core/base/checks.ts';
import { referenceExecution } from '../../core/cost/execution.ts';
import { unquantized } from '../../core/factor/quantization.ts';
import { createSensitivityModel } from '../../core/accuracy/sensitivity.ts';
import type { Metric } from '../../core/accuracy/figure.ts';
import { denseFactorization } from '../../core/factor/ranks.ts';
import type { EvaluatorSetting } from '../../core/search/evaluate.ts';
import { bestWithin, type FrontierPoint } from '../../core/search/pareto.ts';
import { defaultBudget, type Counts, type Search, type SearchResult } from '../../core/search/setting.ts';
import { createSearch } from '../../core/search/sharing.ts';
import type { UniformGap } from '../../core/search/uniform-gap.ts';
import { resolveWorkload } from '../../core/workload/workload.ts';
import { strategies as strategyNames, type Config } from '../../state/config.ts';
import { openingView } from '../../state/defaults.ts';
import { defineCommand, type Surroundings } from '../command.ts';
import { chooseModel } from '../models.ts';
import { choice, common, finite, otherwise, required, text, whole } from '../options.ts';
import { executionOf, settingOptions } from '../settings.ts';
import { shippedCalibration } from '../shipped.ts';
import { describeLayer, pointOf, type Point } from '../point.ts';
import { facts, figure, table } from '../table.ts';

interface Result {
  readonly dense: { readonly energyPj: number; readonly latencyCycles: number; readonly parameters: number };
  /** Ascending in EDP. */
  readonly frontier: readonly Point[];
  /** With --within: the frontier's lowest EDP whose value is at least that. */
  readonly best?: Point;
  /**
   * With --strategy sweep, one svd rank everywhere against this frontier: times the EDP at equal value, on average and at
   * most; nearOptimal: choosing per layer brings less than 5 %.
   */
  readonly uniform?: Omit<UniformGap, 'levels'>;
  readonly candidates: Counts;
  readonly evaluations: number;
  readonly seconds: number;
}

const mostBudget = 100_000_000;

export const searchCommand = defineCommand({
  name: 'search',
  summary: 'designs of a whole model that no other beats',
  usage:
    'search --model M [--strategy S] [--budget EVALUATIONS] [--within VALUE] [--fusion] [--residency] [--whole-model]\n' +
    '       [--swap] [--dataflow flexible|fixed] [--dram-words N] [--hop PJ] [--leakage PJ] [--double-buffered]\n' +
    '       [--ragged] [--quantization NAME]',
  notes: [
    'Result: {dense, frontier: [POINT, ...], best?, uniform?, candidates: {format: count}, evaluations, seconds}; a POINT has',
    '{edpReduction, energyPj, latencyCycles, parameters, macs, bytes, accuracy: {metric, tier, value, low, high}, link,',
    'layers}. value is higher-is-better: percent of the squared weights kept where there are no data; for the shipped',
    'models points of accuracy against dense, estimated, so that --within 1.1 asks for a loss of 1.1 points at most.',
    'uniform: times the EDP of one svd rank everywhere at equal value (mean, most), and whether it is near-optimal.',
    'Settings hold for dense and factorized alike (default: each operation by itself, as references count); with a',
    "quantization every design stores its weights so, and dense stays at the machine's own words.",
    'A file gives its shapes; its weights are not read here. Same seed and same budget give the same frontier on any',
    'machine.',
  ],
  options: {
    model: required(text('M', 'id of a shape card, or a safetensors file, index or folder')),
    strategy: otherwise(choice(strategyNames, 'how designs are found'), 'sweep'),
    budget: otherwise(whole('evaluations', 1, 'EVALUATIONS'), defaultBudget),
    within: finite(
      'least acceptable value, or the loss where the axis is one; best is the lowest EDP that has it',
    ),
    tokens: common.tokens,
    batch: common.batch,
    sequence: common.sequence,
    accelerator: common.accelerator,
    accounting: common.accounting,
    objective: common.objective,
    ...settingOptions,
    seed: common.seed,
    progress: common.progress,
  },
  run: async (options, surroundings): Promise<Result> => {
    const { accelerator, accounting, objective, strategy, budget, within, seed } = options;
    const { quantization = unquantized } = options;
    const execution = executionOf(options, referenceExecution);
    check(budget <= mostBudget, 'search', `--budget must be at most ${mostBudget}`, budget);
    const start = surroundings.now();
    const { model, choice: modelChoice } = await chooseModel(surroundings.folder, options.model, 'search');
    const workload = resolveWorkload(model, options);
    const calibration = shippedCalibration(modelChoice);
    const setting = {
      model,
      workload,
      accelerator,
      accounting,
      objective,
      execution,
      quantization,
      gear: 'exact',
      weights: () => ({ kind: 'synthetic' }),
      ...(calibration !== null && { accuracy: createSensitivityModel(calibration, model, quantization) }),
    } satisfies EvaluatorSetting;
    const dense = model.linears.map((linear) => denseFactorization(linear.out, linear.in));
    const locked = model.linears.map(() => false);
    const { evaluator, search } = createSearch(strategy, setting, { design: dense, locked, budget, seed });
    const found = drive(
      search,
      (line) => {
        if (options.progress) surroundings.note(line);
      },
      surroundings,
    );
    const limit = within === undefined ? null : leastValue(within, evaluator.accuracy.metric);
    const config: Config = {
      model: modelChoice,
      workload,
      accelerator,
      accounting,
      design: dense,
      execution,
      quantization,
      locks: [],
      search: { strategy, budget, seed, limit },
      pins: [],
      view: openingView(model),
    };
    const point = ({ design }: FrontierPoint): Point =>
      pointOf(model, { ...config, design }, evaluator.evaluate(design));
    const best = limit === null ? null : bestWithin(found.frontier, limit);
    return {
      dense: {
        energyPj: evaluator.dense.energyPj,
        latencyCycles: evaluator.dense.latencyCycles,
        parameters: evaluator.dense.parameters,
      },
      frontier: found.frontier.map(point),
      ...(best === null ? {} : { best: point(best) }),
      ...(found.uniform !== undefined && { uniform: gapOf(found.uniform) }),
      candidates: found.counts,
      evaluations: found.evaluations,
      seconds: (surroundings.now() - start) / 1000,
    };
  },
  print: ({ dense, frontier, best, uniform, candidates, evaluations, seconds }) => {
    const columns = [
      'EDP reduction',
      'energy',
      'latency (cycles)',
      'parameters',
      'value',
      'low',
      'high',
      'formats',
    ];
    const row = (point: Point) => {
      const { value, low, high } = point.accuracy;
      const formats = [...new Set(point.layers.map((layer) => layer.format))].join(' ');
      const { edpReduction, energyPj, latencyCycles, parameters } = point;
      return [edpReduction, energyPj, latencyCycles, parameters, value, low, high, formats];
    };
    const [metric] = frontier.map((point) => `${point.accuracy.metric}, ${point.accuracy.tier}`);
    return [
      facts([
        ['dense energy', dense.energyPj],
        ['dense latency', dense.latencyCycles],
        ['dense parameters', dense.parameters],
        ['evaluations', evaluations],
        [
          'candidates',
          Object.entries(candidates)
            .map(([format, count]) => `${format} ${figure(count)}`)
            .join(', '),
        ],
        ['seconds', seconds.toFixed(2)],
        ['value', metric],
        ['uniform svd', uniform === undefined ? undefined : describeGap(uniform)],
      ]),
      '',
      table(columns, frontier.map(row)),
      ...(best === undefined
        ? []
        : [
            '',
            `best within the limit: ${figure(best.edpReduction)}x`,
            best.link,
            table(
              ['layer', 'factorization'],
              best.layers.map((layer) => [layer.layer, describeLayer(layer)]),
            ),
          ]),
    ].join('\n');
  },
});

/** Axes on which dense is 0 take the limit as a loss, whatever its sign. */
function leastValue(within: number, metric: Metric): number {
  return metric === 'weightEnergyKeptPercent' ? within : -Math.abs(within);
}

const gapOf = ({ mean, most, nearOptimal }: UniformGap): Omit<UniformGap, 'levels'> => ({
  mean,
  most,
  nearOptimal,
});

function describeGap({ mean, most, nearOptimal }: Omit<UniformGap, 'levels'>): string {
  const times = `${mean.toFixed(2)} times the EDP at equal value, ${most.toFixed(2)} at most`;
  return nearOptimal ? `near-optimal here: ${times}` : times;
}

const progressMs = 1000;

function drive(search: Search, note: (line: string) => void, { now }: Surroundings): SearchResult {
  let told = now();
  for (;;) {
    const next = search.next();
    if (next.done === true) return next.value;
    if (now() - told < progressMs) continue;
    told = now();
    const { evaluations, hypervolume, recount } = next.value;
    const again =
      recount === undefined
        ? ''
        : `, ${figure(recount.done)} of ${figure(recount.of)} counted with shared loops`;
    note(`search: ${figure(evaluations)} evaluations, hypervolume ${figure(hypervolume)}${again}`);
  }
}
