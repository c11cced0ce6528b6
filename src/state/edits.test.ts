import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../core/base/checks.ts';
import { formats, type Format } from '../core/factor/factorization.ts';
import { parameterCount } from '../core/factor/parameters.ts';
import { presets } from '../core/hardware/presets.ts';
import { cardIds } from '../core/workload/cards.ts';
import type { Config } from './config.ts';
import { arrayWidth, openingConfig, modelOf } from './defaults.ts';
import { restoreConfig } from './draft.ts';
import {
  adoptDesign,
  copyFocus,
  inFormat,
  pin,
  setAccelerator,
  setFormat,
  setLock,
  setModel,
  setModes,
  setRank,
  setSearch,
  setWorkload,
  toggleLock,
  unpin,
} from './edits.ts';
import { labelRank, nameLayers } from './labels.ts';
import { focusOn, gridOf, select, selectBlock, selectRectangle, selectRole } from './selection.ts';
import { soundConfig } from './sound-config.fixture.ts';

const opening = openingConfig('bert-base', 'simba');
const model = modelOf(opening.model);
const ffn1 = opening.view.selection;
const total = (config: Config): number => config.design.reduce((sum, f) => sum + parameterCount(f), 0);
const dense = model.linears.reduce((sum, layer) => sum + layer.out * layer.in, 0);

describe('the opening config', () => {
  it('is uniform svd at about 37 % of the parameters', () => {
    expect(model.linears.filter((layer) => layer.factorize)).toHaveLength(72);
    expect(new Set(opening.design.slice(0, 72).map((f) => f.ranks.join()))).toEqual(new Set(['192']));
    expect(total(opening) / dense).toBeCloseTo(0.37, 1);
    expect(ffn1.map((i) => model.linears[i]?.group)).toEqual(new Array(12).fill('FFN1'));
    expect(restoreConfig(opening, 'check')).toEqual({ config: opening, problems: [] });
  });

  it('is sound for every card and machine', () => {
    for (const id of cardIds)
      for (const machine of Object.values(presets)) {
        const config = setModel(setAccelerator(opening, machine), { kind: 'card', id });
        expect(restoreConfig(config, 'check')).toEqual({ config, problems: [] });
        const { linears } = modelOf(config.model);
        for (const [i, f] of config.design.entries()) {
          const layer = linears[i];
          expect(f.format).toBe(layer?.factorize ? 'svd' : 'dense');
          if (layer?.factorize) expect(parameterCount(f)).toBeLessThan(layer.out * layer.in);
        }
      }
  });

  it('snaps to the width of the array', () => {
    expect(Object.entries(presets).map(([name, machine]) => [name, arrayWidth(machine)])).toEqual(
      expect.arrayContaining([
        ['ws16', 16],
        ['simba', 8],
        ['eyeriss', 14],
        ['ws8t', 8],
        ['tpu1', 256],
        ['gemmini', 16],
      ]),
    );
  });
});

describe('edits', () => {
  it('of any kind keep any sound config sound', () => {
    const edit = fc.oneof(
      fc.tuple(fc.nat(5), fc.integer({ min: -5, max: 5000 })).map(
        ([rank, value]) =>
          (c: Config) =>
            setRank(c, c.view.selection, rank, value),
      ),
      fc.constantFrom(...formats).map((format) => (c: Config) => setFormat(c, c.view.selection, format)),
      fc.constant((c: Config) => toggleLock(c, c.view.selection, null)),
      fc.nat(3).map((rank) => (c: Config) => toggleLock(c, c.view.selection, rank)),
      fc.constant((c: Config) => pin(c)),
      fc.constant((c: Config) => unpin(c, 'A')),
      fc.constant(copyFocus),
      fc.constantFrom(1, 8, 100, 128).map((tokens) => (c: Config) => setWorkload(c, { tokens })),
      fc.nat().map((n) => (c: Config) => ({ ...c, view: focusOn(c.view, n % c.design.length) })),
    );
    fc.assert(
      fc.property(soundConfig, fc.array(edit, { maxLength: 8 }), (start, edits) => {
        let config = start;
        for (const change of edits) {
          try {
            config = change(config);
          } catch (error) {
            expect(error).toBeInstanceOf(InputError);
          }
        }
        expect(restoreConfig(config, 'check')).toEqual({ config, problems: [] });
      }),
      { numRuns: 60 },
    );
  });

  it('give equal layers one object, so that costs are found once', () => {
    const config = setRank(opening, ffn1, 0, 72);
    expect(new Set(ffn1.map((i) => config.design[i])).size).toBe(1);
    expect(config.design[0]).toBe(opening.design[0]);
  });

  it('change nothing, not even the object, when nothing changes', () => {
    expect(setRank(opening, ffn1, 0, 192)).toBe(opening);
    expect(setRank(opening, ffn1, 3, 5)).toBe(opening);
    expect(setFormat(opening, ffn1, 'svd')).toBe(opening);
    expect(setModel(opening, { kind: 'card', id: 'bert-base' })).toBe(opening);
    expect(setWorkload(opening, { tokens: 128 })).toBe(opening);
  });

  it('clamp a rank to what is possible', () => {
    expect(setRank(opening, [0], 0, 1e9).design[0]?.ranks).toEqual([768]);
    expect(setRank(opening, [0], 0, -3).design[0]?.ranks).toEqual([1]);
    expect(setRank(opening, [0], 0, Number.NaN).design[0]?.ranks).toEqual([1]);
  });

  it('keep about the same parameters in another format', () => {
    const before = parameterCount(
      opening.design[4] ?? { format: 'dense', outModes: [], inModes: [], ranks: [] },
    );
    for (const format of ['tucker', 'tt', 'tr', 'cp', 'block-term', 'ttm', 'kronecker'] satisfies Format[]) {
      const after = setFormat(opening, ffn1, format).design[4];
      expect(after?.format).toBe(format);
      const ratio = parameterCount(after ?? { format, outModes: [], inModes: [], ranks: [] }) / before;
      expect([format, ratio > 0.5 && ratio <= 1]).toEqual([format, true]);
    }
    const back = setFormat(setFormat(opening, ffn1, 'dense'), ffn1, 'svd').design[4];
    expect(back?.ranks[0]).toBeGreaterThan(100);
  });

  it('leave locked layers and ranks alone', () => {
    const locked = setLock(opening, [4], null, true);
    expect(setRank(locked, ffn1, 0, 9).design[4]).toBe(opening.design[4]);
    expect(setRank(locked, ffn1, 0, 9).design[10]?.ranks).toEqual([9]);
    expect(setFormat(locked, ffn1, 'tt').design[4]).toBe(opening.design[4]);
    expect(adoptDesign(locked, setRank(opening, ffn1, 0, 9).design).design[4]).toBe(opening.design[4]);
    const tt = setFormat(opening, [4], 'tt');
    const oneRank = toggleLock(tt, [4], 1);
    const smaller = (tt.design[4]?.ranks[0] ?? 0) - 1;
    expect(setRank(oneRank, [4], 1, 2)).toBe(oneRank);
    expect(setRank(oneRank, [4], 0, smaller).design[4]?.ranks[0]).toBe(smaller);
    expect(setRank(oneRank, [4], 0, smaller).design[4]?.ranks[1]).toBe(tt.design[4]?.ranks[1]);
    expect(setFormat(oneRank, [4], 'svd')).toBe(oneRank);
    expect(toggleLock(oneRank, [4], 1).locks).toEqual([]);
  });

  it('take modes that multiply out, and name both products when they do not', () => {
    const tt = setFormat(opening, ffn1, 'tt');
    const more = setModes(tt, ffn1, 'in', [8, 8, 12]);
    expect(more.design[4]?.inModes).toEqual([8, 8, 12]);
    expect(more.design[4]?.ranks).toHaveLength(4);
    expect(() => setModes(tt, ffn1, 'in', [10, 70])).toThrow(/must multiply to 768; 10 x 70 is 700/);
    expect(() => setModes(opening, ffn1, 'in', [12, 64])).toThrow(/modes: of svd are one a side/);
    const ttm = setModes(setFormat(opening, ffn1, 'ttm'), ffn1, 'out', [12, 16, 16]);
    expect(ttm.design[4]?.inModes).toHaveLength(3);
  });

  it('say why a format cannot express a layer, or give it', () => {
    const prime = { ...(model.linears[0] ?? ffn1), out: 97, in: 101 } as (typeof model.linears)[number];
    const start = { format: 'svd', outModes: [97], inModes: [101], ranks: [20] } as const;
    for (const format of formats) {
      try {
        expect(inFormat(prime, start, format).format).toBe(format);
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
      }
    }
  });

  it('start anew with another model', () => {
    const busy = pin(toggleLock(setRank(opening, ffn1, 0, 9), [3], null));
    const config = setModel(busy, { kind: 'card', id: 'gpt2' });
    expect([config.pins, config.locks]).toEqual([[], []]);
    expect(config.view.panel).toBe(busy.view.panel);
    expect(config.design).toHaveLength(modelOf(config.model).linears.length);
  });

  it('let batch and sequence follow when only tokens are given', () => {
    expect(setWorkload(opening, { tokens: 8 }).workload).toEqual({ tokens: 8, batch: 1, sequence: 128 });
    expect(setWorkload(opening, { tokens: 512 }).workload).toEqual({ tokens: 512, batch: 4, sequence: 128 });
    expect(() => setWorkload(opening, { tokens: 7, batch: 2 })).toThrow(InputError);
  });

  it('pin four designs and no fifth', () => {
    const four = pin(pin(pin(pin(opening))));
    expect(four.pins.map((p) => p.letter).join('')).toBe('ABCD');
    expect(() => pin(four)).toThrow('pins: can be at most 4; unpin one first');
    expect(pin(setRank(four, ffn1, 0, 5), 'B').pins[1]?.design[4]?.ranks).toEqual([5]);
    const without = unpin({ ...four, view: { ...four.view, reference: 'B' } }, 'B');
    expect(without.view.reference).toBe('dense');
    expect(
      pin(without)
        .pins.map((p) => p.letter)
        .join(''),
    ).toBe('ABCD');
  });

  it('copy the focus layer to layers of other shapes by format and share', () => {
    const cp = setFormat(setRank(opening, ffn1, 0, 100), ffn1, 'tt');
    const all = cp.design.map((_, i) => i);
    const copied = copyFocus({ ...cp, view: { ...cp.view, selection: all, focus: 4 } });
    expect(new Set(copied.design.map((f) => f.format))).toEqual(new Set(['tt']));
    expect(copied.design[10]).toBe(cp.design[4]);
    expect(total(copied) / dense).toBeCloseTo(parameterCount(cp.design[4] as never) / (768 * 3072), 1);
  });

  it('refuse search settings out of range', () => {
    expect(() => setSearch(opening, { budget: 0 })).toThrow(/budget: must be 1 to/);
    expect(() => setSearch(opening, { seed: 2 ** 32 })).toThrow(/seed: must be 0 to/);
    expect(setSearch(opening, { limit: 90 }).search.limit).toBe(90);
  });
});

describe('selection', () => {
  const { view } = opening;

  it('is a grid of blocks and roles', () => {
    const grid = gridOf(model);
    expect(grid.rows).toEqual([...Array.from({ length: 12 }, (_, i) => i), null]);
    expect(grid.columns.slice(0, 6)).toEqual(['Q', 'K', 'V', 'O', 'FFN1', 'FFN2']);
    expect(grid.cells.flat(2)).toHaveLength(model.linears.length);
    expect(grid.cells[1]?.[4]).toEqual([10]);
    expect(gridOf(model)).toBe(grid);
  });

  it('selects roles, blocks and rectangles', () => {
    expect(selectRole(view, model, 'Q').selection).toHaveLength(12);
    expect(selectBlock(view, model, 3).selection).toEqual([18, 19, 20, 21, 22, 23]);
    const corner = selectRectangle(view, model, { row: 2, column: 1 }, { row: 1, column: 0 });
    expect(corner.selection).toEqual([6, 7, 12, 13]);
    expect(corner.focus).toBe(6);
    expect(
      selectRectangle(corner, model, { row: 0, column: 0 }, { row: 0, column: 0 }, 'add').selection,
    ).toContain(0);
  });

  it('toggles, and is never empty', () => {
    const one = select(view, [5]);
    expect(one).toMatchObject({ selection: [5], focus: 5 });
    expect(select(one, [5], 'toggle')).toBe(one);
    expect(select(one, [7], 'toggle').selection).toEqual([5, 7]);
    expect(select(one, [5, 7], 'toggle').selection).toEqual([5, 7]);
    expect(focusOn(select(one, [7], 'add'), 7)).toMatchObject({ selection: [5, 7], focus: 7 });
    expect(focusOn(one, 9)).toMatchObject({ selection: [9], focus: 9 });
  });
});

describe('labels', () => {
  it('say what changed, from what to what', () => {
    const after = setRank(opening, ffn1, 0, 72);
    expect(labelRank(model, opening, after, ffn1, 0)).toBe('FFN1 rank 192 to 72');
    const tt = setFormat(opening, ffn1, 'tt');
    const ttAfter = setRank(tt, ffn1, 1, 3);
    expect(labelRank(model, tt, ttAfter, ffn1, 1)).toMatch(/^FFN1 rank r2 \d+ to 3$/);
    expect(nameLayers(model, [3])).toBe('O of block 1');
    expect(nameLayers(model, [6, 7, 8, 9, 10, 11])).toBe('block 2');
    expect(nameLayers(model, [0, 6])).toBe('2 of Q');
    expect(nameLayers(model, [0, 7])).toBe('2 layers');
    expect(
      nameLayers(
        model,
        opening.design.map((_, i) => i),
      ),
    ).toBe('all layers');
  });
});
