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
    const widths = role === 'Q' ? [site.out] : [site.out, site.out / 3];
    const seen = new Set([site.outputValue]);
    for (const value of seen) {
      for (const { op, slot } of value.uses) {
        if (slot === 0 && op.type === 'Reshape') {
          const [heads, width] = lastExtents(op);
          if (heads !== null && width !== null && heads >= 1 && widths.includes(heads * width)) return heads;
        }
        if (seen.size < 24 && /^(?:Add|Mul|Div|Split|Reshape|Transpose|Slice|Cast)$/.test(op.type))
          for (const next of op.outputs) seen.add(next);
      }
    }
  }
  return null;
}

/** The last two extents that a reshape gives, where they are constants. */
function lastExtents(op: Op): readonly [number | null, number | null] {
  const given = op.inputs[1];
  const shape = given?.producer?.type === 'Cast' ? given.producer.inputs[0] : given;
  const whole = intsOf(shape);
  const parts =
    whole ??
    (shape?.producer?.type === 'Concat'
      ? shape.producer.inputs.flatMap((value): readonly (number | null)[] => intsOf(value) ?? [null])
      : []);
  return [parts.at(-2) ?? null, parts.at(-1) ?? null];
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
