/**
 * Where a graph multiplies by a constant matrix, operator by operator: MatMul, Gemm, Conv with a 1x1 kernel, Einsum of
 * two operands, the integer products of quantized files, and those of onnxruntime's own domain that hold one matrix.
 * What multiplies by a weight and cannot be factorized is named with the reason.
 */
import { shapeOf, storedTensor, type Constants } from './constants.ts';
import { floatAttribute, intAttribute, intsAttribute, textAttribute, type Op, type Value } from './graph.ts';
import type { OnnxSite, WeightSource } from './model.ts';
import { blocked, integerProduct, quantizedMatrix } from './quantized-sites.ts';
import { skip, type Draft, type Skip } from './site-draft.ts';

/** A site with its place in the linked graph. */
export interface Site extends OnnxSite {
  readonly op: Op;
  readonly inputValue: Value;
  readonly outputValue: Value;
  readonly biasValue: Value | null;
  /** The matrix of this use, and whether it is [in, out]. */
  readonly source: WeightSource;
  readonly transposed: boolean;
  readonly out: number;
  readonly in: number;
}

export type Finding = { readonly site: Site } | Skip | null;

/** Operators that hold weights inside, with why they stay as they are. */
const fused: Readonly<Record<string, string>> = {
  'com.microsoft.Attention': 'query, key and value are fused with the attention',
  'com.microsoft.QAttention': 'query, key and value are fused with the attention',
  'com.microsoft.LongformerAttention': 'query, key and value are fused with the attention',
  'com.microsoft.PackedAttention': 'query, key and value are fused with the attention',
  'com.microsoft.DecoderAttention': 'query, key and value are fused with the attention',
  'com.microsoft.MoE': 'experts are stacked in three dimensions',
  'com.microsoft.QMoE': 'experts are stacked in three dimensions',
  LSTM: 'a recurrent layer',
  GRU: 'a recurrent layer',
  RNN: 'a recurrent layer',
};
const remedy = 'export again without that fusion (onnxruntime optimization level 0)';

/** What a node is to the reader: a site, a weight that must stay, or neither. */
export function findSite(op: Op, constants: Constants): Finding {
  const reason = fused[op.type];
  if (reason !== undefined) {
    const isFusion = op.type.startsWith('com.microsoft.');
    return skip(op, isFusion ? `${reason}; ${remedy}` : reason);
  }
  const draft = draftOf(op, constants);
  if (draft === null || 'skipped' in draft) return draft;
  const { input, source } = draft;
  if (source === null || input === null || input === undefined) return null;
  const matrix = asMatrix(source);
  if (matrix === null) {
    const shape = shapeOf(source);
    return shape.length < 2
      ? null
      : skip(op, `the weight has shape [${shape.join(', ')}], not two dimensions`);
  }
  if (storedTensor(matrix).dtype === 'STRING') return null;
  const turned = untransposed(matrix);
  const [first = 0, second = 0] = shapeOf(turned.source);
  const transposed = draft.isInOut !== turned.isTurned;
  const own = draft.bias ?? null;
  const outputValue = draft.output ?? op.outputs[0];
  if (outputValue === undefined || first < 1 || second < 1) return null;
  const out = transposed ? second : first;
  const biasValue = own ?? biasAfter(outputValue, out, constants);
  return {
    site: {
      op,
      graph: op.graph,
      node: op.node,
      input: input.name,
      output: outputValue.name,
      bias: biasValue?.name ?? null,
      ownBias: own !== null,
      alpha: draft.alpha ?? 1,
      beta: draft.beta ?? 1,
      reversed: false,
      inputValue: input,
      outputValue,
      biasValue,
      source: turned.source,
      transposed,
      out,
      in: transposed ? first : second,
    },
  };
}

/** Null when the node multiplies by no constant. */
function draftOf(op: Op, constants: Constants): Draft | Skip | null {
  const { sourceOf, isConstant } = constants;
  const [a, b, c] = op.inputs;
  const dynamic = (value: Value | null | undefined): boolean =>
    value !== null && value !== undefined && !isConstant(value);
  /** A constant that is computed in a way that is not followed. */
  const computed = (value: Value | null | undefined): Skip | null =>
    isConstant(value) && sourceOf(value) === null
      ? skip(
          op,
          `the weight is computed by ${value?.producer?.node.opType ?? 'the graph'}; fold constants first`,
        )
      : null;
  switch (op.type) {
    case 'MatMul':
      if (dynamic(a) && isConstant(b)) return computed(b) ?? { input: a, source: sourceOf(b), isInOut: true };
      if (dynamic(b) && isConstant(a) && (shapeOfValue(a, constants)?.length ?? 0) === 2)
        return skip(op, 'it multiplies from the left: rows of the weight run over tokens');
      return null;
    case 'com.microsoft.FusedMatMul':
      if (!dynamic(a) || !isConstant(b)) return null;
      if (['transA', 'transBatchA', 'transBatchB'].some((name) => intAttribute(op.node, name, 0) !== 0))
        return skip(op, 'its activation is transposed');
      return {
        input: a,
        source: sourceOf(b),
        isInOut: intAttribute(op.node, 'transB', 0) === 0,
        alpha: floatAttribute(op.node, 'alpha', 1),
      };
    case 'Gemm':
    case 'com.microsoft.FusedGemm': {
      if (dynamic(b) && isConstant(a))
        return skip(op, 'it multiplies from the left: rows of the weight run over tokens');
      if (!dynamic(a) || !isConstant(b)) return null;
      return (
        computed(b) ?? {
          input: a,
          source: sourceOf(b),
          isInOut: intAttribute(op.node, 'transB', 0) === 0,
          bias: c,
          alpha: floatAttribute(op.node, 'alpha', 1),
          beta: floatAttribute(op.node, 'beta', 1),
        }
      );
    }
    case 'Conv':
      return dynamic(a) && isConstant(b) ? (computed(b) ?? convolution(op, sourceOf(b))) : null;
    case 'Einsum':
      return einsum(op, constants);
    case 'MatMulInteger':
    case 'com.microsoft.MatMulIntegerToFloat':
    case 'com.microsoft.DynamicQuantizeMatMul':
      return dynamic(a) && isConstant(b) ? integerProduct(op, constants) : null;
    case 'QLinearMatMul':
      return {
        input: a,
        source: quantizedMatrix(op, constants, 3, 4, 5),
        isInOut: true,
      };
    case 'com.microsoft.QGemm':
      return {
        input: a,
        source: quantizedMatrix(op, constants, 3, 4, 5),
        isInOut: intAttribute(op.node, 'transB', 0) === 0,
        bias: op.inputs[6],
        alpha: floatAttribute(op.node, 'alpha', 1),
      };
    case 'com.microsoft.MatMulNBits':
      return blocked(op, constants);
    case 'com.microsoft.GemmFloat8':
      return skip(op, '8-bit floats cannot be read');
    default:
      return null;
  }
}

function shapeOfValue(value: Value | null | undefined, { sourceOf }: Constants): readonly number[] | null {
  const source = sourceOf(value);
  return source === null ? null : shapeOf(source);
}

/** Two dimensions, leading ones aside. */
function asMatrix(source: WeightSource): WeightSource | null {
  const shape = shapeOf(source);
  if (shape.length === 2) return source;
  const isMatrix = shape.length > 2 && shape.slice(0, -2).every((extent) => extent === 1);
  return isMatrix ? { kind: 'reshape', of: source, shape: shape.slice(-2) } : null;
}

/** A transpose at the end is a matter of orientation. */
function untransposed(source: WeightSource): { readonly source: WeightSource; readonly isTurned: boolean } {
  let at = source;
  let isTurned = false;
  while (at.kind === 'transpose' && shapeOf(at.of).length === 2) {
    if (at.order[0] === 1) isTurned = !isTurned;
    at = at.of;
  }
  return { source: at, isTurned };
}

function convolution(op: Op, source: WeightSource | null): Draft | Skip | null {
  if (source === null) return null;
  const [out = 0, inside = 0, ...kernel] = shapeOf(source);
  const isOne = (name: string, extent: number): boolean =>
    intsAttribute(op.node, name)?.every((each) => each === extent) ?? true;
  const groups = intAttribute(op.node, 'group', 1);
  if (groups !== 1) return skip(op, `a convolution in ${groups} groups (depthwise)`);
  if (kernel.some((extent) => extent !== 1))
    return skip(op, `a convolution with a ${kernel.join('x')} kernel`);
  if (!isOne('strides', 1) || !isOne('pads', 0)) return skip(op, 'a 1x1 convolution with strides or padding');
  return {
    input: op.inputs[0],
    source: { kind: 'reshape', of: source, shape: [out, inside] },
    isInOut: false,
    bias: op.inputs[2],
  };
}

/** `bij,jk->bik` and kin: the weight's letters are the contracted ones beside the kept ones, in either order. */
function einsum(op: Op, { sourceOf, isConstant }: Constants): Draft | Skip | null {
  const [left, result] = textAttribute(op.node, 'equation').replaceAll(' ', '').split('->');
  const terms = left?.split(',') ?? [];
  if (op.inputs.length !== 2 || terms.length !== 2) return null;
  const at = op.inputs.findIndex((value) => isConstant(value));
  const source = sourceOf(op.inputs[at]);
  const other = op.inputs[1 - at];
  if (at < 0 || source === null || isConstant(other)) return null;
  const letters = [...(terms[at] ?? '')];
  const shape = shapeOf(source);
  const against = terms[1 - at] ?? '';
  const isContracted = letters.map((letter) => against.includes(letter) && !result?.includes(letter));
  const isKept = letters.map((letter) => !against.includes(letter) && result?.includes(letter) === true);
  const changes = isContracted.filter((each, i) => i > 0 && each !== isContracted[i - 1]).length;
  const isMatrix =
    result !== undefined &&
    letters.length === shape.length &&
    new Set(letters).size === letters.length &&
    letters.every((_, i) => isContracted[i] !== isKept[i]) &&
    changes === 1;
  if (!isMatrix)
    return letters.length < 2
      ? null
      : skip(op, `the equation ${terms.join(',')}->${result ?? ''} is no linear layer`);
  const isInOut = isContracted[0] === true;
  const split = isContracted.findIndex((each) => each !== isContracted[0]);
  const product = (extents: readonly number[]): number => extents.reduce((all, extent) => all * extent, 1);
  const sides = [product(shape.slice(0, split)), product(shape.slice(split))];
  return {
    input: other,
    source: shape.length === 2 ? source : { kind: 'reshape', of: source, shape: sides },
    isInOut,
  };
}

/** Second input that is added, by operator. */
const biasSlots: Readonly<Record<string, readonly number[]>> = {
  Add: [0, 1],
  'com.microsoft.BiasGelu': [1],
  'com.microsoft.FastGelu': [1],
  'com.microsoft.BiasAdd': [1],
  'com.microsoft.SkipLayerNormalization': [4],
};

const beforeBias = /^(?:Reshape|Cast|(?:com\.microsoft\.)?(?:Quantize|Dequantize)Linear)$/;

/** The bias that is added to the product: a constant of `out` numbers, past a reshape or a quantization at most. */
function biasAfter(output: Value, out: number, constants: Constants): Value | null {
  let value = output;
  for (let steps = 0; steps < 4; steps++) {
    const op = value.uses[0]?.op;
    if (value.isOutput || value.uses.length !== 1 || op === undefined) return null;
    const bias = biasSlots[op.type]
      ?.map((slot) => op.inputs[slot])
      .find((each) => {
        const shape = each === value ? null : shapeOfValue(each, constants);
        return shape !== null && shape.length > 0 && shape.reduce((all, extent) => all * extent, 1) === out;
      });
    if (bias !== null && bias !== undefined) return bias;
    const next = op.outputs[0];
    if (!beforeBias.test(op.type) || op.inputs[0] !== value || next === undefined) return null;
    value = next;
  }
  return null;
}
