/**
 * A project file: the config as readable JSON (layer by layer, the accelerator in its own JSON form) and, if wanted,
 * what a search found for it. Reading is total for parts: each is read by itself, what is unsound is named and replaced.
 * Only a text that is no project at all is an `InputError`.
 */
import * as z from 'zod/mini';
import { metrics, tiers } from '../core/accuracy/figure.ts';
import { check, InputError } from '../core/base/checks.ts';
import { referenceExecution } from '../core/cost/execution.ts';
import { costModel } from '../core/cost/version.ts';
import { formats, type Factorization } from '../core/factor/factorization.ts';
import { parseAccelerator, printAccelerator } from '../core/hardware/parse.ts';
import type { FrontierPoint } from '../core/search/pareto.ts';
import type { Counts } from '../core/search/setting.ts';
import { groups } from '../core/workload/model.ts';
import { axes, panels, pinLetters, strategies, type Config } from './config.ts';
import { initialConfig } from './defaults.ts';
import { restoreConfig, type Draft, type Restored } from './draft.ts';
import { settingOf, type SavedRun } from './search-run.ts';

const version = 1;
/** Longest project that is read, in characters. */
const maxText = 32 * 1024 * 1024;
const maxPoints = 10_000;

const count = z.number().check(z.minimum(0), z.maximum(Number.MAX_SAFE_INTEGER), z.multipleOf(1));
const text = z.string().check(z.maxLength(4096));
const modes = z.array(count).check(z.maxLength(64));

const factorization = z.object({
  format: z.enum(formats),
  outModes: modes,
  inModes: modes,
  ranks: modes,
});
const design = z.array(factorization).check(z.maxLength(4096));

const linear = z.object({
  name: text,
  role: text,
  group: z.enum(groups),
  block: z.nullable(count),
  out: count,
  in: count,
  bias: z.boolean(),
  factorize: z.boolean(),
  rows: z.optional(z.literal('sequences')),
});

const customModel = z.object({
  width: count,
  layers: count,
  ffn: count,
  heads: count,
  kvHeads: count,
  gatedMlp: z.boolean(),
  vocabulary: count,
});

const model = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('card'), id: text }),
  z.object({ kind: z.literal('custom'), spec: customModel }),
  z.object({ kind: z.literal('gemm'), n: count, k: count }),
  z.object({
    kind: z.literal('file'),
    name: text,
    bytes: count,
    linears: z.array(linear),
    heads: z.nullable(z.object({ heads: count, kvHeads: count, headWidth: count })),
    sequence: z.object({ usual: count, most: count }),
  }),
]);

/** What projects saved before there was such a thing have. */
const absentAs = <T>(schema: z.ZodMiniType<T>, absent: T) =>
  z.pipe(
    z.optional(schema),
    z.transform((value) => value ?? absent),
  );

/** All parts but the accelerator, which has its own reader. */
const parts = {
  model,
  workload: z.object({ tokens: count, batch: count, sequence: count }),
  accounting: z.enum(['timeloop', 'accelforge']),
  design,
  locks: z.array(z.object({ layer: count, rank: z.nullable(count) })),
  search: z.object({
    strategy: z.enum(strategies),
    budget: count,
    seed: count,
    limit: z.nullable(z.number()),
  }),
  execution: z.optional(
    z.object({
      dataflow: z.enum(['flexible', 'fixed']),
      swap: z.boolean(),
      fusion: z.boolean(),
      sharedLoops: absentAs(z.boolean(), referenceExecution.sharedLoops),
      residency: z.boolean(),
      wholeModel: z.boolean(),
      outerWordsPerCycle: z.nullable(z.number()),
      hopPj: absentAs(z.number(), referenceExecution.hopPj),
      leakagePjPerCycle: absentAs(z.number(), referenceExecution.leakagePjPerCycle),
      doubleBuffered: absentAs(z.boolean(), referenceExecution.doubleBuffered),
      ragged: absentAs(z.boolean(), referenceExecution.ragged),
    }),
  ),
  quantization: z.optional(
    z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('none') }),
      z.object({ kind: z.literal('w8a8') }),
      z.object({
        kind: z.literal('int'),
        bits: z.literal([16, 8, 6, 5, 4, 3]),
        group: z.union([count, z.literal('row')]),
      }),
      z.object({ kind: z.literal('fp4'), group: count }),
      z.object({ kind: z.literal('palette'), bits: z.literal([4, 3, 2]) }),
    ]),
  ),
  pins: z.array(z.object({ letter: z.enum(pinLetters), design })),
  view: z.object({
    selection: z.array(count),
    focus: count,
    axis: z.enum(axes),
    gridColour: z.enum(['edp', 'rank']),
    panel: z.enum(panels),
    snap: z.boolean(),
    reference: z.enum(['dense', 'now', ...pinLetters]),
    // Projects saved before there were tiers to choose from show all of them.
    tiers: z.pipe(
      z.optional(z.array(z.enum(tiers))),
      z.transform((shown) => shown ?? tiers),
    ),
  }),
} as const;

const figures = {
  energyPj: z.number(),
  latencyCycles: z.number(),
  edpPjCycles: z.number(),
  edpReduction: z.number(),
  value: z.number(),
  low: z.number(),
  high: z.number(),
  parameters: z.number(),
  macs: z.number(),
  bytes: z.number(),
};

const found = z.object({
  strategy: z.enum(strategies),
  evaluations: count,
  counts: z.object(Object.fromEntries(formats.map((format) => [format, count]))),
  // Projects saved before there was another axis.
  metric: z.pipe(
    z.optional(z.enum(metrics)),
    z.transform((metric) => metric ?? 'weightEnergyKeptPercent'),
  ),
  /** Designs name factorizations by their place in this list. */
  factorizations: z.array(factorization),
  frontier: z
    .array(z.object({ ...figures, design: z.array(count).check(z.maxLength(4096)) }))
    .check(z.maxLength(maxPoints)),
});

/** The text of a project file. `run` is kept only when it is of this config's model and machine. */
export function saveProject(config: Config, run: SavedRun | null): string {
  const project = {
    rankscape: version,
    costModel,
    config: { ...config, accelerator: printAccelerator(config.accelerator) },
    found: run === null ? null : packRun(run),
  };
  return `${JSON.stringify(project, null, 1)}\n`;
}

export interface OpenedProject extends Restored {
  readonly run: SavedRun | null;
}

/** @throws InputError when the text is no project of a version that is known */
export function openProject(json: string): OpenedProject {
  check(json.length <= maxText, 'project', 'must have at most 32 MiB', json.length);
  const root = record(parseJson(json), 'must be a Rankscape project');
  check(
    root['rankscape'] !== undefined,
    'project',
    'must be a Rankscape project (it has no "rankscape" version)',
  );
  check(root['rankscape'] === version, 'project', `must be of version ${version}`, root['rankscape']);
  const config = record(root['config'], 'must have a config');
  const problems: string[] = [];
  const say = (problem: string): void => void problems.push(`project: ${problem}`);
  if (root['costModel'] !== costModel)
    say(`it was saved with another cost model; this page has ${costModel}, so figures may differ`);

  const read = <Schema extends z.core.$ZodType>(
    schema: Schema,
    name: string,
    value: unknown,
  ): z.output<Schema> | undefined => {
    const result = z.safeParse(schema, value);
    if (result.success) return result.data;
    const [issue] = result.error.issues;
    const at = [name, ...(issue?.path ?? [])].map(String).join('.');
    say(`${at}: ${issue?.message ?? 'cannot be read'}; the opening value was taken`);
    return undefined;
  };
  const draft: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(parts)) {
    const value = read(schema, name, config[name]);
    if (value !== undefined) draft[name] = value;
  }
  try {
    draft['accelerator'] = parseAccelerator(config['accelerator']);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    say(`${error.message}; ${initialConfig().accelerator.name} was taken`);
  }
  const restored = restoreConfig(draft as Draft, 'project');
  const saved =
    root['found'] === null || root['found'] === undefined ? undefined : read(found, 'found', root['found']);
  return {
    config: restored.config,
    problems: [...problems, ...restored.problems],
    run:
      saved === undefined
        ? null
        : unpackRun(saved, restored.config, typeof root['costModel'] === 'number' ? root['costModel'] : 0),
  };
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new InputError(
      'project',
      `must be JSON (${error instanceof Error ? error.message : 'unreadable'})`,
    );
  }
}

function record(value: unknown, rule: string): Readonly<Record<string, unknown>> {
  check(typeof value === 'object' && value !== null && !Array.isArray(value), 'project', rule);
  return value as Readonly<Record<string, unknown>>;
}

function packRun({ strategy, evaluations, counts, frontier, setting }: SavedRun): z.input<typeof found> {
  const factorizations: Factorization[] = [];
  const places = new Map<string, number>();
  const place = (f: Factorization): number => {
    const key = JSON.stringify([f.format, f.outModes, f.inModes, f.ranks]);
    const known = places.get(key);
    if (known !== undefined) return known;
    places.set(key, factorizations.length);
    return factorizations.push(f) - 1;
  };
  const points = frontier.map((point) => ({ ...point, design: point.design.map(place) }));
  return {
    strategy: strategy ?? 'sweep',
    evaluations,
    counts: { ...counts },
    metric: setting.metric,
    factorizations: factorizations.map(plain),
    frontier: points,
  };
}

const plain = ({ format, outModes, inModes, ranks }: Factorization): z.input<typeof factorization> => ({
  format,
  outModes: [...outModes],
  inModes: [...inModes],
  ranks: [...ranks],
});

/** Points whose design does not fit the model are left out. */
function unpackRun(saved: z.output<typeof found>, config: Config, savedWith: number): SavedRun | null {
  const frontier = saved.frontier.flatMap((point): FrontierPoint[] => {
    const layers = point.design.map((place) => saved.factorizations[place]);
    const whole = layers.filter((f) => f !== undefined);
    const { length } = config.design;
    return whole.length === layers.length && layers.length === length ? [{ ...point, design: whole }] : [];
  });
  if (frontier.length === 0) return null;
  const { strategy, evaluations, counts } = saved;
  return {
    strategy,
    evaluations,
    counts: counts as Counts,
    frontier,
    setting: settingOf(config, saved.metric),
    costModel: savedWith,
  };
}
