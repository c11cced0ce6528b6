import { describe, expect, it } from 'vitest';
import { InputError } from '../base/checks.ts';
import { createRandom } from '../base/random.ts';
import { arrayOf, npzOf, openCorpus } from '../../engines/ort/user-inputs.fixture.ts';
import { npy } from '../workload/npy.fixture.ts';
import { changed, tensorValue, type Extent } from './edit-messages.ts';
import { withProto } from './edit.ts';
import type { OnnxDtype, OnnxModel } from './model.ts';
import { hasGraphInputs, readInputs, someInputs } from './user-inputs.ts';

const { onnx } = await openCorpus('hand-gemm');

/** A graph of which only inputs and outputs are looked at. */
function graphOf(
  inputs: Readonly<Record<string, readonly [OnnxDtype, readonly Extent[]]>>,
  outputs: readonly string[] = ['logits'],
): OnnxModel {
  const graph = changed(onnx.proto.graph!, {
    input: Object.entries(inputs).map(([name, [dtype, extents]]) => tensorValue(name, dtype, extents)),
    output: outputs.map((name) => tensorValue(name, 'F32', ['batch', 4])),
  });
  return withProto(onnx, changed(onnx.proto, { graph }));
}

const text = graphOf({
  input_ids: ['I64', ['batch', 'sequence']],
  attention_mask: ['I64', ['batch', 'sequence']],
});
const picture = graphOf({ image: ['F32', ['batch', 3, 'height', 2]] });

const ids = (shape: string, ...values: number[]): Uint8Array => npy('<i4', shape, Int32Array.from(values));
const mask = arrayOf({ dtype: 'I64', shape: [2, 3], values: new Float64Array(6).fill(1) });
const sound = { input_ids: ids('2, 3', 1, 2, 3, 4, 5, 6), attention_mask: mask };

describe("a person's examples", () => {
  it('are converted to the types of the graph and cut into batches', () => {
    const inputs = readInputs(text, npzOf(sound));
    expect(inputs).toMatchObject({ count: 2, batch: null });
    expect(someInputs(inputs, 1, 1)).toEqual([
      { name: 'input_ids', dtype: 'I64', shape: [1, 3], values: Float64Array.of(4, 5, 6) },
      { name: 'attention_mask', dtype: 'I64', shape: [1, 3], values: Float64Array.of(1, 1, 1) },
    ]);
    const half = npy('<f2', '1, 3, 1, 2', Uint16Array.of(0x3c00, 0xc000, 0x3800, 0, 0, 0));
    const [image] = someInputs(readInputs(picture, npzOf({ image: half })), 0, 1);
    expect(image).toMatchObject({ dtype: 'F32', shape: [1, 3, 1, 2] });
    expect([...image!.values]).toEqual([1, -2, 0.5, 0, 0, 0]);
  });

  it('may be for one layer alone', () => {
    expect(hasGraphInputs(text, npzOf(sound))).toBe(true);
    expect(hasGraphInputs(text, npzOf({ other: mask }))).toBe(false);
    expect(hasGraphInputs(text, mask)).toBe(false);
  });

  it('have labels where an array is named so, and other arrays are left alone', () => {
    const labels = ids('2,', 3, -100);
    const { labels: found } = readInputs(text, npzOf({ ...sound, labels, token_type_ids: mask }));
    expect([...found]).toEqual([['labels', { shape: [2], values: Float64Array.of(3, -100) }]]);
    const span = graphOf({ tokens: ['I64', ['batch', 3]] }, ['start_logits', 'end_logits']);
    const given = { tokens: ids('2, 3', 1, 2, 3, 4, 5, 6), start: labels, end: labels };
    expect([...readInputs(span, npzOf(given)).labels.keys()]).toEqual(['start', 'end']);
    const named = { ...sound, 'logits/labels': labels, logits: npy('<f4', '2, 4', new Float32Array(8)) };
    expect([...readInputs(text, npzOf(named)).labels.keys()]).toEqual(['logits/labels']);
  });

  it('come in the batches that the graph fixes; what has no axis of examples goes in whole', () => {
    const fixed = graphOf({ x: ['F32', [2, 3]], scale: ['F32', []] });
    const x = npy('<f4', '4, 3', new Float32Array(12));
    const scale = npy('<f8', '', Float64Array.of(0.5));
    const inputs = readInputs(fixed, npzOf({ x, scale }));
    expect(inputs).toMatchObject({ count: 4, batch: 2 });
    expect(someInputs(inputs, 2, 2).map(({ shape }) => shape)).toEqual([[2, 3], []]);
    expect(() => readInputs(fixed, npzOf({ x: npy('<f4', '3, 3', new Float32Array(9)), scale }))).toThrow(
      'inputs: examples must be a multiple of 2, the batch that the graph fixes, got 3',
    );
    const places = graphOf({ x: ['F32', ['batch', 3]], places: ['I64', [1, 3]] });
    const both = readInputs(places, npzOf({ x, places: ids('1, 3', 0, 1, 2) }));
    expect(someInputs(both, 3, 1).map(({ shape }) => shape)).toEqual([
      [1, 3],
      [1, 3],
    ]);
  });

  it('need no cache of a past that is empty', () => {
    const decoder = graphOf({
      input_ids: ['I64', ['batch', 'sequence']],
      'past.0.key': ['F32', ['batch', 2, 'past_sequence', 12]],
    });
    const inputs = readInputs(decoder, npzOf({ input_ids: sound.input_ids }));
    expect(someInputs(inputs, 1, 1)[1]).toEqual({
      name: 'past.0.key',
      dtype: 'F32',
      shape: [1, 2, 0, 12],
      values: new Float64Array(),
    });
  });

  const float = (shape: string, values: Float32Array) => npzOf({ image: npy('<f4', shape, values) });
  it.each([
    [text, mask, 'inputs: must be a .npz with one array per input of the graph'],
    [
      text,
      npzOf({ input_ids: sound.input_ids }),
      'inputs: must have the array attention_mask (int64 [batch, sequence]), got ["input_ids"]',
    ],
    [
      text,
      npzOf({ ...sound, input_ids: npy('<f4', '2, 3', new Float32Array(6)) }),
      'inputs: array input_ids must be of int64, got "float32"',
    ],
    [
      picture,
      npzOf({ image: npy('|b1', '1, 3, 1, 2', new Uint8Array(6)) }),
      'inputs: array image must be of float32, got "bool"',
    ],
    [
      picture,
      float('1, 3, 1, 3', new Float32Array(9)),
      'inputs: array image must have the extent 2 on axis 3, got [1,3,1,3]',
    ],
    [
      picture,
      float('1, 6', new Float32Array(6)),
      'inputs: array image must have the shape [batch, 3, height, 2], got [1,6]',
    ],
    [
      picture,
      float('1, 3, 1, 2', new Float32Array(6).fill(NaN, 4)),
      'npz: array image: element 4 must be finite, got NaN',
    ],
    [
      text,
      npzOf({ ...sound, input_ids: ids('2, 2', 1, 2, 3, 4) }),
      'inputs: array attention_mask must have 2 sequence on axis 1, as input_ids has, got 3',
    ],
    [
      graphOf({ a: ['I64', ['batch', 2]], b: ['I64', ['rows', 2]] }),
      npzOf({ a: ids('2, 2', 1, 2, 3, 4), b: ids('1, 2', 1, 2) }),
      'inputs: b must have 2 examples, as a has, got 1',
    ],
    [
      graphOf({ few: ['I32', ['batch']] }),
      npzOf({ few: npy('<i8', '1,', BigInt64Array.of(2n ** 40n)) }),
      'inputs: array few must hold int32 (element 0), got 1099511627776',
    ],
    [
      text,
      npzOf({ ...sound, labels: npy('<f4', '2,', new Float32Array(2)) }),
      'inputs: array labels must hold whole numbers, got "float32"',
    ],
    [
      text,
      npzOf({ ...sound, labels: ids('3,', 1, 2, 3) }),
      'inputs: array labels must have 2 examples, got [3]',
    ],
  ])('%#: what does not fit is named', (model, bytes, message) => {
    expect(() => readInputs(model, bytes)).toThrow(message);
  });

  it('that are cut off are refused', () => {
    const bytes = npzOf(sound);
    expect(() => readInputs(text, bytes.subarray(0, bytes.length - 30))).toThrow(/^npz: file must be sound/);
  });

  it('that are damaged are refused or read, never more', () => {
    const random = createRandom(1);
    const whole = npzOf(sound);
    let refused = 0;
    for (let round = 0; round < 600; round++) {
      const bytes = whole.slice();
      for (let k = 0; k < 3; k++) bytes[random.below(bytes.length)] = random.below(256);
      try {
        readInputs(text, bytes);
      } catch (error) {
        refused++;
        if (!(error instanceof InputError)) throw error;
      }
    }
    expect(refused).toBeGreaterThan(150);
  });
});
