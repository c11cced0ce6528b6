/** Files of every kind, as the graphs of the corpus take them. */
import { describe, expect, it } from 'vitest';
import { someInputs, type UserInputs } from '../../core/onnx/user-inputs.ts';
import { npy } from '../../core/workload/npy.fixture.ts';
import { loadOrt } from '../ort/ort.ts';
import { arrayOf, npzOf, openCorpus } from '../ort/user-inputs.fixture.ts';
import { layerCovariances } from '../ort/user-statistics.ts';
import { measureUserModel } from '../ort/user-measure.ts';
import { filesOf, pngOf, textGoldens } from './examples.fixture.ts';
import { readExamples } from './read.ts';

const bert = await openCorpus('optimum-bert');
const vit = await openCorpus('torchscript-vit');
const { tokenizer, config } = textGoldens.wordpiece;
const words = { 'tokenizer.json': tokenizer as object, 'tokenizer_config.json': config as object };

const values = (inputs: UserInputs, name: string): readonly number[] => [
  ...someInputs(inputs, 0, inputs.count).find((each) => each.name === name)!.values,
];
const shapes = (inputs: UserInputs) =>
  Object.fromEntries(inputs.inputs.map(({ name, shape }) => [name, shape]));

/** A token of the tokenizer is one of the model's 40 only where it is small: only shapes count here. */
const lines = 'the quick dog\n\nhow vexingly quick daft zebras jump\n';

describe('texts', () => {
  it('become ids, mask and segments of the graph, padded alike', async () => {
    const { kind, inputs, told } = await readExamples(bert, filesOf({ 'a.txt': lines, ...words }));
    expect(kind).toBe('text');
    expect(inputs.count).toBe(2);
    const [, length = 0] = inputs.inputs[0]!.shape;
    expect(shapes(inputs)).toEqual({
      input_ids: [2, length],
      attention_mask: [2, length],
      token_type_ids: [2, length],
    });
    const { ids } = textGoldens.wordpiece.cases[0]!;
    expect(values(inputs, 'input_ids').slice(0, 6)).toEqual([...ids, 0]);
    expect(values(inputs, 'attention_mask').slice(0, 6)).toEqual([1, 1, 1, 1, 1, 0]);
    expect(inputs.mask?.values.filter((each) => each === 0).length).toBe(length - 5);
    expect(told).toEqual([`2 texts (text) of up to ${length} tokens.`]);
  });

  it('may come in pairs with answers, by the names that data sets have', async () => {
    const csv = 'sentence1,sentence2,label,other\nthe quick dog,jumps over,dog,1\nzebra,fox,cat,2\n';
    const json = { label2id: { cat: 0, dog: 2 } };
    const { inputs } = await readExamples(bert, filesOf({ 'a.csv': csv, 'config.json': json, ...words }));
    const { types } = textGoldens.wordpiece.cases.find(({ pair }) => pair === 'jumps over')!;
    expect(values(inputs, 'token_type_ids').slice(0, types.length)).toEqual(types);
    expect([...inputs.labels.get('label')!.values]).toEqual([2, 0]);
    const one = await readExamples(bert, filesOf({ 'a.csv': csv, ...words }), { columns: ['sentence2'] });
    expect(one.told[0]).toMatch(/^2 texts \(sentence2\)/);
  });

  it('are cut where the model ends, and it is told', async () => {
    const long = Array.from({ length: 40 }, () => 'dog').join(' ');
    const { inputs, told } = await readExamples(bert, filesOf({ 'a.txt': `${long}\nfox`, ...words }));
    expect(inputs.inputs[0]!.shape).toEqual([2, 32]);
    expect(values(inputs, 'input_ids')[31]).toBe(3);
    expect(told).toContain('1 of them were cut to 32 tokens.');
  });

  it('become what a graph of a fixed length takes, without a mask told apart all the same', async () => {
    const tf = await openCorpus('tf2onnx-bert-18');
    const rows = [[1, 2, 3], [4, 5, 6, 7, 8], [9]];
    const jsonl = rows.map((ids) => JSON.stringify({ input_ids: ids })).join('\n');
    const { kind, inputs, told } = await readExamples(tf, filesOf({ 'ids.jsonl': jsonl }));
    expect([kind, inputs.inputs.length, inputs.inputs[0]!.shape]).toEqual(['token ids', 1, [3, 5]]);
    expect([...inputs.mask!.values]).toEqual([1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0]);
    expect(told.join(' ')).toContain('no attention mask');
    // What layers read does not count padding: the same rows under another filler.
    const covariance = async (given: UserInputs): Promise<Float64Array> => {
      const layer = tf.model.linears[0]!;
      const steps = layerCovariances(await loadOrt(), tf.onnx, [layer], given);
      for (;;) {
        const next = await steps.next();
        if (next.done === true) return next.value.get(layer.name)!.values;
      }
    };
    const [all, masked] = [await covariance({ ...inputs, mask: null }), await covariance(inputs)];
    expect(masked.some((value, k) => Math.abs(value - all[k]!) > 1e-6)).toBe(true);
    const single = { ...inputs, count: 2 };
    const own = await covariance(single);
    expect(own.every(Number.isFinite)).toBe(true);
  });

  it('have one answer a token where they are given as ids', async () => {
    const distil = await openCorpus('optimum-distilbert');
    const jsonl = '{"input_ids": [1, 2, 3], "labels": [4, 5, 6]}\n{"input_ids": [7], "labels": [8]}\n';
    const { inputs } = await readExamples(distil, filesOf({ 'a.jsonl': jsonl }));
    expect(inputs.labels.get('labels')).toEqual({
      shape: [2, 3],
      values: Float64Array.of(4, 5, 6, 8, -100, -100),
    });
    let last = null;
    for await (const step of measureUserModel(await loadOrt(), distil.onnx, [], inputs)) last = step;
    expect([last?.all.n, last?.labelled?.n]).toEqual([4, 4]);
  });

  it('of decoders get their positions; what cannot be made of tokens is named', async () => {
    const jsonl = '{"input_ids": [1, 2, 3]}\n{"input_ids": [7, 8]}\n';
    const gpt = await openCorpus('optimum-gpt2');
    const { inputs } = await readExamples(gpt, filesOf({ 'a.jsonl': jsonl }));
    expect(values(inputs, 'position_ids')).toEqual([0, 1, 2, 0, 1, 2]);
    expect(values(inputs, 'attention_mask')).toEqual([1, 1, 1, 1, 1, 0]);
    expect(
      inputs.inputs.filter(({ name }) => name.startsWith('past')).every(({ shape }) => shape.includes(0)),
    ).toBe(true);
    let last = null;
    for await (const step of measureUserModel(await loadOrt(), gpt.onnx, [], inputs)) last = step;
    // Padding gives no answers.
    expect(last?.all).toMatchObject({ n: 5, kl: 0 });
    const t5 = await openCorpus('torchscript-t5');
    await expect(readExamples(t5, filesOf({ 'a.jsonl': jsonl }))).rejects.toThrow(
      'inputs: decoder_input_ids (int64 [batch, sequence]) cannot be made from tokens; give arrays (.npz)',
    );
  });

  it.each([
    [{ 'a.txt': lines }, "a.txt: needs the model's tokenizer.json beside it to become token ids"],
    [{ 'a.txt': lines, 'tokenizer.json': '{"model": ' }, 'tokenizer.json: text must be JSON'],
    [{ 'a.txt': lines, 'tokenizer.json': '{}' }, 'tokenizer.json: must hold a tokenizer with its model'],
    [{ 'a.csv': 'a,b\n1,2\n', ...words }, 'a.csv: must have a column text, not only a, b'],
    [{ 'a.jsonl': '{"text": 3}', ...words }, 'a.jsonl row 1: must have text in column text, got 3'],
    [{ 'a.jsonl': '{"input_ids": [-1]}', ...words }, 'example 1: must be of token ids, 0 or more, got -1'],
    [{ 'a.csv': 'text,label\nx,1\ny,cat', ...words }, 'a.csv column label: must be either numbers or names'],
    [{ 'a.txt': lines, 'b.txt': lines, ...words }, 'examples: must come with one table at most, got 2'],
    [
      { 'a.txt': lines, 'b.npz': new Uint8Array(3) },
      'examples: must be of one kind: arrays, or texts, or pictures',
    ],
    [{ 'tokenizer.json': '{}' }, 'examples: must be .npz or .npy, .txt, .csv, .tsv or .jsonl, .png or .jpg'],
    [{ 'a.txt': new Uint8Array([0xff]), ...words }, 'a.txt: text must be UTF-8 (byte 0)'],
    [
      { 'a.png': pngOf(4, 4, 3) },
      'examples: cannot be pictures: the graph has no input of images, got "a.png"',
    ],
  ])('%j are refused', async (files, message) => {
    await expect(readExamples(bert, filesOf(files))).rejects.toThrow(message);
  });
});

describe('pictures', () => {
  const processor = {
    do_resize: true,
    size: { height: 16, width: 16 },
    resample: 3,
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    image_mean: [0.5, 0.5, 0.5],
    image_std: [0.5, 0.5, 0.5],
  };

  it('are resized and normalized as the model’s config says', async () => {
    const files = {
      'b.png': pngOf(16, 16, 3, 1),
      'a.png': pngOf(16, 16, 3),
      'preprocessor_config.json': processor,
    };
    const { kind, inputs, told } = await readExamples(vit, filesOf(files));
    expect([kind, inputs.count]).toEqual(['pictures', 2]);
    expect(shapes(inputs)).toEqual({ pixel_values: [2, 3, 16, 16] });
    // Sorted by name, channels first.
    const all = values(inputs, 'pixel_values');
    expect(all[0]).toBeCloseTo(-1, 12);
    expect(all[1]).toBeCloseTo((2 * ((3 * 29) % 256)) / 255 - 1, 12);
    expect(all[256]).toBeCloseTo((2 * 29) / 255 - 1, 12);
    expect(all[768]).toBeCloseTo((2 * 71) / 255 - 1, 12);
    expect(told).toEqual(['Pictures are resized to 16 x 16 (bicubic), mean 0.5 0.5 0.5, std 0.5 0.5 0.5.']);
  });

  it('have stated defaults without one, the side of config.json where the graph leaves it open', async () => {
    const { inputs, told } = await readExamples(vit, filesOf({ 'a.png': pngOf(20, 9, 1) }));
    expect(inputs.inputs[0]!.shape).toEqual([1, 3, 16, 16]);
    expect(told[0]).toBe(
      'Pictures are resized to 16 x 16 (bilinear), mean 0.485 0.456 0.406, std 0.229 0.224 0.225 (no preprocessor_config.json was given).',
    );
    const open = await openCorpus('optimum-vit');
    const sized = await readExamples(
      open,
      filesOf({ 'a.png': pngOf(20, 9, 1), 'config.json': { image_size: 16 } }),
    );
    expect(sized.inputs.inputs[0]!.shape).toEqual([1, 3, 16, 16]);
    const usual = await readExamples(open, filesOf({ 'a.png': pngOf(20, 9, 1) }));
    expect(usual.inputs.inputs[0]!.shape).toEqual([1, 3, 224, 224]);
  });

  it('have answers by folder, or in a table by file', async () => {
    const pictures = {
      'set/dog/1.png': pngOf(4, 4, 3),
      'set/cat/1.png': pngOf(4, 4, 3),
      'set/cat/2.png': pngOf(4, 4, 3),
    };
    const labels = async (more: object) => {
      const { inputs } = await readExamples(vit, filesOf({ ...pictures, ...more }));
      return [...(inputs.labels.get('labels')?.values ?? [])];
    };
    expect(await labels({})).toEqual([0, 0, 1]);
    expect(await labels({ 'config.json': { id2label: { 1: 'cat', 2: 'dog' } } })).toEqual([1, 1, 2]);
    expect(await labels({ 'l.csv': 'file,label\ncat/1.png,2\ncat/2.png,0\n./dog/1.png,1\n' })).toEqual([
      2, 0, 1,
    ]);
    const flat = await readExamples(vit, filesOf({ 'x/1.png': pngOf(4, 4, 3), 'x/2.png': pngOf(4, 4, 3) }));
    expect(flat.inputs.labels.size).toBe(0);
  });

  const png = { 'a.png': pngOf(8, 8, 3) };
  it.each([
    [{ ...png, 'l.csv': 'file,label\nb.png,1\n' }, 'l.csv: must have a row for, got "a.png"'],
    [
      { ...png, 'l.csv': 'name,label\na.png,1\n' },
      'l.csv: must have the columns file and label, got ["name","label"]',
    ],
    [{ 'a.png': pngOf(8, 8, 3).subarray(0, 60) }, 'a.png: must be a sound picture (is it cut off?)'],
    [
      { ...png, 'preprocessor_config.json': { ...processor, size: { height: 8, width: 8 } } },
      'a.png: must be 16 wide, as the graph takes it',
    ],
    [
      { ...png, 'preprocessor_config.json': { ...processor, image_std: [0, 1, 1] } },
      'preprocessor_config.json: image_std must be above 0',
    ],
    [
      { ...png, 'preprocessor_config.json': { ...processor, image_mean: [1, 2] } },
      'image_mean must have one number a channel (3), got 2',
    ],
    [
      { ...png, 'preprocessor_config.json': { ...processor, size: { height: 0, width: 1 } } },
      'size.height must be a whole number from 1 to 4096, got 0',
    ],
    [
      { 'a.png': pngOf(8, 8, 3), 'b.png': pngOf(9, 8, 3), 'preprocessor_config.json': { do_resize: false } },
      'a.png: must be 16 wide',
    ],
    [
      { 'a.txt': lines, ...words },
      'examples: cannot be texts: the graph has no input of token ids, got "a.txt"',
    ],
  ])('%j are refused', async (files, message) => {
    await expect(readExamples(vit, filesOf(files))).rejects.toThrow(message);
  });
});

describe('arrays', () => {
  const ids = arrayOf({ dtype: 'I64', shape: [2, 3], values: Float64Array.of(1, 2, 3, 4, 5, 6) });

  it('go by the names of their files; one alone is what the graph takes first', async () => {
    const mask = npy('<i8', '2, 3', BigInt64Array.of(1n, 1n, 0n, 1n, 1n, 1n));
    const named = { 'd/input_ids.npy': ids, 'attention_mask.npy': mask, 'token_type_ids.npy': ids };
    const { inputs } = await readExamples(
      bert,
      filesOf({ ...named, 'labels.npy': npy('<i4', '2,', Int32Array.of(0, 2)) }),
    );
    expect(inputs.mask).not.toBeNull();
    expect([...inputs.labels.get('labels')!.values]).toEqual([0, 2]);
    const alone = await readExamples(bert, filesOf({ 'whatever.npy': ids }));
    expect(shapes(alone.inputs)).toEqual({
      input_ids: [2, 3],
      attention_mask: [2, 3],
      token_type_ids: [2, 3],
    });
    expect(alone.told).toEqual(['The array is taken as input_ids.']);
    const packed = await readExamples(
      bert,
      filesOf({ 'a.npz': npzOf({ input_ids: ids, attention_mask: mask, token_type_ids: ids }) }),
    );
    expect(packed.inputs.count).toBe(2);
  });

  it('that are damaged are refused by name', async () => {
    await expect(readExamples(bert, filesOf({ 'x.npy': ids.subarray(0, 90) }))).rejects.toThrow(
      /^x.npy: .*cut off/,
    );
    const nan = npy('<f4', '1, 3', Float32Array.of(1, NaN, 2));
    await expect(readExamples(bert, filesOf({ 'x.npy': nan }))).rejects.toThrow(
      'x.npy: element 1 must be finite, got NaN',
    );
  });
});
