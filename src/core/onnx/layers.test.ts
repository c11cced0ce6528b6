/** Sites, orientations and reasons, on corpus files and on graphs of a few nodes. The corpus as a whole: corpus.test.ts. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bytesSource } from '../workload/byte-source.ts';
import { resolveWorkload } from '../workload/workload.ts';
import { onnxLayers, type OnnxHints } from './layers.ts';
import type { OnnxFileModel } from './model.ts';
import { openOnnx } from './open.ts';
import { readOnnxWeight } from './weights.ts';
import { floats, intAttributeBytes, modelBytes, tensorBytes, type FixtureNode } from './wire.fixture.ts';

async function corpus(name: string, hints: OnnxHints = {}): Promise<OnnxFileModel> {
  const bytes = readFileSync(new URL(`corpus/${name}.onnx`, import.meta.url));
  return onnxLayers(await openOnnx(bytesSource(new Uint8Array(bytes))), hints);
}

const open = async (nodes: readonly FixtureNode[], tensors: readonly Uint8Array[]) => {
  const model = await openOnnx(bytesSource(modelBytes(nodes, tensors)));
  return { model, file: onnxLayers(model) };
};

const int8 = (name: string, shape: readonly number[], values: readonly number[]): Uint8Array =>
  tensorBytes(name, shape, 3, new Uint8Array(Int8Array.from(values).buffer));
const float = (name: string, shape: readonly number[], values: readonly number[]): Uint8Array =>
  tensorBytes(name, shape, 1, floats(values));
const w = float('w', [2, 3], [1, 2, 3, 4, 5, 6]);
const matmul = { op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] };

describe('a layer of a graph', () => {
  it('knows the values around it, and what Gemm does beside', async () => {
    const file = await corpus('hand-gemm');
    const site = (name: string) => file.linears.find((layer) => layer.name === name)?.sites[0];
    expect(site('first')).toMatchObject({
      input: 'x',
      output: 'Gemm_1_out',
      bias: 'first.bias',
      ownBias: true,
      alpha: 0.5,
      beta: 2,
    });
    expect(site('second')).toMatchObject({ bias: 'second.bias', ownBias: true, alpha: 2, beta: 1 });
    expect(site('third')).toMatchObject({ bias: null, ownBias: false, alpha: 1 });
    const plain = await corpus('hand-qkv-split');
    expect(plain.linears[0]?.sites[0]).toMatchObject({ bias: 'layers.0.attn.qkv.bias', ownBias: false });
    expect(plain.linears[0]).toMatchObject({
      op: 'MatMul',
      node: 'layers.0.attn.qkv/MatMul',
      transposed: true,
    });
  });

  it('that is used in both directions is one row with a reversed site', async () => {
    const { file } = await open(
      [
        matmul,
        { op: 'Transpose', inputs: ['w'], outputs: ['t'] },
        { op: 'MatMul', inputs: ['y', 't'], outputs: ['z'] },
      ],
      [w],
    );
    expect(file.linears).toHaveLength(1);
    expect(file.linears[0]).toMatchObject({ out: 3, in: 2, uses: 2, node: 'y' });
    expect(file.linears[0]?.sites.map(({ reversed }) => reversed)).toEqual([false, true]);
  });

  it('reads integers by their scales: a tensor, an axis, blocks', async () => {
    const codes = [1, 2, 3, 4, 5, 6];
    const read = async (
      scale: Uint8Array,
      attributes: readonly Uint8Array[],
      more: readonly Uint8Array[] = [],
    ): Promise<readonly number[]> => {
      const inputs = more.length === 0 ? ['q', 's'] : ['q', 's', 'z'];
      const { model, file } = await open(
        [{ op: 'DequantizeLinear', inputs, outputs: ['w'], attributes }, matmul],
        [int8('q', [2, 3], codes), scale, ...more],
      );
      const [layer] = file.linears;
      expect(layer).toMatchObject({ weight: 'q', dtype: 'I8', out: 3, in: 2 });
      // [in, out] as stored, so that the rows below read like the tensor.
      const { values } = layer === undefined ? { values: [] } : await readOnnxWeight(model, layer);
      return [0, 1].flatMap((i) => [0, 1, 2].map((o) => values[o * 2 + i] ?? Number.NaN));
    };
    expect(await read(float('s', [], [2]), [])).toEqual([2, 4, 6, 8, 10, 12]);
    expect(await read(float('s', [3], [1, 10, 100]), [])).toEqual([1, 20, 300, 4, 50, 600]);
    expect(await read(float('s', [2], [1, 10]), [intAttributeBytes('axis', 0)])).toEqual([
      1, 2, 3, 40, 50, 60,
    ]);
    expect(await read(float('s', [], [2]), [], [int8('z', [], [1])])).toEqual([0, 2, 4, 6, 8, 10]);
    const blocks = [intAttributeBytes('axis', 1), intAttributeBytes('block_size', 2)];
    expect(await read(float('s', [2, 2], [1, 10, 100, 1000]), blocks)).toEqual([1, 2, 30, 400, 500, 6000]);
  });

  it('has heads from the graph before those of a config, which must fit', async () => {
    expect((await corpus('torchscript-bert')).attention).toHaveLength(4);
    expect((await corpus('torchscript-bert')).attention[0]).toMatchObject({
      heads: 2,
      kvHeads: 2,
      headWidth: 12,
    });
    expect((await corpus('dynamo-llama')).attention[0]).toMatchObject({ heads: 4, kvHeads: 2, headWidth: 8 });
    expect((await corpus('hand-einsum')).attention).toEqual([]);
    const config = { num_attention_heads: 3 };
    expect((await corpus('hand-einsum', { config })).attention[0]).toMatchObject({ heads: 3, headWidth: 8 });
    expect((await corpus('hand-einsum', { config: { num_attention_heads: 5 } })).attention).toEqual([]);
  });

  it('leaves heads and classifiers aside, ties tables, and asks where extents are open', async () => {
    const tied = await corpus('hand-shared');
    expect(tied.linears.find(({ name }) => name === 'lm_head')).toMatchObject({
      role: 'Head',
      factorize: false,
      rows: 'sequences',
    });
    expect(tied.embeddings).toEqual([{ name: 'wte', shape: [40, 24], tiedTo: 'lm_head' }]);
    expect([tied.batch, tied.sequence, tied.defaultTokens]).toEqual([null, null, undefined]);
    const fixed = await corpus('tf2onnx-keras-15');
    expect(resolveWorkload(fixed, {})).toEqual({ tokens: 12, batch: 2, sequence: 6 });
    const bert = await corpus('torchscript-bert');
    expect(bert.linears.filter(({ factorize }) => !factorize).map(({ role }) => role)).toEqual([
      'Pooler',
      'Head',
    ]);
    expect(new Set(bert.linears.map(({ block }) => block))).toEqual(new Set([0, 1, null]));
    expect(bert.maxSequence).toBe(32);
    const t5 = await corpus('torchscript-t5');
    expect(
      t5.linears.filter(({ role }) => role.startsWith('Cross')).map(({ role, block }) => [role, block]),
    ).toEqual(['Cross Q', 'Cross K', 'Cross V', 'Cross O'].map((role) => [role, 1]));
  });
});

describe('what is no linear layer is said with its reason:', () => {
  const other = { op: 'MatMul', inputs: ['x', 'v'], outputs: ['u'] };
  const v = float('v', [2, 2], [1, 2, 3, 4]);
  const cases: [string, FixtureNode, readonly Uint8Array[], RegExp][] = [
    ['from the left', { op: 'MatMul', inputs: ['w', 'x'], outputs: ['y'] }, [w], /multiplies from the left/],
    [
      'fused attention',
      { op: 'Attention', domain: 'com.microsoft', inputs: ['x', 'w'], outputs: ['y'] },
      [w],
      /fused with the attention; export again/,
    ],
    [
      'a computed weight',
      { op: 'MatMul', inputs: ['x', 'c'], outputs: ['y'] },
      [w],
      /computed by Mul; fold constants first/,
    ],
    ['three dimensions', matmul, [float('w', [2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8])], /shape \[2, 2, 2\]/],
  ];
  it.each(cases)('%s', async (name, node, tensors, reason) => {
    const before = name === 'a computed weight' ? [{ op: 'Mul', inputs: ['w', 'w'], outputs: ['c'] }] : [];
    const bytes = modelBytes([...before, node, other], [...tensors, v]);
    const model = await openOnnx(bytesSource(bytes));
    const { skipped, linears } = onnxLayers(model);
    expect(linears.map(({ weight }) => weight)).toEqual(['v']);
    expect(skipped).toHaveLength(1);
    expect(skipped[0]).toMatchObject({ node: 'y', reason: expect.stringMatching(reason) });
  });

  it('a graph of nothing else is refused with the first reason', async () => {
    await expect(open([{ op: 'MatMul', inputs: ['w', 'x'], outputs: ['y'] }], [w])).rejects.toThrow(
      /at least one linear layer; MatMul y: it multiplies from the left/,
    );
  });
});
