/** Why a layer costs what it costs, in one sentence made of its own figures. */
import type { LayerCost } from '../../core/cost/layer.ts';
import type { MappedGemm } from '../../core/cost/mapper.ts';
import type { Bound, Gear, Gemm } from '../../core/cost/mapping.ts';
import type { Accelerator } from '../../core/hardware/accelerator.ts';
import { formatCount, formatPercent, formatRatio } from '../format.ts';

const percent = (share: number): string => formatPercent(100 * share, 0);

/** @param chosen position of the step whose mapping is shown, @param whole with the step's share of the work */
export function whyLayer(
  accelerator: Accelerator,
  cost: LayerCost,
  chosen: number,
  mapped: MappedGemm,
  names: readonly string[],
  whole = true,
): string {
  const step = cost.steps[chosen];
  const macs = step?.macs ?? cost.macs;
  const parts: string[] = [];
  if (whole && cost.steps.length > 1)
    parts.push(
      `step ${chosen + 1}${names[chosen] === undefined ? '' : ` (${names[chosen]})`} does ${percent(macs / cost.macs)} of the MACs`,
    );
  parts.push(boundSentence(mapped));
  const [outermost = 0] = cost.energyByLevelPj;
  const name = accelerator.levels[0]?.name ?? 'the outermost level';
  parts.push(`${name} takes ${percent(outermost / cost.energyPj)} of the energy`);
  const einsum = cost.path.einsum;
  const output = einsum.output.reduce((all, label) => all * (einsum.extents.get(label) ?? 1), 1);
  if (cost.path.largestIntermediate > output)
    parts.push(
      `widest intermediate ${formatCount(cost.path.largestIntermediate)} words, ${formatRatio(cost.path.largestIntermediate / output)} the result`,
    );
  return `${parts.join('; ')}.`;
}

/** Which of the MACs and the memory levels decides how long the step takes. */
function boundSentence({ cost }: MappedGemm): string {
  const slowest = cost.levels.reduce<(typeof cost.levels)[number] | null>(
    (worst, level) => (level.cycles > (worst?.cycles ?? 0) ? level : worst),
    null,
  );
  const busy = percent(cost.utilization);
  if (slowest === null || slowest.cycles <= cost.computeCycles)
    return cost.utilization > 0.995
      ? 'it is compute-bound with every MAC busy'
      : `it is compute-bound with ${busy} of the MACs busy`;
  return `${slowest.name} bounds it, its ports need ${formatRatio(slowest.cycles / cost.computeCycles)} the cycles of the MACs`;
}

/** Rows, columns, depth of a step: `128·3072·192`. */
export function gemmText({ batch, m, n, k }: Gemm): string {
  return `${batch > 1 ? `${batch}×` : ''}${m}·${n}·${k}`;
}

/**
 * What is known of a mapping: `proven optimal at these extents`, `best found, within 3.1% of the least possible`, and the
 * padding and the exchange of operands when there is one.
 * @param bound with the gap, once it is worked out
 */
export function standing(mapped: MappedGemm, gear: Gear, bound: Bound | null = null): string {
  const { padded, gemm } = mapped;
  const changes = (['batch', 'm', 'n', 'k'] as const).flatMap((dim) =>
    padded[dim] === gemm[dim]
      ? []
      : [
          `${dim === 'batch' ? 'b' : dim} ${gemm[dim]} ${mapped.ragged ? 'ragged within' : 'padded to'} ${padded[dim]}`,
        ],
  );
  if (mapped.swapped === true)
    changes.unshift('operands changed places (m counts columns of the result, n its rows)');
  return [`${gear} mapper: ${proofText(bound ?? mapped.bound)}`, ...changes].join(', ');
}

function proofText(bound: Bound): string {
  switch (bound.kind) {
    case 'optimal':
      return 'proven optimal at these extents';
    case 'gap':
      return `best found, within ${formatPercent(100 * bound.gap, bound.gap < 0.0005 ? 3 : 1)} of the least possible`;
    case 'best-found':
      return 'best found';
    default:
      return bound satisfies never;
  }
}
