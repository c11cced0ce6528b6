/** What layers of other people's models read, against plain loops over the values that the graph gives out. */
import { describe, expect, it } from 'vitest';
import { exposeValues } from '../../core/onnx/expose.ts';
import { withProto } from '../../core/onnx/edit.ts';
import { intAttribute, textAttribute } from '../../core/onnx/graph.ts';
import type { OnnxLayer, OnnxSite } from '../../core/onnx/model.ts';
import { probeInputs } from '../../core/onnx/probe-inputs.ts';
import { readInputs } from '../../core/onnx/user-inputs.ts';
import type { Column } from '../../core/tasks/task.ts';
import { wholeModel } from './export.ts';
import { loadOrt } from './ort.ts';
import { feedsOf } from './user-batches.ts';
import { arrayOf, examplesFor, npzOf, openCorpus } from './user-inputs.fixture.ts';
import { layerCovariances } from './user-statistics.ts';

type Opened = Awaited<ReturnType<typeof openCorpus>>;

/** Axes that a row of the layer's inputs runs over, outermost first. */
function rowAxes({ node }: OnnxSite, rank: number): readonly number[] {
  if (node.opType === 'Conv') return [1];
  if (node.opType === 'Gemm') return [intAttribute(node, 'transA', 0) === 1 ? 0 : 1];
  if (node.opType !== 'Einsum' || textAttribute(node, 'equation').includes('...')) return [rank - 1];
  const [x = '', w = '', y = ''] = textAttribute(node, 'equation').replaceAll(' ', '').split(/,|->/);
  return [...w].filter((letter) => !y.includes(letter)).map((letter) => x.indexOf(letter));
}

function rowsOf({ shape, values }: Column, axes: readonly number[]): readonly (readonly number[])[] {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((all, n) => all * n, 1));
  const offsets = (of: readonly number[]): readonly number[] =>
    of.reduce<readonly number[]>(
      (known, axis) =>
        known.flatMap((at) => Array.from({ length: shape[axis]! }, (_, k) => at + k * strides[axis]!)),
      [0],
    );
  const others = shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const within = offsets(axes);
  return offsets(others).map((at) => within.map((more) => Number(values[at + more])));
}

/** Values by name in batches of `size`: scales of integer products depend on what runs together. */
async function exposed({ onnx }: Opened, sites: readonly OnnxSite[], bytes: Uint8Array, size: number) {
  const wanted = [...new Set(sites.map(({ input }) => input))];
  const graph = withProto(onnx, exposeValues(onnx.proto, wanted));
  const session = await (await loadOrt()).createSession(await wholeModel(graph));
  const inputs = readInputs(onnx, bytes);
  const batches: Readonly<Record<string, Column>>[] = [];
  for (let from = 0; from < inputs.count; from += size) {
    const feed = feedsOf(inputs, from, Math.min(size, inputs.count - from));
    // What is fed is no output that onnxruntime would give.
    const made = await session.run(
      feed,
      wanted.filter((value) => !(value in feed)),
    );
    const fed = Object.entries(feed).map(([name, { shape, values }]) => [
      name,
      { shape, values: Float32Array.from(values, Number) },
    ]);
    batches.push({ ...Object.fromEntries(fed), ...made });
  }
  await session.release();
  return batches;
}

async function covariances({ onnx }: Opened, layers: readonly OnnxLayer[], bytes: Uint8Array) {
  const steps = layerCovariances(await loadOrt(), onnx, layers, readInputs(onnx, bytes));
  const seen: number[] = [];
  for (;;) {
    const next = await steps.next();
    if (next.done === true) return { found: next.value, seen };
    seen.push(next.value.done / next.value.of);
  }
}

describe('the inputs of layers, in every dialect', () => {
  it.each([
    'hand-conv',
    'hand-einsum',
    'hand-external',
    'hand-f16',
    'hand-gemm',
    'hand-shared',
    'optimum-bert',
    'ort-optimized-bert',
    'quantized-dynamic',
    'quantized-nbits',
    'quantized-qdq',
    'tf2onnx-bert-13',
    'torchscript-encoder-14',
  ])('%s', async (name) => {
    const file = await openCorpus(name);
    // More than one batch of 8.
    const bytes = examplesFor(file.onnx, { batch: 12, length: 6, seed: 3 });
    const { linears } = file.model;
    const { found, seen } = await covariances(file, linears, bytes);
    expect(seen.at(-1)).toBe(1);
    const sites = linears.flatMap((layer) => layer.sites);
    const batches = await exposed(file, sites, bytes, name === 'torchscript-encoder-14' ? 2 : 8);
    for (const layer of linears) {
      const rows = layer.sites
        .filter(({ reversed }) => !reversed)
        .flatMap((site) =>
          batches.flatMap((values) => {
            const column = values[site.input]!;
            return rowsOf(column, rowAxes(site, column.shape.length));
          }),
        );
      expect(rows[0]?.length).toBe(layer.in);
      const c = found.get(layer.name)!;
      expect([c.rows, c.columns]).toEqual([layer.in, layer.in]);
      const size = Math.max(...c.values.map(Math.abs));
      let apart = 0;
      for (let i = 0; i < layer.in; i++)
        for (let j = 0; j < layer.in; j++) {
          const mean = rows.reduce((sum, x) => sum + x[i]! * x[j]!, 0) / rows.length;
          apart = Math.max(apart, Math.abs(c.values[i * layer.in + j]! - mean));
        }
      // Optimizations differ in where half precision rounds.
      expect(apart).toBeLessThanOrEqual((layer.dtype === 'F16' ? 1e-3 : 1e-5) * size);
    }
  });

  it.each(['optimum-bert', 'dynamo-bert'])('of %s leave padding out', async (name) => {
    const file = await openCorpus(name);
    const tokens = probeInputs(file.onnx, { batch: 12, length: 6, seed: 3 });
    expect(tokens.map((each) => each.name)).toContain('attention_mask');
    // Examples of 1 to 6 tokens.
    const masked = tokens.map((each) => {
      const values = each.values.map((_, k) => (k % 6 <= Math.floor(k / 6) % 6 ? 1 : 0));
      return each.name === 'attention_mask' ? { ...each, values } : each;
    });
    const mask = masked.find((each) => each.name === 'attention_mask')!.values;
    const bytes = npzOf(Object.fromEntries(masked.map((each) => [each.name, arrayOf(each)])));
    const { linears } = file.model;
    const { found } = await covariances(file, linears, bytes);
    const sites = linears.flatMap((layer) => layer.sites);
    const batches = await exposed(file, sites, bytes, 12);
    for (const layer of linears) {
      const column = batches[0]![layer.sites[0]!.input]!;
      const all = rowsOf(column, rowAxes(layer.sites[0]!, column.shape.length));
      // A pooled row is no token.
      const rows = all.length === mask.length ? all.filter((_, row) => mask[row] === 1) : all;
      const c = found.get(layer.name)!;
      const size = Math.max(...c.values.map(Math.abs));
      for (const [i, j] of [
        [0, 0],
        [3, 17],
        [layer.in - 1, 5],
      ] as const) {
        const mean = rows.reduce((sum, x) => sum + x[i]! * x[j]!, 0) / rows.length;
        expect(Math.abs(c.values[i * layer.in + j]! - mean)).toBeLessThanOrEqual(1e-5 * size);
      }
    }
  });

  it('of one value are one matrix', async () => {
    const file = await openCorpus('optimum-bert');
    const { found } = await covariances(
      file,
      file.model.linears,
      examplesFor(file.onnx, { batch: 2, length: 4, seed: 1 }),
    );
    const layer = (part: string) => found.get(`bert.encoder.layer.0.attention.self.${part}`);
    expect(layer('key')).toBe(layer('query'));
    expect(new Set(found.values()).size).toBeLessThan(found.size);
  });
});

describe('layers that cannot be calibrated', () => {
  it('are named: inside a branch, in integers, too wide', async () => {
    const branch = await openCorpus('hand-if');
    const inputs = examplesFor(branch.onnx, { batch: 2, length: 3, seed: 1 });
    const down = branch.model.linears.filter(({ name }) => name === 'down');
    await expect(covariances(branch, down, inputs)).rejects.toThrow(
      /^layer down: must read a value of the main graph to be calibrated/,
    );
    const integers = await openCorpus('quantized-operators');
    const given = examplesFor(integers.onnx, { batch: 2, length: 3, seed: 1 });
    await expect(covariances(integers, integers.model.linears, given)).rejects.toThrow(
      /^layer .*: node .* reads integers; export the model in QDQ format/,
    );
    const wide = { ...down[0]!, in: 5000 };
    await expect(covariances(branch, [wide], inputs)).rejects.toThrow(
      'layer down: must have at most 4096 inputs to be calibrated, got 5000',
    );
  });

  it('are named where what they read is no number', async () => {
    const file = await openCorpus('hand-gemm');
    const input = file.onnx.proto.graph!.input[0]!;
    const huge = examplesFor(file.onnx, { batch: 2, length: 3, seed: 1 });
    const inputs = readInputs(file.onnx, huge);
    const broken = {
      ...inputs,
      inputs: inputs.inputs.map((each) =>
        each.name === input.name ? { ...each, values: each.values.map(() => 1e30) } : each,
      ),
    };
    const steps = layerCovariances(await loadOrt(), file.onnx, file.model.linears, broken);
    const all = async (): Promise<void> => {
      while ((await steps.next()).done !== true);
    };
    await expect(all()).rejects.toThrow(/^calibration: needs finite activations before layer /);
  });
});
