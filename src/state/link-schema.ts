/**
 * A config as bytes, version 1 of the link. Parts with a tag and a length each, so that one that is damaged or newer
 * costs only itself. Every list of codes below may grow at its end and is never reordered: old links stay readable.
 */
import type { Factorization, Format } from '../core/factor/factorization.ts';
import type { Group } from '../core/workload/model.ts';
import type { Accounting } from '../core/cost/mapping.ts';
import { costModel } from '../core/cost/version.ts';
import type {
  Axis,
  Config,
  Lock,
  ModelChoice,
  Panel,
  Pin,
  PinLetter,
  SearchSettings,
  Strategy,
  View,
} from './config.ts';
import { packAccelerator, unpackAccelerator } from './link-accelerator.ts';
import { BrokenBytes, createReader, createWriter, type ByteReader, type ByteWriter } from './bytes.ts';
import { maxLinears, type Draft } from './draft.ts';

const cardCodes = [
  'bert-base',
  'bert-large',
  'vit-b16',
  'deit-s',
  'gpt2',
  'llama-7b',
  'llama-3-8b',
  'glyph-vit',
  'lexical-qa',
] as const;
const formatCodes: readonly Format[] = [
  'dense',
  'svd',
  'kronecker',
  'cp',
  'tucker',
  'tt',
  'ttm',
  'tr',
  'block-term',
];
const groupCodes: readonly Group[] = ['Q', 'K', 'V', 'O', 'FFN1', 'FFN2', 'other'];
const accountingCodes: readonly Accounting[] = ['timeloop', 'accelforge'];
const strategyCodes: readonly Strategy[] = ['sweep', 'uniform-svd', 'tltorch', 'random'];
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
  const parts = readParts(bytes, problems);
  const known = emptyTable();
  const read = <T>(name: Part, decode: (from: ByteReader) => T): T | undefined => {
    const from = parts.get(tags[name]);
    if (from === undefined) {
      problems.push(`the ${name} is missing, so its opening value was taken`);
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
  const locks = optional('locks', unpackLocks);
  const pins = optional('pins', (from): readonly Pin[] => {
    const letters = Array.from({ length: from.count() }, () => decoded(from, letterCodes, 'pin'));
    const designs = unpackDesigns(from, letters.length, known);
    return letters.map((letter, i) => ({ letter, design: designs[i] ?? [] }));
  });
  return {
    draft: {
      ...(model && { model }),
      ...work,
      ...(machine && { accelerator: machine.accelerator }),
      ...(design && { design }),
      ...(search && { search }),
      ...(view && { view }),
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

// Codes

function code<T>(to: ByteWriter, codes: readonly T[], value: T): void {
  to.uint(codes.indexOf(value));
}

function decoded<T>(from: ByteReader, codes: readonly T[], what: string): T {
  const index = from.uint();
  const value = codes[index];
  if (value === undefined) throw new BrokenBytes(`${what} ${index} is unknown here`);
  return value;
}

// Model

const kindCodes: readonly ModelChoice['kind'][] = ['card', 'custom', 'gemm', 'file'];

function packModel(to: ByteWriter, model: ModelChoice): void {
  code(to, kindCodes, model.kind);
  switch (model.kind) {
    case 'card': {
      const index = (cardCodes as readonly string[]).indexOf(model.id);
      to.uint(index + 1);
      if (index < 0) to.text(model.id);
      return;
    }
    case 'custom': {
      const { width, layers, ffn, heads, kvHeads, gatedMlp, vocabulary } = model.spec;
      [width, layers, ffn, heads, kvHeads, gatedMlp ? 1 : 0, vocabulary].forEach(to.uint);
      return;
    }
    case 'gemm':
      to.uint(model.n);
      return to.uint(model.k);
    case 'file': {
      const { linears } = model;
      to.text(model.name);
      to.uint(model.bytes);
      // Column by column: like stands beside like.
      to.uint(linears.length);
      for (const layer of linears) to.text(layer.name);
      for (const layer of linears) to.text(layer.role);
      for (const layer of linears) code(to, groupCodes, layer.group);
      for (const layer of linears) to.uint(layer.block === null ? 0 : layer.block + 1);
      for (const layer of linears) to.uint(layer.out);
      for (const layer of linears) to.uint(layer.in);
      for (const layer of linears) to.uint((layer.bias ? 1 : 0) + (layer.factorize ? 2 : 0));
      return;
    }
  }
  model satisfies never;
}

function unpackModel(from: ByteReader): ModelChoice {
  const kind = decoded(from, kindCodes, 'model kind');
  switch (kind) {
    case 'card': {
      const index = from.uint();
      const id = index === 0 ? from.text() : cardCodes[index - 1];
      if (id === undefined) throw new BrokenBytes(`model ${index} is unknown here`);
      return { kind, id };
    }
    case 'custom': {
      const [width, layers, ffn, heads, kvHeads, gated, vocabulary] = Array.from({ length: 7 }, from.uint);
      return {
        kind,
        spec: {
          width: width ?? 0,
          layers: layers ?? 0,
          ffn: ffn ?? 0,
          heads: heads ?? 0,
          kvHeads: kvHeads ?? 0,
          gatedMlp: gated === 1,
          vocabulary: vocabulary ?? 0,
        },
      };
    }
    case 'gemm':
      return { kind, n: from.uint(), k: from.uint() };
    case 'file': {
      const name = from.text();
      const bytes = from.uint();
      const count = from.count();
      if (count > maxLinears) throw new BrokenBytes(`it has ${count} layers, more than ${maxLinears}`);
      const column = <T>(read: () => T): readonly T[] => Array.from({ length: count }, read);
      const names = column(from.text);
      const roles = column(from.text);
      const layerGroups = column(() => decoded(from, groupCodes, 'group'));
      const blocks = column(from.uint);
      const outs = column(from.uint);
      const ins = column(from.uint);
      const flags = column(from.uint);
      const linears = names.map((layerName, i) => ({
        name: layerName,
        role: roles[i] ?? '',
        group: layerGroups[i] ?? 'other',
        block: blocks[i] === 0 ? null : (blocks[i] ?? 0) - 1,
        out: outs[i] ?? 0,
        in: ins[i] ?? 0,
        bias: (flags[i] ?? 0) % 2 === 1,
        factorize: (flags[i] ?? 0) >= 2,
      }));
      return { kind, name, bytes, linears };
    }
  }
}

// Designs

/** What differs between two factorizations of one kind is only their ranks. */
interface Kind {
  readonly format: Format;
  /** Empty for dense and svd, whose modes are the layer's own. */
  readonly outModes: readonly number[];
  readonly inModes: readonly number[];
  readonly rankCount: number;
}

/** Kinds and factorizations that earlier parts have named already. */
interface Table {
  readonly kinds: Kind[];
  readonly kindOf: Map<string, number>;
  readonly entries: Factorization[];
  readonly entryOf: Map<string, number>;
}

const emptyTable = (): Table => ({ kinds: [], kindOf: new Map(), entries: [], entryOf: new Map() });

const isFlat = (format: Format): boolean => format === 'dense' || format === 'svd';

/**
 * New kinds; new factorizations, in order of appearance, as a run-length list of kinds and then all their ranks; then
 * each design as runs: 0 = the next new factorization, k + 1 = the k-th one.
 */
function packDesigns(to: ByteWriter, designs: readonly (readonly Factorization[])[], table: Table): void {
  const oldKinds = table.kinds.length;
  const entryKinds: number[] = [];
  const ranks: number[] = [];
  const runs = designs.map((design) =>
    runLengths(
      design.map((f) => {
        const flat = isFlat(f.format);
        const outModes = flat ? [] : f.outModes;
        const inModes = flat ? [] : f.inModes;
        const kindKey = `${f.format} ${outModes.join()} ${inModes.join()} ${f.ranks.length}`;
        const key = `${kindKey} ${f.ranks.join()}`;
        const known = table.entryOf.get(key);
        if (known !== undefined) return known + 1;
        let kind = table.kindOf.get(kindKey);
        if (kind === undefined) {
          kind = table.kinds.length;
          table.kindOf.set(kindKey, kind);
          table.kinds.push({ format: f.format, outModes, inModes, rankCount: f.ranks.length });
        }
        table.entryOf.set(key, table.entries.length);
        table.entries.push(f);
        entryKinds.push(kind);
        ranks.push(...f.ranks);
        return 0;
      }),
    ),
  );
  const kinds = table.kinds.slice(oldKinds);
  to.uint(kinds.length);
  for (const kind of kinds) {
    code(to, formatCodes, kind.format);
    for (const modes of [kind.outModes, kind.inModes]) {
      to.uint(modes.length);
      modes.forEach(to.uint);
    }
    to.uint(kind.rankCount);
  }
  writeRuns(to, runLengths(entryKinds));
  to.planes(ranks);
  for (const each of runs) writeRuns(to, each);
}

function unpackDesigns(from: ByteReader, count: number, table: Table): readonly (readonly Factorization[])[] {
  const newKinds = from.count();
  for (let i = 0; i < newKinds; i++) {
    const format = decoded(from, formatCodes, 'format');
    const [outModes, inModes] = [0, 1].map(() => Array.from({ length: from.count() }, from.uint));
    const rankCount = from.uint();
    if (rankCount > 64) throw new BrokenBytes(`a factorization has ${rankCount} ranks`);
    table.kinds.push({ format, outModes: outModes ?? [], inModes: inModes ?? [], rankCount });
  }
  const entryKinds = readRuns(from).map((index) => {
    const kind = table.kinds[index];
    if (kind === undefined) throw new BrokenBytes(`factorization kind ${index} does not exist`);
    return kind;
  });
  const ranks = from.planes(entryKinds.reduce((sum, kind) => sum + kind.rankCount, 0));
  let next = table.entries.length;
  let at = 0;
  for (const { format, outModes, inModes, rankCount } of entryKinds) {
    table.entries.push({ format, outModes, inModes, ranks: ranks.slice(at, at + rankCount) });
    at += rankCount;
  }
  return Array.from({ length: count }, () =>
    readRuns(from).map((index) => {
      const entry = index === 0 ? table.entries[next++] : table.entries[index - 1];
      if (entry === undefined) throw new BrokenBytes(`factorization ${index} does not exist`);
      return entry;
    }),
  );
}

type Run = readonly [value: number, length: number];

function runLengths(values: readonly number[]): readonly Run[] {
  const runs: [number, number][] = [];
  for (const value of values) {
    const last = runs.at(-1);
    if (last !== undefined && last[0] === value) last[1] += 1;
    else runs.push([value, 1]);
  }
  return runs;
}

function writeRuns(to: ByteWriter, runs: readonly Run[]): void {
  to.uint(runs.length);
  for (const [value] of runs) to.uint(value);
  for (const [, length] of runs) to.uint(length);
}

function readRuns(from: ByteReader): readonly number[] {
  const count = from.count();
  const values = Array.from({ length: count }, from.uint);
  const all: number[] = [];
  for (const value of values) {
    const length = from.uint();
    if (all.length + length > maxRun) throw new BrokenBytes(`a list is longer than ${maxRun}`);
    for (let i = 0; i < length; i++) all.push(value);
  }
  return all;
}

/** Design and pins of the largest model, all different. */
const maxRun = 5 * maxLinears;

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

function unpackView(from: ByteReader): View {
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
    while (step > 0 && sorted[i + length] === first + length * step) length += 1;
    found.push({ gap: first - last, step: length === 1 ? 0 : step, length });
    i += length;
    last = first + (length - 1) * step;
    if (length === 1) last = first;
  }
  return found;
}

function packLocks(to: ByteWriter, locks: readonly Lock[]): void {
  to.uint(locks.length);
  let before = 0;
  for (const { layer } of locks) {
    to.uint(layer - before);
    before = layer;
  }
  for (const { rank } of locks) to.uint(rank === null ? 0 : rank + 1);
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
