/** The ways in which exporters write a linear layer, each with its factors in place. */
import { create } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  type NodeProto,
  type TensorProto,
} from 'onnx-buf';
import { Tensor } from 'onnxruntime-web/wasm';
import { describe, expect, it } from 'vitest';
import type { Factorization } from '../factor/factorization.ts';
import { changed, node, rawTensor, tensorValue, type Extent } from './edit-messages.ts';
import { distance, normal, replacement } from './edit-run.fixture.ts';
import { floats, inMemory, layerOf, modelProto } from './edit.fixture.ts';
import { replaceLayers } from './edit.ts';
import type { OnnxLayer, OnnxModel, OnnxSite } from './model.ts';

const designs: readonly Factorization[] = [
  { format: 'svd', outModes: [24], inModes: [12], ranks: [4] },
  { format: 'ttm', outModes: [4, 6], inModes: [3, 4], ranks: [5] },
  { format: 'cp', outModes: [4, 6], inModes: [12], ranks: [5] },
];

const float = (name: string, value: number): NodeProto['attribute'][number] =>
  create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.FLOAT, f: value });

const having = (made: NodeProto, ...attributes: readonly NodeProto['attribute'][number][]): NodeProto =>
  changed(made, { attribute: [...made.attribute, ...attributes] });

interface Dialect {
  readonly nodes: readonly NodeProto[];
  readonly initializers: readonly TensorProto[];
  readonly input: readonly Extent[];
  readonly inputs: readonly (readonly number[])[];
  readonly site?: Partial<OnnxSite>;
  readonly names?: readonly string[];
  /** The first that has the operator. */
  readonly opset?: number;
  /** Shape of a weight that is no matrix. */
  readonly source?: readonly number[];
  /** Initializers and nodes that stay. */
  readonly left: readonly string[];
}

const w = (shape: readonly number[]): TensorProto => floats('w', shape, 1);
const b = floats('b', [24], 2);
const whole = (name: string, shape: readonly number[], dtype: 'I8' | 'U8', shift = 0): TensorProto => {
  const count = shape.reduce((product, extent) => product * extent, 1);
  return rawTensor(
    name,
    dtype,
    shape,
    Uint8Array.from({ length: count }, (_, k) => ((k * 37) % 200) + shift),
  );
};

const rows = [
  [5, 12],
  [1, 12],
];
const cases: Readonly<Record<string, Dialect>> = {
  'Gemm with transB': {
    nodes: [node('Gemm', 'm', ['x', 'w', 'b'], 'y', { transB: 1 })],
    initializers: [w([24, 12]), b],
    input: ['n', 12],
    inputs: rows,
    left: ['b'],
  },
  'Gemm with alpha, beta and a transposed input': {
    nodes: [
      having(node('Gemm', 'm', ['x', 'w', 'b'], 'y', { transA: 1 }), float('alpha', 0.5), float('beta', 3)),
    ],
    initializers: [w([12, 24]), b],
    input: [12, 'n'],
    inputs: [
      [12, 5],
      [12, 1],
    ],
    site: { alpha: 0.5, beta: 3 },
    left: ['b'],
  },
  'Gemm without a bias that counts': {
    nodes: [having(node('Gemm', 'm', ['x', 'w', 'b'], 'y'), float('beta', 0))],
    initializers: [w([12, 24]), b],
    input: ['n', 12],
    inputs: rows,
    site: { beta: 0 },
    left: ['b'],
  },
  'Transpose before MatMul': {
    nodes: [node('Transpose', 't', ['w'], 'wt', { perm: [1, 0] }), node('MatMul', 'm', ['x', 'wt'], 'y')],
    initializers: [w([24, 12])],
    input: ['b', 's', 12],
    inputs: [[2, 3, 12]],
    left: [],
  },
  'a weight that a Gather uses too': {
    nodes: [
      node('Transpose', 't', ['w'], 'wt', { perm: [1, 0] }),
      node('MatMul', 'm', ['x', 'wt'], 'p'),
      node('Constant', 'c', [], 'i', { value: rawTensor('', 'I64', [], new Uint8Array(8)) }),
      node('Gather', 'g', ['w', 'i'], 'row', { axis: 1 }),
      node('Add', 'a', ['p', 'row'], 'y'),
    ],
    initializers: [w([24, 12])],
    input: ['b', 's', 12],
    inputs: [[2, 3, 12]],
    left: ['w', 'c', 'g', 'a'],
  },
  'a weight used twice, behind Identity': {
    nodes: [
      node('Identity', 'i', ['w'], 'v'),
      node('MatMul', 'm', ['x', 'v'], 'p'),
      node('Neg', 'n', ['x'], 'z'),
      node('MatMul', 'm2', ['z', 'v'], 'q'),
      node('Max', 'a', ['p', 'q'], 'y'),
    ],
    initializers: [w([12, 24])],
    input: ['b', 's', 12],
    inputs: [[2, 3, 12]],
    names: ['m', 'm2'],
    left: ['n', 'a'],
  },
  'int8 weights with a scale per column': {
    nodes: [
      node('DequantizeLinear', 'd', ['w', 'scale', 'zero'], 'v', { axis: 1 }),
      node('MatMul', 'm', ['x', 'v'], 'y'),
    ],
    initializers: [
      whole('w', [12, 24], 'U8'),
      rawTensor(
        'scale',
        'F32',
        [24],
        new Uint8Array(Float32Array.from({ length: 24 }, (_, k) => 0.01 + k / 999).buffer),
      ),
      whole('zero', [24], 'U8', 90),
    ],
    input: ['b', 's', 12],
    inputs: [[2, 3, 12]],
    left: [],
  },
  'fp16 weights behind a Cast, in a Constant': {
    nodes: [
      node('Constant', 'c', [], 'h', {
        value: rawTensor(
          '',
          'F16',
          [12, 24],
          new Uint8Array(Uint16Array.from({ length: 288 }, (_, k) => 0x3000 + k).buffer),
        ),
      }),
      node('Cast', 'd', ['h'], 'v', { to: 1 }),
      node('MatMul', 'm', ['x', 'v'], 'y'),
    ],
    initializers: [b],
    input: ['b', 's', 12],
    inputs: [[2, 3, 12]],
    left: ['b'],
  },
  '1x1 convolution with bias': {
    nodes: [node('Conv', 'm', ['x', 'w', 'b'], 'y', { kernel_shape: [1, 1] })],
    initializers: [w([24, 12, 1, 1]), b],
    input: ['n', 12, 'h', 'w'],
    inputs: [
      [2, 12, 5, 3],
      [1, 12, 1, 1],
    ],
    left: ['b'],
  },
  'Einsum with heads apart': {
    nodes: [node('Einsum', 'm', ['x', 'w'], 'y', { equation: 'bsd,dhk->bhsk' })],
    initializers: [w([12, 4, 6])],
    input: ['b', 's', 12],
    inputs: [[2, 3, 12]],
    opset: 12,
    source: [12, 4, 6],
    left: [],
  },
  'Einsum that joins heads': {
    nodes: [node('Einsum', 'm', ['w', 'x'], 'y', { equation: 'ohk,bhsk->bso' })],
    initializers: [w([24, 3, 4])],
    input: ['b', 3, 's', 4],
    inputs: [[2, 3, 5, 4]],
    opset: 12,
    site: { input: 'x' },
    source: [24, 3, 4],
    left: [],
  },
  'Einsum with an ellipsis': {
    nodes: [node('Einsum', 'm', ['x', 'w'], 'y', { equation: '...d,od->...o' })],
    initializers: [w([24, 12])],
    input: ['b', 's', 12],
    inputs: [[2, 3, 12]],
    opset: 12,
    left: [],
  },
  'a product of integers with scales after it': {
    nodes: [
      node('Relu', 'r', ['x'], 'h'),
      changed(node('DynamicQuantizeLinear', 'q', ['h'], 'hq'), { output: ['hq', 'hs', 'hz'] }),
      node('MatMulInteger', 'm', ['hq', 'w', 'hz', 'zero'], 'i'),
      node('Cast', 'c', ['i'], 'f', { to: 1 }),
      node('Mul', 's', ['hs', 'scale'], 'ss'),
      node('Mul', 'o', ['f', 'ss'], 'y'),
    ],
    initializers: [whole('w', [12, 24], 'U8'), floats('scale', [], 4, 0.01), whole('zero', [], 'U8', 90)],
    input: ['b', 's', 12],
    inputs: [[2, 3, 12]],
    site: { input: 'h', output: 'y', bias: null, ownBias: false },
    left: ['r'],
  },
  'convolution of kernel 1 over a sequence': {
    nodes: [node('Conv', 'm', ['x', 'w'], 'y', { kernel_shape: [1] })],
    initializers: [w([24, 12, 1])],
    input: ['n', 12, 't'],
    inputs: [[2, 12, 5]],
    left: [],
  },
};

describe('replaceLayers in every dialect', () => {
  it.each(Object.entries(cases))('%s', async (_, dialect) => {
    const {
      nodes,
      initializers,
      input,
      inputs,
      site,
      names = ['m'],
      opset: from = 11,
      source,
      left,
    } = dialect;
    for (const opset of [17, from]) {
      const known = opset === from ? nodes.map(beforeAxes) : nodes;
      const model = inMemory(
        modelProto({
          nodes: known,
          initializers: opset === from ? initializers.map(oneScale) : initializers,
          inputs: [tensorValue('x', 'F32', input)],
          outputs: [tensorValue('y', 'F32', null)],
          opset,
        }),
      );
      const found = layerOf(model, 'fc', names, { out: 24, in: 12 }, site);
      const [tensor] = model.initializers.values();
      const layer: OnnxLayer =
        source === undefined || tensor === undefined
          ? found
          : {
              ...found,
              source: {
                kind: 'reshape',
                of: { kind: 'tensor', tensor },
                shape: [source[0] ?? 0, 288 / (source[0] ?? 1)],
              },
            };
      for (const f of designs) {
        const edit = replaceLayers(model, [replacement(layer, f)], { version: '0' });
        const [off, on] = await distance(
          model,
          edit,
          inputs.map((shape) => ({ x: normal(shape, 1) })),
        );
        expect(off).toBeLessThan(1e-5);
        expect(on).toBeLessThan(1e-5);
        const { graph } = edit.model.proto;
        const stay = [...(graph?.initializer ?? []), ...(graph?.node ?? [])].map(({ name }) => name);
        expect(stay.filter((name) => !/^fc[./]/.test(name))).toEqual(left);
      }
    }
  });

  it('replaces a layer in the body of an If by factors of the outer graph', async () => {
    const body = (name: string, nodes: readonly NodeProto[]) => {
      const { graph } = modelProto({ nodes, inputs: [], outputs: [tensorValue(name, 'F32', null)] });
      if (graph === undefined) throw new Error('no graph');
      return graph;
    };
    const branch = (key: string, g: ReturnType<typeof body>) =>
      create(AttributeProtoSchema, { name: key, type: AttributeProto_AttributeType.GRAPH, g });
    const model = inMemory(
      modelProto({
        nodes: [
          having(
            node('If', 'if', ['flag'], 'y'),
            branch('then_branch', body('p', [node('MatMul', 'm', ['x', 'w'], 'p')])),
            branch(
              'else_branch',
              body('q', [node('MatMul', 'm2', ['x', 'w'], 'h'), node('Neg', 'n', ['h'], 'q')]),
            ),
          ),
        ],
        initializers: [w([12, 24])],
        inputs: [tensorValue('x', 'F32', ['n', 12]), tensorValue('flag', 'BOOL', [])],
        outputs: [tensorValue('y', 'F32', ['n', 24])],
      }),
    );
    const layer = layerOf(model, 'fc', ['m', 'm2'], { out: 24, in: 12 });
    const edit = replaceLayers(model, [replacement(layer, designs[1]!)], { version: '0' });
    const feeds = [true, false].map((flag) => ({
      x: normal([5, 12], 1),
      flag: new Tensor('bool', [flag], []),
    }));
    expect((await distance(model, edit, feeds))[0]).toBeLessThan(1e-5);
    expect(edit.model.proto.graph?.initializer.map(({ name }) => name)).not.toContain('w');
  });

  it('turns the factors around where the same weight is used in the other direction', async () => {
    const model = tied();
    const forward = layerOf(model, 'fc', ['m'], { out: 24, in: 12 });
    const back = layerOf(model, 'fc', ['back'], { out: 24, in: 12 }, { reversed: true });
    for (const f of designs) {
      const layer = { ...forward, sites: [...forward.sites, ...back.sites] };
      const edit = replaceLayers(model, [replacement(layer, f)], { version: '0' });
      expect((await distance(model, edit, [{ x: normal([5, 12], 1) }]))[0]).toBeLessThan(1e-5);
      expect(edit.model.proto.graph?.initializer.map(({ name }) => name)).not.toContain('w');
    }
  });
});

const tied = (): OnnxModel =>
  inMemory(
    modelProto({
      nodes: [
        node('MatMul', 'm', ['x', 'w'], 'h'),
        node('Transpose', 't', ['w'], 'wt', { perm: [1, 0] }),
        node('MatMul', 'back', ['h', 'wt'], 'y'),
      ],
      initializers: [w([12, 24])],
      inputs: [tensorValue('x', 'F32', ['n', 12])],
      outputs: [tensorValue('y', 'F32', ['n', 12])],
    }),
  );

/** DequantizeLinear had no axis, and one scale, before opset 13. */
function beforeAxes(each: NodeProto): NodeProto {
  return each.opType === 'DequantizeLinear' ? changed(each, { attribute: [] }) : each;
}

function oneScale(tensor: TensorProto): TensorProto {
  if (tensor.name === 'scale') return floats('scale', [], 4, 0.01);
  return tensor.name === 'zero' ? whole('zero', [], 'U8', 90) : tensor;
}
