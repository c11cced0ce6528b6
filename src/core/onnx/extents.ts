/** Head counts, batch and sequence as far as a graph tells them: reshapes around attention, fixed extents of inputs. */
import { intAttribute, intsOf, type Graph, type Op } from './graph.ts';
import type { OnnxModel } from './model.ts';
import type { Site } from './sites.ts';
import type { Part } from './structure.ts';

/** Heads from the reshape that follows queries: its last two extents are heads and head width. */
export function headsInGraph(
  graph: Graph,
  sites: readonly Site[],
  parts: ReadonlyMap<Site, Part>,
): number | null {
  const stated = graph.ops.find((op) => /MultiHeadAttention$|GroupQueryAttention$|^Attention$/.test(op.type));
  const told =
    stated === undefined
      ? 0
      : intAttribute(stated.node, 'num_heads', intAttribute(stated.node, 'q_num_heads', 0));
  if (told > 0) return told;
  for (const site of sites) {
    const role = parts.get(site)?.role;
    if (role !== 'Q' && role !== 'QKV') continue;
    const seen = new Map([[site.outputValue, site.out]]);
    for (const [value, width] of seen) {
      for (const { op, slot } of value.uses.slice(0, 64)) {
        const heads = slot === 0 && op.type === 'Reshape' ? headsOf(extentsOf(op), width) : null;
        if (heads !== null) return heads;
        if (seen.size > 24 || !rearranges.test(op.type)) continue;
        // What is split off a fused matrix is a third of it.
        const isPart = role === 'QKV' && /^(?:Split|Slice)$/.test(op.type) && width === site.out;
        for (const next of op.outputs) if (!seen.has(next)) seen.set(next, isPart ? width / 3 : width);
      }
    }
  }
  return null;
}

const rearranges = /^(?:Add|Mul|Div|Split|Reshape|Transpose|Slice|Cast|(?:Deq|Q)uantizeLinear)$/;

/** Extents that a reshape gives, where they are constants. */
function extentsOf(op: Op): readonly (number | null)[] {
  const given = op.inputs[1];
  const shape = given?.producer?.type === 'Cast' ? given.producer.inputs[0] : given;
  const whole = intsOf(shape);
  if (whole !== null) return whole;
  if (shape?.producer?.type !== 'Concat') return [];
  return shape.producer.inputs.flatMap((value): readonly (number | null)[] => {
    const single = value?.producer?.type === 'Unsqueeze' ? value.producer.inputs[0] : value;
    return intsOf(single) ?? [null];
  });
}

/** [..., heads, width of a head], one of them perhaps -1; [..., 3, heads, width] and [..., heads, 3, width] when fused. */
function headsOf(extents: readonly (number | null)[], width: number): number | null {
  const [third = null, second = null, last = null] = extents.slice(-3);
  if (extents.length < 3 || second === null || last === null || last === width) return null;
  if (second === 3 && third !== null && third * 3 * last === width) return third;
  // [..., 3, out] is a fused matrix before its heads.
  if (second === 3 && 3 * last === width) return null;
  if (second > 0 && last > 0) {
    const isWhole = second * last === width || (third === 3 && 3 * second * last === width);
    return isWhole ? second : null;
  }
  if (extents.length < 4) return null;
  if (second === -1 && last > 0 && width % last === 0) return width / last;
  return last === -1 && second > 0 && width % second === 0 ? second : null;
}

/** Fixed batch and sequence of the first input that has both: token ids, or vectors that a layer reads as they are. */
export function inputExtents(
  { proto, initializers }: OnnxModel,
  graph: Graph,
  sites: readonly Site[],
): { readonly batch: number | null; readonly sequence: number | null } {
  const read = new Set(sites.map(({ inputValue }) => inputValue));
  const inputs = (proto.graph?.input ?? []).flatMap(({ name, type }) => {
    if (initializers.has(name) || type?.value.case !== 'tensorType') return [];
    const { elemType, shape } = type.value.value;
    const extents = (shape?.dim ?? []).map(({ value }) =>
      value.case === 'dimValue' && value.value > 0n && value.value < 2n ** 31n ? Number(value.value) : null,
    );
    const value = graph.values.get(name);
    const isTokens =
      ([6, 7].includes(elemType) && extents.length === 2) ||
      (extents.length === 3 && value !== undefined && read.has(value));
    return extents.length < 2 ? [] : [{ extents, isTokens }];
  });
  const tokens = inputs.find(({ isTokens }) => isTokens);
  const [batch = null, sequence = null] = (tokens ?? inputs[0])?.extents ?? [];
  return { batch, sequence: tokens === undefined ? null : sequence };
}
