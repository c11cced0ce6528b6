/** Products of quantized files: integers with their scales beside them, after them, or by block. */
import { dequantize, shapeOf, type Constants } from './constants.ts';
import { intAttribute, type Op, type Value } from './graph.ts';
import type { WeightSource } from './model.ts';
import { skip, type Draft, type Skip } from './site-draft.ts';

/** The matrix that integers, scales and zero points at these inputs make. */
export function quantizedMatrix(
  op: Op,
  { sourceOf }: Constants,
  weight: number,
  scale: number,
  zero: number,
): WeightSource | null {
  const of = sourceOf(op.inputs[weight]);
  const scales = sourceOf(op.inputs[scale]);
  const zeros = sourceOf(op.inputs[zero]);
  if (of === null || scales === null || ((op.inputs[zero] ?? null) !== null && zeros === null)) return null;
  return dequantize(of, scales, zeros, shapeOf(of).length - 1, 0);
}

/** MatMulInteger leaves the scales to what follows: Cast, then Mul by the product of both scales. */
export function integerProduct(op: Op, constants: Constants): Draft | Skip | null {
  switch (op.type) {
    case 'com.microsoft.DynamicQuantizeMatMul':
      return {
        input: op.inputs[0],
        source: quantizedMatrix(op, constants, 1, 2, 3),
        isInOut: true,
        bias: op.inputs[4],
      };
    case 'com.microsoft.MatMulIntegerToFloat':
      return {
        input: beforeQuantizing(op.inputs[0]),
        source: quantizedMatrix(op, constants, 1, 3, 5),
        isInOut: true,
        bias: op.inputs[6],
      };
    default: {
      const of = constants.sourceOf(op.inputs[1]);
      const scaled = scalingAfter(op, constants);
      if (of === null || scaled === null)
        return skip(op, 'the scale of the integer weight was not found after it');
      const zeros = constants.sourceOf(op.inputs[3]);
      const source = dequantize(of, scaled.scale, zeros, shapeOf(of).length - 1, 0);
      return { input: beforeQuantizing(op.inputs[0]), source, isInOut: true, output: scaled.output };
    }
  }
}

function beforeQuantizing(value: Value | null | undefined): Value | null | undefined {
  const quantizes = /^(?:DynamicQuantizeLinear|QuantizeLinear)$/.test(value?.producer?.type ?? '');
  return quantizes ? value?.producer?.inputs[0] : value;
}

function scalingAfter(
  op: Op,
  { sourceOf }: Constants,
): { readonly scale: WeightSource; readonly output: Value } | null {
  const cast = onlyUse(op.outputs[0], 'Cast');
  const mul = onlyUse(cast?.outputs[0], 'Mul');
  const output = mul?.outputs[0];
  if (mul === null || output === undefined) return null;
  const other = mul.inputs.find((value) => value !== cast?.outputs[0]);
  const direct = sourceOf(other);
  if (direct !== null) return { scale: direct, output };
  const product = other?.producer?.type === 'Mul' ? other.producer : null;
  const scale = product?.inputs.map(sourceOf).find((source) => source !== null);
  return scale === undefined || scale === null ? null : { scale, output };
}

function onlyUse(value: Value | undefined, type: string): Op | null {
  const [use, ...others] = value?.uses ?? [];
  return use !== undefined && others.length === 0 && use.op.type === type ? use.op : null;
}

/** MatMulNBits of onnxruntime: blocks of columns with a scale each. */
export function blocked(op: Op, { sourceOf }: Constants): Draft | Skip | null {
  const [input, packed, scaleInput, zeroInput, groups, bias] = op.inputs;
  const tensor = sourceOf(packed);
  const scales = sourceOf(scaleInput);
  const zeros = sourceOf(zeroInput);
  if (tensor?.kind !== 'tensor' || scales === null || ((zeroInput ?? null) !== null && zeros === null))
    return null;
  if (groups !== null && groups !== undefined) return skip(op, 'its blocks are in a given order (g_idx)');
  const [out, inside, bits, blockSize] = ['N', 'K', 'bits', 'block_size'].map((name) =>
    intAttribute(op.node, name, name === 'bits' ? 4 : 0),
  ) as [number, number, number, number];
  const isSound =
    [2, 4, 8].includes(bits) &&
    [16, 32, 64, 128, 256, 512, 1024].includes(blockSize) &&
    tensor.tensor.bytes === out * Math.ceil(inside / blockSize) * ((blockSize * bits) / 8);
  if (!isSound) return skip(op, `${bits}-bit blocks of ${blockSize} do not fit its weight`);
  return {
    input,
    source: { kind: 'nbits', packed: tensor.tensor, scales, zeros, out, in: inside, bits, blockSize },
    isInOut: false,
    bias,
  };
}
