/**
 * The nodes around a layer's factors, so that they do what its own node did: an input transposed or in another layout,
 * alpha, a bias of its own, and the name of its output on the last one.
 */
import { InputError, check } from '../base/checks.ts';
import type { ContractionPath } from '../einsum/path.ts';
import { findPath } from '../einsum/path.ts';
import { shapeOf } from './constants.ts';
import { floatBytes, type FloatDtype } from './edit-elements.ts';
import { integers, rawTensor, type AttributeValue } from './edit-messages.ts';
import { emitContraction, type Emitter } from './factor-nodes.ts';
import { intAttribute, intsAttribute, nodeName, textAttribute, type Op } from './graph.ts';
import type { OnnxLayer, OnnxSite } from './model.ts';

export interface SiteParts {
  readonly layer: OnnxLayer;
  readonly site: OnnxSite;
  readonly op: Op;
  /** Of the forward einsum, whatever its rows. */
  readonly path: ContractionPath;
  /** Value names, in its order. */
  readonly factors: readonly string[];
  readonly dtype: FloatDtype;
  /** Of the site's input, where the file tells. */
  readonly rank: number | null;
}

/** What stands before and after the factors. */
interface Frame {
  readonly input: string;
  readonly rank: number | null;
  readonly posts: readonly Post[];
}

interface Post {
  readonly op: string;
  readonly hint: string;
  readonly others?: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}

/** @throws InputError for nodes that are not replaced, naming layer, node and what to do */
export function emitSite(to: Emitter, parts: SiteParts): void {
  const { site, path, factors } = parts;
  const { input, rank, posts } = frameOf(to, parts);
  let value = emitContraction(to, {
    path: site.reversed ? reversedPath(path) : path,
    factors,
    input,
    rank,
    output: posts.length === 0 ? site.output : undefined,
  });
  posts.forEach(({ op, hint, others = [], attributes = {} }, k) => {
    const output = k === posts.length - 1 ? site.output : undefined;
    value = to.add(op, hint, [value, ...others], attributes, output);
  });
}

function frameOf(to: Emitter, parts: SiteParts): Frame {
  const { layer, site, op, rank } = parts;
  const scaled = [...alphaOf(to, parts), ...biasOf(to, parts)];
  switch (op.type) {
    case 'MatMul':
      checkWeightRank(parts);
      return { input: site.input, rank, posts: scaled };
    case 'Gemm': {
      const turned = intAttribute(op.node, 'transA', 0) === 1;
      const input = turned ? to.add('Transpose', 'transA', [site.input], { perm: [1, 0] }) : site.input;
      return { input, rank: 2, posts: scaled };
    }
    case 'Conv': {
      const spatial = spatialAxes(op, rank);
      const perm = [0, ...spatial.map((k) => k + 2), 1];
      const back = [0, spatial.length + 1, ...spatial.map((k) => k + 1)];
      return {
        input: to.add('Transpose', 'channelsLast', [site.input], { perm }),
        rank: spatial.length + 2,
        posts: [...scaled, { op: 'Transpose', hint: 'channelsFirst', attributes: { perm: back } }],
      };
    }
    case 'Einsum':
      return einsumFrame(to, parts);
    case 'com.microsoft.FusedMatMul':
    case 'com.microsoft.MatMulNBits':
    case 'com.microsoft.DynamicQuantizeMatMul':
    case 'com.microsoft.MatMulIntegerToFloat':
    case 'MatMulInteger':
      return { input: site.input, rank, posts: scaled };
    default:
      throw new InputError(
        `layer ${layer.name}`,
        `node ${nodeName(op.node)} computes in integers or fuses an activation; export the model in QDQ format, without fusion, to replace it`,
        op.node.opType,
      );
  }
}

/** Axes of a convolution beside batch and channels, from 0. */
export function spatialAxes({ node, inputs }: Op, rank: number | null): readonly number[] {
  const count =
    intsAttribute(node, 'kernel_shape')?.length ?? (inputs[1]?.data?.dims.length ?? rank ?? 4) - 2;
  return Array.from({ length: count }, (_, k) => k);
}

/** A weight [1, in, out] lends its leading axes to an input that has fewer. */
function checkWeightRank({ layer, op, rank }: SiteParts): void {
  const axes = op.inputs[1]?.data?.dims.length ?? 2;
  check(
    axes <= 2 || rank === null || rank >= axes,
    `layer ${layer.name}`,
    `input must have the ${axes} axes of the weight to be replaced (squeeze the weight)`,
    rank,
  );
}

const scalar = (to: Emitter, hint: string, value: number, dtype: FloatDtype): string =>
  to.constant(hint, (name) => rawTensor(name, dtype, [], floatBytes(Float64Array.of(value), dtype)));

function alphaOf(to: Emitter, { site, dtype }: SiteParts): readonly Post[] {
  if (site.alpha === 1) return [];
  return [{ op: 'Mul', hint: 'alpha', others: [scalar(to, 'alpha', site.alpha, dtype)] }];
}

function biasOf(to: Emitter, { site, dtype }: SiteParts): readonly Post[] {
  if (site.bias === null || !site.ownBias || site.beta === 0) return [];
  const bias =
    site.beta === 1 ? site.bias : to.add('Mul', 'beta', [site.bias, scalar(to, 'beta', site.beta, dtype)]);
  return [{ op: 'Add', hint: 'Add', others: [bias] }];
}

/** `abc,cde->abde` and kin: contracted axes last and as one, kept ones apart again and in place. */
export interface EinsumSite {
  /** Letters of the activation, as the equation has them. */
  readonly activation: readonly string[];
  readonly result: readonly string[];
  readonly others: readonly string[];
  /** In the weight's order. */
  readonly contracted: readonly string[];
  readonly kept: readonly string[];
  readonly contractedFirst: boolean;
  /** Shape of the weight. */
  readonly shape: readonly number[];
}

export function einsumSite({ layer, site, op }: Pick<SiteParts, 'layer' | 'site' | 'op'>): EinsumSite {
  const equation = textAttribute(op.node, 'equation').replaceAll(' ', '').replaceAll('...', '.');
  const [left = '', right = ''] = equation.split('->');
  const terms = left.split(',').map((term) => [...term]);
  const at = op.inputs.findIndex((value) => value?.name === site.input);
  const [activation = [], weight = []] = [terms[at], terms[1 - at]];
  const result = [...right];
  const contracted = weight.filter((letter) => activation.includes(letter));
  const kept = weight.filter((letter) => !activation.includes(letter));
  const others = result.filter((letter) => !kept.includes(letter));
  const known = new Set([...others, ...contracted]);
  const sound = new Set(activation).size === activation.length && known.size === activation.length;
  // An ellipsis stands for any number of axes: nothing may have to move past it.
  const plain = contracted.length === 1 && kept.length === 1 && activation.at(-1) === contracted[0];
  const still = plain && result.at(-1) === kept[0] && others.every((letter, k) => letter === activation[k]);
  check(
    sound && activation.every((letter) => known.has(letter)) && (!equation.includes('.') || still),
    `layer ${layer.name}`,
    'equation must have the shape of a linear layer to be replaced',
    equation,
  );
  const matrix = [layer.in, layer.out];
  const contractedFirst = weight[0] === contracted[0];
  const sides = contractedFirst !== site.reversed ? matrix : matrix.toReversed();
  const { source } = layer;
  const shape = source.kind === 'reshape' && weight.length > 2 ? shapeOf(source.of) : sides;
  return { activation, result, others, contracted, kept, contractedFirst, shape };
}

function einsumFrame(to: Emitter, parts: SiteParts): Frame {
  const { site, rank, layer } = parts;
  const { activation, result, others, contracted, kept, contractedFirst, shape } = einsumSite(parts);
  if (activation.includes('.')) return { input: site.input, rank, posts: [] };
  const leads = others.map(() => 0);
  const shapeTensor = (extents: readonly number[]): string =>
    to.constant('shape', (name) => integers(name, extents));
  const order = (from: readonly string[], onto: readonly string[]): readonly number[] =>
    onto.map((letter) => from.indexOf(letter));
  const moved = order(activation, [...others, ...contracted]);
  let { input } = site;
  if (moved.some((axis, k) => axis !== k)) input = to.add('Transpose', 'operand', [input], { perm: moved });
  const inside = site.reversed ? layer.out : layer.in;
  if (contracted.length > 1) input = to.add('Reshape', 'operand', [input, shapeTensor([...leads, inside])]);
  const posts: Post[] = [];
  if (kept.length > 1) {
    const extents = contractedFirst ? shape.slice(contracted.length) : shape.slice(0, kept.length);
    posts.push({ op: 'Reshape', hint: 'result', others: [shapeTensor([...leads, ...extents])] });
  }
  const back = order([...others, ...kept], result);
  if (back.some((axis, k) => axis !== k))
    posts.push({ op: 'Transpose', hint: 'result', attributes: { perm: back } });
  return { input, rank: others.length + 1, posts };
}

/** The cheapest path of y = x W, from that of y = x W^T. */
function reversedPath({ einsum }: ContractionPath): ContractionPath {
  const [[rows = '', ...ins] = [], ...factors] = einsum.inputs;
  return findPath({
    inputs: [[rows, ...einsum.output.slice(1)], ...factors],
    output: [rows, ...ins],
    extents: einsum.extents,
  });
}
