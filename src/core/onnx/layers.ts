/**
 * The linear layers of an ONNX graph, in the same form as those of a safetensors file: found by operator, grouped by what
 * the graph does with them, named by their module path where the exporter left one. Names only fill in what the graph
 * does not tell. A weight that several nodes use is one layer. A fused query-key-value matrix is one layer of role QKV and
 * group other: it is one matrix in the file and its parts are not multiplied apart.
 */
import { check } from '../base/checks.ts';
import { headsOf, positionsOf } from '../workload/config-json.ts';
import { attentionOf, blockNumbers, byPlace, isAside } from '../workload/layers.ts';
import type { Group } from '../workload/model.ts';
import { placeOf, type Place } from '../workload/names.ts';
import { createConstants, sourceKey, storedTensor } from './constants.ts';
import { headsInGraph, inputExtents } from './extents.ts';
import { linkGraph, nodeName, type Value } from './graph.ts';
import type { OnnxFileModel, OnnxLayer, OnnxModel, OnnxTensor, SkippedNode } from './model.ts';
import { pathsOf } from './paths.ts';
import { findSite, type Site } from './sites.ts';
import { partsOf, type Part, type Role } from './structure.ts';
import { tablesOf, type Table } from './tables.ts';

export interface OnnxHints {
  /** Of the file, for titles. */
  readonly name?: string;
  /** The parsed `config.json` beside the file. */
  readonly config?: unknown;
  readonly heads?: number;
}

/** The most that a workload may have. */
const mostTokens = 2 ** 20;

/** @throws InputError when the graph has a cycle or no linear layer. */
export function onnxLayers(model: OnnxModel, hints: OnnxHints = {}): OnnxFileModel {
  const graph = linkGraph(model.proto);
  const constants = createConstants(model, graph);
  const sites: Site[] = [];
  const skipped: SkippedNode[] = [];
  for (const op of graph.ops) {
    const finding = findSite(op, constants);
    if (finding === null) continue;
    if ('site' in finding) sites.push(finding.site);
    else skipped.push(finding.skipped);
  }
  check(sites.length > 0, 'ONNX file', `must have at least one linear layer${whyNone(skipped)}`);
  const parts = partsOf(graph, sites, constants.isConstant);
  const tables = tablesOf(graph, constants);
  const linears = layersOf(sites, parts, tables);
  const shapes = tables.map(({ name, shape }) => ({ name, shape }));
  const given = hints.heads ?? headsInGraph(graph, sites, parts) ?? undefined;
  const heads = headsOf(linears, shapes, hints.config, given);
  const tied = new Map(linears.map((layer) => [layer.weight, layer]));
  const positions = positionsOf(shapes, hints.config);
  const extents = inputExtents(model, graph, sites);
  const defaultSequence = extents.sequence ?? Math.min(positions.usual, positions.most);
  const tokens = extents.batch === null ? null : extents.batch * defaultSequence;
  const name = hints.name ?? 'model.onnx';
  return {
    id: 'file',
    title: name,
    source: `graph read from ${name}`,
    linears,
    attention: heads === null ? [] : attentionOf(linears, heads),
    embeddings: tables.map((table) => embeddingOf(table, tied.get(table.tensor.name))),
    tables: shapes,
    defaultSequence,
    maxSequence: extents.sequence ?? positions.most,
    ...(tokens !== null && tokens <= mostTokens ? { defaultTokens: tokens } : {}),
    skipped,
    ...extents,
  };
}

function whyNone([first]: readonly SkippedNode[]): string {
  return first === undefined ? '' : `; ${first.op} ${first.node}: ${first.reason}`;
}

/** One layer a weight, in blocks and roles. */
function layersOf(
  sites: readonly Site[],
  parts: ReadonlyMap<Site, Part>,
  tables: readonly Table[],
): readonly OnnxLayer[] {
  const rows = rowsOf(sites);
  const lookUps = new Map(tables.map(({ tensor, uses }) => [tensor.name, uses]));
  const names = namesOf(rows, (tensor) => lookUps.has(tensor.name));
  const last = lastSites(sites, parts);
  const drafts = rows.map((row, at) => {
    const [site] = row;
    const name = names[at] ?? '';
    const told = row.map((each) => parts.get(each)).find((part) => part !== undefined);
    return { row, site, name, told, place: placeIn(name, told, last.get(site)) };
  });
  const byName = drafts.every(({ told, name }) => told === undefined || placeOf(name).block !== null);
  const stacked = byName ? drafts.map(({ place }) => place) : stackedPlaces(drafts);
  const blocks = blockNumbers(stacked);
  const everyOther = drafts.every(({ place }) => isAside(place));
  return drafts
    .map(({ row, site, name, place }, at): OnnxLayer => {
      const tensor = storedTensor(site.source);
      return {
        name,
        role: place.role,
        group: place.group,
        block: blocks(stacked[at] ?? { block: null }),
        out: site.out,
        in: site.in,
        bias: site.bias !== null,
        factorize: everyOther || !isAside(place),
        ...(place.perSequence ? { rows: 'sequences' as const } : {}),
        weight: tensor.name,
        dtype: tensor.dtype,
        transposed: site.transposed,
        uses: row.length + (lookUps.get(tensor.name) ?? 0),
        node: nodeName(site.node),
        op: site.node.opType,
        sites: row.map((each) => ({
          graph: each.graph,
          node: each.node,
          input: each.input,
          output: each.output,
          bias: each.bias,
          ownBias: each.ownBias,
          alpha: each.alpha,
          beta: each.beta,
          reversed: each.transposed !== site.transposed,
        })),
        source: site.source,
      };
    })
    .sort(byPlace);
}

type Row = readonly [Site, ...Site[]];

/** Sites that multiply by the same matrix, in graph order. */
function rowsOf(sites: readonly Site[]): readonly Row[] {
  const numbers = new Map<OnnxTensor, number>();
  const numberOf = (tensor: OnnxTensor): string => {
    const known = numbers.get(tensor) ?? numbers.size;
    numbers.set(tensor, known);
    return String(known);
  };
  const rows = new Map<string, [Site, ...Site[]]>();
  for (const site of sites) {
    const key = sourceKey(site.source, numberOf);
    const row = rows.get(key);
    if (row === undefined) rows.set(key, [site]);
    else row.push(site);
  }
  return [...rows.values()];
}

/** The first path that no other layer claims, else its own path numbered, else the weight's name. */
function namesOf(rows: readonly Row[], isTable: (tensor: OnnxTensor) => boolean): readonly string[] {
  const candidates = rows.map((row) => row.map((site) => pathsOf(site, isTable(storedTensor(site.source)))));
  const claims = new Map<string, number>();
  for (const row of candidates)
    for (const path of new Set(row.flatMap(({ all }) => all))) claims.set(path, (claims.get(path) ?? 0) + 1);
  const taken = new Set<string>();
  const free = (name: string | null): name is string => name !== null && name !== '' && !taken.has(name);
  const numbered = createNumbering(free);
  return rows.map(([site], at) => {
    const weight = storedTensor(site.source).name;
    const paths = candidates[at] ?? [];
    const own = paths[0]?.own ?? null;
    const name =
      paths.flatMap(({ all }) => all).find((path) => claims.get(path) === 1 && free(path)) ??
      [own ?? weight, own === null ? nodeName(site.node) : null].find(free) ??
      numbered(own ?? weight);
    taken.add(name);
    return name;
  });
}

/** `path 2`, `path 3`, ...: the first that is free. */
function createNumbering(free: (name: string) => boolean): (name: string) => string {
  const last = new Map<string, number>();
  return (name) => {
    let number = (last.get(name) ?? 1) + 1;
    while (!free(`${name} ${number}`)) number += 1;
    last.set(name, number);
    return `${name} ${number}`;
  };
}

const groupOf: Readonly<Record<Role, Group>> = {
  Q: 'Q',
  K: 'K',
  V: 'V',
  QKV: 'other',
  KV: 'other',
  O: 'O',
  Gate: 'FFN1',
  Up: 'FFN1',
  Down: 'FFN2',
  FFN1: 'FFN1',
  FFN2: 'FFN2',
};

/** The graph's word first, then the name's, then what ends the graph. */
function placeIn(name: string, told: Part | undefined, isPooled: boolean | undefined): Place {
  // `w1` is Llama's gate in one file and anything in another.
  const named = placeOf(name.length > 2 ? name : '');
  if (told !== undefined) {
    const isCross =
      told.isCross || (named.role.startsWith('Cross ') && 'Q K V QKV KV O'.split(' ').includes(told.role));
    return {
      role: isCross ? `Cross ${told.role}` : told.role,
      group: groupOf[told.role],
      perSequence: false,
      block: named.block,
    };
  }
  if (named.role === 'Layer' && isPooled !== undefined)
    return { role: 'Head', group: 'other', perSequence: isPooled, block: null };
  return named;
}

/** Blocks by the attentions of the graph: one each, cross attentions with the one before. */
function stackedPlaces(
  drafts: readonly { readonly told: Part | undefined; readonly place: Place }[],
): readonly Pick<Place, 'block'>[] {
  const own = drafts.flatMap(({ told }) => (told === undefined || told.isCross ? [] : [told.attention]));
  const starts = new Set(own);
  // The block of every attention: how many began by then.
  const blockOf: number[] = [];
  const last = drafts.reduce((most, { told }) => Math.max(most, told?.attention ?? -1), -1);
  for (let at = 0; at <= last; at++) blockOf.push((blockOf[at - 1] ?? -1) + (starts.has(at) ? 1 : 0));
  return drafts.map(({ told }) => {
    const index = told === undefined ? -1 : (blockOf[told.attention] ?? -1);
    return { block: index < 0 ? null : { container: '', index } };
  });
}

const pools = /^(?:Gather|GatherND|GatherElements|Slice|Reduce(?:Mean|Max)|GlobalAveragePool|Squeeze)$/;
const passes =
  /^(?:LayerNormalization|Reshape|Flatten|Cast|Dropout|Identity|(?:Deq|Q)uantizeLinear|Tanh|Transpose)$/;

/** Layers that nothing but the graph's outputs comes after, with whether one row a sequence goes in. */
function lastSites(sites: readonly Site[], parts: ReadonlyMap<Site, Part>): ReadonlyMap<Site, boolean> {
  if (parts.size === 0) return new Map();
  const later = new Set(sites.map(({ inputValue }) => inputValue));
  return new Map(
    sites.flatMap((site) => {
      if (parts.has(site) || !endsGraph(site.outputValue, later)) return [];
      let op = site.inputValue.producer;
      for (let steps = 0; steps < 8 && op !== null && passes.test(op.type); steps++)
        op = op.inputs[0]?.producer ?? null;
      return [[site, op !== null && pools.test(op.type)] as const];
    }),
  );
}

/** Whether a value becomes an output within a few steps, with no layer on the way. */
function endsGraph(start: Value, later: ReadonlySet<Value>): boolean {
  const seen = new Set([start]);
  for (const value of seen) {
    if (later.has(value) || seen.size > 32 || value.uses.length > 32) return false;
    for (const { op } of value.uses.slice(0, 32)) for (const next of op.outputs.slice(0, 32)) seen.add(next);
  }
  return [...seen].some(({ isOutput }) => isOutput);
}

function embeddingOf(
  { name, shape }: Table,
  head: OnnxLayer | undefined,
): OnnxFileModel['embeddings'][number] {
  const width = shape.at(-1) ?? 1;
  const rows = shape.slice(0, -1).reduce((product, extent) => product * extent, 1);
  return head === undefined
    ? { name, shape: [rows, width] }
    : { name, shape: [rows, width], tiedTo: head.name };
}
