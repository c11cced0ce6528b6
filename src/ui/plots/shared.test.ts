import { describe, expect, it } from 'vitest';
import type { Factorization } from '../../core/factor/factorization.ts';
import type { LinearLayer } from '../../core/workload/model.ts';
import { formatMix, shareInWords } from './shared.ts';

const layer = (role: string, block: number): LinearLayer => ({
  name: `${role}.${block}`,
  role,
  group: 'other',
  block,
  out: 8,
  in: 8,
  bias: false,
  factorize: true,
});
const linears = [layer('Q', 0), layer('K', 0), layer('FFN1', 0)];
const svd = (rank: number): Factorization => ({ format: 'svd', outModes: [8], inModes: [8], ranks: [rank] });
const tt: Factorization = { format: 'tt', outModes: [2, 4], inModes: [2, 4], ranks: [2, 4, 2] };
const dense: Factorization = { format: 'dense', outModes: [8], inModes: [8], ranks: [] };

describe('shareInWords', () => {
  it('says what is common, roles of one kind together', () => {
    const text = shareInWords(
      [
        [svd(2), svd(4), dense],
        [svd(3), svd(2), dense],
      ],
      linears,
    );
    expect(text).toBe('Q all SVD 2–3; K all SVD 2–4; FFN1 all Dense');
  });

  it('says a mix with its shares', () => {
    expect(
      shareInWords(
        [
          [svd(2), svd(2), svd(4)],
          [svd(2), svd(2), tt],
        ],
        linears,
      ),
    ).toBe('Q, K all SVD 2; FFN1 50% SVD 4 + 50% TT 2–4');
  });
});

describe('formatMix', () => {
  it('counts formats, most first', () => {
    expect(formatMix([dense, svd(1), svd(2)])).toBe('2 SVD, 1 Dense');
  });
});
