import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluateMapping } from '../../core/cost/counts.ts';
import { gemmContraction } from '../../core/cost/gemm.ts';
import { createMapper } from '../../core/cost/mapper.ts';
import { readMapping } from '../../core/cost/mapping-json.ts';
import type { Gemm } from '../../core/cost/mapping.ts';
import { presetByName } from '../../core/hardware/presets.ts';
import { boundWords, drainEnergyPj } from './loads.ts';
import {
  coverage,
  draftOf,
  judge,
  mappingOfDraft,
  mappingText,
  nextFactor,
  setFactor,
  swapLoops,
  type NestDraft,
  type Place,
} from './nest-draft.ts';
import type { Stage } from './stage.ts';

const simba = presetByName('simba');
const gemm: Gemm = { batch: 1, m: 128, n: 3072, k: 192 };
const contraction = gemmContraction(gemm);
const mapped = createMapper(simba).mapping(gemm, 'exact');
const stage: Stage = { machine: simba, gemm, swapped: false, place: null };
const start = draftOf(simba, contraction, mapped.mapping);
const bad = (draft: NestDraft) => {
  const judgement = judge(stage, contraction, draft, 'timeloop');
  if (judgement.ok) throw new Error('a legal nest');
  return judgement;
};
/** The field of a dim's temporal or spatial loop at a level. */
const place = (draft: NestDraft, name: string, kind: Place['kind'], dim: string): Place => {
  const level = draft.findIndex((each) => each.level === name);
  return { level, kind, loop: draft[level]![kind].findIndex((field) => field.dim === dim) };
};

describe('a loop nest edited by hand', () => {
  it('starts as the mapper left it and costs the same', () => {
    expect(mappingOfDraft(start)).toEqual(mapped.mapping);
    expect(judge(stage, contraction, start, 'timeloop')).toEqual({ ok: true, cost: mapped.cost });
  });

  it('goes out as JSON and comes back', () => {
    const text = mappingText(mappingOfDraft(start));
    expect(text.split('\n')).toHaveLength(simba.levels.length + 3);
    expect(draftOf(simba, contraction, readMapping(JSON.parse(text)))).toEqual(start);
  });

  it('has a field for every dim at every level, spatial ones where it fans out', () => {
    for (const { temporal } of start)
      expect(temporal.map((loop) => loop.dim).toSorted()).toEqual(['K', 'M', 'N']);
    expect(start.map(({ spatial }) => spatial.length > 0)).toEqual([false, true, false, false, true, false]);
  });

  it('keeps two loops over one dim apart', () => {
    const twice = mapped.mapping.with(0, {
      level: 'DRAM',
      temporal: [
        ['M', 2],
        ['N', 16],
        ['M', 4],
      ],
      spatial: [],
    });
    expect(draftOf(simba, contraction, twice)[0]?.temporal).toEqual([
      { dim: 'M', text: '2' },
      { dim: 'N', text: '16' },
      { dim: 'M', text: '4' },
      { dim: 'K', text: '1' },
    ]);
  });

  it('lets the outermost loop take the rest, where that is whole', () => {
    const m = place(start, 'AccBuf', 'temporal', 'M');
    const outer = place(start, 'DRAM', 'temporal', 'M');
    const half = setFactor(start, m, '64', contraction.extents);
    expect(half[0]?.temporal[outer.loop]?.text).toBe('2');
    expect(judge(stage, contraction, half, 'timeloop').ok).toBe(true);
    expect(setFactor(start, m, '64', null)[0]).toBe(start[0]);
    const odd = setFactor(start, m, '7', contraction.extents);
    expect(odd[0]?.temporal[outer.loop]?.text).toBe('1');
    expect(coverage(odd, contraction)).toContainEqual({ dim: 'M', extent: 128, covered: 7 });
  });

  it('says which level makes it impossible', () => {
    const acc = place(start, 'AccBuf', 'temporal', 'N');
    expect(bad(setFactor(start, acc, '8', null))).toMatchObject({ level: 'DRAM' });
    const half = setFactor(start, place(start, 'InBuf', 'temporal', 'N'), '6', null);
    expect(bad(setFactor(half, acc, '2', null))).toEqual({
      ok: false,
      problem: 'mapping level AccBuf: the kept tiles must fit its 1024 words, got 2048',
      level: 'AccBuf',
    });
    const lanes = place(start, 'GLB', 'spatial', 'K');
    expect(bad(setFactor(start, lanes, '192', contraction.extents))).toMatchObject({ level: 'GLB' });
    for (const text of ['', 'many', '0', '1.5', '-2', '1e3'])
      expect(bad(setFactor(start, lanes, text, contraction.extents)).problem).toMatch(
        /level GLB: the factor of K must be a whole number of at least 1/,
      );
  });

  it('refuses a mapping of another machine', () => {
    expect(() => draftOf(presetByName('ws16'), contraction, mapped.mapping)).toThrow(/3 levels/);
    expect(() => draftOf(simba, contraction, mapped.mapping.toReversed())).toThrow(
      /level 0: must be DRAM, got "WReg"/,
    );
  });

  it('swaps neighbours, and back', () => {
    const swapped = swapLoops(start, 0, 0);
    expect(swapped[0]?.temporal.map((loop) => loop.dim)).not.toEqual(
      start[0]?.temporal.map((loop) => loop.dim),
    );
    expect(swapLoops(swapped, 0, 0)).toEqual(start);
    expect(swapLoops(start, 0, 2)).toBe(start);
  });

  it('steps through factors that multiply out', () => {
    const steps = fc.array(
      fc.record({
        level: fc.nat(5),
        kind: fc.constantFrom('temporal' as const, 'spatial' as const),
        loop: fc.nat(2),
        by: fc.constantFrom(1 as const, -1 as const),
      }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(steps, (moves) => {
        let draft = start;
        for (const { by, ...at } of moves) {
          const next = at.level === 0 ? null : nextFactor(draft, at, by);
          if (next !== null) draft = setFactor(draft, at, next, contraction.extents);
        }
        for (const { extent, covered } of coverage(draft, contraction)) expect(covered).toBe(extent);
      }),
      { numRuns: 200 },
    );
  });
});

describe('boundWords', () => {
  it('says what the MACs need, and the busiest port', () => {
    expect(boundWords(simba, mapped.cost)).toMatch(
      /^The MACs bound the latency: 73,728 cycles with 100% of 1,024 busy; the busiest port, \w+ (read|write), needs as many\.$/,
    );
  });

  it('names the level that bounds, with words and cycles that multiply out', () => {
    const one = createMapper(simba).mapping({ batch: 1, m: 1, n: 768, k: 768 }, 'exact');
    const words = boundWords(simba, one.cost);
    const found =
      /^DRAM bounds the latency: one instance must read ([\d,]+) words at 16 a cycle, ([\d,]+) cycles/.exec(
        words,
      );
    const [read = 0, cycles = 0] = (found ?? []).slice(1).map((text) => Number(text.replaceAll(',', '')));
    expect(read).toBe(768 * 768 + 768);
    expect(cycles).toBe(Math.ceil(read / 16));
    expect(cycles).toBe(one.cost.latencyCycles);
  });
});

describe('drainEnergyPj', () => {
  it.each(['ws16', 'simba', 'eyeriss', 'ws8t'])('is what AccelForge adds on %s', (name) => {
    const machine = presetByName(name);
    const { mapping, cost, padded } = createMapper(machine).mapping(
      { batch: 2, m: 48, n: 96, k: 320 },
      'fast',
    );
    const other = evaluateMapping(machine, gemmContraction(padded), mapping, 'accelforge');
    expect(drainEnergyPj(machine, cost)).toBeGreaterThan(0);
    expect((cost.energyPj + drainEnergyPj(machine, cost)) / other.energyPj).toBeCloseTo(1, 10);
  });
});
