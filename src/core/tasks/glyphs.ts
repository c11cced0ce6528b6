/**
 * The glyph task: which of 32 stroke glyphs is on a noisy image of 24 x 24 pixels. A glyph is 3 or 4 Bezier strokes
 * between points of a 3 x 3 lattice; each example turns, scales, shears and shifts it, draws it with a pen of its own,
 * adds one stroke that belongs to no glyph, and noise. The glyphs themselves never change: they come from one seed and
 * are taken only when no other one looks alike.
 */
import { createRandom, type Random } from '../base/random.ts';
import { checkStream, randomOf, spread } from './stream.ts';
import { draw, placed, type Pose, type Stroke } from './strokes.ts';
import { taskScores, type Task } from './task.ts';

export const glyphCount = 32;
/** Pixels along a side. */
export const glyphSide = 24;
const pixels = glyphSide * glyphSide;

/** How far an example is from its glyph: each uniform within +- its figure or between its ends. */
const variation = {
  rotation: 0.15,
  scale: [0.75, 1],
  shear: 0.12,
  shift: 0.15,
  halfWidth: [0.06, 0.11],
  /** Length of the stroke that belongs to no glyph. */
  distractor: [0.3, 0.7],
  /** Standard deviation of each pixel. */
  noise: 0.12,
} as const;

const between = (random: Random, [low, high]: readonly [number, number]): number =>
  low + (high - low) * random.next();

const prototypeSeed = 32;
/** Lattice points lie this far from the centre. */
const lattice = 0.7;
const straightShare = 0.5;

/** A stroke between two lattice points, straight or bent towards a third. */
function latticeStroke(random: Random): Stroke {
  const at = (point: number): readonly [number, number] => [
    lattice * ((point % 3) - 1),
    lattice * (Math.floor(point / 3) - 1),
  ];
  const from = random.below(9);
  const to = (from + 1 + random.below(8)) % 9;
  const [x0, y0] = at(from);
  const [x2, y2] = at(to);
  if (random.next() < straightShare) return [x0, y0, (x0 + x2) / 2, (y0 + y2) / 2, x2, y2];
  const [x1, y1] = at(random.below(9));
  return [x0, y0, x1, y1, x2, y2];
}

interface Glyph {
  readonly strokes: readonly Stroke[];
  /** Drawn without variation, [24, 24]. */
  readonly image: Float32Array;
}

function drawn(strokes: readonly Stroke[]): Float32Array {
  const image = new Float32Array(pixels);
  for (const stroke of strokes) draw(image, 0, glyphSide, stroke, 0.085);
  return image;
}

/** Ink of a that b, moved by whole pixels, leaves uncovered, as a share of a's ink. */
function uncovered(a: Float32Array, b: Float32Array, right: number, down: number): number {
  let ink = 0;
  let left = 0;
  for (let row = 0; row < glyphSide; row++)
    for (let column = 0; column < glyphSide; column++) {
      const value = a[row * glyphSide + column]!;
      const [r, c] = [row - down, column - right];
      const inside = r >= 0 && r < glyphSide && c >= 0 && c < glyphSide;
      ink += value;
      left += Math.max(0, value - (inside ? b[r * glyphSide + c]! : 0));
    }
  return left / ink;
}

const largestMove = 2;

/** How little two glyphs overlap where they overlap best: 0 = one covers the other, 1 = they share no ink. */
export function dissimilarity(a: Float32Array, b: Float32Array): number {
  let least = 1;
  for (let down = -largestMove; down <= largestMove; down++)
    for (let right = -largestMove; right <= largestMove; right++) {
      // Both ways: a stroke more must not make another glyph, for any example has a stroke more.
      const both = Math.min(uncovered(a, b, right, down), uncovered(b, a, -right, -down));
      least = Math.min(least, both);
    }
  return least;
}

/** Two glyphs leave at least this share of each other uncovered. */
export const leastDissimilarity = 0.3;
const inkBounds = [60, 170] as const;

function makeGlyphs(): readonly Glyph[] {
  const random = createRandom(prototypeSeed);
  const taken: Glyph[] = [];
  while (taken.length < glyphCount) {
    const strokes = Array.from({ length: 3 + random.below(2) }, () => latticeStroke(random));
    const image = drawn(strokes);
    const ink = image.reduce((sum, value) => sum + value, 0);
    if (ink < inkBounds[0] || ink > inkBounds[1]) continue;
    if (taken.every((other) => dissimilarity(image, other.image) >= leastDissimilarity))
      taken.push({ strokes, image });
  }
  return taken;
}

let made: readonly Glyph[] | null = null;

/** The glyphs, made once: 0.1 s. */
function glyphs(): readonly Glyph[] {
  made ??= makeGlyphs();
  return made;
}

/** Glyph `label` without variation: [24, 24], 0 paper to 1 ink. */
export const glyphImage = (label: number): Float32Array => glyphs()[label]?.image ?? new Float32Array(pixels);

function pose(random: Random): Pose {
  const angle = spread(random, variation.rotation);
  const scale = between(random, variation.scale);
  const shear = spread(random, variation.shear);
  const [cosine, sine] = [scale * Math.cos(angle), scale * Math.sin(angle)];
  const x = spread(random, variation.shift);
  const y = spread(random, variation.shift);
  // Sheared first, then turned and scaled.
  return [cosine, cosine * shear - sine, sine, sine * shear + cosine, x, y];
}

/** A short bent stroke anywhere. */
function distractor(random: Random): Stroke {
  const angle = 2 * Math.PI * random.next();
  const half = between(random, variation.distractor) / 2;
  const [x, y] = [spread(random, 0.8), spread(random, 0.8)];
  const [dx, dy] = [half * Math.cos(angle), half * Math.sin(angle)];
  const bend = spread(random, 0.5);
  return [x - dx, y - dy, x - bend * dy, y + bend * dx, x + dx, y + dy];
}

/** Draws one example at `offset`; returns its label. */
function drawExample(image: Float32Array, offset: number, random: Random): number {
  const label = random.below(glyphCount);
  const where = pose(random);
  const halfWidth = between(random, variation.halfWidth);
  for (const stroke of glyphs()[label]!.strokes)
    draw(image, offset, glyphSide, placed(stroke, where), halfWidth);
  draw(image, offset, glyphSide, distractor(random), halfWidth);
  for (let pixel = offset; pixel < offset + pixels; pixel++)
    image[pixel] = image[pixel]! + variation.noise * random.normal();
  return label;
}

/** Position of the largest of `width` values from `offset` on. */
function largest(values: Float32Array, offset: number, width: number): number {
  let best = 0;
  for (let k = 1; k < width; k++) if (values[offset + k]! > values[offset + best]!) best = k;
  return best;
}

export const glyphTask: Task = {
  id: 'glyph-vit',
  score: taskScores['glyph-vit'],
  chance: 1 / glyphCount,
  examples: (seed, from, count) => {
    checkStream(seed, from, count);
    const values = new Float32Array(count * pixels);
    const labels = Int32Array.from({ length: count }, (_, k) =>
      drawExample(values, k * pixels, randomOf(seed, from + k)),
    );
    return { count, inputs: { image: { shape: [count, glyphSide, glyphSide], values } }, labels: { labels } };
  },
  answers: ({ logits = new Float32Array() }, count) =>
    Int32Array.from({ length: count }, (_, k) => largest(logits, k * glyphCount, glyphCount)),
  truth: ({ labels }) => labels['labels'] ?? new Int32Array(),
};
