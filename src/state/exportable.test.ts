import { describe, expect, it } from 'vitest';
import { costLayer } from '../core/cost/layer.ts';
import { initialConfig } from './defaults.ts';
import { createDerive } from './derive.ts';
import { setFormat, setModel } from './edits.ts';
import { pathOf, wantedLayers, weightsOf } from './exportable.ts';

const derive = createDerive();
const glyphs = setModel(initialConfig(), { kind: 'card', id: 'glyph-vit' });
const places = { modelUrl: (id: string) => `page/${id}.onnx`, files: () => null };

describe('where the weights of a model are', () => {
  it('is the page, the dropped files, or nowhere', () => {
    expect(weightsOf({ kind: 'card', id: 'glyph-vit' }, places)).toEqual({
      kind: 'shipped',
      id: 'glyph-vit',
      url: 'page/glyph-vit.onnx',
    });
    expect(weightsOf({ kind: 'card', id: 'bert-base' }, places)).toEqual({ kind: 'none' });
    expect(weightsOf({ kind: 'gemm', n: 4, k: 4 }, places)).toEqual({ kind: 'none' });
    const sequence = { usual: 8, most: 8 };
    const file = { kind: 'file', name: 'a.onnx', bytes: 1, linears: [], heads: null, sequence } as const;
    expect(weightsOf(file, places)).toEqual({ kind: 'gone', name: 'a.onnx' });
    const files = [new File(['x'], 'a.onnx')];
    expect(weightsOf(file, { ...places, files: () => files })).toEqual({ kind: 'files', files });
  });
});

describe('the layers that an export replaces', () => {
  const some = setFormat(
    { ...glyphs, design: glyphs.design.map((_, k) => derive(glyphs).evaluator.denseFactorization(k)) },
    [2, 4],
    'tt',
  );
  const derived = derive(some);

  it('are those that are factorized, along the paths on screen; all where weights are stored anew', () => {
    const wanted = wantedLayers(derived, some.design, false);
    expect(wanted.map(({ name }) => name)).toEqual([2, 4].map((k) => derived.model.linears[k]?.name));
    expect(wanted[0]?.path).toEqual(derived.evaluator.layer(2, some.design[2]!).path);
    expect(wantedLayers(derived, some.design, true)).toHaveLength(derived.model.linears.length);
  });

  it('have a path where the accelerator is too small for them, too', () => {
    const { evaluator } = derived;
    const small = {
      ...evaluator,
      layer: (index: number) => costLayer(evaluator.mapper, { ...some.design[index]!, ranks: [] }, 1, 'fast'),
    };
    expect(pathOf(small, 2, some.design[2]!).steps.length).toBe(
      evaluator.layer(2, some.design[2]!).path.steps.length,
    );
  });
});
