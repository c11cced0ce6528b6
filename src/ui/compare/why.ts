/** Why one design costs less (or more) than another, in one sentence made of their figures. */
import type { Evaluation } from '../../core/search/evaluation.ts';
import { formatPercent, formatRatio } from '../format.ts';

const percent = (share: number): string => formatPercent(100 * share, 0);

/**
 * @param levels names of the memory levels, outermost first, and of the MACs
 * @param name of the design, @param base name of the reference
 */
export function whyDifferent(
  name: string,
  now: Evaluation,
  base: string,
  reference: Evaluation,
  levels: readonly string[],
): string {
  const edp = reference.edpPjCycles / now.edpPjCycles;
  if (Math.abs(edp - 1) < 0.005) return `${name} and ${base} have the same EDP within half a percent.`;
  const less = edp > 1;
  const parts = [
    `${name} has ${formatRatio(less ? edp : 1 / edp)} ${less ? 'lower' : 'higher'} EDP than ${base}: ${change(now.energyPj / reference.energyPj)} energy times ${change(now.latencyCycles / reference.latencyCycles)} delay`,
  ];
  const saved = now.energyByLevelPj.map((energy, i) => (reference.energyByLevelPj[i] ?? 0) - energy);
  const total = reference.energyPj - now.energyPj;
  let most = 0;
  for (const [i, part] of saved.entries())
    if (part * Math.sign(total) > (saved[most] ?? 0) * Math.sign(total)) most = i;
  const share = total === 0 ? 0 : (saved[most] ?? 0) / total;
  const level = levels[most];
  if (level !== undefined && share > 0)
    parts.push(
      share > 1.005
        ? `${level} ${total > 0 ? 'saves' : 'adds'} more than the whole difference, other levels take some back`
        : `${level} gives ${percent(share)} of the energy ${total > 0 ? 'saved' : 'added'}`,
    );
  parts.push(`MACs ${change(now.macs / reference.macs)}, weights ${change(now.bytes / reference.bytes)}`);
  return `${parts.join('; ')}.`;
}

/** `0.43×` of the reference. */
const change = (ratio: number): string => formatRatio(ratio);
