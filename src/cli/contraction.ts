/**
 * `cost`'s two ways to name the work, as one: a contraction O = I W of single dims, the batched GEMM it amounts to, and
 * the way back from the GEMM's mapping (dims B, M, N, K) to one over the contraction's own dims.
 */
import { InputError, check } from '../core/base/checks.ts';
import type { Contraction, Gemm, Loop, Mapping } from '../core/cost/mapping.ts';
import { parseEinsum } from '../core/einsum/parse.ts';

/** Dims by where they occur: batch in I, W and O; M in I and O; N in W and O; K in I and W. */
export interface Roles {
  readonly B: readonly string[];
  readonly M: readonly string[];
  readonly N: readonly string[];
  readonly K: readonly string[];
}

export function contractionOfGemm([m, n, k]: readonly number[]): Contraction {
  return {
    dims: { I: ['M', 'K'], W: ['K', 'N'], O: ['M', 'N'] },
    extents: { M: m ?? 1, N: n ?? 1, K: k ?? 1 },
  };
}

/** First operand I, second W; dims are the equation's letters. @throws InputError unless there are exactly two */
export function contractionOfEinsum(equation: string, shapes: readonly (readonly number[])[]): Contraction {
  const einsum = parseEinsum(equation, shapes);
  const [first, second] = einsum.inputs;
  if (first === undefined || second === undefined || einsum.inputs.length !== 2) {
    throw new InputError('cost', '--einsum must have exactly two operands', einsum.inputs.length);
  }
  check(einsum.shapes === undefined, 'cost', '--einsum must not broadcast axes of size 1', equation);
  for (const term of [first, second]) {
    const repeated = term.find((label, axis) => term.indexOf(label) !== axis);
    check(repeated === undefined, 'cost', '--einsum must not repeat an index in one operand', repeated);
  }
  for (const [label, extent] of einsum.extents)
    check(extent >= 1, 'cost', `extent of ${label} must be at least 1`, extent);
  return {
    dims: { I: first, W: second, O: einsum.output },
    extents: Object.fromEntries(einsum.extents),
  };
}

/** Weights in the input slot and inputs in the weight slot. */
export function swapped({ dims, extents }: Contraction): Contraction {
  return { dims: { I: dims.W, W: dims.I, O: dims.O }, extents };
}

/** @throws InputError when a dim is in one operand alone, so that no GEMM is like it */
export function rolesOf(contraction: Contraction): Roles {
  const roles = rolesFound(contraction);
  if (roles !== null) return roles;
  const { I, W, O } = contraction.dims;
  const alone = [...I, ...W, ...O].find((dim, _, all) => all.filter((other) => other === dim).length === 1);
  throw new InputError('cost', 'every index must be in two of I, W and O (or give a --mapping)', alone);
}

function rolesFound({ dims }: Contraction): Roles | null {
  const roles = { B: [] as string[], M: [] as string[], N: [] as string[], K: [] as string[] };
  for (const dim of new Set([...dims.I, ...dims.W, ...dims.O])) {
    const [i, w, o] = [dims.I.includes(dim), dims.W.includes(dim), dims.O.includes(dim)];
    const role = i && w && o ? 'B' : i && o ? 'M' : w && o ? 'N' : i && w ? 'K' : null;
    if (role === null) return null;
    roles[role].push(dim);
  }
  return roles;
}

export function gemmOf(roles: Roles, { extents }: Contraction): Gemm {
  const size = (dims: readonly string[]): number => dims.reduce((all, dim) => all * (extents[dim] ?? 1), 1);
  return { batch: size(roles.B), m: size(roles.M), n: size(roles.N), k: size(roles.K) };
}

/**
 * A GEMM's mapping over the contraction's dims. Dims that share a role split its loops, outermost loop first, prime by
 * prime: what counts depends on their product only. Where a role is one dim, the loop is only renamed (and may be
 * padded); the extents that the loops cover are returned with it.
 */
export function overDims(
  mapping: Mapping,
  roles: Roles,
  contraction: Contraction,
): { readonly mapping: Mapping; readonly extents: Readonly<Record<string, number>> } {
  const left = { ...contraction.extents };
  const split = ([role, bound]: Loop): Loop[] => {
    const dims = roles[role as keyof Roles];
    if (dims.length === 1) return [[dims[0] ?? '', bound]];
    const parts = new Map<string, number>();
    let rest = bound;
    for (let prime = 2; rest > 1; prime++) {
      while (rest % prime === 0) {
        const dim = dims.find((each) => (left[each] ?? 1) % prime === 0);
        if (dim === undefined) throw new Error('internal: a merged loop that does not divide its dims');
        left[dim] = (left[dim] ?? 1) / prime;
        parts.set(dim, (parts.get(dim) ?? 1) * prime);
        rest /= prime;
      }
    }
    return [...parts];
  };
  const result = mapping.map(({ level, temporal, spatial }) => ({
    level,
    temporal: temporal.flatMap(split),
    spatial: spatial.flatMap(split),
  }));
  return { mapping: result, extents: { ...contraction.extents, ...coveredBy(result, roles) } };
}

/** Products of the loops of dims that are a role of their own. */
function coveredBy(mapping: Mapping, roles: Roles): Record<string, number> {
  const alone = Object.values(roles).flatMap((dims: readonly string[]) => (dims.length === 1 ? dims : []));
  const loops = mapping.flatMap(({ temporal, spatial }) => [...temporal, ...spatial]);
  return Object.fromEntries(
    alone.map((dim) => [dim, loops.reduce((all, [name, bound]) => (name === dim ? all * bound : all), 1)]),
  );
}

/**
 * The extents that a given mapping is to be counted at: the contraction's own, or padded ones when the loops cover
 * exactly what the mapper could have padded to.
 */
export function paddedLike(
  mapping: Mapping,
  contraction: Contraction,
  paddings: (gemm: Gemm) => readonly (readonly number[])[],
): Readonly<Record<string, number>> {
  const { extents } = contraction;
  const roles = rolesFound(contraction);
  if (roles === null || Object.values(roles).some((dims: readonly string[]) => dims.length > 1))
    return extents;
  const covered = { ...extents, ...coveredBy(mapping, roles) };
  const { batch, m, n, k } = gemmOf(roles, { dims: contraction.dims, extents: covered });
  const own = gemmOf(roles, contraction);
  if (m === own.m && n === own.n && k === own.k) return extents;
  const known = paddings(own).some(
    (padding) => padding[0] === m && padding[1] === n && padding[2] === k && (padding[3] ?? 1) === batch,
  );
  return known ? covered : extents;
}
