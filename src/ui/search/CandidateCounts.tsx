/** How many layer candidates were costed, in all and per format: the size of what the frontier was taken from. */
import { formats } from '../../core/factor/factorization.ts';
import type { Counts } from '../../core/search/setting.ts';
import { formatCount, formatNumber } from '../format.ts';
import { formatTitle } from '../words.ts';

export function CandidateCounts({ counts }: { readonly counts: Counts }) {
  const costed = formats.filter((format) => counts[format] > 0);
  if (costed.length === 0) return null;
  const total = costed.reduce((sum, format) => sum + counts[format], 0);
  return (
    <details className="candidate-counts">
      <summary>
        {formatCount(total)} <span className="long">layer </span>candidates
      </summary>
      <dl>
        {costed.map((format) => (
          <div key={format}>
            <dt>{formatTitle(format)}</dt>
            <dd>{formatNumber(counts[format], 0)}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
