import { describe, expect, it } from 'vitest';
import { answered, createCoding, keptRows, rowCount, type Logits } from './rows.ts';

const logits = (shape: readonly number[], ...values: number[]): Logits => ({
  shape,
  values: Float32Array.from(values),
});

describe('rows of logits', () => {
  it('answer by their largest entry, outputs together', () => {
    const start = logits([3, 2], 0, 1, 1, 0, 0, 1);
    const end = logits([3, 3], 5, 0, 0, 5, 0, 0, 0, 0, 9);
    const coding = createCoding();
    const { answers, outputs } = answered({ start, end }, ['start', 'end'], coding);
    // (1, 0), (0, 0), (1, 2): all different; of the start alone the first and the last are alike.
    expect(new Set(answers).size).toBe(3);
    expect(answers[0]).toBe(coding([1, 0]));
    const alone = answered({ start, end }, ['start'], createCoding()).answers;
    expect([alone[0] === alone[2], alone[0] === alone[1]]).toEqual([true, false]);
    expect(outputs['end']).toBe(end.values);
  });

  it('run over every axis but the last', () => {
    expect(rowCount({ a: logits([2, 3, 4]), b: logits([6, 2]) })).toBe(6);
    const kept = keptRows({ a: logits([1, 3, 2], 0, 1, 2, 3, 4, 5) }, [2, 0]);
    expect(kept).toEqual({ a: logits([2, 2], 4, 5, 0, 1) });
  });

  it('must be as many in every output, of choices', () => {
    expect(() => rowCount({})).toThrow('outputs: must be one at least');
    expect(() => rowCount({ loss: logits([1], 1) })).toThrow(
      'outputs: loss must have a last axis of choices, got [1]',
    );
    expect(() => rowCount({ a: logits([2, 3, 4]), b: logits([2, 4]) })).toThrow(
      'outputs: b must have 6 rows, as a has; choose what is compared with --outputs, got 2',
    );
  });
});
