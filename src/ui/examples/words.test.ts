import { expect, it } from 'vitest';
import { foundText, measuringText, natsText } from './words.ts';

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

it('progress names the point of the frontier, never one too many', () => {
  expect(measuringText('rebuilding', null)).toBe('decomposing layers');
  expect(measuringText('measuring', { done: 2, of: 8 })).toBe('frontier point 3 of 8: running examples');
  expect(measuringText('measuring', { done: 8, of: 8 })).toMatch(/^frontier point 8 of 8/);
});

it('small divergences are told by their order', () => {
  expect([0, 0.02134, 1.5, 3.21e-6].map(natsText)).toEqual(['0.0000', '0.0213', '1.5000', '3.2e−6']);
});
