/** What a brushed range of designs has in common, in words: per role its formats and how far the ranks reach. */
import type { Factorization, Format } from '../../core/factor/factorization.ts';
import type { Candidate } from '../../core/search/evaluation.ts';
import type { LinearLayer } from '../../core/workload/model.ts';
import { formatTitle } from '../words.ts';

/** One line for designs of one model; the designs are not empty. */
export function shareInWords(designs: readonly Candidate[], linears: readonly LinearLayer[]): string {
  const byPhrase = new Map<string, string[]>();
  for (const role of new Set(linears.map((layer) => layer.role))) {
    const used = designs.flatMap((design) => design.filter((_, index) => linears[index]?.role === role));
    const phrase = phraseOf(used);
    const roles = byPhrase.get(phrase);
    if (roles === undefined) byPhrase.set(phrase, [role]);
    else roles.push(role);
  }
  return [...byPhrase].map(([phrase, roles]) => `${roles.join(', ')} ${phrase}`).join('; ');
}

function phraseOf(used: readonly Factorization[]): string {
  const counts = new Map<Format, number>();
  for (const { format } of used) counts.set(format, (counts.get(format) ?? 0) + 1);
  const ordered = [...counts].sort((a, b) => b[1] - a[1]);
  const only = ordered[0];
  if (only === undefined) return 'unused';
  if (ordered.length === 1) return `all ${withRanks(used, only[0])}`;
  return ordered
    .map(([format, count]) => {
      const share = Math.round((100 * count) / used.length);
      return `${share === 0 ? 'under 1' : share}% ${withRanks(used, format)}`;
    })
    .join(' + ');
}

/** `SVD 64\u2013128`: the format and how far its ranks reach. */
function withRanks(used: readonly Factorization[], format: Format): string {
  const ranks = used.flatMap((f) => (f.format === format ? f.ranks : []));
  if (ranks.length === 0) return formatTitle(format);
  let [least, most] = [Infinity, 0];
  for (const rank of ranks) {
    least = Math.min(least, rank);
    most = Math.max(most, rank);
  }
  return `${formatTitle(format)} ${least === most ? least : `${least}\u2013${most}`}`;
}

/** `62 SVD, 10 Dense`: how many layers are in each format, most first. */
export function formatMix(design: Candidate): string {
  const counts = new Map<Format, number>();
  for (const { format } of design) counts.set(format, (counts.get(format) ?? 0) + 1);
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .map(([format, count]) => `${count} ${formatTitle(format)}`)
    .join(', ');
}
