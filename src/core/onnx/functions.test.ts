import { create } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  FunctionProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  type AttributeProto,
  type FunctionProto,
  type ModelProto,
  type NodeProto,
} from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { node, tensorValue } from './edit-messages.ts';
import { floats, modelProto } from './edit.fixture.ts';
import { inlineFunctions } from './functions.ts';

const float = (name: string, f: number): AttributeProto =>
  create(AttributeProtoSchema, { name, f, type: AttributeProto_AttributeType.FLOAT });

const refers = (name: string, refAttrName: string): AttributeProto =>
  create(AttributeProtoSchema, { name, refAttrName, type: AttributeProto_AttributeType.FLOAT });

const call = (
  opType: string,
  input: readonly string[],
  output: readonly string[],
  attribute: readonly AttributeProto[] = [],
  name = '',
): NodeProto =>
  create(NodeProtoSchema, {
    opType,
    name,
    domain: 'own',
    input: [...input],
    output: [...output],
    attribute: [...attribute],
  });

function definition(
  name: string,
  [input, output]: readonly [readonly string[], readonly string[]],
  nodes: readonly NodeProto[],
  more: Partial<Pick<FunctionProto, 'attribute' | 'attributeProto' | 'overload'>> = {},
): FunctionProto {
  return create(FunctionProtoSchema, {
    name,
    domain: 'own',
    input: [...input],
    output: [...output],
    node: [...nodes],
    opsetImport: [
      create(OperatorSetIdProtoSchema, { domain: '', version: 17n }),
      create(OperatorSetIdProtoSchema, { domain: 'com.microsoft', version: 1n }),
    ],
    ...more,
  });
}

function modelOf(nodes: readonly NodeProto[], functions: readonly FunctionProto[]): ModelProto {
  const proto = modelProto({
    nodes,
    initializers: [floats('w', [4, 4], 1)],
    inputs: [tensorValue('x', 'F32', [2, 4])],
    outputs: [tensorValue('y', 'F32', [2, 4])],
  });
  return Object.assign(proto, { functions: [...functions] });
}

const shown = ({ graph }: ModelProto): readonly string[] =>
  (graph?.node ?? []).map(
    ({ opType, input, output, attribute }) =>
      `${output.join()}=${opType}(${input.join()})${attribute.map(({ name, f }) => ` ${name}:${f}`).join('')}`,
  );

const linear = definition('Linear', [['a', 'b'], ['c']], [node('MatMul', 'product', ['a', 'b'], 'c')]);

describe('functions of a model', () => {
  it('are replaced by their nodes, with names after the call; names of the graph stay', () => {
    const twice = definition(
      'Twice',
      [['a', 'b'], ['d']],
      [
        call('Linear', ['a', 'b'], ['c'], [], 'Linear_1'),
        node('Relu', 'act', ['c'], 'e'),
        call('Linear', ['e', 'b'], ['d'], [], 'Linear_2'),
      ],
    );
    const model = inlineFunctions(
      modelOf([call('Twice', ['x', 'w'], ['y'], [], '/blocks.0/up/Twice')], [twice, linear]),
    );
    expect(model.functions).toEqual([]);
    expect(shown(model)).toEqual([
      '/blocks.0/up/c=MatMul(x,w)',
      '/blocks.0/up/e=Relu(/blocks.0/up/c)',
      'y=MatMul(/blocks.0/up/e,w)',
    ]);
    expect(model.graph?.node.map(({ name }) => name)).toEqual([
      '/blocks.0/up/product',
      '/blocks.0/up/act',
      '/blocks.0/up/product_1',
    ]);
  });

  it('take attributes of the call, else of the function, else none', () => {
    const scaled = definition(
      'Scaled',
      [['a', 'b'], ['c']],
      [
        Object.assign(node('Gemm', '', ['a', 'b'], 'c'), {
          attribute: [refers('alpha', 'scale'), refers('beta', 'offset')],
        }),
      ],
      { attribute: ['scale'], attributeProto: [float('offset', 3)] },
    );
    const of = (attributes: readonly AttributeProto[]): readonly string[] =>
      shown(inlineFunctions(modelOf([call('Scaled', ['x', 'w'], ['y'], attributes)], [scaled])));
    expect(of([])).toEqual(['y=Gemm(x,w) beta:3']);
    expect(of([float('scale', 2), float('offset', 5)])).toEqual(['y=Gemm(x,w) alpha:2 beta:5']);
  });

  it('may leave inputs and outputs out, and give an input out', () => {
    const loose = definition(
      'Loose',
      [
        ['a', 'b', 'bias'],
        ['c', 'a', 'rest'],
      ],
      [node('Gemm', '', ['a', 'b', 'bias'], 'c'), node('Neg', '', ['c'], 'rest')],
    );
    const model = modelOf([call('Loose', ['x', 'w'], ['z', 'y'], [], 'n')], [loose]);
    expect(shown(inlineFunctions(model))).toEqual(['z=Gemm(x,w,)', 'n/rest=Neg(z)', 'y=Identity(x)']);
  });

  it('go by domain, name and overload; imports of theirs become the model’s', () => {
    const other = definition(
      'Linear',
      [['a', 'b'], ['c']],
      [Object.assign(node('FusedMatMul', '', ['a', 'b'], 'c'), { domain: 'com.microsoft' })],
      { overload: 'fused' },
    );
    const model = inlineFunctions(
      modelOf(
        [
          call('Linear', ['x', 'w'], ['h']),
          Object.assign(call('Linear', ['h', 'w'], ['y']), { overload: 'fused' }),
        ],
        [linear, other],
      ),
    );
    expect(shown(model)).toEqual(['h=MatMul(x,w)', 'y=FusedMatMul(h,w)']);
    expect(model.opsetImport.map(({ domain, version }) => [domain, version])).toEqual([
      ['', 17n],
      ['com.microsoft', 1n],
    ]);
  });

  it('have their constants once', () => {
    const constant = Object.assign(node('Constant', '', [], 'k'), {
      attribute: [
        create(AttributeProtoSchema, {
          name: 'value',
          type: AttributeProto_AttributeType.TENSOR,
          t: floats('', [4, 4], 2),
        }),
      ],
    });
    const own = definition('Own', [['a'], ['c']], [constant, node('MatMul', '', ['a', 'k'], 'c')]);
    const model = inlineFunctions(modelOf([call('Own', ['x'], ['h']), call('Own', ['h'], ['y'])], [own]));
    expect(shown(model).map((each) => each.replace(' value:0', ''))).toEqual([
      'Own/k=Constant()',
      'h=MatMul(x,Own/k)',
      'y=MatMul(h,Own/k)',
    ]);
  });

  it.each([
    [
      'that call themselves',
      [definition('Linear', [['a', 'b'], ['c']], [call('Linear', ['a', 'b'], ['c'])])],
      /must not call themselves, got "Linear"/,
    ],
    [
      'that get more than they take',
      [definition('Linear', [['a'], ['c']], [node('Relu', '', ['a'], 'c')])],
      /call y of function Linear must have at most 1 inputs, got 2/,
    ],
    [
      'that double at every step',
      Array.from({ length: 40 }, (_, k) =>
        definition(
          k === 0 ? 'Linear' : `F${k}`,
          [['a', 'b'], ['c']],
          [call(`F${k + 1}`, ['a', 'b'], ['h']), call(`F${k + 1}`, ['h', 'b'], ['c'])],
        ),
      ),
      /functions may stand for at most 1048576 parts of nodes/,
    ],
  ])('%s are refused', { timeout: 20_000 }, (_, functions, message) => {
    expect(() => inlineFunctions(modelOf([call('Linear', ['x', 'w'], ['y'])], functions))).toThrow(message);
  });
});
