import { Tensor } from 'onnxruntime-web/wasm';
import { describe, expect, it } from 'vitest';
import { quantizationByName } from '../factor/check-quantization.ts';
import type { Factorization } from '../factor/factorization.ts';
import { quantizeWeights } from '../factor/quantize.ts';
import { product } from '../factor/tensorization.ts';
import { relativeDistance, tensor } from '../tensor/dense.ts';
import { node, rawTensor, tensorValue } from './edit-messages.ts';
import { distance, normal, replacement } from './edit-run.fixture.ts';
import { floats, inMemory, layerOf, modelProto } from './edit.fixture.ts';
import { replaceLayers, type OnnxEdit, type ReplaceOptions } from './edit.ts';
import { floatBytes, halfBits } from './edit-elements.ts';
import type { OnnxDtype, OnnxModel } from './model.ts';
import { integerCodes } from './quantized.ts';

const ttm: Factorization = { format: 'ttm', outModes: [4, 12], inModes: [6, 8], ranks: [21] };
const svd: Factorization = { format: 'svd', outModes: [48], inModes: [48], ranks: [21] };

const source = (opset: number, ir: number, dtype: OnnxDtype = 'F32', side = 48): OnnxModel => {
  const w = floats('w', [side, side], 1);
  const half = rawTensor(
    'w',
    dtype,
    [side, side],
    floatBytes(
      Float64Array.from(new Float32Array(w.rawData.buffer)),
      dtype === 'F16' ? 'F16' : dtype === 'F64' ? 'F64' : 'F32',
    ),
  );
  return inMemory(
    modelProto({
      nodes: [node('MatMul', 'm', ['x', 'w'], 'y')],
      initializers: [dtype === 'F32' ? w : half],
      inputs: [tensorValue('x', dtype, ['n', side])],
      outputs: [tensorValue('y', dtype, ['n', side])],
      opset,
      ir,
    }),
  );
};

const edited = (model: OnnxModel, f: Factorization, options: Partial<ReplaceOptions>): OnnxEdit =>
  replaceLayers(model, [replacement(layerOf(model, 'fc', ['m'], sidesOf(f)), f)], {
    version: '0',
    ...options,
  });

const sidesOf = ({ outModes, inModes }: Factorization) => ({ out: product(outModes), in: product(inModes) });

const used = ({ model }: OnnxEdit): readonly string[] => [
  ...new Set(model.proto.graph?.node.map(({ opType }) => opType)),
];

describe('stored factors', () => {
  it.each([
    ['int8-row', 21, 10],
    ['int8-g16', 21, 10],
    ['int4-row', 21, 10],
    ['int4-g16', 21, 10],
    ['int16-row', 21, 10],
    ['int3-g16', 21, 10],
    ['int4-g16', 21, 9],
    ['int8-g16', 19, 9],
    ['int4-g16', 19, 9],
    ['int8-row', 13, 8],
    ['int8-g16', 13, 8],
    ['int4-g16', 13, 8],
    ['int16-row', 13, 8],
    ['int8-g16', 12, 7],
    ['int4-row', 11, 6],
    ['int8-g16', 9, 4],
    ['int6-row', 7, 3],
  ] as const)('%s at opset %i', async (name, opset, ir) => {
    const model = source(opset, ir);
    const f = name.endsWith('row') ? svd : ttm;
    const edit = edited(model, f, { quantization: quantizationByName(name) });
    const [off, on] = await distance(model, edit, [{ x: normal([5, 48], 1) }]);
    expect(off).toBeLessThan(1e-5);
    expect(on).toBeLessThan(1e-3);
    // Else what the opset lacks is written by Cast, Sub and Mul.
    const codes = /^int[48]/.test(name);
    expect(used(edit).includes('DequantizeLinear')).toBe((opset >= 21 && ir >= 10) || (opset >= 13 && codes));
  });

  it.each([
    ['int4-row', 20, 9],
    ['int4-g16', 13, 8],
    ['int4-row', 11, 6],
  ] as const)('%s at opset %i: two codes a byte where that is smaller', async (name, opset, ir) => {
    const [few, many] = [24, 64].map((side) => {
      const f: Factorization = { format: 'svd', outModes: [side], inModes: [side], ranks: [side] };
      const model = source(opset, ir, 'F32', side);
      return { side, model, edit: edited(model, f, { quantization: quantizationByName(name) }) };
    });
    if (few === undefined || many === undefined) throw new Error('none');
    expect(few.edit.model.initializers.get('fc.V')?.dtype).toBe('I8');
    expect(many.edit.model.initializers.get('fc.V')).toMatchObject({ dtype: 'U8', bytes: 2048 });
    for (const { side, model, edit } of [few, many]) {
      const [off, on] = await distance(model, edit, [{ x: normal([5, side], 1) }]);
      expect(off).toBeLessThan(1e-5);
      expect(on).toBeLessThan(1e-3);
    }
  });

  it('holds the numbers that quantizeWeights gives, and fp16 within half a unit', () => {
    const model = source(21, 10);
    const [layer] = edited(model, svd, { quantization: quantizationByName('int8-row') }).layers;
    const [v] = layer?.factors ?? [];
    const [stored] = layer?.stored ?? [];
    if (v === undefined || stored === undefined) throw new Error('no factor');
    const { values } = quantizeWeights(v.values, v.shape, quantizationByName('int8-row'));
    expect(relativeDistance(values.map(Math.fround), stored.values)).toBe(0);
    const [half] = edited(model, svd, { precision: 'f16' }).layers;
    expect(relativeDistance(v.values, half?.stored[0]?.values ?? v.values)).toBeLessThan(2 ** -11);
    expect(relativeDistance(v.values, half?.stored[0]?.values ?? v.values)).toBeGreaterThan(0);
  });

  it.each([7, 13, 18])('fp16 factors with a Cast to the type of the layer, opset %i', async (opset) => {
    const model = source(opset, 8);
    const edit = edited(model, ttm, { precision: 'f16' });
    const [off, on] = await distance(model, edit, [{ x: normal([5, 48], 1) }]);
    expect(off).toBeLessThan(1e-5);
    expect(on).toBeLessThan(1e-5);
    expect(edit.model.initializers.get('fc.G1')?.dtype).toBe('F16');
  });

  it.each(['F16', 'F64'] as const)('layers that compute in %s', async (dtype) => {
    for (const options of [{}, { quantization: quantizationByName('int8-g16') }] as const)
      for (const opset of [21, 17]) {
        const model = source(opset, 10, dtype);
        const edit = edited(model, svd, options);
        const x = Float32Array.from({ length: 240 }, (_, k) => Math.sin(k));
        const feed =
          dtype === 'F16'
            ? new Tensor('float16', Uint16Array.from(x, halfBits), [5, 48])
            : new Tensor('float64', Float64Array.from(x), [5, 48]);
        const [off, on] = await distance(model, edit, [{ x: feed }]);
        // fp16 has 11 bits; the intermediate is rounded too.
        expect(off).toBeLessThan(dtype === 'F16' ? 2 ** -10 : 1e-7);
        expect(on).toBeLessThan(dtype === 'F16' ? 2 ** -10 : 1e-7);
        expect(edit.model.initializers.get('fc.V')?.dtype).toBe('quantization' in options ? 'I8' : dtype);
      }
  });

  it('refuses by name what files cannot hold', () => {
    const model = source(18, 8);
    for (const name of ['w8a8', 'fp4-g16', 'palette4'])
      expect(() => edited(model, svd, { quantization: quantizationByName(name) })).toThrow(
        /^ONNX: .*export with int/,
      );
    const wide: Factorization = { format: 'svd', outModes: [64], inModes: [64], ranks: [64] };
    const old = source(10, 5, 'F32', 64);
    expect(() => edited(old, wide, { quantization: quantizationByName('int4-row') })).toThrow(
      /ONNX: 4-bit weights need opset 11 or later .* got 10/,
    );
    const large = replacement(layerOf(model, 'fc', ['m'], { out: 48, in: 48 }), svd);
    const [v, u] = large.factors;
    const factors = [
      tensor(
        v?.shape ?? [],
        (v?.values ?? new Float64Array()).map((value) => value * 1e6),
      ),
      u!,
    ];
    expect(() => replaceLayers(model, [{ ...large, factors }], { version: '0', precision: 'f16' })).toThrow(
      /fp16: numbers must be at most 65504 \(choose f32\)/,
    );
  });

  it('gives zeros a scale of zero, and the largest number its own code', () => {
    const made = integerCodes(tensor([2, 3], Float64Array.of(0, 0, 0, 0.5, -1, 0.25)), {
      kind: 'int',
      bits: 4,
      group: 'row',
    });
    expect(made.scales[0]).toBe(0);
    expect([...made.codes]).toEqual([0, 0, 0, 4, -7, 2]);
  });
});
