import { describe, expect, it } from 'vitest';
import { dissimilarity, glyphCount, glyphImage, glyphTask, leastDissimilarity } from './glyphs.ts';
import { seeds, type Examples } from './task.ts';

const pixels = 24 * 24;
const imagesOf = ({ inputs }: Examples): Float32Array => inputs['image']?.values as Float32Array;
const labelsOf = ({ labels }: Examples): readonly number[] => [...(labels['labels'] ?? [])];
const at = (examples: Examples, k: number): Float32Array =>
  imagesOf(examples).subarray(k * pixels, (k + 1) * pixels);

describe('the glyphs', () => {
  it('differ: wherever two are laid on each other, each keeps ink of its own', () => {
    for (let a = 0; a < glyphCount; a++)
      for (let b = 0; b < a; b++)
        expect(dissimilarity(glyphImage(a), glyphImage(b))).toBeGreaterThanOrEqual(leastDissimilarity);
    expect(dissimilarity(glyphImage(3), glyphImage(3))).toBe(0);
  });

  it('a glyph moved by two pixels is still the same glyph', () => {
    const moved = new Float32Array(pixels);
    moved.set(glyphImage(5).subarray(0, pixels - 2 * 24), 2 * 24);
    expect(dissimilarity(glyphImage(5), moved)).toBeLessThan(1e-6);
  });
});

describe('examples of glyphs', () => {
  const many = glyphTask.examples(seeds.heldOut, 0, 2_000);

  it('depend on seed and index alone', () => {
    const part = glyphTask.examples(seeds.heldOut, 700, 3);
    for (let k = 0; k < 3; k++) expect(at(part, k)).toEqual(at(many, 700 + k));
    expect(labelsOf(part)).toEqual(labelsOf(many).slice(700, 703));
    expect(at(glyphTask.examples(seeds.training, 0, 1), 0)).not.toEqual(at(many, 0));
    expect(glyphTask.examples(1, 0, 0).count).toBe(0);
  });

  it('have the shape that the model takes', () => {
    expect(many.inputs['image']?.shape).toEqual([2_000, 24, 24]);
    expect(imagesOf(many).length).toBe(2_000 * pixels);
    expect(imagesOf(many).every(Number.isFinite)).toBe(true);
  });

  it('no stream shares an example with another', () => {
    const known = new Set<number>();
    for (const seed of Object.values(seeds)) {
      const images = imagesOf(glyphTask.examples(seed, 0, 1_000));
      for (let k = 0; k < 1_000; k++) known.add(images[k * pixels]! + 10 * images[k * pixels + 300]!);
    }
    expect(known.size).toBe(3_000);
  });

  it('every glyph is as likely as any other', () => {
    const counts = new Array<number>(glyphCount).fill(0);
    for (const label of labelsOf(many)) counts[label] = (counts[label] ?? 0) + 1;
    const expected = 2_000 / glyphCount;
    const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // 31 degrees of freedom: 61.1 is passed once in a thousand.
    expect(chiSquare).toBeLessThan(61.1);
  });

  it('have paper with noise of 0.12 and ink about 1', () => {
    // Corners are all but always paper.
    const corners = Array.from({ length: 2_000 }, (_, k) => at(many, k)[23]!).filter((value) => value < 0.5);
    const mean = corners.reduce((sum, value) => sum + value, 0) / corners.length;
    const deviation = Math.sqrt(
      corners.reduce((sum, value) => sum + (value - mean) ** 2, 0) / corners.length,
    );
    expect(corners.length).toBeGreaterThan(1_900);
    expect(deviation).toBeGreaterThan(0.11);
    expect(deviation).toBeLessThan(0.13);
    const brightest = Array.from({ length: 2_000 }, (_, k) => Math.max(...at(many, k)));
    expect(Math.min(...brightest)).toBeGreaterThan(0.9);
  });

  it('resemble their own glyph most: nearest glyph by least dissimilarity of the ink', () => {
    const right = labelsOf(many)
      .slice(0, 60)
      .filter((label, k) => {
        const ink = at(many, k).map((value) => (value > 0.5 ? 1 : 0));
        let best = 0;
        let least = Infinity;
        for (let glyph = 0; glyph < glyphCount; glyph++) {
          const distance = dissimilarity(glyphImage(glyph), ink);
          if (distance < least) [best, least] = [glyph, distance];
        }
        return best === label;
      });
    // A crude reader without turning or scaling is far above chance (2 of 60).
    expect(right.length).toBeGreaterThan(30);
  });

  it('are refused without a sound seed', () => {
    expect(() => glyphTask.examples(-1, 0, 1)).toThrow('seed: must be a whole number');
    expect(() => glyphTask.examples(1, 0, 1.5)).toThrow('examples: must be a whole number');
  });
});

describe('answers to glyphs', () => {
  it('are the largest logit; the first where two are equal', () => {
    const logits = new Float32Array(3 * glyphCount);
    logits[7] = 1;
    logits[glyphCount + 31] = -1;
    logits[2 * glyphCount + 4] = 2;
    logits[2 * glyphCount + 9] = 2;
    expect([...glyphTask.answers({ logits }, 3)]).toEqual([7, 0, 4]);
  });

  it('truth is the label', () => {
    const examples = glyphTask.examples(9, 0, 5);
    expect([...glyphTask.truth(examples)]).toEqual(labelsOf(examples));
  });
});
