/**
 * What can be asked of this device about the designs on screen: the layer in focus, the selected layers, the whole design
 * beside its pins, or a few of the frontier; dense always with it. Layers of one shape and factorization are measured
 * once and counted as often as they are there. Linear layers only, in float32, along the paths that the page shows.
 */
import type { DeviceWork } from '../../workers/protocol.ts';
import { InputError } from '../core/base/checks.ts';
import { factorizationKey } from '../core/cost/layer.ts';
import type { ContractionPath } from '../core/einsum/path.ts';
import { unquantized } from '../core/factor/quantization.ts';
import type { Evaluator } from '../core/search/evaluate.ts';
import type { Candidate } from '../core/search/evaluation.ts';
import { linearRows } from '../core/workload/workload.ts';
import { measurementKey } from './measurements.ts';
import type { PinLetter } from './config.ts';
import type { Derived } from './derive.ts';
import { pathOf } from './exportable.ts';
import { nameLayers } from './labels.ts';

export const deviceScopes = ['layer', 'selection', 'pins', 'frontier'] as const;
export type DeviceScope = (typeof deviceScopes)[number];

export interface AskedDesign {
  /** `frontier`: one of the search. */
  readonly who: 'dense' | 'now' | 'frontier' | PinLetter;
  /** Of a whole model; null where only some layers are asked about. */
  readonly key: string | null;
  readonly design: Candidate;
  readonly parts: readonly { readonly program: number; readonly count: number }[];
  /** Of the same layers on the accelerator; null where it cannot hold one of them. */
  readonly latencyCycles: number | null;
}

export interface AskedWork extends DeviceWork {
  /** `FFN1, layer 1`, the first layer that it is. */
  readonly name: string;
  readonly steps: ContractionPath['steps'];
}

export interface DeviceQuestion {
  /** The same key = the same measurement. */
  readonly key: string;
  readonly scope: DeviceScope;
  /** Only figures of one setting belong on one axis. */
  readonly setting: string;
  /** What the layers are, for the screen. */
  readonly about: string;
  readonly works: readonly AskedWork[];
  readonly designs: readonly AskedDesign[];
  readonly machine: string;
  readonly budgetMs: number;
}

const budgetMs = { layer: 3000, selection: 5000, pins: 8000, frontier: 12_000 } as const;
/** Of the frontier, spread evenly: enough to see its course, few enough to wait for. */
const mostFound = 8;

interface Named {
  readonly who: AskedDesign['who'];
  readonly design: Candidate;
}

/** Null: there is nothing to ask. @param frontier designs of the search, best on one axis first */
export function deviceQuestion(
  derived: Derived,
  scope: DeviceScope,
  frontier: readonly Candidate[],
): DeviceQuestion | null {
  const { config, model, evaluator } = derived;
  const { selection, focus } = config.view;
  const layers =
    scope === 'layer' ? [focus] : scope === 'selection' ? selection : model.linears.map((_, index) => index);
  if (layers.every((index) => model.linears[index] === undefined)) return null;
  const whole = layers.length === model.linears.length && scope !== 'layer' && scope !== 'selection';
  const works: AskedWork[] = [];
  const places = new Map<string, number>();
  const partsOf = (design: Candidate): AskedDesign['parts'] => {
    const counts = new Map<number, number>();
    for (const index of layers) {
      const place = workOf(derived, index, design, works, places);
      if (place !== null) counts.set(place, (counts.get(place) ?? 0) + 1);
    }
    return [...counts].map(([program, count]) => ({ program, count }));
  };
  const designs = namedDesigns(derived, scope, frontier).map(({ who, design }): AskedDesign => ({
    who,
    design,
    key: whole ? designKey(derived, design) : null,
    parts: partsOf(design),
    latencyCycles: cyclesOf(evaluator, layers, design),
  }));
  const distinct = distinctDesigns(designs);
  return {
    key: `${scope} ${[...places.keys()].join(' ')} ${distinct.map(({ who, parts }) => `${who}:${parts.map(({ program, count }) => `${program}x${count}`).join()}`).join(' ')}`,
    scope,
    setting: deviceSetting(derived),
    about:
      scope === 'layer' || scope === 'selection'
        ? nameLayers(model, layers)
        : `all ${layers.length} linear layers`,
    works,
    designs: distinct,
    machine: config.accelerator.name,
    budgetMs: budgetMs[scope],
  };
}

/** The key of a whole design in `AskedDesign`. */
export const designKey = ({ model }: Pick<Derived, 'model'>, design: Candidate): string =>
  measurementKey(model.id, design, unquantized);

/** What figures of whole designs must share to be compared: the model, its rows, and the machine that chose the paths. */
export function deviceSetting({ config, model }: Pick<Derived, 'config' | 'model'>): string {
  const { tokens, batch } = config.workload;
  return [model.id, tokens, batch, config.accelerator.name].join(' ');
}

function namedDesigns(
  { config, model, evaluator }: Derived,
  scope: DeviceScope,
  frontier: readonly Candidate[],
): readonly Named[] {
  const dense: Named = { who: 'dense', design: model.linears.map((_, i) => evaluator.denseFactorization(i)) };
  const now: Named = { who: 'now', design: config.design };
  if (scope === 'layer' || scope === 'selection') return [dense, now];
  const pins = config.pins.map(({ letter, design }): Named => ({ who: letter, design }));
  if (scope === 'pins') return [dense, now, ...pins];
  const step = Math.max(1, (frontier.length - 1) / (mostFound - 1));
  const chosen = Array.from({ length: Math.min(mostFound, frontier.length) }, (_, k) =>
    frontier.slice(Math.round(k * step)).slice(0, 1),
  ).flat();
  return [dense, now, ...pins, ...chosen.map((design): Named => ({ who: 'frontier', design }))];
}

/** A current design that is dense, or a point of the frontier that is pinned, is not measured twice. */
function distinctDesigns(designs: readonly AskedDesign[]): readonly AskedDesign[] {
  const seen = new Set<string>();
  return designs.filter(({ who, parts }) => {
    const text = parts.map(({ program, count }) => `${program}x${count}`).join();
    const again = seen.has(text) && (who === 'now' || who === 'frontier');
    seen.add(text);
    return !again;
  });
}

function workOf(
  { config, model, evaluator }: Derived,
  index: number,
  design: Candidate,
  works: AskedWork[],
  places: Map<string, number>,
): number | null {
  const layer = model.linears[index];
  const factorization = design[index];
  if (layer === undefined || factorization === undefined) return null;
  const rows = linearRows(layer, config.workload);
  const { steps } = pathOf(evaluator, index, factorization);
  const path = steps.map(({ operands }) => operands);
  const key = `${factorizationKey(factorization)}@${rows}/${path.join(';')}`;
  const known = places.get(key);
  if (known !== undefined) return known;
  places.set(key, works.length);
  const name = layer.block === null ? layer.role : `${layer.role}, layer ${layer.block + 1}`;
  works.push({ factorization, rows, path, name, steps });
  return works.length - 1;
}

function cyclesOf(evaluator: Evaluator, layers: readonly number[], design: Candidate): number | null {
  try {
    return layers.reduce((sum, index) => {
      const factorization = design[index];
      return factorization === undefined ? sum : sum + evaluator.layer(index, factorization).latencyCycles;
    }, 0);
  } catch (error) {
    if (error instanceof InputError) return null;
    throw error;
  }
}
