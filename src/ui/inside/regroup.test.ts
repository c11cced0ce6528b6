import { describe, expect, it } from 'vitest';
import { costLayer } from '../../core/cost/layer.ts';
import { createMapper } from '../../core/cost/mapper.ts';
import type { Factorization } from '../../core/factor/factorization.ts';
import { operandNames } from '../../core/factor/forward.ts';
import { presetByName } from '../../core/hardware/presets.ts';
import { regroup, sharedLoopsOf, type SharedLoop } from './regroup.ts';

const mapper = createMapper(presetByName('ws8t'), { accounting: 'timeloop' });
const pair: Factorization = { format: 'svd', outModes: [96], inModes: [96], ranks: [48] };
const cost = costLayer(mapper, pair, 144, 'exact', { fusion: 'loops' });
const loops = sharedLoopsOf(cost, 0);
const under = (chosen: readonly SharedLoop[]) =>
  regroup(mapper, cost, 0, operandNames(pair), chosen, 'exact', 'timeloop');

describe('other shared loops', () => {
  it("begin with the mapper's, and offer every divisor of what may be shared", () => {
    expect(loops.filter(({ factor }) => factor > 1).map(({ label, factor }) => [label, factor])).toEqual(
      cost.steps[0]?.tiled?.shared,
    );
    expect(new Set(loops.map(({ label }) => label))).toEqual(new Set(['b', 'o', 'r']));
    for (const { factor, choices } of loops) expect(choices).toContain(factor);
    expect(loops.map(({ label, of }) => `${of} ${label}`)).toContain('rows b');
  });

  it("cost what the mapper's cost where they are the same, and show the nest of their own tile", () => {
    const same = under(loops);
    expect(same).toMatchObject({ ok: true, said: expect.stringMatching(/EDP 1\.00×/) });
    const smaller = under(loops.map((loop) => (loop.label === 'b' ? { ...loop, factor: 12 } : loop)));
    expect(smaller.ok && smaller.stage.gemm.m).toBe(12);
    expect(smaller.ok && smaller.group?.iterations).toBe(12);
  });

  it('say which tile has no room, and which factor does not divide', () => {
    expect(under([])).toEqual({
      ok: false,
      problem: expect.stringMatching(/^GLB: with 1 iteration the tile 1→2 takes 6,912 of its 4,096 words/),
    });
    expect(under([{ label: 'b', factor: 7, of: 'rows', choices: [] }])).toEqual({
      ok: false,
      problem: expect.stringMatching(/^shared loops: the factor of b must divide 144/),
    });
  });
});
