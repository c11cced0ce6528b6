import { describe, expect, it } from 'vitest';
import { matchDesign, parseDesign } from '../../core/export/design.ts';
import type { Factorization } from '../../core/factor/factorization.ts';
import { denseFactorization } from '../../core/factor/ranks.ts';
import { initialConfig } from '../../state/defaults.ts';
import { createDerive } from '../../state/derive.ts';
import { setFormat, setModel } from '../../state/edits.ts';
import { citation, designFile, layersCsv, zipTexts } from './design-file.ts';
import {
  changesText,
  formatDistance,
  formProblem,
  isChecked,
  linearBytes,
  stemOf,
  storagesOf,
  verdictOf,
} from './forms.ts';

const unquantized = { precision: 'f32', quantization: { kind: 'none' } } as const;
const svd: Factorization = { format: 'svd', outModes: [64], inModes: [32], ranks: [8] };
const dense = denseFactorization(32, 64);

describe('the numbers of an export', () => {
  it('follow the design where the form has them', () => {
    expect(storagesOf('onnx', { kind: 'none' }).usual).toBe('f32');
    expect(storagesOf('onnx', { kind: 'int', bits: 8, group: 'row' }).usual).toBe('int8');
    expect(storagesOf('zip', { kind: 'int', bits: 4, group: 32 }).usual).toBe('int4');
    const own = storagesOf('onnx', { kind: 'int', bits: 6, group: 128 });
    expect(own.storages.find(({ id }) => id === own.usual)?.text).toBe('int6, groups of 128');
    expect(storagesOf('onnx', { kind: 'palette', bits: 4 })).toMatchObject({
      usual: 'f32',
      note: expect.stringContaining('palette of 16 values'),
    });
    expect(storagesOf('pytorch', { kind: 'w8a8' }).storages.map(({ id }) => id)).toEqual(['f32', 'f16']);
    expect(storagesOf('csv', { kind: 'none' }).storages).toEqual([]);
  });

  it('take the bytes that their bits say', () => {
    expect(linearBytes([svd, dense], unquantized)).toEqual({
      dense: 4 * (64 * 32 + 32 * 64),
      stored: 4 * (8 * (64 + 32) + 32 * 64),
    });
    // What stays dense stays as it is, unless integers are wanted: 8 bits and a fp16 scale a row.
    expect(linearBytes([svd, dense], { ...unquantized, precision: 'f16' }).stored).toBe(
      2 * 8 * (64 + 32) + 4 * 32 * 64,
    );
    const int8 = { precision: 'f32', quantization: { kind: 'int', bits: 8, group: 'row' } } as const;
    expect(linearBytes([dense], int8).stored).toBe(32 * 64 + 2 * 32);
  });
});

describe('the words of an export', () => {
  it('refuse a graph of what has none', () => {
    const safetensors = { kind: 'files', files: [new File([], 'a.safetensors')] } as const;
    expect(formProblem('onnx', safetensors)).toMatch(/safetensors do not have/);
    expect(formProblem('pytorch', safetensors)).toBeNull();
    expect(formProblem('onnx', { kind: 'files', files: [new File([], 'a.ONNX')] })).toBeNull();
    expect(formProblem('onnx', { kind: 'shipped', id: 'glyph-vit', url: '' })).toBeNull();
  });

  it('name files so that Python can import them', () => {
    expect(stemOf('glyph-vit')).toBe('glyph_vit_factorized');
    expect(stemOf('my model.v2.onnx')).toBe('my_model_v2_factorized');
    expect(stemOf('7b')).toBe('model_7b_factorized');
  });

  it('put the check on the button, and warn when it fails', () => {
    const found = { of: 'outputs', difference: 3.2e-7, reason: null, limit: 1e-4 } as const;
    expect(verdictOf(found)).toEqual({
      bad: false,
      text: 'differs by 3e−7 from the same matrices',
      note: null,
    });
    expect(verdictOf({ ...found, difference: 0.02 })).toMatchObject({
      bad: true,
      text: 'differs by 2e−2 from the same matrices, more than 1e−4: do not use it',
    });
    expect(verdictOf({ ...found, difference: null, reason: 'too large' })).toEqual({
      bad: false,
      text: 'not checked',
      note: 'It could not be checked here: too large.',
    });
    expect(verdictOf({ ...found, of: 'factors', difference: 0 })?.text).toBe(
      'differs by 0 from the factors meant',
    );
    expect(verdictOf(null)).toBeNull();
    expect(['a.onnx', 'a.onnx.data', 'a.py', 'a.safetensors'].map(isChecked)).toEqual([
      true,
      false,
      false,
      true,
    ]);
    expect(formatDistance(0.5)).toBe('5e−1');
  });

  it('say what changes', () => {
    expect(changesText([svd, dense], undefined)).toBe('1 of 2 linear layers are factorized');
    const { storages } = storagesOf('onnx', { kind: 'none' });
    expect(
      changesText(
        [svd, dense],
        storages.find(({ id }) => id === 'int4'),
      ),
    ).toMatch(/the rest keep their shape as integers$/);
  });
});

describe('what goes with a design', () => {
  const config = setFormat(setModel(initialConfig(), { kind: 'card', id: 'bert-base' }), [0, 5], 'tt');
  const derived = createDerive()(config);
  const { linears } = derived.model;

  it('is a file that the command line takes', () => {
    const file = linears.map((layer) => ({ ...layer, weight: `${layer.name}.weight` }));
    const matched = matchDesign(parseDesign(JSON.parse(designFile(linears, config.design))), file);
    const changed = config.design.filter(({ format }) => format !== 'dense');
    expect(matched.map(({ factorization }) => factorization)).toEqual(changed);
    expect(matched.map(({ layer }) => layer.name)).toContain(linears[5]?.name);
  });

  it('is a table, a citation of its formats, and a link', () => {
    const rows = layersCsv(derived, config.design).trim().split('\r\n');
    expect(rows).toHaveLength(1 + config.design.filter(({ format }) => format !== 'dense').length);
    expect(citation(derived, config.design)).toContain('oseledets2011tensor');
    const texts = zipTexts(derived, config.design, {
      stem: 'bert_base_factorized',
      frontier: [],
      page: 'http://x/',
    });
    expect(texts.map(({ name }) => name)).toEqual([
      'link.txt',
      'design.json',
      'comparison.json',
      'citation.bib',
      'notebook.ipynb',
    ]);
    // The notebook reads what lies beside it.
    const book = texts.find(({ name }) => name === 'notebook.ipynb')?.text ?? '';
    expect(book).toContain('bert_base_factorized-layers.csv');
    expect(book).toContain('comparison.json');
    expect(book).not.toContain('frontier.csv');
    expect(texts[0]?.text).toMatch(/^http:\/\/x\/#v1\./);
  });
});
