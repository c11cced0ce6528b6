import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../core/base/random.ts';
import { extentOf, gemmForm, type GemmForm } from '../../core/einsum/gemm-form.ts';
import { parseEinsum } from '../../core/einsum/parse.ts';
import { einsumProgram } from '../../core/einsum/program.ts';
import { randomEinsum } from '../../core/einsum/random-einsum.fixture.ts';
import { candidatePlans, fitPlan } from './candidates.ts';
import { directKernel } from './direct-kernel.ts';
import { isPlan, planName, plannedForm, type Plan } from './plan.ts';
import { isEmpty } from './schedule.ts';
import { tileBytes } from './tiled-kernel.ts';

const form = (equation: string, ...shapes: number[][]): GemmForm => {
  const { inputs, output } = parseEinsum(equation, shapes);
  return gemmForm({ inputs, shapes, output });
};

describe('plans worth trying', () => {
  it('fit their form and the device, differ, and are never none', () => {
    fc.assert(
      fc.property(fc.nat(), fc.boolean(), (seed, software) => {
        const { equation, shapes } = randomEinsum(createRandom(seed), 3);
        for (const step of einsumProgram(equation, shapes).steps) {
          if (isEmpty(step.form)) continue;
          const plans = candidatePlans(step.form, { software, sharedBytes: 32_768, subgroup: 0 });
          expect(plans.length).toBeGreaterThan(0);
          expect(new Set(plans.map(planName)).size).toBe(plans.length);
          for (const plan of plans) {
            const { batch, m, n } = plannedForm(step.form, plan);
            expect(plan.batches).toBeLessThanOrEqual(extentOf(batch));
            expect(plan.rows).toBeLessThanOrEqual(extentOf(m));
            expect(plan.columns).toBeLessThanOrEqual(extentOf(n));
            expect(plan.group.reduce((threads, side) => threads * side, 1)).toBeLessThanOrEqual(256);
            expect((plan.lane === 'n' ? plan.columns : plan.batches) % plan.width).toBe(0);
          }
        }
      }),
      { numRuns: 100, seed: 5 },
    );
  });

  it('are dozens, not thousands, for a large product', () => {
    const plans = candidatePlans(form('ik,kj->ij', [768, 768], [768, 768]), {
      software: false,
      sharedBytes: 32_768,
      subgroup: 0,
    });
    expect(plans.length).toBeGreaterThan(20);
    expect(plans.length).toBeLessThan(100);
    for (const plan of plans) {
      const { rows, columns, group } = plan;
      if (plan.shared === 'tiles') expect(tileBytes(plan)).toBeLessThanOrEqual(16_384);
      expect(rows * columns).toBeLessThanOrEqual(64);
      expect((group[0] * group[1] * group[2]) % 32).toBe(0);
    }
  });

  it('cut k where there are too few outputs to keep a device busy', () => {
    const [best] = candidatePlans(form('k,k->', [1 << 16], [1 << 16]), {
      software: false,
      sharedBytes: 32_768,
      subgroup: 0,
    });
    expect(best?.splits).toBeGreaterThan(8);
    const wide = candidatePlans(form('ik,kj->ij', [1024, 64], [64, 1024]), {
      software: false,
      sharedBytes: 32_768,
      subgroup: 0,
    });
    expect(wide.every(({ splits }) => splits === 1)).toBe(true);
  });

  it('share memory on a GPU, not on the processor', () => {
    const large = form('ik,kj->ij', [768, 768], [768, 768]);
    const vector = form('ik,k->i', [768, 768], [768]);
    const kinds = (product: GemmForm, software: boolean) =>
      new Set(
        candidatePlans(product, { software, sharedBytes: 32_768, subgroup: 0 }).map(({ shared }) => shared),
      );
    expect(kinds(large, false)).toEqual(new Set(['tiles', undefined]));
    expect(kinds(vector, false)).toEqual(new Set(['team', undefined]));
    expect(kinds(large, true)).toEqual(new Set([undefined]));
    const apple = { software: false, sharedBytes: 32_768, subgroup: 32 };
    const exchanging = candidatePlans(vector, apple).filter(({ shared }) => shared === 'subgroup');
    expect(new Set(exchanging.map(({ group }) => group[0]))).toEqual(new Set([32]));
    expect(candidatePlans(large, { software: false, sharedBytes: 32_768, subgroup: 0 })[0]?.shared).toBe(
      'tiles',
    );
    expect(candidatePlans(vector, { software: false, sharedBytes: 32_768, subgroup: 0 })[0]?.shared).toBe(
      'team',
    );
  });

  it('lay vectors along the side whose words are neighbours in the output', () => {
    const [rowMajor] = candidatePlans(form('ik,kj->ij', [64, 64], [64, 64]), {
      software: true,
      sharedBytes: 32_768,
      subgroup: 0,
    });
    expect(rowMajor).toMatchObject({ swap: false, lane: 'n' });
    const [columnMajor] = candidatePlans(form('ik,kj->ji', [64, 64], [64, 64]), {
      software: true,
      sharedBytes: 32_768,
      subgroup: 0,
    });
    expect(columnMajor).toMatchObject({ swap: true, lane: 'n' });
    const [pointwise] = candidatePlans(form('bjr,jr->br', [64, 8, 64], [8, 64]), {
      software: true,
      sharedBytes: 32_768,
      subgroup: 0,
    });
    expect(pointwise).toMatchObject({ lane: 'batch', width: 4 });
  });

  it('are recognized when remembered, anything else is not one', () => {
    const product = form('ik,kj->ij', [64, 64], [64, 64]);
    const [plan] = candidatePlans(product, { software: true, sharedBytes: 32_768, subgroup: 0 });
    expect(isPlan(JSON.parse(JSON.stringify(plan)))).toBe(true);
    for (const other of [
      null,
      'x',
      {},
      { ...plan, rows: 0 },
      { ...plan, group: [64, 64, 1] },
      { ...plan, depth: 1e9 },
    ])
      expect(isPlan(other)).toBe(false);
    const small = form('ik,kj->ij', [3, 5], [5, 2]);
    expect(fitPlan(small, plan!)).toMatchObject({ rows: 3, columns: 2, width: 2 });
  });
});

describe('kernels', () => {
  const deep = (product: GemmForm): Plan =>
    candidatePlans(product, { software: true, sharedBytes: 32_768, subgroup: 0 }).find(
      ({ depth }) => depth === 4,
    )!;

  it('read and write four words at a time where words are neighbours', () => {
    const product = form('ik,kj->ij', [64, 64], [64, 64]);
    const { code } = directKernel(product, deep(product), 'f32');
    expect(code.match(/array<vec4<f32>, 1024>/g)).toHaveLength(3);
    const odd = form('ik,kj->ij', [63, 63], [63, 63]);
    expect(directKernel(odd, deep(odd), 'f32').code).not.toContain('array<vec4');
  });

  it('store half precision and add up in single', () => {
    const product = form('ik,kj->ij', [64, 64], [64, 64]);
    const { code } = directKernel(product, deep(product), 'f16');
    expect(code).toContain('enable f16;');
    expect(code.match(/array<vec4<f16>, 1024>/g)).toHaveLength(3);
    expect(code).toContain('= vec4<f16>(s0);');
    expect(code).toContain('var s0 = vec4f(0);');
  });
});
