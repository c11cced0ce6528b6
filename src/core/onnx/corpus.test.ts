/**
 * Small models of every dialect, made by the real exporters (scripts/corpus), against what their scripts know of them:
 * module paths, shapes, groups, uses, and two sums over each weight.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bytesSource } from '../workload/byte-source.ts';
import type { Matrix } from '../tensor/dense.ts';
import { onnxLayers } from './layers.ts';
import { openOnnx } from './open.ts';
import { readOnnxWeight } from './weights.ts';

interface Truth {
  readonly madeBy: string;
  /** Of the probe, relative to the norm. */
  readonly tolerance: number;
  readonly layers: readonly {
    readonly name: string;
    readonly out: number;
    readonly in: number;
    readonly bias: boolean;
    readonly group: string;
    readonly uses: number;
    readonly probe: readonly [norm: number, sum: number];
  }[];
  readonly embeddings: readonly { readonly name: string; readonly shape: readonly number[] }[];
  readonly heads?: number;
  readonly batch?: number | null;
  readonly sequence?: number | null;
  readonly skipped?: readonly string[];
}

const folder = new URL('corpus/', import.meta.url);
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.replace(/\.json$/, ''));
const truthOf = (name: string): Truth =>
  JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as Truth;

async function open(name: string) {
  const bytes = readFileSync(new URL(`${name}.onnx`, folder));
  const model = await openOnnx(bytesSource(bytes), (location) => {
    const file = new URL(location, folder);
    return existsSync(file) ? bytesSource(readFileSync(file)) : null;
  });
  return { model, file: onnxLayers(model, { name }) };
}

/** As scripts/corpus/truth.py. */
function probe({ rows, columns, values }: Matrix): readonly [norm: number, sum: number] {
  let squares = 0;
  let sum = 0;
  for (let o = 0; o < rows; o++)
    for (let i = 0; i < columns; i++) {
      const w = values[o * columns + i] ?? 0;
      squares += w * w;
      sum += w * Math.cos(1.3 * o + 0.7 * i);
    }
  return [Math.sqrt(squares), sum];
}

const sorted = <T extends { readonly name: string }>(list: readonly T[]): readonly T[] =>
  list.toSorted((a, b) => (a.name < b.name ? -1 : 1));

describe.each(names)('%s', (name) => {
  const truth = truthOf(name);

  it('has the layers of the model it was made of', async () => {
    const { file } = await open(name);
    const found = file.linears.map((layer) => ({
      name: layer.name,
      out: layer.out,
      in: layer.in,
      bias: layer.bias,
      group: layer.group,
      uses: layer.uses,
    }));
    expect(sorted(found)).toEqual(sorted(truth.layers.map(({ probe: _, ...rest }) => rest)));
    expect(sorted(file.tables)).toEqual(sorted(truth.embeddings));
    if (truth.heads !== undefined) expect(file.attention[0]?.heads).toBe(truth.heads);
    if (truth.batch !== undefined) expect(file.batch).toBe(truth.batch);
    if (truth.sequence !== undefined) expect(file.sequence).toBe(truth.sequence);
    if (truth.skipped !== undefined) expect(file.skipped.map(({ op }) => op)).toEqual(truth.skipped);
  });

  it('has their weights', async () => {
    const { model, file } = await open(name);
    for (const { name: layerName, probe: expected } of truth.layers) {
      const layer = file.linears.find((each) => each.name === layerName);
      if (layer === undefined) throw new Error(`no layer ${layerName}`);
      const [norm, sum] = probe(await readOnnxWeight(model, layer));
      const scale = truth.tolerance * expected[0];
      expect(Math.abs(norm - expected[0])).toBeLessThanOrEqual(scale);
      expect(Math.abs(sum - expected[1])).toBeLessThanOrEqual(scale * Math.sqrt(layer.out * layer.in));
    }
  });
});
