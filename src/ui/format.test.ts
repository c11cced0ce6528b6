import { describe, expect, it } from 'vitest';
import {
  energyScale,
  formatBytes,
  formatChange,
  formatCount,
  formatEnergy,
  formatExact,
  formatLatency,
  formatMemory,
  formatNumber,
  formatPercent,
  formatRatio,
  formatRatioShort,
  formatSigned,
  inline,
  sayGain,
} from './format.ts';

describe('numbers', () => {
  it.each([
    [999_999, '999,999'],
    [1_000_000, '1.00M'],
    [1_036_800, '1.04M'],
    [85_054_464, '85.1M'],
    [108_893_186, '109M'],
    [999_600_000, '1.00G'],
    [7_000_000_000, '7.00G'],
    [-1_500_000, '\u22121.50M'],
    [Number.NaN, '\u2013'],
  ])('counts %d as %s', (value, text) => expect(formatCount(value)).toBe(text));

  it.each([
    [1, '1.00×'],
    [6.288, '6.29×'],
    [9.994, '9.99×'],
    [9.996, '10.0×'],
    [29.9, '29.9×'],
    [63.4, '63×'],
    [0.063, '0.06×'],
    [Number.POSITIVE_INFINITY, '\u2013'],
  ])('writes the factor %d as %s', (value, text) => expect(formatRatio(value)).toBe(text));

  it.each([
    [0.0004, '<0.001×'],
    [0.0042, '0.004×'],
    [0.063, '0.06×'],
    [6.28, '6.3×'],
    [63.4, '63×'],
  ])('writes the small factor %d as %s', (value, text) => expect(formatRatioShort(value)).toBe(text));

  it.each([
    [33.2, '+33%'],
    [-25.4, '\u221225%'],
    [0.3, '0%'],
    [-0.3, '0%'],
  ])('writes the change %d as %s', (value, text) => expect(formatChange(value)).toBe(text));

  it('writes a true minus and no negative zero', () => {
    expect(formatSigned(-1.468)).toBe('\u22121.47');
    expect(formatSigned(0.2)).toBe('+0.20');
    expect(formatNumber(-0.001)).toBe('0.00');
    expect(formatPercent(93.08)).toBe('93.1%');
    expect(formatExact(2_359_296)).toBe('2,359,296');
  });
});

describe('quantities', () => {
  it.each([
    [0.23, 'pJ', '0.23 pJ'],
    [64, 'pJ', '64 pJ'],
    [6.22e9, 'pJ', '6.22 mJ'],
    [1.488e10, 'pJ', '14.9 mJ'],
    [2.5e12, 'pJ', '2.50 J'],
  ])('energy %d in %s', (value, unit, text) => expect(inline(formatEnergy(value, unit))).toBe(text));

  it('never calls relative energies joules', () => {
    const unit = 'relative (MAC = 1)';
    expect(inline(formatEnergy(6.22e9, unit))).toBe('6.22 G × MAC');
    expect(energyScale(1e13, unit).unit).not.toMatch(/J/);
  });

  it('latency from cycles and clock', () => {
    expect(inline(formatLatency(4_230_000, 1e9))).toBe('4.23 ms');
    expect(inline(formatLatency(500, 2e8))).toBe('2.50 µs');
  });

  it('memory in powers of 1,024, traffic in powers of 1,000', () => {
    expect(inline(formatMemory(65_536))).toBe('64.0 KiB');
    expect(inline(formatMemory(64))).toBe('64 B');
    expect(inline(formatBytes(57_000_000))).toBe('57.0 MB');
  });
});

describe('sentences', () => {
  it('says which way is better', () => {
    expect(sayGain(5.2)).toBe('EDP 5.20× lower');
    expect(sayGain(0.5)).toBe('EDP 2.00× higher');
    expect(sayGain(1)).toBe('EDP as dense');
  });
});
