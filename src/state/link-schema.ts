/**
 * A config as bytes, version 1 of the link. Parts with a tag and a length each, so that one that is damaged or newer
 * costs only itself. Every list of codes below may grow at its end and is never reordered: old links stay readable.
 */
import { tiers, type Tier } from '../core/accuracy/figure.ts';
import { InputError } from '../core/base/checks.ts';
import { referenceExecution } from '../core/cost/execution.ts';
import type { Accounting } from '../core/cost/mapping.ts';
import { costModel } from '../core/cost/version.ts';
import { quantizationByName, quantizationName } from '../core/factor/check-quantization.ts';
import type { Quantization } from '../core/factor/quantization.ts';
import type { Axis, Config, Lock, Panel, Pin, PinLetter, SearchSettings, Strategy, View } from './config.ts';
import { packAccelerator, unpackAccelerator } from './link-accelerator.ts';
import {
  BrokenBytes,
  code,
  createReader,
  createWriter,
  decoded,
  type ByteReader,
  type ByteWriter,
} from './bytes.ts';
import { maxLinears, type Draft } from './draft.ts';
import { emptyTable, packDesigns, unpackDesigns } from './link-designs.ts';
import { extrasOf, packExecution, packExtras, unpackExecution, unpackExtras } from './link-execution.ts';
import { sameData } from './same.ts';
import { packModel, unpackModel } from './link-model.ts';

const accountingCodes: readonly Accounting[] = ['timeloop', 'accelforge'];
const strategyCodes: readonly Strategy[] = [
  'sweep',
  'uniform-svd',
  'tltorch',
  'random',
  'water-filling',
  'allocated',
  'evolutionary',
];
const letterCodes: readonly PinLetter[] = ['A', 'B', 'C', 'D'];
const axisCodes: readonly Axis[] = ['edp', 'energy', 'latency'];
const colourCodes: readonly View['gridColour'][] = ['edp', 'rank'];
const panelCodes: readonly Panel[] = ['ranks', 'matrices', 'compare', 'inside', 'search'];
const referenceCodes: readonly View['reference'][] = ['dense', 'now', 'A', 'B', 'C', 'D'];

const tags = {
  model: 1,
  workload: 2,
  accelerator: 3,
  design: 4,
  search: 5,
  view: 6,
  locks: 7,
  pins: 8,
  quantization: 9,
  tiers: 10,
  execution: 11,
  extras: 12,
} as const;
type Part = keyof typeof tags;

export function packConfig(config: Config): Uint8Array {
  const writer = createWriter();
  writer.uint(costModel);
  const part = (name: Part, write: (to: ByteWriter) => void): void => {
    const inner = createWriter();
    write(inner);
    writer.byte(tags[name]);
    writer.block(inner.done());
  };
  const known = emptyTable();
  part('model', (to) => packModel(to, config.model));
  part('workload', (to) => {
    const { tokens, batch, sequence } = config.workload;
    [tokens, batch, sequence].forEach(to.uint);
    code(to, accountingCodes, config.accounting);
  });
  part('accelerator', (to) => packAccelerator(to, config.accelerator));
  part('design', (to) => packDesigns(to, [config.design], known));
  part('search', (to) => packSearch(to, config.search));
  part('view', (to) => packView(to, config.view));
  if (!sameData(config.execution, referenceExecution))
    part('execution', (to) => packExecution(to, config.execution));
  if (!sameData(extrasOf(config.execution), extrasOf(referenceExecution)))
    part('extras', (to) => packExtras(to, config.execution));
  if (config.quantization.kind !== 'none')
    part('quantization', (to) => to.text(quantizationName(config.quantization)));
  if (config.view.tiers.length < tiers.length) part('tiers', (to) => to.uint(tierBits(config.view.tiers)));
  if (config.locks.length > 0) part('locks', (to) => packLocks(to, config.locks));
  if (config.pins.length > 0)
    part('pins', (to) => {
      to.uint(config.pins.length);
      for (const pin of config.pins) code(to, letterCodes, pin.letter);
      packDesigns(
        to,
        config.pins.map((pin) => pin.design),
        known,
      );
    });
  return writer.done();
}

export interface Unpacked {
  readonly draft: Draft;
  /** Without their subject. */
  readonly problems: readonly string[];
}

/** Never throws: what cannot be read is missing from the draft and named. */
export function unpackConfig(bytes: Uint8Array): Unpacked {
  const problems: string[] = [];
  const missing: Part[] = [];
  const parts = readParts(bytes, problems);
  const known = emptyTable();
  const read = <T>(name: Part, decode: (from: ByteReader) => T): T | undefined => {
    const from = parts.get(tags[name]);
    if (from === undefined) {
      missing.push(name);
      return undefined;
    }
    try {
      return decode(createReader(from));
    } catch (error) {
      if (!(error instanceof BrokenBytes)) throw error;
      problems.push(`the ${name} cannot be read (${error.message}), so its opening value was taken`);
      return undefined;
    }
  };
  const optional = <T>(name: Part, decode: (from: ByteReader) => T): T | undefined =>
    parts.has(tags[name]) ? read(name, decode) : undefined;

  const model = read('model', unpackModel);
  const work = read('workload', (from) => ({
    workload: { tokens: from.uint(), batch: from.uint(), sequence: from.uint() },
    accounting: decoded(from, accountingCodes, 'accounting'),
  }));
  const machine = read('accelerator', unpackAccelerator);
  if (machine !== undefined) problems.push(...machine.problems);
  const design = read('design', (from) => unpackDesigns(from, 1, known)[0] ?? []);
  const search = read('search', unpackSearch);
  const view = read('view', unpackView);
  const steps = optional('execution', unpackExecution);
  const extras = optional('extras', unpackExtras);
  const execution = steps || extras ? { ...referenceExecution, ...steps, ...extras } : undefined;
  const quantization = optional('quantization', unpackQuantization);
  const shown = optional('tiers', (from) => tiersOf(from.uint())) ?? tiers;
  const locks = optional('locks', unpackLocks);
  const pins = optional('pins', (from): readonly Pin[] => {
    const letters = Array.from({ length: from.count() }, () => decoded(from, letterCodes, 'pin'));
    const designs = unpackDesigns(from, letters.length, known);
    return letters.map((letter, i) => ({ letter, design: designs[i] ?? [] }));
  });
  if (missing.length > 0)
    problems.push(`what was not in it is as in the opening design: ${missing.join(', ')}`);
  return {
    draft: {
      ...(model && { model }),
      ...work,
      ...(machine && { accelerator: machine.accelerator }),
      ...(design && { design }),
      ...(search && { search }),
      ...(execution && { execution }),
      ...(quantization && { quantization }),
      ...(view && { view: { ...view, tiers: shown } }),
      ...(locks && { locks }),
      ...(pins && { pins }),
    },
    problems,
  };
}

function readParts(bytes: Uint8Array, problems: string[]): ReadonlyMap<number, Uint8Array> {
  const parts = new Map<number, Uint8Array>();
  const known: readonly number[] = Object.values(tags);
  try {
    const reader = createReader(bytes);
    const made = reader.uint();
    if (made !== costModel)
      problems.push(`it was made with cost model ${made}; this page has ${costModel}, so figures may differ`);
    while (!reader.ended()) {
      const tag = reader.byte();
      const part = reader.block();
      if (!known.includes(tag)) problems.push(`part ${tag} is unknown here, so it was left out`);
      else if (!parts.has(tag)) parts.set(tag, part);
    }
  } catch (error) {
    // What is missing is named part by part.
    if (!(error instanceof BrokenBytes)) throw error;
  }
  return parts;
}

// Search, view, locks

function packSearch(to: ByteWriter, search: SearchSettings): void {
  code(to, strategyCodes, search.strategy);
  to.number(search.budget);
  to.uint(search.seed);
  to.number(search.limit);
}

function unpackSearch(from: ByteReader): SearchSettings {
  return {
    strategy: decoded(from, strategyCodes, 'strategy'),
    budget: from.number() ?? 0,
    seed: from.uint(),
    limit: from.number(),
  };
}

/** The selection is in arithmetic progressions: a role of a uniform model is one (first, step, count). */
function packView(to: ByteWriter, view: View): void {
  const runs = progressions(view.selection);
  to.uint(runs.length);
  for (const { gap, step, length } of runs) [gap, step, length].forEach(to.uint);
  to.uint(view.focus);
  code(to, axisCodes, view.axis);
  code(to, colourCodes, view.gridColour);
  code(to, panelCodes, view.panel);
  code(to, referenceCodes, view.reference);
  to.uint(view.snap ? 1 : 0);
}

function unpackView(from: ByteReader): Omit<View, 'tiers'> {
  const selection: number[] = [];
  const count = from.count();
  let last = 0;
  for (let i = 0; i < count; i++) {
    let layer = last + from.uint();
    const step = from.uint();
    const length = from.uint();
    if (selection.length + length > maxLinears) throw new BrokenBytes('it selects too many layers');
    for (let j = 0; j < length; j++) {
      selection.push(layer);
      last = layer;
      layer += step;
    }
  }
  return {
    selection,
    focus: from.uint(),
    axis: decoded(from, axisCodes, 'axis'),
    gridColour: decoded(from, colourCodes, 'colour'),
    panel: decoded(from, panelCodes, 'panel'),
    reference: decoded(from, referenceCodes, 'reference'),
    snap: from.uint() === 1,
  };
}

/** Bit i stands for the i-th of `tiers`, whose order is therefore fixed. */
const tierBits = (shown: readonly Tier[]): number =>
  tiers.reduce((bits, tier, i) => bits + (shown.includes(tier) ? 2 ** i : 0), 0);

function tiersOf(bits: number): readonly Tier[] {
  return tiers.filter((_, i) => Math.floor(bits / 2 ** i) % 2 === 1);
}

function unpackQuantization(from: ByteReader): Quantization {
  try {
    return quantizationByName(from.text());
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new BrokenBytes(error.message);
  }
}

interface Progression {
  /** From the last element of the progression before. */
  readonly gap: number;
  readonly step: number;
  readonly length: number;
}

function progressions(sorted: readonly number[]): readonly Progression[] {
  const found: Progression[] = [];
  let last = 0;
  for (let i = 0; i < sorted.length;) {
    const first = sorted[i] ?? 0;
    const step = (sorted[i + 1] ?? first) - first;
    let length = 1;
    if (step > 0) while (sorted[i + length] === first + length * step) length += 1;
    found.push({ gap: first - last, step: length === 1 ? 0 : step, length });
    i += length;
    last = first + (length - 1) * step;
    if (length === 1) last = first;
  }
  return found;
}

function packLocks(to: ByteWriter, locks: readonly Lock[]): void {
  const sorted = locks.toSorted((a, b) => a.layer - b.layer);
  to.uint(sorted.length);
  let before = 0;
  for (const { layer } of sorted) {
    to.uint(layer - before);
    before = layer;
  }
  for (const { rank } of sorted) to.uint(rank === null ? 0 : rank + 1);
}

function unpackLocks(from: ByteReader): readonly Lock[] {
  const count = from.count();
  let layer = 0;
  const layers = Array.from({ length: count }, () => (layer += from.uint()));
  return layers.map((each) => {
    const rank = from.uint();
    return { layer: each, rank: rank === 0 ? null : rank - 1 };
  });
}
