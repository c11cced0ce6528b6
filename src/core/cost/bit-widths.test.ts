/** Bit widths in the mapper: nothing changes at the machine's word, and no bit comes for nothing. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../base/checks.ts';
import { createRandom } from '../base/random.ts';
import { parseEinsum } from '../einsum/parse.ts';
import { findPath } from '../einsum/path.ts';
import { clipRanks, denseFactorization } from '../factor/ranks.ts';
import { presetByName, presets } from '../hardware/presets.ts';
import type { BitWidths } from './bit-widths.ts';
import { mapChain } from './fusion/map-chain.ts';
import { withSlots } from './gemm.ts';
import { costLayer } from './layer.ts';
import { createMapper } from './mapper.ts';
import type { Gemm, Objective, Slots } from './mapping.ts';
import { pick, randomMachine } from './random-machine.fixture.ts';

const kinds = ['aw', 'aa', 'ac', 'ww', 'wa', 'ca'] as const satisfies readonly Slots[];
const gemm: Gemm = { batch: 1, m: 128, n: 96, k: 60 };

describe('at the machine’s own word', () => {
  it.each(Object.values(presets))('$name costs what it costs without bits', (machine) => {
    const { wordBits } = machine;
    const plain = createMapper(machine).mapping(gemm, 'exact');
    const bits = { weights: wordBits, activations: wordBits, cache: wordBits };
    for (const multiply of ['wider', 'own'] as const)
      for (const slots of kinds) {
        const asked = withSlots(gemm, slots);
        const mapper = createMapper(machine, { bits: { ...bits, multiply } });
        expect(mapper.mapping(asked, 'exact')).toEqual({ ...plain, gemm: asked });
      }
  });

  it('remembers one answer for all slots', () => {
    const mapper = createMapper(presetByName('ws16'));
    mapper.cost(gemm, 'fast');
    expect(kinds.every((slots) => mapper.known(withSlots(gemm, slots), 'fast'))).toBe(true);
    const narrow = createMapper(presetByName('ws16'), { bits: { weights: 4 } });
    narrow.cost(gemm, 'fast');
    expect(narrow.known(withSlots(gemm, 'aa'), 'fast')).toBe(false);
  });
});

describe('weights of 4 bits', () => {
  const machine = presetByName('ws16');
  const [full, narrow] = [createMapper(machine), createMapper(machine, { bits: { weights: 4 } })];

  it('halve what weights cost where each is read once, and leave the MACs', () => {
    const row: Gemm = { batch: 1, m: 1, n: 512, k: 512 };
    const [a, b] = [full.cost(row, 'exact'), narrow.cost(row, 'exact')];
    expect(b.energyByLevelPj.at(-1)).toBe(a.energyByLevelPj.at(-1));
    // 262,144 weights at 64 pJ and at 16 words per cycle, half of both.
    expect((a.energyByLevelPj[0] ?? 0) - (b.energyByLevelPj[0] ?? 0)).toBe(512 * 512 * 32);
    expect(a.latencyCycles / b.latencyCycles).toBeGreaterThan(1.9);
  });

  it('do nothing for attention, and twice as much where factors are multiplied', () => {
    expect(narrow.cost(withSlots(gemm, 'aa'), 'exact')).toEqual(full.cost(gemm, 'exact'));
    const one = narrow.cost(gemm, 'exact').energyPj;
    expect(narrow.cost(withSlots(gemm, 'ww'), 'exact').energyPj).toBeLessThan(one);
  });

  it('are told apart from activations in a layer: dense and factorized alike', () => {
    const svd = clipRanks({ format: 'svd', outModes: [96], inModes: [96], ranks: [24] });
    for (const f of [denseFactorization(96, 96), svd]) {
      const saved = costLayer(full, f, 16, 'exact').energyPj - costLayer(narrow, f, 16, 'exact').energyPj;
      const weights = f === svd ? 2 * 24 * 96 : 96 * 96;
      expect(saved).toBeGreaterThanOrEqual(weights * 32);
    }
    const tt = clipRanks({ format: 'tt', outModes: [8, 12], inModes: [8, 12], ranks: [6, 20, 6] });
    const { steps } = costLayer(narrow, tt, 512, 'exact');
    const slots = steps.map((step) => step.gemm.slots ?? 'aw');
    expect(slots.some((each) => each.includes('w'))).toBe(true);
  });

  it('save bits in fused chains too', () => {
    const path = findPath(
      parseEinsum('mk,kr,rn->mn', [
        [64, 96],
        [96, 16],
        [16, 96],
      ]),
      'macs',
    );
    const [a, b] = [mapChain(machine, path), mapChain(machine, path, { bits: { weights: 4 } })];
    expect(a.energyPj - b.energyPj).toBeGreaterThanOrEqual(2 * 96 * 16 * 32);
    expect(mapChain(machine, path, { bits: { weights: 8, activations: 8 } })).toEqual(a);
  });
});

describe('over random machines', () => {
  const scenes = fc.nat().map((seed) => {
    const random = createRandom(seed);
    const extent = (): number => pick(random, [1, 2, 3, 4, 6, 8, 12, 16, 24]);
    const width = (): number => pick(random, [2, 4, 6.5, 8, 8.02, 16]);
    return {
      machine: randomMachine(random, 1 + random.below(5)),
      gemm: withSlots(
        { batch: pick(random, [1, 1, 2]), m: extent(), n: extent(), k: extent() },
        pick(random, kinds),
      ),
      bits: {
        weights: width(),
        activations: width(),
        cache: width(),
        multiply: pick(random, ['wider', 'own'] as const),
      },
      which: pick(random, ['weights', 'activations', 'cache'] as const),
      objective: pick(random, ['edp', 'energy', 'latency'] as const),
    };
  });
  const optimum = (
    {
      machine,
      gemm: at,
      objective,
    }: { machine: Parameters<typeof createMapper>[0]; gemm: Gemm; objective: Objective },
    bits: BitWidths,
  ): number | null => {
    try {
      const cost = createMapper(machine, { bits, objective, factors: 'perfect' }).cost(at, 'exact');
      return { edp: cost.energyPj * cost.latencyCycles, energy: cost.energyPj, latency: cost.latencyCycles }[
        objective
      ];
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      return null;
    }
  };

  it('a bit more of anything never costs less', () => {
    let compared = 0;
    fc.assert(
      fc.property(scenes, fc.integer({ min: 1, max: 12 }), (scene, more) => {
        const before = optimum(scene, scene.bits);
        const after = optimum(scene, { ...scene.bits, [scene.which]: scene.bits[scene.which] + more / 4 });
        if (after === null) return;
        compared += 1;
        expect(before ?? Number.NaN).toBeLessThanOrEqual(after * (1 + 1e-9));
      }),
      { numRuns: 400, seed: 31 },
    );
    expect(compared).toBeGreaterThan(250);
  });
});

it.each([{ weights: 0 }, { activations: 65 }, { cache: Number.NaN }])('refuses %o by name', (bits) => {
  expect(() => createMapper(presetByName('ws16'), { bits })).toThrow(
    /^bits of .*: must be a number from 1 to 64/,
  );
});
