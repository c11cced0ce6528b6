/** What the workload and the execution do to the comparison of formats, in one sentence. Pure. */
import type { Format } from '../../core/factor/factorization.ts';
import { formats } from '../../core/factor/factorization.ts';
import type { FormatGains } from '../../state/gain-source.ts';
import { formatExact, formatRatioShort } from '../format.ts';
import { formatTitle } from '../words.ts';

/** Formats within this factor of the best one tie with it. */
const tie = 1.05;

/** Null until every format has answered, of the same number of tokens. */
export function gainSentence(gains: FormatGains): string | null {
  const found: { readonly format: Format; readonly reduction: number }[] = [];
  const asked = new Set<number>();
  for (const format of formats) {
    const gain = gains[format];
    if (gain.kind === 'waiting') return null;
    if (gain.kind !== 'gain') continue;
    asked.add(gain.tokens);
    if (format !== 'dense') found.push({ format, reduction: gain.reduction });
  }
  const [tokens] = asked;
  if (tokens === undefined || asked.size > 1) return null;
  const at = `At ${formatExact(tokens)} ${tokens === 1 ? 'token' : 'tokens'}`;
  const [best, ...others] = found.toSorted((a, b) => b.reduction - a.reduction);
  if (best === undefined || best.reduction < 1.005) return `${at} no format costs less than dense here.`;
  const ties = others.filter(({ reduction }) => reduction * tie >= best.reduction);
  const winners = [best, ...ties].map(({ format }) => formatTitle(format));
  const costly = found.filter(({ reduction }) => reduction < 0.995).length;
  const second = others.find((other) => !ties.includes(other) && other.reduction > 1.005);
  const next =
    second === undefined ? '' : `, then ${formatTitle(second.format)} ${formatRatioShort(second.reduction)}`;
  const worse = costly === 0 ? '' : `; ${costly} of ${found.length} cost more than dense`;
  return winners.length === 1
    ? `${at} ${winners[0]} wins at ${formatRatioShort(best.reduction)}${next}${worse}.`
    : `${at} ${winners.slice(0, -1).join(', ')} and ${winners.at(-1)} tie at ${formatRatioShort(best.reduction)}${next}${worse}.`;
}
