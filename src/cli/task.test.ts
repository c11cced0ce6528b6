/** The commands on trained models: examples as arrays, measured accuracy. */
import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { unzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { tasks } from '../core/tasks/tasks.ts';
import { initialConfig } from '../state/defaults.ts';
import { setModel, setQuantization } from '../state/edits.ts';
import { encodeLink } from '../state/url.ts';
import { doorInFolder } from './door.fixture.ts';

const { folder, run, json } = doorInFolder({ tick: 300 });

/** Header and data of a .npy file. */
function npy(bytes: Uint8Array | undefined): { readonly header: string; readonly data: ArrayBuffer } {
  if (bytes === undefined) throw new Error('no such array');
  expect([...bytes.subarray(0, 8)]).toEqual([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
  const start = 10 + bytes[8]! + 256 * bytes[9]!;
  expect(start % 64).toBe(0);
  return {
    header: new TextDecoder().decode(bytes.subarray(10, start)),
    data: bytes.slice(start).buffer,
  };
}

const bytesOf = (values: Float32Array | BigInt64Array = new Float32Array()): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

describe('data', () => {
  it('writes images and labels as the generator makes them', async () => {
    const result = await json<{ onnx: string; examples: number }>(
      'data',
      'glyph-vit',
      '--examples',
      '1100',
      '--output',
      'glyphs.npz',
      '--seed',
      '9',
    );
    expect(result.examples).toBe(1100);
    expect(isAbsolute(result.onnx)).toBe(true);
    expect(readFileSync(result.onnx).length).toBeGreaterThan(1e6);
    const files = unzipSync(readFileSync(join(folder, 'glyphs.npz')));
    expect(Object.keys(files)).toEqual(['image.npy', 'labels.npy']);
    const image = npy(files['image.npy']);
    expect(image.header).toMatch(
      /^{'descr': '<f4', 'fortran_order': False, 'shape': \(1100, 24, 24\), } *\n$/,
    );
    const labels = npy(files['labels.npy']);
    expect(labels.header).toContain("'descr': '<i8', 'fortran_order': False, 'shape': (1100,)");
    const expected = tasks['glyph-vit'].examples(9, 0, 1100);
    expect(Buffer.from(image.data).equals(bytesOf(expected.inputs['image']?.values))).toBe(true);
    expect(Int32Array.from(new BigInt64Array(labels.data), Number)).toEqual(expected.labels['labels']);
  });

  it('names the arrays of questions as the graph does, held out unless told', async () => {
    await json('data', 'lexical-qa', '--examples', '7', '--output', 'words.npz');
    const files = unzipSync(readFileSync(join(folder, 'words.npz')));
    expect(Object.keys(files)).toEqual(['tokens.npy', 'start.npy', 'end.npy']);
    const expected = tasks['lexical-qa'].examples(3, 0, 7);
    expect(new BigInt64Array(npy(files['tokens.npy']).data)).toEqual(expected.inputs['tokens']?.values);
    expect(Int32Array.from(new BigInt64Array(npy(files['end.npy']).data), Number)).toEqual(
      expected.labels['end'],
    );
  });

  it.each([
    [['bert-base', '--examples', '3', '--output', 'x.npz'], /^data: the model must be one of glyph-vit, /],
    [['glyph-vit', '--output', 'x.npz'], /^data: needs --examples N$/],
    [['glyph-vit', '--examples', '3', '--output', 'no/x.npz'], /^data: --output must be in a folder that/],
    [['glyph-vit', '--examples', '2000000', '--output', 'x'], /^data: --examples must be at most 1000000/],
  ])('refuses %j', async (args, message) => {
    const { code, notes } = await run('data', ...args);
    expect(code).toBe(2);
    expect(notes).toEqual([expect.stringMatching(message)]);
  });
});

describe('evaluate', () => {
  interface Evaluated {
    readonly dense: { accuracy: number; low: number; high: number };
    readonly candidate: { accuracy: number; low: number; high: number; kl: number; flips: number };
    readonly paired: { difference: number; low: number; high: number; p: number };
  }
  const glyphs = setModel(initialConfig(), { kind: 'card', id: 'glyph-vit' });
  const dense = { ...glyphs, design: glyphs.design.map(denseOf) };
  const rankOne = {
    ...glyphs,
    design: glyphs.design.map((f) => (f.format === 'svd' ? { ...f, ranks: [1] } : f)),
  };

  it('the dense design is the dense model', async () => {
    const {
      dense: teacher,
      candidate,
      paired,
    } = await json<Evaluated>('evaluate', encodeLink(dense), '--examples', '96');
    expect(teacher.accuracy).toBeGreaterThan(0.95);
    expect(candidate).toMatchObject({ ...teacher, kl: 0, flips: 0 });
    expect(paired).toMatchObject({ difference: 0, p: 1 });
    expect(Object.keys(paired)).toEqual(['difference', 'low', 'high', 'p']);
  });

  it('a design of rank one everywhere is far worse, surely so, and its figures agree', async () => {
    const {
      dense: teacher,
      candidate,
      paired,
    } = await json<Evaluated>('evaluate', encodeLink(rankOne), '--examples', '96');
    expect(candidate.accuracy).toBeLessThan(0.5);
    expect(paired.difference).toBeCloseTo(candidate.accuracy - teacher.accuracy, 12);
    expect(candidate.kl).toBeGreaterThan(0.5);
    expect(candidate.flips).toBeGreaterThanOrEqual(-paired.difference);
    expect(paired.p).toBeLessThan(1e-6);
    expect(paired.high).toBeLessThan(0);
  });

  it('counts how the weights are stored', async () => {
    const link = encodeLink(setQuantization(dense, { kind: 'int', bits: 3, group: 'row' }));
    const { candidate } = await json<Evaluated>('evaluate', link, '--examples', '32');
    expect(candidate.kl).toBeGreaterThan(0);
    expect(candidate.kl).toBeLessThan(0.5);
  });

  it('tells how far it is, when asked', async () => {
    const { code, out, notes } = await run('evaluate', encodeLink(dense), '--examples', '256', '--progress');
    expect(code).toBe(0);
    expect(out).toMatch(/^dense +\d+\.\d\d % {2}\[/);
    expect(notes.at(-1)).toMatch(/^evaluate: \d+ of 256 examples$/);
  });

  it.each([
    [['#v1.abc'], /^evaluate: LINK must be whole/],
    [
      [encodeLink(setModel(glyphs, { kind: 'card', id: 'bert-base' }))],
      /^evaluate: the model must be one of/,
    ],
    [[encodeLink(setModel(glyphs, { kind: 'gemm', n: 8, k: 8 }))], /^evaluate: LINK must be of a model/],
    [[encodeLink(dense), '--examples', '0'], /^evaluate: --examples must be a whole number from 1/],
  ])('refuses what it cannot measure', async (args, message) => {
    const { code, notes } = await run('evaluate', ...args);
    expect(code).toBe(2);
    expect(notes).toEqual([expect.stringMatching(message)]);
  });

  function denseOf(_: unknown, index: number) {
    const product = (modes: readonly number[] = []): number => modes.reduce((all, mode) => all * mode, 1);
    const { outModes, inModes } = glyphs.design[index] ?? {};
    return {
      format: 'dense',
      outModes: [product(outModes)],
      inModes: [product(inModes)],
      ranks: [],
    } as const;
  }
});
