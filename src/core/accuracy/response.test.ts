import { describe, expect, it } from 'vitest';
import { disagreement } from './response.ts';
import { sharedConfidence, type Answered } from './tally.ts';

const answered = (outputs: Readonly<Record<string, readonly number[]>>): Answered => ({
  outputs: Object.fromEntries(
    Object.entries(outputs).map(([name, logits]) => [name, Float32Array.from(logits)]),
  ),
  answers: Int32Array.of(0),
});

describe('disagreement', () => {
  it('by hand: the mean of answers and confidence lost, next to nothing for a surer network', () => {
    expect(disagreement({ kl: 9, soft: 0.5, hard: 0.75 })).toBeCloseTo(0.375, 12);
    expect(disagreement({ kl: 0, soft: 1, hard: 1 })).toBe(1e-4);
    expect(disagreement({ kl: 0, soft: 1.2, hard: 1 })).toBe(1e-4);
    expect(disagreement({ kl: 3, soft: 0, hard: 0 })).toBe(1);
  });

  it('confidence is the probability of the dense choice, of all outputs together', () => {
    const dense = answered({ start: [0, Math.log(3), 0, 0], end: [Math.log(4), 0, 0, 0] });
    // Two rows of two choices each. Row 1: choice 1 and choice 0; row 2: ties take the first.
    const other = answered({ start: [0, 0, Math.log(9), 0], end: [Math.log(3), 0, 0, 0] });
    expect(sharedConfidence(dense, other, 2)).toBeCloseTo(0.5 * 0.75 + 0.9 * 0.5, 6);
    expect(sharedConfidence(dense, dense, 2)).toBeCloseTo(0.75 * 0.8 + 0.5 * 0.5, 6);
  });

  it('logits that are no numbers share nothing', () => {
    const dense = answered({ logits: [1, 2] });
    for (const broken of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
      expect(sharedConfidence(dense, answered({ logits: [broken, broken] }), 1)).toBe(0);
  });
});
