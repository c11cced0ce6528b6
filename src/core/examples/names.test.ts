import { describe, expect, it } from 'vitest';
import { exampleRole, withGiven } from './names.ts';

const files = (...names: readonly string[]) => names.map((name) => ({ name }));
const names = (given: readonly { readonly name: string }[]) => given.map(({ name }) => name);

it.each([
  ['a.npz', 'arrays'],
  ['d/input_ids.NPY', 'array'],
  ['x.jsonl', 'table'],
  ['cats/1.JPEG', 'picture'],
  ['m/tokenizer.json', 'reader'],
  ['vocab.txt', null],
  ['special_tokens_map.json', null],
  ['model.onnx', null],
])('%s is %s', (name, role) => {
  expect(exampleRole(name)).toBe(role);
});

describe('more files', () => {
  it('add to what tells how examples are read, and take the place of other examples', () => {
    const text = withGiven(files('a.txt'), files('tokenizer.json', 'vocab.txt'));
    expect(names(text)).toEqual(['a.txt', 'tokenizer.json']);
    expect(names(withGiven(text, files('b.csv')))).toEqual(['tokenizer.json', 'b.csv']);
    expect(names(withGiven(text, files('new/tokenizer.json')))).toEqual(['a.txt', 'new/tokenizer.json']);
    expect(names(withGiven(text, files('x.npz')))).toEqual(['tokenizer.json', 'x.npz']);
  });

  it('may be labels of pictures, in either order', () => {
    const pictures = files('1.png', '2.png');
    expect(names(withGiven(pictures, files('l.csv')))).toEqual(['1.png', '2.png', 'l.csv']);
    expect(names(withGiven(files('l.csv'), pictures))).toEqual(['l.csv', '1.png', '2.png']);
    expect(names(withGiven(files('1.png', 'l.csv'), files('m.csv')))).toEqual(['1.png', 'm.csv']);
    expect(names(withGiven(pictures, files('3.png')))).toEqual(['3.png']);
    expect(names(withGiven(files('1.png', 'l.csv'), files('2.png', 'm.csv')))).toEqual(['2.png', 'm.csv']);
    expect(names(withGiven(pictures, files('x.npy')))).toEqual(['x.npy']);
  });
});
