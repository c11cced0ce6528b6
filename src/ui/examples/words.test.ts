import { expect, it } from 'vitest';
import { foundText, natsText } from './words.ts';

it('examples are told in their own words', () => {
  const found = {
    kind: 'text',
    count: 1048,
    calibration: 512,
    heldOut: 524,
    isLabelled: false,
    told: [],
  } as const;
  expect(foundText(found)).toBe('1,048 texts: 512 tell what layers read, 524 are measured on; no labels');
  expect(foundText({ ...found, kind: 'pictures', count: 1, isLabelled: true })).toMatch(
    /^1 picture: .*; with labels$/,
  );
});

it('small divergences are told by their order', () => {
  expect([0, 0.02134, 1.5, 3.21e-6].map(natsText)).toEqual(['0.0000', '0.0213', '1.5000', '3.2e−6']);
});
