import { describe, expect, it } from 'vitest';
import { metricWords } from '../metric.ts';
import { lastGain, sparkMarks } from './spark.ts';
import { referenceExecution } from '../../core/cost/execution.ts';
import type { SearchRun } from '../../state/search-run.ts';
import { progressText, rateText, sayCounted, timeLeft } from './words.ts';

const history = Array.from({ length: 50 }, (_, i) => ({ evaluations: 100 * i, value: 60 - 40 / (1 + i) }));

describe('sparkMarks', () => {
  it('rises to the right and ends at the last sample', () => {
    const marks = sparkMarks(history, 10_000, 72, 28);
    expect(marks?.endX).toBeCloseTo(1 + (66 * 4900) / 10_000);
    expect(marks?.endY).toBe(4);
    expect(marks?.ahead).not.toBe('');
  });

  it('stays a line when nothing was gained, and nothing without samples', () => {
    const flat = [
      { evaluations: 0, value: 5 },
      { evaluations: 10, value: 5 },
    ];
    expect(sparkMarks(flat, 10, 72, 28)?.endY).toBe(14);
    expect(sparkMarks([], 10, 72, 28)).toBeNull();
  });
});

describe('a run that starts from nothing', () => {
  it('is drawn from where it has something, or its first jump would be all there is to see', () => {
    const marks = sparkMarks([{ evaluations: 0, value: 0 }, ...history], 10_000, 72, 28);
    expect(marks?.path).toBe(sparkMarks(history, 10_000, 72, 28)?.path);
  });
});

describe('lastGain', () => {
  it('looks a tenth back', () => {
    const gain = lastGain(history);
    expect(gain?.over).toBe(500);
    expect(gain?.gain).toBeCloseTo(40 / 45 - 40 / 50);
  });
});

describe('words', () => {
  it('writes rates and the time left', () => {
    expect(rateText(3120)).toBe('3.1k/s');
    expect(rateText(42)).toBe('42/s');
    expect(timeLeft({ evaluations: 5000, budget: 20_000, perSecond: 1500 })).toBe('10 s left');
    expect(timeLeft({ evaluations: 3, budget: 20_000, perSecond: 0.2 })).toBe('');
    expect(timeLeft({ evaluations: 0, budget: 20_000, perSecond: 0 })).toBe('');
  });
});

describe('a run under shared loops', () => {
  const run = {
    status: 'running',
    evaluations: 500,
    budget: 500,
    perSecond: 10,
    frontier: [{}],
    whole: true,
    recount: { done: 20, of: 1220 },
    setting: { execution: { ...referenceExecution, fusion: true, sharedLoops: true } },
  } as unknown as SearchRun;

  it('says how far the second count is, and what is counted how', () => {
    expect(progressText(run, 500)).toEqual({
      left: '20 / 1,220 counted with shared loops',
      right: '10/s, 2 min left',
    });
    expect(sayCounted(run)).toMatch(/whole intermediates so far/);
    expect(sayCounted({ ...run, whole: false })).toMatch(
      /^The frontier shares loops, as the design on screen/,
    );
    const { setting } = run;
    expect(
      sayCounted({ ...run, setting: setting && { ...setting, execution: referenceExecution } }),
    ).toBeNull();
  });
});

describe('a typed limit', () => {
  const { read: readLimit } = metricWords('weightEnergyKeptPercent').limit;

  it('is a loss where the axis is accuracy, with or without its sign', () => {
    const { read, write } = metricWords('accuracyChangePoints').limit;
    expect(read('1.1')).toBe(-1.1);
    expect(read('−1.1')).toBe(-1.1);
    expect(read('0')).toBe(0);
    expect(read('101')).toBeUndefined();
    expect(write(-1.1)).toBe('1.1');
  });

  it('reads percents, nothing, and refuses the rest', () => {
    expect(readLimit('87.5')).toBe(87.5);
    expect(readLimit(' 90 % ')).toBe(90);
    expect(readLimit('')).toBeNull();
    expect(readLimit('101')).toBeUndefined();
    expect(readLimit('ninety')).toBeUndefined();
  });
});
