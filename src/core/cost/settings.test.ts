/** Settings beside the design: exchanged slots, fixed dataflow, places, fusion in a layer, residency, bandwidth. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../base/random.ts';
import type { Factorization } from '../factor/factorization.ts';
import { clipRanks, denseFactorization } from '../factor/ranks.ts';
import { forwardEinsum } from '../factor/forward.ts';
import { findPath } from '../einsum/path.ts';
import { operands } from '../hardware/accelerator.ts';
import { withOuterBandwidth } from '../hardware/bandwidth.ts';
import { withExtras, type Extras } from '../hardware/extras.ts';
import { presetByName, presets } from '../hardware/presets.ts';
import { modelById } from '../workload/cards.ts';
import { linearRows, resolveWorkload } from '../workload/workload.ts';
import { arraySides, snapRank } from './array.ts';
import { mapChain } from './fusion/map-chain.ts';
import { createParts } from './fusion/parts.ts';
import { costLayer } from './layer.ts';
import { createMapper } from './mapper.ts';
import type { MapperOptions } from './mapper.ts';
import type { Gemm } from './mapping.ts';
import { pick } from './random-machine.fixture.ts';
import { planResidency } from './residency.ts';
import { roofline } from './roofline.ts';
import { surroundings } from './surroundings.ts';
import type { ModelSetting } from './surroundings.ts';

const machines = Object.values(presets);
const edp = (cost: { readonly energyPj: number; readonly latencyCycles: number }): number =>
  cost.energyPj * cost.latencyCycles;

const gemms = fc.nat().map((seed): Gemm => {
  const random = createRandom(seed);
  const extent = (): number => pick(random, [1, 2, 7, 12, 16, 37, 48, 64, 96, 128]);
  return { batch: pick(random, [1, 1, 1, 4]), m: extent(), n: extent(), k: extent() };
});

const factorizations: readonly Factorization[] = [
  { format: 'svd', outModes: [96], inModes: [96], ranks: [24] },
  { format: 'tt', outModes: [8, 12], inModes: [12, 8], ranks: [6, 20, 6] },
  { format: 'tucker', outModes: [8, 12], inModes: [8, 12], ranks: [4, 6, 4, 4] },
  { format: 'cp', outModes: [8, 12], inModes: [8, 12], ranks: [30] },
].map((f) => clipRanks(f as Factorization));

describe('exchanged input slots', () => {
  it.each(machines)('$name: the better of both ways, never worse', (machine) => {
    const [plain, either] = [createMapper(machine), createMapper(machine, { swap: true })];
    fc.assert(
      fc.property(gemms, (gemm) => {
        const turned = { ...gemm, m: gemm.n, n: gemm.m };
        const found = either.mapping(gemm, 'exact');
        const [one, other] = [edp(plain.cost(gemm, 'exact')), edp(plain.cost(turned, 'exact'))];
        expect(edp(found)).toBeCloseTo(Math.min(one, other), 6);
        expect(found.gemm.m).toBe(found.swapped === true ? gemm.n : gemm.m);
        expect(found.cost.energyPj).toBe(found.energyPj);
      }),
      { numRuns: 12, seed: 5 },
    );
  });

  it('saves what the notes say on simba, 128 x 768 x 768', () => {
    const gemm = { batch: 1, m: 128, n: 768, k: 768 };
    const at = (swap: boolean): number =>
      edp(createMapper(presetByName('simba'), { swap }).cost(gemm, 'exact'));
    expect(at(true) / at(false)).toBeLessThan(0.95);
  });

  it('keeps the widths of what it exchanges', () => {
    const mapper = createMapper(presetByName('simba'), { swap: true, bits: { weights: 4 } });
    const found = mapper.mapping({ batch: 1, m: 128, n: 768, k: 768 }, 'fast');
    expect(found.gemm.slots).toBe(found.swapped === true ? 'wa' : undefined);
    expect(found.cost.energyPj).toBe(found.energyPj);
  });
});

describe('a fixed dataflow', () => {
  it.each(machines)('$name: never better than a flexible one, dense or factorized', (machine) => {
    const [flexible, fixed] = [createMapper(machine), createMapper(machine, { dataflow: 'fixed' })];
    for (const f of [denseFactorization(96, 96), ...factorizations]) {
      const [a, b] = [costLayer(flexible, f, 64, 'exact'), costLayer(fixed, f, 64, 'exact')];
      expect(edp(b)).toBeGreaterThanOrEqual(edp(a) * (1 - 1e-9));
    }
  });

  it('makes rank 17 a disaster on a 16 x 16 array, and rank 16 none', () => {
    const mapper = createMapper(presetByName('ws16'), { dataflow: 'fixed' });
    const at = (rank: number): number =>
      edp(costLayer(mapper, { format: 'svd', outModes: [768], inModes: [768], ranks: [rank] }, 128, 'exact'));
    expect(at(17)).toBeGreaterThan(10 * at(16));
    expect(at(32)).toBeLessThan(at(17));
  });

  it.each([
    ['ws16', 16, 16],
    ['simba', 128, 8],
    ['tpu1', 256, 256],
    ['gemmini', 16, 16],
    ['eyeriss', 14, 12],
  ] as const)('%s has %d columns and %d rows', (name, columns, rows) => {
    expect(arraySides(presetByName(name))).toEqual({ columns, rows });
  });

  it.each([
    ['ws16', 17, 768, 16],
    ['ws16', 25, 768, 32],
    ['ws16', 24, 768, 16],
    ['ws16', 30, 31, 16],
    ['ws16', 7, 768, 8],
    ['ws16', 3, 768, 2],
    ['ws16', 40, 5, 4],
    ['simba', 188, 768, 128],
    ['eyeriss', 100, 768, 84],
  ] as const)('%s: rank %d of at most %d snaps to %d', (name, rank, most, snapped) => {
    expect(snapRank(presetByName(name), rank, most)).toBe(snapped);
  });
});

describe('a product whose operands live inside', () => {
  const nowhere = { I: 0, W: 0, O: 0 };

  it('costs what it costs where all of them live outside and nothing is held', () => {
    const mapper = createMapper(presetByName('ws16'));
    const gemm = { batch: 1, m: 48, n: 60, k: 36 };
    const place = { homes: nowhere, held: [0, 0, 0] };
    expect(mapper.costAt(gemm, 'exact', place)).toEqual(mapper.cost(gemm, 'exact'));
    expect(mapper.mapping(gemm, 'exact', place)).toEqual(mapper.mapping(gemm, 'exact'));
  });

  it('is the optimum that chains are made of', () => {
    for (const name of ['ws16', 'ws8t', 'eyeriss']) {
      const machine = presetByName(name);
      const mapper = createMapper(machine, { objective: 'energy', factors: 'perfect' });
      const parts = createParts(machine, { accounting: 'timeloop', factors: 'perfect' });
      for (const [homes, held] of [
        [{ I: 1, W: 0, O: 0 }, 0],
        [{ I: 0, W: 0, O: 1 }, 0],
        [{ I: 1, W: 0, O: 1 }, 500],
      ] as const) {
        const gemm = { batch: 1, m: 24, n: 32, k: 36 };
        const beside = machine.levels.map((_, l) => (l === 1 ? held : 0));
        const part = parts.part(gemm, homes, beside);
        part.ask(0);
        const point = part.known(0);
        const cost = mapper.costAt(gemm, 'exact', { homes, held: beside });
        expect(point === null || point === 'misfit' ? null : point.energyPj).toBeCloseTo(
          cost?.energyPj ?? 0,
          4,
        );
      }
    }
  });

  it('that do not fit has no cost, asked twice', () => {
    const mapper = createMapper(presetByName('ws8t'));
    const gemm = { batch: 1, m: 144, n: 96, k: 96 };
    const place = { homes: { I: 1, W: 0, O: 1 }, held: [0, 0, 0] };
    expect(mapper.costAt(gemm, 'fast', place)).toBe(null);
    expect(mapper.costAt(gemm, 'fast', place)).toBe(null);
    expect(() => mapper.mapping(gemm, 'fast', place)).toThrow(/accelerator ws8t/);
  });

  it('is handed from mapper to mapper', () => {
    const [one, other] = [createMapper(presetByName('ws16')), createMapper(presetByName('ws16'))];
    const gemm = { batch: 1, m: 144, n: 96, k: 96 };
    const place = { homes: { I: 1, W: 0, O: 1 }, held: [0, 100, 0] };
    const cost = one.costAt(gemm, 'fast', place);
    other.remember(JSON.parse(JSON.stringify(one.entries())) as ReturnType<typeof one.entries>);
    expect(other.costAt(gemm, 'fast', place)).toEqual(cost);
    expect(other.known(gemm, 'fast')).toBe(false);
  });
});

describe('fusion in a layer', () => {
  it.each(machines)('$name: never worse, and dense is as it was', (machine) => {
    const mapper = createMapper(machine);
    for (const rows of [4, 144]) {
      const dense = denseFactorization(96, 96);
      expect(costLayer(mapper, dense, rows, 'fast', { fusion: 'auto' })).toEqual(
        costLayer(mapper, dense, rows, 'fast'),
      );
      for (const f of factorizations) {
        const [apart, fused] = [
          costLayer(mapper, f, rows, 'fast'),
          costLayer(mapper, f, rows, 'fast', { fusion: 'auto' }),
        ];
        expect(edp(fused)).toBeLessThanOrEqual(edp(apart) * (1 + 1e-12));
        expect(fused.energyByLevelPj.reduce((a, b) => a + b, 0)).toBeCloseTo(fused.energyPj, 3);
      }
    }
  });

  it('is the least energy of any choice of whole intermediates', () => {
    const machine = presetByName('ws16');
    const mapper = createMapper(machine, { objective: 'energy' });
    for (const f of factorizations) {
      const fused = costLayer(mapper, f, 144, 'exact', { fusion: 'auto' });
      const options = { fusion: 'whole', objective: 'energy' } as const;
      for (const objective of ['macs', 'write', 'size'] as const) {
        const chain = mapChain(machine, findPath(forwardEinsum(f, 144), objective), options);
        expect(fused.energyPj).toBeLessThanOrEqual(chain.energyPj * (1 + 1e-9));
      }
    }
  });

  it('saves the way out and back: 131.6 pJ per word of a low-rank pair on ws16', () => {
    // As in the fused reference, whose accounting charges the drain.
    const mapper = createMapper(presetByName('ws16'), { accounting: 'accelforge', objective: 'energy' });
    const f: Factorization = { format: 'svd', outModes: [96], inModes: [96], ranks: [24] };
    const [apart, fused] = [
      costLayer(mapper, f, 144, 'exact'),
      costLayer(mapper, f, 144, 'exact', { fusion: 'auto' }),
    ];
    expect(fused.onChip).toEqual([{ madeBy: 0, words: 144 * 24, level: 'GLB' }]);
    expect((apart.energyPj - fused.energyPj) / (144 * 24)).toBeCloseTo(131.6, 6);
  });
});

describe('loops shared in a layer', () => {
  it('never make it worse, and pay on a small buffer', () => {
    let gained = 0;
    for (const name of ['ws8t', 'simba']) {
      const mapper = createMapper(presetByName(name));
      for (const f of [denseFactorization(96, 96), ...factorizations]) {
        const [auto, loops] = [
          costLayer(mapper, f, 144, 'exact', { fusion: 'auto' }),
          costLayer(mapper, f, 144, 'exact', { fusion: 'loops' }),
        ];
        expect(edp(loops)).toBeLessThanOrEqual(edp(auto));
        expect(loops.energyByLevelPj.reduce((a, b) => a + b, 0)).toBeCloseTo(loops.energyPj, 3);
        // The MACs' own energy is what is left of the levels'.
        const macs = loops.steps.reduce((sum, { cost }) => sum + (cost.energyByLevelPj.at(-1) ?? 0), 0);
        expect(macs).toBeGreaterThanOrEqual(loops.macs * 0.23 * (1 - 1e-9));
        if (f.format === 'dense') expect(loops).toEqual(auto);
        if (edp(loops) < edp(auto) * 0.95) gained += 1;
        const roofs = roofline(mapper, loops, 'exact');
        for (const level of roofs.levels)
          expect(roofs.attained).toBeLessThanOrEqual(level.macsPerCycle * (1 + 1e-6));
      }
    }
    expect(gained).toBeGreaterThan(0);
  });
});

describe('surroundings', () => {
  const model = modelById('glyph-vit');
  const workload = resolveWorkload(model, {});
  const total = (
    name: string,
    setting: ModelSetting,
    options: MapperOptions = {},
  ): { energyPj: number; latencyCycles: number } => {
    const mapper = createMapper(presetByName(name), options);
    const around = surroundings(mapper, model, workload, 'fast', setting);
    let { energyPj, latencyCycles } = around.fixed;
    for (const [index, layer] of model.linears.entries()) {
      const cost = costLayer(
        mapper,
        denseFactorization(layer.out, layer.in),
        linearRows(layer, workload),
        'fast',
        around.layer(index),
      );
      energyPj += cost.energyPj;
      latencyCycles += cost.latencyCycles;
    }
    return { energyPj, latencyCycles };
  };

  it('with nothing set are the attention products, as the references count them', () => {
    const mapper = createMapper(presetByName('ws16'));
    const { fixed, attention, vector, layer } = surroundings(mapper, model, workload, 'fast');
    expect(fixed).toEqual(attention);
    expect(vector.energyPj + vector.latencyCycles).toBe(0);
    expect(layer(0)).toEqual({});
  });

  it('residency more than halves the dense EDP of a 96-wide model on ws16, and leaves ws8t as it is', () => {
    expect(edp(total('ws16', {})) / edp(total('ws16', { residency: true }))).toBeGreaterThan(2);
    expect(total('ws8t', { residency: true })).toEqual(total('ws8t', {}));
  });

  it.each(machines)('$name: vector work only adds, residency lowers it', ({ name }) => {
    const [bare, whole, resident] = [
      total(name, {}),
      total(name, { wholeModel: true }),
      total(name, { wholeModel: true, residency: true }),
    ];
    expect(whole.energyPj).toBeGreaterThan(bare.energyPj);
    expect(whole.latencyCycles).toBeGreaterThan(bare.latencyCycles);
    expect(edp(resident)).toBeLessThanOrEqual(edp(whole) * (1 + 1e-9));
  });

  it('what stays on chip always fits, and nothing but tiles is left to the rest', () => {
    for (const machine of machines)
      for (const id of ['bert-base', 'glyph-vit', 'llama-3-8b']) {
        const card = modelById(id);
        for (const tokens of [1, 16, 128]) {
          const step = resolveWorkload(card, { tokens });
          const plan = planResidency(machine, card, step);
          const depth = machine.levels[plan.level]?.depthWords ?? Number.POSITIVE_INFINITY;
          card.linears.forEach((layer, index) => {
            const ends = plan.linears[index];
            if (ends === undefined) return;
            const rows = linearRows(layer, step);
            const own = (ends.input > 0 ? rows * layer.in : 0) + (ends.output > 0 ? rows * layer.out : 0);
            expect(own + (ends.held[plan.level] ?? 0)).toBeLessThanOrEqual(depth * (7 / 8));
          });
        }
      }
  });

  it('what stays needs no second buffer: doubling tiles moves nothing out, and all of it fits', () => {
    const residents: number[] = [];
    for (const machine of machines) {
      const doubled = withExtras(machine, { doubleBuffered: true });
      const card = modelById('glyph-vit');
      const step = resolveWorkload(card, { tokens: 144 });
      const [plain, twice] = [planResidency(machine, card, step), planResidency(doubled, card, step)];
      const mapper = createMapper(doubled);
      let resident = 0;
      card.linears.forEach((layer, index) => {
        const [ends, same] = [plain.linears[index], twice.linears[index]];
        expect([same?.input, same?.output]).toEqual([ends?.input, ends?.output]);
        if (ends === undefined || same === undefined) return;
        const gemm = { batch: 1, m: linearRows(layer, step), n: layer.out, k: layer.in };
        const homes = { I: same.input, W: 0, O: same.output };
        const { cost } = mapper.mapping(gemm, 'fast', { homes, held: same.held });
        // By hand, in words of the machine as it is: arrays once, tiles twice.
        const level = plain.level;
        const arrays = (ends.input > 0 ? gemm.m * gemm.k : 0) + (ends.output > 0 ? gemm.m * gemm.n : 0);
        const tiles = operands.reduce(
          (sum, operand) =>
            homes[operand] === level ? sum : sum + (cost.levels[level]?.operands[operand]?.tileWords ?? 0),
          0,
        );
        expect(arrays + (ends.held[level] ?? 0) + 2 * tiles).toBeLessThanOrEqual(
          machine.levels[level]?.depthWords ?? Number.POSITIVE_INFINITY,
        );
        resident += arrays;
      });
      if (plain.level > 0) residents.push(resident);
    }
    expect(residents.filter((words) => words > 0).length).toBeGreaterThan(2);
  });

  it('heads that share keys fetch them once when the whole model counts', () => {
    const llama = modelById('llama-3-8b');
    const step = resolveWorkload(llama, { tokens: 1, sequence: 128 });
    const mapper = createMapper(presetByName('ws16'));
    const [own, shared] = [
      surroundings(mapper, llama, step, 'fast').attention,
      surroundings(mapper, llama, step, 'fast', { wholeModel: true }).attention,
    ];
    expect(shared.macs).toBe(own.macs);
    expect(own.energyPj / shared.energyPj).toBeGreaterThan(2);
  });
});

describe('memory bandwidth', () => {
  it('is the machine’s own unless set, and only ever bounds', () => {
    const machine = presetByName('ws16');
    expect(withOuterBandwidth(machine, null)).toBe(machine);
    const gemm = { batch: 1, m: 8, n: 256, k: 256 };
    const cycles = [1, 4, 16, 64].map(
      (words) =>
        createMapper(withOuterBandwidth(machine, words), { objective: 'latency' }).cost(gemm, 'exact')
          .latencyCycles,
    );
    expect(cycles).toEqual(cycles.toSorted((a, b) => b - a));
    expect(cycles[0]).toBeGreaterThanOrEqual(256 * 256);
    expect(() => withOuterBandwidth(machine, 0)).toThrow(
      /DRAM bandwidth: must be a number of words per cycle/,
    );
  });
});

describe('a roofline', () => {
  it.each(machines)('$name: no layer runs above its roofs', (machine) => {
    const mapper = createMapper(machine, { bits: { weights: machine.wordBits / 2 } });
    for (const rows of [1, 144])
      for (const f of [denseFactorization(96, 96), ...factorizations]) {
        const cost = costLayer(mapper, f, rows, 'fast', { fusion: 'auto' });
        const roofs = roofline(mapper, cost, 'fast');
        expect(roofs.attained).toBeLessThanOrEqual(roofs.peak * (1 + 1e-9));
        for (const level of roofs.levels)
          expect(roofs.attained).toBeLessThanOrEqual(level.macsPerCycle * (1 + 1e-9));
        const least = Math.min(...roofs.levels.map((level) => level.macsPerCycle));
        expect(roofs.boundBy === null).toBe(least >= roofs.peak);
      }
  });

  it('of one row is the memory’s: half a weight per MAC at 4 bits', () => {
    const mapper = createMapper(presetByName('ws16'), { bits: { weights: 4 } });
    const roofs = roofline(mapper, costLayer(mapper, denseFactorization(768, 768), 1, 'exact'), 'exact');
    expect(roofs.boundBy).toBe('DRAM');
    expect(roofs.levels[0]?.macsPerWord).toBeCloseTo((768 * 768) / (768 * 384 + 2 * 768), 9);
    expect(roofs.levels[0]?.macsPerCycle).toBeGreaterThan(31);
  });
});

describe('the table of docs/cost.md', () => {
  const columns = [
    ['bert-base', 'ws16', 128, 188],
    ['bert-base', 'ws16', 8, 188],
    ['bert-base', 'simba', 128, 188],
    ['glyph-vit', 'ws16', 144, 24],
    ['glyph-vit', 'ws8t', 144, 24],
  ] as const;
  it.each<readonly [string, MapperOptions, ModelSetting, readonly number[], Extras]>([
    ['reference mode', {}, {}, [5.43, 6.28, 5.71, 3.03, 4.85], {}],
    ['whole model', {}, { wholeModel: true }, [4.73, 6.04, 4.57, 2.38, 3.62], {}],
    ['residency', {}, { residency: true }, [5.75, 6.54, 5.71, 4.37, 4.85], {}],
    ['fusion', {}, { fusion: 'auto' }, [5.61, 6.34, 5.91, 3.31, 5.43], {}],
    [
      'all three',
      {},
      { wholeModel: true, residency: true, fusion: 'auto' },
      [5.15, 6.56, 4.7, 5.18, 3.89],
      {},
    ],
    ['slots exchanged', { swap: true }, {}, [5.43, 6.28, 5.31, 3.03, 4.85], {}],
    ['dataflow fixed', { dataflow: 'fixed' }, {}, [1.32, 3.37, 0.36, 2.35, 5.06], {}],
    ['4.125-bit weights', { bits: { weights: 4.125 } }, {}, [5.09, 5.63, 5.16, 2.83, 3.92], {}],
    ['hops of .46 pJ', {}, {}, [5.47, 6.28, 5.72, 3.11, 4.97], { hopPj: 0.46 }],
    ['leakage of 100 pJ', {}, {}, [5.68, 6.29, 5.75, 3.26, 5.21], { leakagePjPerCycle: 100 }],
    ['double buffers', {}, {}, [5.55, 6.3, 6.07, 3.05, 5.67], { doubleBuffered: true }],
  ])('%s', (_, options, setting, expected, extras) => {
    const ratios = columns.map(([id, machine, tokens, rank]) => {
      const model = modelById(id);
      const workload = resolveWorkload(model, { tokens });
      const mapper = createMapper(withExtras(presetByName(machine), extras), options);
      const around = surroundings(mapper, model, workload, 'exact', setting);
      const total = (isDense: boolean): number => {
        let { energyPj, latencyCycles } = around.fixed;
        for (const [index, layer] of model.linears.entries()) {
          const { out, in: columnsOf } = layer;
          const f: Factorization =
            isDense || !layer.factorize
              ? denseFactorization(out, columnsOf)
              : { format: 'svd', outModes: [out], inModes: [columnsOf], ranks: [rank] };
          const cost = costLayer(mapper, f, linearRows(layer, workload), 'exact', around.layer(index));
          energyPj += cost.energyPj;
          latencyCycles += cost.latencyCycles;
        }
        return energyPj * latencyCycles;
      };
      return Math.round((100 * total(true)) / total(false)) / 100;
    });
    expect(ratios).toEqual(expected);
  });
});
