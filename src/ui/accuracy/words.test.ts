import { expect, it } from 'vitest';
import { measuringText } from './words.ts';

it('progress names the point of the frontier, never one too many', () => {
  expect(measuringText('rebuilding', null)).toBe('decomposing layers');
  expect(measuringText('measuring', { done: 2, of: 8 })).toBe('frontier point 3 of 8: running examples');
  expect(measuringText('measuring', { done: 8, of: 8 })).toMatch(/^frontier point 8 of 8/);
});
