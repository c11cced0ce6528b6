/**
 * The contraction path as a tree on its side: the activations run along the trunk from x to y, a factor joins from above
 * at each step, factors that are joined with each other first stand as branches above the trunk. Dot area is
 * proportional to MACs, line width to the logarithm of what flows.
 */
import type { ContractionPath } from '../../core/einsum/path.ts';
import type { LayerStep } from '../../core/cost/layer.ts';

export interface StepDot {
  /** Position among the mapped steps. */
  readonly step: number;
  readonly x: number;
  readonly y: number;
  readonly r: number;
  readonly trunk: boolean;
  readonly name: string;
  readonly macs: number;
  /** Shares of the layer, 0 to 1. */
  readonly macShare: number;
  readonly energyShare: number;
  readonly latencyShare: number;
}

export interface FlowLine {
  readonly path: string;
  readonly width: number;
}

export interface OrderMarks {
  readonly dots: readonly StepDot[];
  readonly lines: readonly FlowLine[];
  readonly factors: readonly { readonly name: string; readonly x: number; readonly y: number }[];
  readonly trunkY: number;
  readonly startX: number;
  readonly endX: number;
}

interface Stem {
  readonly name: string;
  /** Elements. */
  readonly size: number;
  /** The dot that made it; null for an operand. */
  readonly dot: StepDot | null;
  readonly trunk: boolean;
}

const thickness = (size: number): number =>
  Math.max(1, Math.min(5, 1 + (Math.log2(Math.max(2, size)) - 12) * 0.4));

/** @param names of the einsum's operands, X first */
export function orderMarks(
  path: ContractionPath,
  steps: readonly LayerStep[],
  names: readonly string[],
  width: number,
  height: number,
): OrderMarks {
  const { einsum } = path;
  const size = (labels: readonly string[]): number =>
    labels.reduce((all, label) => all * (einsum.extents.get(label) ?? 1), 1);
  const total = { macs: 0, energy: 0, latency: 0 };
  for (const step of steps) {
    total.macs += step.macs;
    total.energy += step.cost.energyPj;
    total.latency += step.cost.latencyCycles;
  }
  const share = (part: number, all: number): number => (all > 0 ? part / all : 0);

  const trunkY = Math.round(height - 47);
  const branchY = Math.round(height * 0.34);
  const [startX, endX] = [14, width - 14];
  const gap = (endX - startX) / (steps.length + 1);
  const stems: Stem[] = einsum.inputs.map((labels, i) => ({
    name: names[i] ?? `G${i}`,
    size: size(labels),
    dot: null,
    trunk: i === 0,
  }));
  const dots: StepDot[] = [];
  const lines: FlowLine[] = [];
  const joins: { readonly name: string; readonly x: number; readonly to: StepDot }[] = [];
  let next = 0;

  for (const step of path.steps) {
    const taken = step.operands.flatMap((at): Stem[] => (stems[at] === undefined ? [] : [stems[at]]));
    for (const at of step.operands.toSorted((a, b) => b - a)) stems.splice(at, 1);
    const [first] = taken;
    if (taken.length < 2) {
      if (first !== undefined) stems.push({ ...first, size: step.size });
      continue;
    }
    const cost = steps[next];
    const trunk = taken.some((stem) => stem.trunk);
    const others = taken.filter((stem) => !stem.trunk);
    const x = startX + gap * (next + 1);
    const y = trunk ? trunkY : branchY;
    const macs = cost?.macs ?? step.macs;
    const dot: StepDot = {
      step: next,
      x,
      y,
      r: 2.5 + Math.min(9, gap / 2.5) * Math.sqrt(share(macs, total.macs)),
      trunk,
      name: others.map((stem) => stem.name).join(''),
      macs,
      macShare: share(macs, total.macs),
      energyShare: share(cost?.cost.energyPj ?? 0, total.energy),
      latencyShare: share(cost?.cost.latencyCycles ?? 0, total.latency),
    };
    const free = others.filter((stem) => stem.dot === null).length;
    let placed = 0;
    for (const stem of taken) {
      if (stem.trunk) {
        const from = stem.dot?.x ?? startX + 6;
        lines.push({ path: `M${from} ${trunkY}H${x}`, width: thickness(stem.size) });
      } else if (stem.dot === null) {
        const at = x + (free > 1 ? (placed - (free - 1) / 2) * Math.min(22, gap * 0.6) : 0);
        placed++;
        joins.push({ name: stem.name, x: at, to: dot });
      } else lines.push({ path: `M${stem.dot.x} ${stem.dot.y}L${x} ${y}`, width: thickness(stem.size) });
    }
    dots.push(dot);
    stems.push({ name: dot.name, size: step.size, dot, trunk });
    next++;
  }
  const last = dots.at(-1);
  lines.push({
    path: `M${last?.x ?? startX + 6} ${trunkY}H${endX - 5}`,
    width: thickness(size(einsum.output)),
  });
  const places = apart(
    joins.map((join) => join.x),
    18,
    startX - 6,
    endX + 6,
  );
  const factors = joins.map(({ name, to }, i) => {
    const x = places[i] ?? to.x;
    lines.push({ path: `M${x.toFixed(1)} 19L${to.x} ${to.y}`, width: 1.25 });
    return { name, x, y: 14 };
  });
  return { dots, lines, factors, trunkY, startX, endX };
}

/** Places moved no more than needed to be `gap` apart (less when there is no room), their order kept. */
export function apart(wanted: readonly number[], gap: number, low: number, high: number): readonly number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0) || a - b);
  const step = Math.min(gap, (high - low) / Math.max(1, wanted.length - 1));
  const places = wanted.map((value) => value);
  let least = low;
  for (const i of order) {
    places[i] = Math.max(least, places[i] ?? 0);
    least = (places[i] ?? 0) + step;
  }
  let most = high;
  for (const i of order.toReversed()) {
    places[i] = Math.min(most, places[i] ?? 0);
    most = (places[i] ?? 0) - step;
  }
  return places;
}
