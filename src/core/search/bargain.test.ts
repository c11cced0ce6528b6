/** The bargain against every combination of a tiny space: two layers, a few candidates each. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AccuracyModel } from '../accuracy/model.ts';
import { createRoofline } from '../cost/roofline.fixture.ts';
import type { Factorization } from '../factor/factorization.ts';
import { modelById } from '../workload/cards.ts';
import { bargain, efficientChoices, walkHull } from './bargain.ts';
import { createEvaluator } from './evaluate.ts';
import { createStudy } from './study.ts';

const card = modelById('glyph-vit');
const model = { ...card, linears: card.linears.slice(1, 3), attention: [] };
const ranks = [2, 7, 16, 30, 44];
const svd = (rank: number): Factorization => ({
  format: 'svd',
  outModes: [96],
  inModes: [96],
  ranks: [rank],
});

/** Layer 0 and 1 with damages of their own: falling in rank, drawn. */
function axisOf(damages: readonly (readonly number[])[]): AccuracyModel {
  const axis: AccuracyModel = {
    metric: 'accuracyChangePoints',
    damage: (index, { format, ranks: [rank = 0] }) => {
      const value = format === 'dense' ? 0 : (damages[index]?.[ranks.indexOf(rank)] ?? 0);
      return { value, low: value, high: value };
    },
    value: (damage) => -damage,
    figure: ({ value }) => ({
      metric: 'accuracyChangePoints',
      tier: 'estimated',
      value: -value,
      low: -value,
      high: -value,
      provenance: 'drawn',
    }),
    key: (index) => index,
  };
  return axis;
}

function tinyStudy(damages: readonly (readonly number[])[]) {
  const roofline = createRoofline();
  const evaluator = createEvaluator({
    model,
    workload: { tokens: 64, batch: 4, sequence: 16 },
    accelerator: roofline.accelerator,
    accounting: 'timeloop',
    gear: 'fast',
    weights: () => ({ kind: 'synthetic' }),
    accuracy: axisOf(damages),
    mapper: roofline,
  });
  const study = createStudy({
    evaluator,
    design: model.linears.map((_, index) => evaluator.denseFactorization(index)),
    locked: [false, false],
    budget: 10_000,
    seed: 1,
  });
  for (const rank of ranks) study.pool.column(0, svd(rank));
  return study;
}

/** Five damages, falling: what each rank more saves is drawn. */
const damagesOfLayer = fc
  .array(fc.double({ min: 1e-3, max: 10, noNaN: true }), { minLength: ranks.length, maxLength: ranks.length })
  .map((steps) => steps.map((_, i) => steps.slice(i).reduce((a, b) => a + b, 0)));
const drawn = fc.tuple(damagesOfLayer, damagesOfLayer);

/** Every design, as [energy, latency, damage]. */
function everyDesign(study: ReturnType<typeof tinyStudy>): readonly (readonly [number, number, number])[] {
  const columns = [
    0,
    ...ranks.map((rank) =>
      study.pool.column(0, study.pool.shapes[0]?.factorizations[ranks.indexOf(rank) + 1] ?? svd(rank)),
    ),
  ];
  return columns.flatMap((a) =>
    columns.map((b) => {
      study.sum(Int32Array.of(a, b));
      const [energy = 0, latency = 0, damage = 0] = study.figures;
      return [energy, latency, damage] as const;
    }),
  );
}

describe('bargain', () => {
  it('finds, at any price, the design of least cost among all, cost being linear at its own energy and latency', () => {
    fc.assert(
      fc.property(drawn, fc.double({ min: -6, max: 3, noNaN: true }), (damages, exponent) => {
        const study = tinyStudy(damages);
        const price = 10 ** exponent;
        const choices = efficientChoices(study);
        const best = bargain(study, choices, new Int32Array(2), price);
        const picks = Int32Array.from(best, (place, group) => choices[group]?.columns[place] ?? 0);
        study.sum(picks);
        const [energy = 0, latency = 0, damage = 0] = study.figures;
        const { dense } = study.setting.evaluator;
        // Where it stands still: the tangent of sqrt(E D) at its own energy and latency.
        const slope = Math.sqrt(latency / dense.latencyCycles / (energy / dense.energyPj));
        const score = ([e, l, d]: readonly [number, number, number]): number =>
          (slope * e) / dense.energyPj / 2 + l / slope / dense.latencyCycles / 2 + price * d;
        const least = Math.min(...everyDesign(study).map(score));
        expect(score([energy, latency, damage])).toBeLessThanOrEqual(least * (1 + 1e-9) + 1e-15);
      }),
      { numRuns: 100 },
    );
  });

  it('walks designs that no other beats in EDP and damage by more than the curvature of the product', () => {
    fc.assert(
      fc.property(drawn, (damages) => {
        const study = tinyStudy(damages);
        const walk = walkHull(study, efficientChoices(study), 200, 1000);
        let next = walk.next();
        while (next.done !== true) next = walk.next();
        const all = everyDesign(study);
        for (const picks of next.value) {
          study.sum(picks);
          const [energy = 0, latency = 0, damage = 0] = study.figures;
          for (const [e, l, d] of all) {
            if (d > damage) continue;
            // E D' + E' D >= 2 E D at equal or less damage: by the inequality of means nothing has a lower E D than this.
            const bound = (e / energy + l / latency) / 2;
            expect(bound).toBeGreaterThanOrEqual(1 - 1e-9);
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  it('ends dense and at the least EDP', () => {
    const study = tinyStudy([
      [9, 5, 3, 2, 1],
      [8, 6, 2, 1, 0.5],
    ]);
    const walk = walkHull(study, efficientChoices(study), 200, 1000);
    let next = walk.next();
    while (next.done !== true) next = walk.next();
    const edps = next.value.map((picks) => {
      study.sum(picks);
      return (study.figures[0] ?? 0) * (study.figures[1] ?? 0);
    });
    expect(next.value.some((picks) => picks.every((column) => column === 0))).toBe(true);
    expect(Math.min(...edps)).toBeCloseTo(Math.min(...everyDesign(study).map(([e, l]) => e * l)), 3);
  });
});
