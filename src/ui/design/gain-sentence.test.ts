import { describe, expect, it } from 'vitest';
import { formats } from '../../core/factor/factorization.ts';
import type { FormatGain, FormatGains } from '../../state/gain-source.ts';
import { gainSentence } from './gain-sentence.ts';

const gains = (reductions: Readonly<Partial<Record<string, number>>>, tokens: number): FormatGains =>
  Object.fromEntries(
    formats.map((format): [string, FormatGain] => {
      const reduction = format === 'dense' ? 1 : reductions[format];
      return [
        format,
        reduction === undefined
          ? { kind: 'impossible', reason: 'no modes' }
          : { kind: 'gain', reduction, kept: 0.5, value: 50, tokens },
      ];
    }),
  ) as FormatGains;

describe('gainSentence', () => {
  it('names the winner, the next and how many cost more', () => {
    expect(gainSentence(gains({ svd: 8.3, tt: 6.4, cp: 0.15, tr: 0.2 }, 144))).toBe(
      'At 144 tokens SVD wins at 8.3×, then TT 6.4×; 2 of 4 cost more than dense.',
    );
  });

  it('calls a tie a tie', () => {
    expect(gainSentence(gains({ svd: 6, tt: 6.2, tucker: 6.1 }, 1))).toBe(
      'At 1 token TT, Tucker and SVD tie at 6.2×.',
    );
  });

  it('says when nothing helps, and nothing while it waits', () => {
    expect(gainSentence(gains({ svd: 0.9 }, 2048))).toBe(
      'At 2,048 tokens no format costs less than dense here.',
    );
    expect(gainSentence({ ...gains({ svd: 2 }, 8), tt: { kind: 'waiting' } })).toBeNull();
    // Some have answered for the new number of tokens, some have not.
    expect(gainSentence({ ...gains({ svd: 2, tt: 3 }, 8), tt: gains({ tt: 9 }, 144).tt })).toBeNull();
  });
});
