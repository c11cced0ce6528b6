/**
 * Weights as a quantization stores them, and how many bits that takes. Scales are found by search: the clip of least
 * squared error, not the largest weight (as GPTQ's and AWQ's reference code searches it). fp4: E2M1 elements of the OCP
 * Microscaling specification 1.0, 5.3.3; groups of 32 and more have its power-of-two scales (E8M0), smaller ones
 * NVFP4's: E4M3 relative to one float32 per tensor. Palettes: `palette.ts`.
 *
 * Groups are neighbours along the last axis, which is the input of a dense [out, in]; the last group of a row is shorter
 * where the axis does not divide.
 */
import { check, invariant } from '../base/checks.ts';
import { paletteOf } from './palette.ts';
import { smallestMxGroup, weightBits, type Quantization } from './quantization.ts';
import { product } from './tensorization.ts';

export interface Quantized {
  /** What is multiplied by: the stored weights times their scales. */
  readonly values: Float64Array;
  /** Stored, with scales and palette; 32 a weight without quantization. */
  readonly bits: number;
}

/** fp16 scales end there. */
const largestHalf = 65504;

/**
 * @param values of one factor, row-major
 * @throws InputError when weights are not finite or larger than the scales can hold
 */
export function quantizeWeights(values: Float64Array, shape: readonly number[], q: Quantization): Quantized {
  invariant(values.length === product(shape), `${shape.join(' x ')} of ${values.length} weights`);
  check(values.every(Number.isFinite), 'weights', 'must be finite numbers');
  if (q.kind === 'none') return { values, bits: 32 * values.length };
  const row = shape.at(-1) ?? 1;
  const bits = Math.round(values.length * (weightBits(q, { row, count: values.length }) ?? 0));
  return { values: values.length === 0 ? values : stored(values, row, q), bits };
}

function stored(values: Float64Array, row: number, q: Exclude<Quantization, { kind: 'none' }>): Float64Array {
  switch (q.kind) {
    case 'int':
      return byGroups(values, row, q.group === 'row' ? row : q.group, (group) =>
        roundToIntegers(group, q.bits),
      );
    case 'w8a8':
      return byGroups(values, row, row, (group) => roundToIntegers(group, 8));
    case 'fp4': {
      if (q.group >= smallestMxGroup) return byGroups(values, row, q.group, roundToMx);
      const tensorScale = Math.fround(largest(values) / (largestE2m1 * largestE4m3));
      return byGroups(values, row, q.group, (group) => roundToNvfp4(group, tensorScale));
    }
    case 'palette':
      return paletteOf(values, 2 ** q.bits, (value) => roundToHalf(value));
    default:
      return q satisfies never;
  }
}

function byGroups(
  values: Float64Array,
  row: number,
  group: number,
  round: (group: Float64Array) => Float64Array,
): Float64Array {
  const result = new Float64Array(values.length);
  for (let at = 0; at < values.length; at += row)
    for (let from = 0; from < row; from += group) {
      const start = at + from;
      result.set(round(values.subarray(start, at + Math.min(row, from + group))), start);
    }
  return result;
}

function largest(values: Float64Array): number {
  let most = 0;
  for (const value of values) most = Math.max(most, Math.abs(value));
  return most;
}

// The search for a scale.

/** Shares of the largest weight that the clip may be at; below half of it nothing is gained even with 3 bits. */
const clips = Array.from({ length: 25 }, (_, k) => 1 - k / 48);

function search(
  group: Float64Array,
  scales: readonly number[],
  round: (value: number, scale: number) => number,
): Float64Array {
  const best = searchScale(group, scales, round);
  return group.map((value) => round(value, best));
}

/** The scale among the candidates whose rounding is nearest to the group. */
function searchScale(
  group: Float64Array,
  scales: readonly number[],
  round: (value: number, scale: number) => number,
): number {
  let best = 0;
  let least = Infinity;
  for (const scale of scales) {
    let error = 0;
    for (let i = 0; i < group.length && error < least; i++)
      error += (group[i]! - round(group[i]!, scale)) ** 2;
    if (error < least) [least, best] = [error, scale];
  }
  return best;
}

// Integers.

function roundToIntegers(group: Float64Array, bits: number): Float64Array {
  const scale = integerScale(group, bits);
  return group.map((value) => integerCode(value, scale, bits) * scale);
}

/** The integer that stands for a weight, from -(2^(bits - 1) - 1) to 2^(bits - 1) - 1. */
export function integerCode(value: number, scale: number, bits: number): number {
  if (scale === 0) return 0;
  const code = Math.min(2 ** (bits - 1) - 1, Math.round(Math.abs(value) / scale));
  return value < 0 ? -code : code;
}

/** What the integers of a group are multiplied by, an fp16 number. */
export function integerScale(group: Float64Array, bits: number): number {
  const most = 2 ** (bits - 1) - 1;
  const whole = largest(group) / most;
  check(
    whole <= largestHalf,
    'weights',
    `must be at most ${largestHalf * most} for int${bits}`,
    whole * most,
  );
  // Sixteen bits clip nothing: their steps are finer than what a clip could gain.
  const scales = (bits > 8 ? [1] : clips).map((clip) => roundToHalf(whole * clip));
  return searchScale(group, scales, (value, scale) => integerCode(value, scale, bits) * scale);
}

// Small floats.

/** Nearest number with so many mantissa bits, ties to even; below `smallestExponent` steps stay equal. */
function roundToFloat(value: number, mantissa: number, smallestExponent: number, most: number): number {
  const size = Math.abs(value);
  if (size === 0) return 0;
  const exponent = Math.max(smallestExponent, Math.floor(Math.log2(size)));
  const step = 2 ** (exponent - mantissa);
  const steps = size / step;
  const down = Math.floor(steps);
  const rest = steps - down;
  const up = rest > 0.5 || (rest === 0.5 && down % 2 === 1);
  const rounded = Math.min(most, (up ? down + 1 : down) * step);
  return value < 0 ? -rounded : rounded;
}

const roundToHalf = (value: number): number => {
  check(Math.abs(value) < largestHalf + 16, 'weights', `must be at most ${largestHalf}`, value);
  return roundToFloat(value, 10, -14, largestHalf);
};

const largestE4m3 = 448;
/** 0 0.5 1 1.5 2 3 4 6 and their negatives. */
const largestE2m1 = 6;
const largestE2m1Exponent = 2;
/** E8M0: powers of two from 2^-127 to 2^127. */
const mostScaleExponent = 127;

const roundToE2m1 = (value: number): number => roundToFloat(value, 1, 0, largestE2m1);

const roundScaled = (value: number, scale: number): number =>
  scale === 0 ? 0 : roundToE2m1(value / scale) * scale;

function roundToMx(group: Float64Array): Float64Array {
  const most = largest(group);
  if (most === 0) return group.slice();
  // The specification's exponent, one more (nothing clipped) and one less.
  const exponent = Math.floor(Math.log2(most)) - largestE2m1Exponent;
  check(exponent < mostScaleExponent, 'weights', `must be below 2^${mostScaleExponent + 2} for fp4`, most);
  const scales = [0, 1, -1].map((more) => 2 ** Math.max(-mostScaleExponent, exponent + more));
  return search(group, scales, roundScaled);
}

function roundToNvfp4(group: Float64Array, tensorScale: number): Float64Array {
  check(Number.isFinite(tensorScale), 'weights', 'must be within float32 for fp4', largest(group));
  if (tensorScale === 0) return new Float64Array(group.length);
  const whole = largest(group) / largestE2m1 / tensorScale;
  const scales = clips.map((clip) => roundToFloat(whole * clip, 3, -6, largestE4m3) * tensorScale);
  return search(group, scales, roundScaled);
}
