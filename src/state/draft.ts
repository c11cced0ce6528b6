/**
 * From a draft (a link or a project file that was read, each part of the right type but of any value) to a sound
 * config. Total: what is unsound is named and replaced by the opening value, all the rest is kept.
 */
import { check, InputError } from '../core/base/checks.ts';
import { groups, type LinearLayer, type TransformerModel } from '../core/workload/model.ts';
import { checkFactorization, clipRanks, denseFactorization, rankNames } from '../core/factor/ranks.ts';
import { checkExecution } from '../core/cost/execution.ts';
import { tiers } from '../core/accuracy/figure.ts';
import { checkQuantization } from '../core/factor/check-quantization.ts';
import type { Factorization } from '../core/factor/factorization.ts';
import { checkAccelerator } from '../core/hardware/parse.ts';
import { resolveWorkload } from '../core/workload/workload.ts';
import { pinLetters, type Config, type Lock, type ModelChoice, type Pin, type View } from './config.ts';
import { initialConfig, modelOf, openingDesign, openingView } from './defaults.ts';
import { setSearch } from './edits.ts';

/** A missing part could not be read; whoever read it has said so. */
export type Draft = { readonly [K in keyof Config]?: Config[K] };

export interface Restored {
  readonly config: Config;
  /** Each names subject, what was wrong and what was done; empty when everything was sound. */
  readonly problems: readonly string[];
}

/** Most linear layers of a model that a link or project may carry. */
export const maxLinears = 4096;
const maxExtent = 2 ** 20;
const maxProblems = 12;

/** Reads the parts in their order of dependence. `subject` starts each problem: `link`, `project`. */
export function restoreConfig(draft: Draft, subject: string): Restored {
  const problems: string[] = [];
  const say = (problem: string): void => void problems.push(`${subject}: ${problem}`);
  /** The value of `make`, or `instead` with the reason told. */
  const sound = <T>(make: () => T, instead: () => T, done: string): T => {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      say(`${error.message}; ${done}`);
      return instead();
    }
  };
  const opening = initialConfig();
  const choice = draft.model ?? opening.model;
  const model = sound(
    () => soundChoice(choice),
    () => opening.model,
    `${modelOf(opening.model).title} was taken, with its opening design`,
  );
  const kept = model === choice && draft.model !== undefined;
  const transformer = modelOf(model);
  const workload = sound(
    () => resolveWorkload(transformer, (kept ? draft.workload : undefined) ?? {}),
    () => resolveWorkload(transformer, {}),
    "the model's own was taken",
  );
  const accelerator = sound(
    () => checkAccelerator(draft.accelerator ?? opening.accelerator),
    () => opening.accelerator,
    `${opening.accelerator.name} was taken`,
  );
  const search = sound(
    () => setSearch(opening, draft.search ?? {}).search,
    () => opening.search,
    'the opening settings were taken',
  );
  const execution = sound(
    () => checkExecution(draft.execution ?? opening.execution),
    () => opening.execution,
    'the reference settings were taken',
  );
  const quantization = sound(
    () => checkQuantization(draft.quantization ?? opening.quantization),
    () => opening.quantization,
    'weights were left unquantized',
  );
  const context: Context = { model: transformer, say };
  const design = soundDesign((kept ? draft.design : undefined) ?? null, 'design', context);
  const pins = soundPins((kept ? draft.pins : undefined) ?? [], context);
  const config: Config = {
    model,
    workload,
    accelerator,
    accounting: draft.accounting ?? opening.accounting,
    execution,
    design: design ?? openingDesign(transformer, accelerator),
    quantization,
    locks: [],
    search,
    pins,
    view: soundView(draft.view ?? null, kept, pins, context),
  };
  const locks = soundLocks((kept ? draft.locks : undefined) ?? [], config.design, context);
  return { config: { ...config, locks }, problems: shortened(problems, subject) };
}

interface Context {
  readonly model: TransformerModel;
  readonly say: (problem: string) => void;
}

function shortened(problems: readonly string[], subject: string): readonly string[] {
  if (problems.length <= maxProblems) return problems;
  const more = problems.length - maxProblems + 1;
  return [...problems.slice(0, maxProblems - 1), `${subject}: ${more} more figures were corrected`];
}

// The model

function soundChoice(choice: ModelChoice): ModelChoice {
  if (choice.kind === 'file') choice.linears.forEach(checkLinear);
  if (choice.kind === 'file') checkFile(choice);
  check(modelOf(choice).linears.length > 0, 'model', 'must have a linear layer');
  return choice;
}

function checkFile(file: ModelChoice & { readonly kind: 'file' }): void {
  const { name, bytes, linears, heads, sequence } = file;
  check(name.length <= 1024, 'model file', 'must have a name of at most 1,024 characters', name);
  check(Number.isSafeInteger(bytes) && bytes >= 0, 'model file', 'must have a size in bytes', bytes);
  check(
    linears.length > 0 && linears.length <= maxLinears,
    'model file',
    `must have 1 to ${maxLinears} linear layers`,
    linears.length,
  );
  const { usual, most } = sequence;
  check(
    usual >= 1 && usual <= most && most <= maxExtent,
    'model file',
    `must have sequences of 1 to ${show(maxExtent)}`,
    sequence,
  );
  check(
    heads === null || (Object.values(heads).every(isCount) && heads.heads % heads.kvHeads === 0),
    'model file',
    'must have heads that its key-value heads divide',
    heads,
  );
  const names = new Set(linears.map((layer) => layer.name));
  check(names.size === linears.length, 'model file', 'must give each layer a name of its own');
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 1 && value <= maxExtent;

function checkLinear(layer: LinearLayer): void {
  for (const side of ['out', 'in'] as const)
    check(
      Number.isSafeInteger(layer[side]) && layer[side] >= 1 && layer[side] <= maxExtent,
      `layer ${layer.name}`,
      `must have 1 to ${show(maxExtent)} ${side} features`,
      layer[side],
    );
  check(groups.includes(layer.group), `layer ${layer.name}`, 'must be of a known group', layer.group);
  check(
    layer.block === null || (Number.isSafeInteger(layer.block) && layer.block >= 0),
    `layer ${layer.name}`,
    'must have a block of 0 or more, or none',
    layer.block,
  );
}

// Factorizations

/** Null when there is none of the right length. */
function soundDesign(
  design: readonly Factorization[] | null,
  what: string,
  { model, say }: Context,
): readonly Factorization[] | null {
  if (design === null) return null;
  if (design.length !== model.linears.length) {
    say(
      `the ${what} has ${show(design.length)} layers but ${model.title} has ` +
        `${show(model.linears.length)}, so it was left out`,
    );
    return null;
  }
  // Equal layers share one factorization: checked once, told once a layer only when something was wrong.
  const known = new Map<Factorization, Map<string, Factorization>>();
  return design.map((f, index) => {
    const layer = model.linears[index];
    if (layer === undefined) return f;
    const key = `${layer.out} ${layer.in}`;
    const before = known.get(f)?.get(key);
    if (before !== undefined) return before;
    const place = what === 'design' ? `layer ${index + 1}` : `layer ${index + 1} of ${what}`;
    const { result, told } = soundFactorization(f, layer, place);
    told.forEach(say);
    if (told.length === 0) known.set(f, (known.get(f) ?? new Map<string, Factorization>()).set(key, result));
    return result;
  });
}

interface Corrected {
  readonly result: Factorization;
  readonly told: readonly string[];
}

/** The factorization, with its ranks set to what is possible; dense when even that is not. */
function soundFactorization(given: Factorization, layer: LinearLayer, place: string): Corrected {
  const { format } = given;
  const flat = format === 'dense' || format === 'svd';
  const f: Factorization = flat ? { ...given, outModes: [layer.out], inModes: [layer.in] } : given;
  try {
    return { result: checkFactorization(f, layer.out, layer.in), told: [] };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return (
      clipped(f, layer, place) ?? {
        result: denseFactorization(layer.out, layer.in),
        told: [`${place}: ${error.message}; it was made dense`],
      }
    );
  }
}

function clipped(f: Factorization, layer: LinearLayer, place: string): Corrected | null {
  try {
    const possible = clipRanks({ ...f, ranks: f.ranks.map((rank) => Math.max(1, rank)) });
    const result = checkFactorization(possible, layer.out, layer.in);
    const names = rankNames(result);
    if (names.length !== f.ranks.length) return null;
    const told = f.ranks.flatMap((rank, i) => {
      const now = result.ranks[i] ?? 1;
      if (now === rank) return [];
      const end = rank < now ? 'smallest' : 'largest';
      return [
        `rank ${names[i]} of ${place} was ${show(rank)}; the ${end} possible is ${show(now)}, ` +
          `so it was set to ${show(now)}`,
      ];
    });
    return { result, told };
  } catch (error) {
    if (error instanceof InputError) return null;
    throw error;
  }
}

const show = (value: number): string => value.toLocaleString('en-US');

// Pins, locks, view

function soundPins(pins: readonly Pin[], context: Context): readonly Pin[] {
  return pinLetters.flatMap((letter): Pin[] => {
    const given = pins.find((p) => p.letter === letter);
    const design = soundDesign(given?.design ?? null, `pin ${letter}`, context);
    return design === null ? [] : [{ letter, design }];
  });
}

function soundLocks(
  locks: readonly Lock[],
  design: readonly Factorization[],
  { say }: Context,
): readonly Lock[] {
  const exists = ({ layer, rank }: Lock): boolean => {
    const f = design[layer];
    return (
      f !== undefined && (rank === null || (Number.isInteger(rank) && rank >= 0 && rank < f.ranks.length))
    );
  };
  const sound = new Map<string, Lock>();
  for (const lock of locks)
    if (exists(lock)) sound.set(`${lock.layer} ${lock.rank}`, { layer: lock.layer, rank: lock.rank });
  const wrong = locks.filter((lock) => !exists(lock)).length;
  if (wrong > 0) say(`${show(wrong)} locks are of layers or ranks that do not exist, so they were left out`);
  return [...sound.values()].toSorted((a, b) => a.layer - b.layer || (a.rank ?? -1) - (b.rank ?? -1));
}

function soundView(
  view: View | null,
  ofThisModel: boolean,
  pins: readonly Pin[],
  { model, say }: Context,
): View {
  const opening = openingView(model);
  if (view === null) return opening;
  const layers = ofThisModel ? view.selection : opening.selection;
  const inside = layers.filter((layer) => model.linears[layer] !== undefined);
  if (inside.length < layers.length)
    say(`${show(layers.length - inside.length)} selected layers do not exist, so they were left out`);
  const selection = inside.length === 0 ? opening.selection : [...new Set(inside)].toSorted((a, b) => a - b);
  const focus = selection.includes(view.focus) ? view.focus : (selection[0] ?? 0);
  const { reference } = view;
  const known = reference === 'dense' || reference === 'now' || pins.some((p) => p.letter === reference);
  const shown = tiers.filter((tier) => view.tiers.includes(tier));
  return {
    ...view,
    selection,
    focus,
    reference: known ? reference : 'dense',
    tiers: shown.length === 0 ? tiers : shown,
  };
}
