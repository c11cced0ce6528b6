import { describe, expect, it } from 'vitest';
import { classIdsOf, classNumbers } from './classes.ts';

const ids = classIdsOf({ label2id: { dog: 1, cat: 0 } });

describe('right answers', () => {
  it('are numbers as they stand, or names by the config', () => {
    expect([...classNumbers(['3', ' -100', 2], null, 'x')]).toEqual([3, -100, 2]);
    expect([...classNumbers(['dog', 'cat', 'dog'], ids, 'x')]).toEqual([1, 0, 1]);
    expect([...classNumbers([1, 0], ids, 'x')]).toEqual([1, 0]);
    expect(classIdsOf({ id2label: { 0: 'cat', 1: 'dog' } })).toEqual(new Map([...ids!].toReversed()));
    expect([classIdsOf({}), classIdsOf(undefined), classIdsOf({ label2id: { a: 'x' } })]).toEqual([
      null,
      null,
      null,
    ]);
  });

  it('are names in alphabetical order without a config', () => {
    expect([...classNumbers(['pear', 'apple', 'pear', 'fig'], null, 'x')]).toEqual([2, 0, 2, 1]);
  });

  it.each([
    [['bird'], 'x: must be among the 2 classes of config.json, got "bird"', ids],
    [['1', 'pear'], 'x: must be either numbers or names, got "pear"', null],
    [['pear', 'pear'], 'x: must be of two classes at least, or have a config.json beside, got "pear"', null],
    [[undefined], 'x: must be numbers or names of classes, got null', null],
    [[[1]], 'x: must be numbers or names of classes, got [1]', null],
  ])('%j is refused', (values, message, known) => {
    expect(() => classNumbers(values, known, 'x')).toThrow(message);
  });
});
