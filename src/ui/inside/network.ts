/**
 * The tensor network of a factorized matrix: one node per factor, a bond per rank (width grows with its logarithm), a leg
 * per mode, outputs up and inputs down. Read off the forward einsum, so that every format is drawn by the same rules: a
 * chain stays a row, a ring closes, whatever joins three or more factors becomes a star. Notation: Penrose diagrams.
 */
import type { Einsum } from '../../core/einsum/einsum.ts';

export interface NetworkNode {
  readonly name: string;
  readonly x: number;
  readonly y: number;
  /** A core has no modes of its own; a hub is no factor, only where a shared rank meets. */
  readonly kind: 'factor' | 'core' | 'hub';
}

export interface NetworkBond {
  readonly path: string;
  readonly rank: number;
  /** Pixels. */
  readonly width: number;
  readonly labelX: number;
  readonly labelY: number;
}

export interface NetworkLeg {
  readonly x: number;
  readonly y1: number;
  readonly y2: number;
  readonly mode: number;
  readonly side: 'out' | 'in';
}

export interface NetworkMarks {
  readonly nodes: readonly NetworkNode[];
  readonly bonds: readonly NetworkBond[];
  readonly legs: readonly NetworkLeg[];
  readonly radius: number;
}

interface Factor {
  readonly name: string;
  readonly labels: readonly string[];
  readonly out: readonly string[];
  readonly in: readonly string[];
}

interface Spot {
  readonly x: number;
  readonly y: number;
}

const bondWidth = (rank: number): number => 1 + 0.75 * Math.log2(Math.max(1, rank));
/** Longest leg; low figures have shorter ones. */
const longestLeg = 18;

/** @param einsum forward einsum, X first, @param names of all operands, X first */
export function networkMarks(
  einsum: Einsum,
  names: readonly string[],
  width: number,
  height: number,
): NetworkMarks {
  const factors = factorsOf(einsum, names);
  const ranks = rankLabels(factors);
  const extent = (label: string): number => einsum.extents.get(label) ?? 1;
  const layout = layOut(factors, ranks, width, height);
  const { spots, hub, radius } = layout;

  const nodes: NetworkNode[] = factors.map((factor, i) => ({
    name: factor.name,
    ...(spots[i] ?? { x: 0, y: 0 }),
    kind: factors.length > 1 && factor.out.length + factor.in.length === 0 ? 'core' : 'factor',
  }));
  if (hub !== null) nodes.push({ name: '', ...hub, kind: 'hub' });

  const bonds: NetworkBond[] = [];
  const seen = new Map<string, number>();
  for (const [label, owners] of ranks) {
    const ends = owners.flatMap((i): Spot[] => (spots[i] === undefined ? [] : [spots[i]]));
    if (owners.length === 2) {
      const key = owners.join();
      const before = seen.get(key) ?? 0;
      seen.set(key, before + 1);
      const [a, b] = ends;
      if (a !== undefined && b !== undefined) bonds.push(bond(a, b, extent(label), layout, before));
    } else if (hub !== null)
      ends.forEach((end, i) =>
        bonds.push({
          ...bond(end, hub, extent(label), layout, 0),
          ...(i > 0 ? unlabelled : { labelX: hub.x, labelY: hub.y - 9 }),
        }),
      );
  }
  const legs = factors.flatMap((factor, i) => legsOf(factor, spots[i] ?? { x: 0, y: 0 }, layout, extent));
  return { nodes, bonds, legs, radius };
}

/** Only the first of a star's bonds says the rank that all share. */
const unlabelled = { labelX: -1000, labelY: -1000 };

function factorsOf(einsum: Einsum, names: readonly string[]): readonly Factor[] {
  const x = new Set(einsum.inputs[0]);
  const y = new Set(einsum.output);
  return einsum.inputs.slice(1).map((labels, i) => ({
    name: names[i + 1] ?? `G${i + 1}`,
    labels,
    out: labels.filter((label) => y.has(label) && !x.has(label)),
    in: labels.filter((label) => x.has(label)),
  }));
}

/** Labels that join factors, with the positions of the factors they join. */
function rankLabels(factors: readonly Factor[]): ReadonlyMap<string, readonly number[]> {
  const owners = new Map<string, number[]>();
  for (const [i, factor] of factors.entries())
    for (const label of factor.labels) {
      if (factor.out.includes(label) || factor.in.includes(label)) continue;
      const known = owners.get(label);
      if (known === undefined) owners.set(label, [i]);
      else known.push(i);
    }
  return owners;
}

interface Layout {
  readonly spots: readonly Spot[];
  readonly hub: Spot | null;
  readonly radius: number;
  readonly leg: number;
  /** Height of the centre line. */
  readonly middle: number;
}

function layOut(
  factors: readonly Factor[],
  ranks: ReadonlyMap<string, readonly number[]>,
  width: number,
  height: number,
): Layout {
  const count = factors.length;
  const middle = height / 2;
  const radius = Math.max(8, Math.min(height < 100 ? 9 : 11, (width - 8) / (2.6 * Math.max(2, count))));
  /** Factors at most `away` from the centre line. */
  const placed = (spots: readonly Spot[], hub: Spot | null, away: number): Layout => ({
    spots,
    hub,
    radius,
    leg: Math.max(6, Math.min(longestLeg, middle - away - radius - 2)),
    middle,
  });
  const spread = (n: number, i: number): number => (width * (i + 0.5)) / n;
  const core = factors.findIndex((factor) => count > 1 && factor.out.length + factor.in.length === 0);
  const wide = [...ranks.values()].some((owners) => owners.length > 2);
  if (core >= 0 || wide) {
    // A star: outputs above, inputs below, the core (or the meeting point) between them.
    const centre = { x: width / 2, y: middle };
    const upper = factors.flatMap((factor, i) => (i !== core && factor.out.length > 0 ? [i] : []));
    const both = upper.filter((i) => (factors[i]?.in.length ?? 0) > 0);
    const lower = factors.flatMap((factor, i) => (i !== core && factor.out.length === 0 ? [i] : []));
    const away = both.length > 0 ? 0 : Math.min(28, height / 5);
    const spots = factors.map((_, i): Spot => {
      if (i === core) return centre;
      if (both.length > 0) {
        // Factors with modes on both sides stand in one row, the meeting point in a gap of its own.
        const at = both.indexOf(i);
        const slots = both.length + 1;
        return { x: spread(slots, at < Math.floor(slots / 2) ? at : at + 1), y: middle };
      }
      const row = upper.includes(i) ? upper : lower;
      return { x: spread(row.length, row.indexOf(i)), y: row === upper ? middle - away : middle + away };
    });
    const slots = both.length + 1;
    const hub = both.length > 0 ? { x: spread(slots, Math.floor(slots / 2)), y: middle } : centre;
    return placed(spots, wide && core < 0 ? hub : null, away);
  }
  const joined = chain(factors, ranks);
  const closed = joined !== null && joined.closed;
  const order = joined?.order ?? factors.map((_, i) => i);
  if (closed && count > 3) {
    const half = Math.ceil(count / 2);
    const away = Math.min(22, height / 5);
    const spots = factors.map((_, i): Spot => {
      const at = order.indexOf(i);
      return at < half
        ? { x: spread(half, at), y: middle - away }
        : { x: spread(count - half, count - 1 - at), y: middle + away };
    });
    return placed(spots, null, away);
  }
  const row = factors.map((_, i): Spot => ({ x: spread(count, order.indexOf(i)), y: middle }));
  return placed(row, null, 0);
}

/** Factors in the order of their bonds, outputs first; null when they do not form one chain or ring. */
function chain(
  factors: readonly Factor[],
  ranks: ReadonlyMap<string, readonly number[]>,
): { readonly order: readonly number[]; readonly closed: boolean } | null {
  const beside = factors.map((): number[] => []);
  for (const [a, b] of ranks.values()) {
    if (a === undefined || b === undefined) continue;
    if (beside[a]?.includes(b) !== true) beside[a]?.push(b);
    if (beside[b]?.includes(a) !== true) beside[b]?.push(a);
  }
  if (beside.some((others) => others.length > 2)) return null;
  const ends = beside.flatMap((others, i) => (others.length < 2 ? [i] : []));
  const closed = ends.length === 0;
  const hasOut = (i: number): boolean => (factors[i]?.out.length ?? 0) > 0;
  const start = ends.find(hasOut) ?? ends[0] ?? factors.findIndex((_, i) => hasOut(i));
  const order = [Math.max(0, start)];
  for (;;) {
    const open = (beside[order.at(-1) ?? 0] ?? []).filter((i) => !order.includes(i));
    // Round a ring by way of the outputs, so that they stand together.
    const next = open.find(hasOut) ?? open[0];
    if (next === undefined) break;
    order.push(next);
  }
  return order.length === factors.length ? { order, closed } : null;
}

function bond(a: Spot, b: Spot, rank: number, { radius, middle }: Layout, before: number): NetworkBond {
  const n = (v: number): string => v.toFixed(1);
  const [mx, my] = [(a.x + b.x) / 2, (a.y + b.y) / 2];
  const flat = Math.abs(a.y - b.y) < 1;
  // A second bond between the same two factors (a ring of two) bows below the first.
  if (before > 0)
    return {
      path: `M${n(a.x)} ${n(a.y)}Q${n(mx)} ${n(my + 44)} ${n(b.x)} ${n(b.y)}`,
      rank,
      width: bondWidth(rank),
      labelX: mx,
      labelY: my + 36,
    };
  if (Math.abs(a.x - b.x) < 1)
    return {
      path: `M${n(a.x)} ${n(a.y)}L${n(b.x)} ${n(b.y)}`,
      rank,
      width: bondWidth(rank),
      labelX: mx + radius + 4,
      labelY: my + 4,
    };
  return {
    path: `M${n(a.x)} ${n(a.y)}L${n(b.x)} ${n(b.y)}`,
    rank,
    width: bondWidth(rank),
    labelX: flat ? mx : mx + (a.x < b.x === a.y < b.y ? -1 : 1) * 2,
    labelY: flat
      ? my - Math.max(8, radius - 2)
      : my + (Math.min(a.y, b.y) < middle - 1 && Math.max(a.y, b.y) < middle + 1 ? -4 : 11),
  };
}

function legsOf(
  factor: Factor,
  { x, y }: Spot,
  { radius, leg }: Layout,
  extent: (label: string) => number,
): readonly NetworkLeg[] {
  const row = (labels: readonly string[], side: 'out' | 'in'): NetworkLeg[] =>
    labels.map((label, i) => {
      const dx = (i - (labels.length - 1) / 2) * 10;
      const direction = side === 'out' ? -1 : 1;
      return {
        x: x + dx,
        y1: y + direction * radius,
        y2: y + direction * (radius + leg),
        mode: extent(label),
        side,
      };
    });
  return [...row(factor.out, 'out'), ...row(factor.in, 'in')];
}
