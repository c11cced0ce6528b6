import { afterAll, describe, expect, it } from 'vitest';
import { createRandom, type Random } from '../../core/base/random.ts';
import { evaluateForm } from '../../core/einsum/evaluate-form.ts';
import { gemmForm, type GemmForm } from '../../core/einsum/gemm-form.ts';
import { parseEinsum } from '../../core/einsum/parse.ts';
import { randomValues } from '../../core/einsum/random-einsum.fixture.ts';
import { bindCalls } from './calls.ts';
import { candidatePlans, fitPlan } from './candidates.ts';
import { mapRead, openGpu, usage } from './gpu.ts';
import { bytesOf, createMemory } from './memory.ts';
import { nodeGpu } from './node-gpu.fixture.ts';
import type { Dtype } from './direct-kernel.ts';
import { planName, type Plan } from './plan.ts';
import { formCalls } from './schedule.ts';

const instance = await nodeGpu();
const gpu = instance === null ? null : await openGpu({ gpu: instance });
const pick = <T>(random: Random, list: readonly T[]): T => list[random.below(list.length)]!;

function formOf(equation: string, shapes: readonly (readonly number[])[]): GemmForm {
  const { inputs, output } = parseEinsum(equation, shapes);
  return gemmForm({ inputs, shapes, output });
}

const forms: readonly (readonly [string, ...(readonly number[])[]])[] = [
  ['ik,kj->ij', [24, 20], [20, 36]],
  ['ik,jk->ij', [19, 21], [23, 21]],
  ['ki,kj->ij', [12, 16], [12, 8]],
  ['ik,k->i', [37, 129], [129]],
  ['bik,bkj->bij', [5, 6, 7], [5, 7, 9]],
  ['bjr,jr->br', [9, 5, 12], [5, 12]],
  ['abcd,cdef->eabf', [3, 4, 5, 6], [5, 6, 4, 8]],
  ['kij->ji', [6, 16, 9]],
  ['ak,bkc->abc', [6, 40], [3, 40, 8]],
  ['i,j->ij', [130], [3]],
];

function randomPlan(random: Random, form: GemmForm): Plan {
  const lane = form.words.b === null ? 'batch' : pick(random, ['n', 'n', 'batch'] as const);
  const width = pick(random, [1, 2, 4] as const);
  return fitPlan(form, {
    swap: form.words.b !== null && random.below(2) === 0,
    lane,
    width,
    rows: pick(random, [1, 2, 3, 4, 5, 8]),
    columns: pick(random, [1, 2, 4, 8]) * (lane === 'n' ? width : 1),
    batches: lane === 'batch' ? width : 1,
    depth: pick(random, [1, 2, 3, 4, 8]),
    splits: pick(random, [1, 1, 2, 3]),
    group: pick(random, [
      [4, 1, 1],
      [1, 4, 1],
      [8, 4, 1],
      [2, 2, 4],
    ] as const),
  });
}

/** Plans with shared memory, made small: SwiftShader compiles barriers slowly. */
const sharedPlans: readonly {
  readonly changes: Partial<Plan>;
  readonly equation: string;
  readonly shapes: readonly (readonly number[])[];
}[] = [
  {
    changes: {},
    equation: 'ik,kj->ij',
    shapes: [
      [24, 20],
      [20, 36],
    ],
  },
  {
    changes: { swap: true, depth: 16 },
    equation: 'ik,kj->ij',
    shapes: [
      [16, 24],
      [24, 16],
    ],
  },
  {
    changes: {},
    equation: 'ik,jk->ij',
    shapes: [
      [19, 21],
      [23, 21],
    ],
  },
  {
    changes: { splits: 2 },
    equation: 'bki,bkj->bij',
    shapes: [
      [2, 70, 12],
      [2, 70, 20],
    ],
  },
  {
    changes: {},
    equation: 'abcd,cdef->eabf',
    shapes: [
      [3, 4, 5, 6],
      [5, 6, 4, 8],
    ],
  },
  {
    changes: { depth: 4 },
    equation: 'iak,ajk->ij',
    shapes: [
      [16, 3, 8],
      [3, 17, 8],
    ],
  },
  {
    changes: { shared: 'team', group: [8, 1, 1], rows: 2, columns: 1, width: 1 },
    equation: 'ik,k->i',
    shapes: [[37, 129], [129]],
  },
  {
    changes: { shared: 'team', group: [8, 1, 1], rows: 2, splits: 2 },
    equation: 'ik,kj->ij',
    shapes: [
      [5, 130],
      [130, 8],
    ],
  },
  {
    changes: { shared: 'team', group: [16, 1, 1], lane: 'batch', rows: 1, columns: 1 },
    equation: 'ijk->ik',
    shapes: [[3, 70, 5]],
  },
  {
    changes: { shared: 'subgroup', group: [4, 1, 1], rows: 2, splits: 2 },
    equation: 'ik,kj->ij',
    shapes: [
      [5, 130],
      [130, 8],
    ],
  },
  {
    changes: { shared: 'subgroup', group: [4, 1, 1], rows: 1, columns: 1, width: 1 },
    equation: 'ik,k->i',
    shapes: [[37, 129], [129]],
  },
];

/** A kernel for f16 with every f16 made an f32: that is what a device without f16 can run of it. */
const widened = (code: string): string => code.replace('enable f16;', '').replaceAll('f16', 'f32');

describe.skipIf(gpu === null)('every plan computes its form', () => {
  afterAll(() => gpu?.dispose());
  const memory = gpu === null ? null : createMemory(gpu, true);

  /** The largest distance from the slow evaluator; NaN where a word was not written. */
  const distance = async (
    form: GemmForm,
    plan: Plan,
    mostMacs: number,
    seed: number,
    dtype: Dtype = 'f32',
  ): Promise<number> => {
    const random = createRandom(seed);
    const { device, wait } = gpu!;
    const a = Float32Array.from(randomValues(random, form.words.a));
    const b = form.words.b === null ? null : Float32Array.from(randomValues(random, form.words.b));
    const expected = new Float64Array(form.words.out);
    evaluateForm(form, a, b, expected);
    const site = { step: 0, left: 0, right: b === null ? null : 1, to: 2, scratch: 3 };
    const planOf = (adding: GemmForm): Plan => candidatePlans(adding, gpu!)[0]!;
    const { calls: made, scratch } = formCalls(form, plan, site, { dtype, mostMacs, planOf });
    const calls = made.map((call) => ({ ...call, code: widened(call.code) }));
    const sizes = [a.length, b?.length ?? 0, expected.length, scratch?.words ?? 0];
    const values = sizes.map((words) => ({ words, dtype: 'f32' as const }));
    const buffers: GPUBuffer[] = [];
    for (const value of values) buffers.push(await memory!.take(bytesOf(value)));
    device.queue.writeBuffer(buffers[0]!, 0, a);
    if (b !== null) device.queue.writeBuffer(buffers[1]!, 0, b);
    const bound = await bindCalls(gpu!, calls, values, (value) => buffers[value]!);
    const encoder = device.createCommandEncoder();
    for (const encode of bound.submits) {
      const pass = encoder.beginComputePass();
      encode(pass);
      pass.end();
    }
    const bytes = bytesOf(values[2]!);
    const staging = device.createBuffer({ size: bytes, usage: usage.mapRead | usage.copyTarget });
    encoder.copyBufferToBuffer(buffers[2]!, 0, staging, 0, bytes);
    device.queue.submit([encoder.finish()]);
    await wait(staging.mapAsync(mapRead), 30);
    const result = new Float32Array(staging.getMappedRange());
    let worst = 0;
    expected.forEach((value, k) => {
      const error = Math.abs(value - result[k]!);
      if (!(error <= worst)) worst = error;
    });
    staging.destroy();
    bound.destroy();
    buffers.forEach(memory!.give);
    return worst;
  };

  for (const { changes, equation, shapes } of sharedPlans) {
    const exchanges = changes.shared === 'subgroup';
    it.skipIf(exchanges && gpu?.subgroup !== changes.group?.[0])(
      `shared memory ${JSON.stringify(changes)}: ${equation}`,
      async () => {
        const form = formOf(equation, shapes);
        const base: Plan = {
          swap: false,
          lane: 'n',
          width: 4,
          rows: 4,
          columns: 4,
          batches: changes.lane === 'batch' ? 4 : 1,
          depth: 8,
          splits: 1,
          shared: 'tiles',
          group: [4, 2, 1],
        };
        const plan = fitPlan(form, { ...base, ...changes });
        expect(plan.shared).toBe(changes.shared ?? 'tiles');
        expect(await distance(form, plan, 1e9, 3)).toBeLessThan(1e-4);
      },
      120_000,
    );
  }

  it('multiplies in f16 as in f32, but for the rounding', async () => {
    for (const [equation, ...shapes] of forms.slice(0, 6)) {
      const form = formOf(equation, shapes);
      const plans = candidatePlans(form, { software: false, sharedBytes: 32_768, subgroup: 0 }, 'f16');
      const plan = plans.find(({ half }) => half);
      expect([equation, plan?.half, (await distance(form, plan!, 1e9, 4, 'f16')) < 1e-4]).toEqual([
        equation,
        true,
        true,
      ]);
    }
  }, 120_000);

  for (const [equation, ...shapes] of forms) {
    it(`${equation} of ${JSON.stringify(shapes)}`, async () => {
      const form = formOf(equation, shapes);
      const random = createRandom(11);
      const plans = [
        ...Array.from({ length: 3 }, () => randomPlan(random, form)),
        ...candidatePlans(form, { software: false, sharedBytes: 0, subgroup: 0 }).slice(0, 1),
      ];
      for (const [k, plan] of plans.entries()) {
        const mostMacs = k % 2 === 0 ? 1e9 : 1000;
        expect([planName(plan), (await distance(form, plan, mostMacs, k)) < 1e-4]).toEqual([
          planName(plan),
          true,
        ]);
      }
    }, 120_000);
  }
});
