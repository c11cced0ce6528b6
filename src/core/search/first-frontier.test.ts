import { env } from 'node:process';
import { describe, expect, it } from 'vitest';
import shipped from '../../../public/first-frontier.json';
import type { CalibrationTable } from '../accuracy/sensitivity.ts';
import { costModel } from '../cost/version.ts';
import {
  computeFirstFrontier,
  firstEvaluator,
  firstSearch,
  readFirstFrontier,
  type FirstFrontier,
} from './first-frontier.ts';
import { evenly } from './space.ts';

// When this fails, the cost model or the search changed: count up `costModel` and run scripts/first-frontier.mjs.
const file = shipped as unknown as FirstFrontier;
const tables = import.meta.glob<CalibrationTable>('../../../public/models/*.json', {
  eager: true,
  import: 'default',
});

describe('public/first-frontier.json', () => {
  const evaluator = firstEvaluator(tables[`../../../public/models/${firstSearch.model}.json`] ?? null);
  const { frontier, cloud, counts } = readFirstFrontier(file);

  it('was made by this cost model and this search', () => {
    expect(file.costModel).toBe(costModel);
    expect(file.search).toEqual(firstSearch);
    expect(file.metric).toBe(evaluator.accuracy.metric);
  });

  it('has the figures that its designs have now', () => {
    expect(frontier.length).toBeGreaterThan(50);
    expect(frontier.length).toBeLessThanOrEqual(200);
    for (const point of evenly(frontier, 20)) {
      const { accuracy, ...evaluation } = evaluator.evaluate(point.design);
      const { energyPj, latencyCycles, edpPjCycles, edpReduction, parameters, macs, bytes } = evaluation;
      const { value, low, high } = accuracy;
      const figures = {
        energyPj,
        latencyCycles,
        edpPjCycles,
        edpReduction,
        parameters,
        macs,
        bytes,
        value,
        low,
        high,
      };
      expect({ ...figures, design: point.design }).toEqual(point);
    }
  });

  it('is a frontier from dense down, over 10,000 candidates of all formats', () => {
    frontier.forEach((point, i) => {
      const next = frontier[i + 1];
      if (next === undefined) return;
      expect(next.edpPjCycles).toBeGreaterThan(point.edpPjCycles);
      expect(next.value).toBeGreaterThan(point.value);
    });
    expect(frontier.at(-1)?.value).toBe(evaluator.dense.accuracy.value);
    expect(Object.values(counts).reduce((a, b) => a + b, 0)).toBeGreaterThanOrEqual(10_000);
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(0);
  });

  it('carries measurements of points of the frontier and of the opening design', () => {
    expect(file.measured.length).toBeGreaterThan(10);
    expect(file.measured[0]?.[0]).toBe(-1);
    for (const [point, { n, paired }] of file.measured) {
      expect(point < frontier.length).toBe(true);
      expect(n).toBeGreaterThanOrEqual(2048);
      expect(paired.low <= paired.difference && paired.difference <= paired.high).toBe(true);
    }
  });

  it('carries a sample of the cloud, none of it above the frontier', () => {
    expect(cloud.length % 3).toBe(0);
    expect(cloud.length / 3).toBeGreaterThan(1000);
    expect(cloud.length / 3).toBeLessThanOrEqual(6000);
    for (let i = 0; i < cloud.length; i += 3) {
      const [energy = 0, latency = 0, value = 0] = cloud.subarray(i, i + 3);
      // Quantised and against a thinned frontier: within a percent.
      const beaten = frontier.some((p) => p.edpPjCycles <= energy * latency * 1.03 && p.value >= value - 1);
      expect(beaten).toBe(true);
    }
  });

  it.skipIf(env['RANKSCAPE_LONG'] === undefined)(
    'comes out again, to the last digit',
    () => {
      // What was measured follows from the designs, by a runtime that is not the core's.
      const again = { ...computeFirstFrontier(evaluator), measured: file.measured };
      expect(JSON.parse(JSON.stringify(again))).toEqual(shipped);
    },
    60_000,
  );
});
