/** Names for the screen: one word, one meaning. */
import type { Factorization, Format } from '../core/factor/factorization.ts';
import type { Quantization } from '../core/factor/quantization.ts';
import type { LinearLayer, TransformerModel } from '../core/workload/model.ts';

const titles: Readonly<Record<Format, string>> = {
  dense: 'Dense',
  svd: 'SVD',
  kronecker: 'Kronecker',
  cp: 'CP',
  tucker: 'Tucker',
  tt: 'TT',
  ttm: 'TTM (MPO)',
  tr: 'TR',
  'block-term': 'Block-term',
};

export function formatTitle(format: Format): string {
  return titles[format];
}

/** `not quantized`, `int4, groups of 128`, `8-bit weights and activations`. */
export function quantizationTitle(q: Quantization): string {
  switch (q.kind) {
    case 'none':
      return 'not quantized';
    case 'w8a8':
      return '8-bit weights and activations';
    case 'int':
      return `int${q.bits}, ${q.group === 'row' ? 'per row' : `groups of ${q.group}`}`;
    case 'fp4':
      return `FP4, groups of ${q.group}`;
    case 'palette':
      return `palette of ${2 ** q.bits} values`;
  }
  q satisfies never;
}

/** `48·64 | 32·24`, out before in. */
export function shapeText({ outModes, inModes }: Factorization): string {
  return `${outModes.join('·')} | ${inModes.join('·')}`;
}

/** Consecutive numbers as ranges: `1-3, 7, 9-12`. */
export function rangesText(numbers: readonly number[]): string {
  const sorted = [...new Set(numbers)].toSorted((a, b) => a - b);
  const parts: string[] = [];
  for (let i = 0; i < sorted.length;) {
    let j = i;
    while (sorted[j + 1] === (sorted[j] ?? 0) + 1) j++;
    parts.push(i === j ? `${sorted[i]}` : `${sorted[i]}-${sorted[j]}`);
    i = j + 1;
  }
  return parts.join(', ');
}

/** What is selected, in words: role(s) and block numbers as they stand in the matrix grid. */
export function selectionText(
  model: TransformerModel,
  selection: readonly number[],
): { readonly roles: string; readonly blocks: string } {
  const layers = selection.flatMap((index): LinearLayer[] => {
    const layer = model.linears[index];
    return layer === undefined ? [] : [layer];
  });
  const roles = [...new Set(layers.map((layer) => layer.role))];
  const allRoles = new Set(model.linears.map((layer) => layer.role)).size;
  const blocks = layers.flatMap((layer) => (layer.block === null ? [] : [layer.block + 1]));
  return {
    roles:
      roles.length === allRoles && allRoles > 3
        ? 'All roles'
        : roles.length > 3
          ? `${roles.length} roles`
          : roles.join(', '),
    blocks:
      blocks.length === 0 ? '' : `${new Set(blocks).size === 1 ? 'layer' : 'layers'} ${rangesText(blocks)}`,
  };
}
