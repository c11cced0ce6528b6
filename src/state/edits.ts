/**
 * Every change of a config with its rules inside: pure, locked layers and ranks left alone, ranks always realizable.
 * A refused edit throws an `InputError` that the store shows. Layers that were equal stay the same object, so that
 * what is derived from them is computed once.
 */
import { check, InputError } from '../core/base/checks.ts';
import type { Accounting } from '../core/cost/mapping.ts';
import { checkExecution, type Execution } from '../core/cost/execution.ts';
import { checkQuantization } from '../core/factor/check-quantization.ts';
import type { Quantization } from '../core/factor/quantization.ts';
import type { Factorization, Format } from '../core/factor/factorization.ts';
import {
  checkFactorization,
  clipRanks,
  denseFactorization,
  rankCount,
  rankLimits,
  ranksForBudget,
} from '../core/factor/ranks.ts';
import { parameterCount } from '../core/factor/parameters.ts';
import { balancedModes } from '../core/factor/tensorization.ts';
import type { Accelerator } from '../core/hardware/accelerator.ts';
import { checkAccelerator } from '../core/hardware/parse.ts';
import type { LinearLayer, Workload } from '../core/workload/model.ts';
import { resolveWorkload } from '../core/workload/workload.ts';
import {
  pinLetters,
  type Config,
  type Lock,
  type ModelChoice,
  type PinLetter,
  type SearchSettings,
} from './config.ts';
import { modelOf, openingDesign, openingView } from './defaults.ts';
import { sameData } from './same.ts';

/** Share of a dense layer's parameters that a format gets when the layer was dense before. */
const firstShare = 0.37;

// Ranks, formats, modes

/** One rank of several layers, clamped to what each can have given its other ranks. */
export function setRank(config: Config, layers: readonly number[], rankIndex: number, value: number): Config {
  const rounded = Number.isFinite(value) ? Math.round(value) : 1;
  return changeLayers(config, layers, rankIndex, (f) => {
    const limits = rankLimits(f)[rankIndex];
    if (limits === undefined) return f;
    const rank = Math.min(Math.max(rounded, limits.min), limits.max);
    return rank === f.ranks[rankIndex] ? f : { ...f, ranks: f.ranks.with(rankIndex, rank) };
  });
}

/** Another format at about the same parameter count; layers with any lock stay. */
export function setFormat(config: Config, layers: readonly number[], format: Format): Config {
  return changeLayers(config, layers, 'any', (f, layer) => inFormat(layer, f, format));
}

/**
 * The layer in another format: as many parameters as `current` (or 37 % of dense when that is dense), its modes where
 * the format can have them, else two balanced modes a side.
 * @throws InputError when the format cannot express the layer
 */
export function inFormat(layer: LinearLayer, current: Factorization, format: Format): Factorization {
  if (current.format === format) return current;
  if (format === 'dense') return denseFactorization(layer.out, layer.in);
  const budget = current.format === 'dense' ? firstShare * layer.out * layer.in : parameterCount(current);
  const { outModes, inModes } = modesFor(layer, current, format);
  return atBudget(layer, format, outModes, inModes, budget);
}

interface Modes {
  readonly outModes: readonly number[];
  readonly inModes: readonly number[];
}

function modesFor(layer: LinearLayer, current: Factorization, format: Format): Modes {
  if (format === 'svd') return { outModes: [layer.out], inModes: [layer.in] };
  const tensorized = current.outModes.length > 1 && current.inModes.length > 1;
  if (tensorized && (!sameOrderOnly(format) || current.outModes.length === current.inModes.length))
    return current;
  return { outModes: balancedModes(layer.out, 2), inModes: balancedModes(layer.in, 2) };
}

/** Formats that pair the k-th output mode with the k-th input mode. */
function sameOrderOnly(format: Format): boolean {
  return format === 'ttm' || format === 'kronecker';
}

/** Ranks of about this many parameters; rank 1 everywhere when even that has more. */
function atBudget(
  layer: LinearLayer,
  format: Format,
  outModes: readonly number[],
  inModes: readonly number[],
  budget: number,
): Factorization {
  const smallest = new Array<number>(rankCount(format, outModes.length, inModes.length)).fill(1);
  const ranks = ranksForBudget(format, outModes, inModes, budget) ?? smallest;
  return checkFactorization({ format, outModes, inModes, ranks }, layer.out, layer.in);
}

/**
 * The modes of one side. Layers of another extent are left alone; ranks stay where their number does, else they are
 * chosen anew for the same parameter count. A format that pairs modes gets a balanced other side of the same order.
 * @throws InputError when no layer has this product, or the format has one mode a side
 */
export function setModes(
  config: Config,
  layers: readonly number[],
  side: 'out' | 'in',
  modes: readonly number[],
): Config {
  const product = modes.reduce((all, mode) => all * mode, 1);
  check(
    modes.length > 0 && modes.every((mode) => Number.isSafeInteger(mode) && mode >= 1),
    'modes',
    'must be positive integers',
    modes,
  );
  const { linears } = modelOf(config.model);
  const extents = new Set(layers.flatMap((index) => linears[index]?.[side] ?? []));
  check(
    extents.has(product),
    'modes',
    `must multiply to ${[...extents].join(' or ')}; ${modes.join(' x ')} is ${product}`,
  );
  return changeLayers(config, layers, 'any', (f, layer) =>
    layer[side] === product ? withModes(layer, f, side, modes) : f,
  );
}

function withModes(
  layer: LinearLayer,
  f: Factorization,
  side: 'out' | 'in',
  modes: readonly number[],
): Factorization {
  check(f.format !== 'dense' && f.format !== 'svd', 'modes', `of ${f.format} are one a side`, modes);
  const other = side === 'out' ? f.inModes : f.outModes;
  const paired =
    sameOrderOnly(f.format) && other.length !== modes.length
      ? balancedModes(side === 'out' ? layer.in : layer.out, modes.length)
      : other;
  const [outModes, inModes] = side === 'out' ? [modes, paired] : [paired, modes];
  if (rankCount(f.format, outModes.length, inModes.length) !== f.ranks.length)
    return atBudget(layer, f.format, outModes, inModes, parameterCount(f));
  return checkFactorization(clipRanks({ ...f, outModes, inModes }), layer.out, layer.in);
}

/** Gives the selection what the focus layer has: the same modes and ranks where the shape is the same, else the same
 * format at the same share of the dense parameters. */
export function copyFocus(config: Config): Config {
  const { linears } = modelOf(config.model);
  const { focus, selection } = config.view;
  const from = config.design[focus];
  const shape = linears[focus];
  if (from === undefined || shape === undefined) return config;
  const share = parameterCount(from) / (shape.out * shape.in);
  return changeLayers(config, selection, 'any', (f, layer) => {
    if (layer.out === shape.out && layer.in === shape.in) return from;
    if (from.format === 'dense') return denseFactorization(layer.out, layer.in);
    const { outModes, inModes } = modesFor(layer, f, from.format);
    return atBudget(layer, from.format, outModes, inModes, share * layer.out * layer.in);
  });
}

/** Whether `copyFocus` would change what is selected. */
export function isMixed(config: Config): boolean {
  const { linears } = modelOf(config.model);
  const { focus, selection } = config.view;
  const from = config.design[focus];
  const shape = linears[focus];
  return selection.some((index) => {
    const alike = linears[index]?.out === shape?.out && linears[index]?.in === shape?.in;
    const f = config.design[index];
    return alike ? !sameData(f, from) : f?.format !== from?.format;
  });
}

/** Another design; locked layers, whole or in one rank, keep theirs. */
export function adoptDesign(config: Config, design: readonly Factorization[]): Config {
  check(
    design.length === config.design.length,
    'design',
    `must have one factorization per linear layer (${config.design.length})`,
    design.length,
  );
  const all = config.design.map((_, index) => index);
  return changeLayers(config, all, 'any', (f, layer, index) =>
    checkFactorization(design[index] ?? f, layer.out, layer.in),
  );
}

/**
 * Applies `change` to every layer of the list that no lock holds. `rank`: the position about to change, or `any` when
 * the whole factorization does (then one locked rank holds the layer).
 */
function changeLayers(
  config: Config,
  layers: readonly number[],
  rank: number | 'any',
  change: (f: Factorization, layer: LinearLayer, index: number) => Factorization,
): Config {
  const { linears } = modelOf(config.model);
  const made: Factorization[] = [];
  const design = [...config.design];
  let changed = false;
  for (const index of layers) {
    const before = config.design[index];
    const layer = linears[index];
    if (before === undefined || layer === undefined || isHeld(config.locks, index, rank)) continue;
    const after = change(before, layer, index);
    if (after === before || sameData(after, before)) continue;
    const shared = made.find((f) => sameData(f, after));
    if (shared === undefined) made.push(after);
    design[index] = shared ?? after;
    changed = true;
  }
  return changed ? { ...config, design } : config;
}

// Locks

function isHeld(locks: readonly Lock[], layer: number, rank: number | 'any'): boolean {
  return locks.some(
    (lock) => lock.layer === layer && (lock.rank === null || rank === 'any' || lock.rank === rank),
  );
}

/** Whether a rank of the layer (or, with null, the layer as a whole) is locked. */
export function isLocked(config: Config, layer: number, rank: number | null): boolean {
  return config.locks.some((lock) => lock.layer === layer && (lock.rank === null || lock.rank === rank));
}

/** Locks or unlocks one rank, or the whole layer (null), of several layers. */
export function setLock(
  config: Config,
  layers: readonly number[],
  rank: number | null,
  locked: boolean,
): Config {
  const chosen = new Set(layers);
  const others = config.locks.filter((lock) => !chosen.has(lock.layer) || lock.rank !== rank);
  const added = locked ? [...chosen].map((layer) => ({ layer, rank })) : [];
  return withLocks(config, [...others, ...added]);
}

/** Locks them unless all are locked already. */
export function toggleLock(config: Config, layers: readonly number[], rank: number | null): Config {
  const all = layers.every((layer) =>
    config.locks.some((lock) => lock.layer === layer && lock.rank === rank),
  );
  return setLock(config, layers, rank, !all);
}

/** In one order, each once, and only of ranks that exist. */
function withLocks(config: Config, locks: readonly Lock[]): Config {
  const sorted = locks
    .filter(({ layer, rank }) => rank === null || rank < (config.design[layer]?.ranks.length ?? 0))
    .toSorted((a, b) => a.layer - b.layer || (a.rank ?? -1) - (b.rank ?? -1));
  return sameData(sorted, config.locks) ? config : { ...config, locks: sorted };
}

// Pins

/** Pins the design under the letter, or the first free one. */
export function pin(config: Config, letter?: PinLetter): Config {
  const free = letter ?? pinLetters.find((l) => config.pins.every((p) => p.letter !== l));
  if (free === undefined)
    throw new InputError('pins', `can be at most ${pinLetters.length}; unpin one first`);
  const pins = [...config.pins.filter((p) => p.letter !== free), { letter: free, design: config.design }];
  return { ...config, pins: pins.toSorted((a, b) => a.letter.localeCompare(b.letter)) };
}

export function unpin(config: Config, letter: PinLetter): Config {
  const pins = config.pins.filter((p) => p.letter !== letter);
  if (pins.length === config.pins.length) return config;
  const { view } = config;
  return { ...config, pins, view: view.reference === letter ? { ...view, reference: 'dense' } : view };
}

// What is evaluated, and on what

/** Another model starts anew: its opening design and workload, no locks, no pins. */
export function setModel(config: Config, choice: ModelChoice): Config {
  if (sameData(choice, config.model)) return config;
  const model = modelOf(choice);
  const { axis, gridColour, panel, snap } = config.view;
  return {
    ...config,
    model: choice,
    workload: resolveWorkload(model, {}),
    design: openingDesign(model, config.accelerator),
    locks: [],
    pins: [],
    search: { ...config.search, limit: null },
    view: { ...openingView(model), axis, gridColour, panel, snap },
  };
}

/** Settings beside the design; `change` holds those that change. */
export function setExecution(config: Config, change: Partial<Execution>): Config {
  const execution = checkExecution({ ...config.execution, ...change });
  return sameData(execution, config.execution) ? config : { ...config, execution };
}

/** How all linear layers store their weights. */
export function setQuantization(config: Config, quantization: Quantization): Config {
  const sound = checkQuantization(quantization);
  return sameData(sound, config.quantization) ? config : { ...config, quantization: sound };
}

/**
 * Tokens, batch or sequence. What is not given stays where the combination is sound, else it follows from the rest.
 * @throws InputError when what is given cannot be combined
 */
export function setWorkload(config: Config, change: Partial<Workload>): Config {
  const model = modelOf(config.model);
  const { tokens, batch, sequence } = { ...config.workload, ...change };
  const attempts: readonly Partial<Workload>[] = [
    { tokens, batch, sequence },
    { sequence, ...change },
    { tokens, ...change },
    change,
  ];
  let refusal: unknown;
  for (const attempt of attempts) {
    try {
      const workload = resolveWorkload(model, attempt);
      return sameData(workload, config.workload) ? config : { ...config, workload };
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      refusal = error;
    }
  }
  throw refusal;
}

export function setAccelerator(config: Config, accelerator: Accelerator): Config {
  return sameData(accelerator, config.accelerator)
    ? config
    : { ...config, accelerator: checkAccelerator(accelerator) };
}

export function setAccounting(config: Config, accounting: Accounting): Config {
  return accounting === config.accounting ? config : { ...config, accounting };
}

/** Largest search budget, in evaluations. */
export const maxBudget = 100_000_000;

export function setSearch(config: Config, change: Partial<SearchSettings>): Config {
  const search = { ...config.search, ...change };
  const { budget, seed, limit } = search;
  check(
    Number.isSafeInteger(budget) && budget >= 1 && budget <= maxBudget,
    'budget',
    `must be 1 to ${maxBudget} evaluations`,
    budget,
  );
  check(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32, 'seed', 'must be 0 to 4294967295', seed);
  check(limit === null || Number.isFinite(limit), 'limit', 'must be a number or none', limit);
  return sameData(search, config.search) ? config : { ...config, search };
}
