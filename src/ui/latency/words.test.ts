import { describe, expect, it } from 'vitest';
import { findPath } from '../../core/einsum/path.ts';
import { forwardEinsum } from '../../core/factor/forward.ts';
import type { Spread } from '../../core/base/spread.ts';
import type { Device } from '../../state/latency-run.ts';
import { affordable, deviceName, formatMs, latencySentence, standing, type Work } from './words.ts';

const wasm: Device = { provider: 'wasm', threads: 1, adapter: null, software: false };
const software: Device = { provider: 'webgpu', threads: 1, adapter: 'google swiftshader', software: true };
const around = (median: number): Spread => ({ median, low: 0.95 * median, high: 1.05 * median, count: 30 });
const latency = (dense: number, factorized: number) => ({
  dense: around(dense),
  factorized: around(factorized),
});
const path = findPath(
  forwardEinsum({ format: 'tt', outModes: [6, 8], inModes: [4, 9], ranks: [3, 5, 4] }, 32),
);
const work: Work = { subject: 'layer', stored: null, macs: 2.1, predicted: 3.4, machine: 'ws8t', path };

describe('latency in words', () => {
  it('says how much faster, beside the model', () => {
    expect(latencySentence(wasm, latency(4.2, 2), work)).toBe(
      'On this device (WASM, one thread) the factorized layer is 2.10× faster; ws8t is modelled at 3.40× less delay.',
    );
  });

  it('says how factors are stored where that is not float32', () => {
    expect(latencySentence({ ...wasm, threads: 4 }, latency(4.2, 2), { ...work, stored: 'int8' })).toContain(
      'On this device (WASM, 4 threads) the factorized layer, stored as int8, is 2.10× faster; ',
    );
  });

  it('says plainly that it is slower, and why', () => {
    const said = latencySentence(wasm, latency(2, 2.6), work);
    expect(said).toContain('the factorized layer is 1.30× slower: it multiplies 2.10× less, but in ');
    expect(said).toMatch(/in \d products instead of one, the shortest sums of \d+ terms/);
    expect(latencySentence(wasm, latency(2, 2.6), { ...work, macs: 0.5 })).toContain(
      'it multiplies 2.00× more than dense, and in ',
    );
    expect(latencySentence(wasm, latency(2, 2.6), { ...work, subject: 'model', path: null })).toContain(
      'the factorized model is 1.30× slower: it multiplies 2.10× less, but in more and smaller products',
    );
  });

  it('calls what lies within the spread as fast', () => {
    expect(standing(latency(2, 2.04))).toBe('as fast as dense');
    expect(standing(latency(2, 2.3))).toBe('1.15× slower');
    const loose = { dense: { ...around(2), high: 3 }, factorized: around(2.3) };
    expect(latencySentence(wasm, loose, work)).toContain(
      '1.15× slower (the middle halves of the two overlap): ',
    );
  });

  it('names the device, and a program as such', () => {
    expect(deviceName(wasm)).toBe('WASM, one thread');
    expect(deviceName(software)).toBe('WebGPU, software adapter');
    expect(deviceName({ ...software, software: false, adapter: 'nvidia turing' })).toBe(
      'WebGPU, nvidia turing',
    );
    expect([0.0421, 2.271, 22.71, 227.1].map(formatMs)).toEqual(['0.042', '2.27', '22.7', '227']);
  });

  it('gives a device no more rows than it does in a moment, and at least one', () => {
    expect(affordable(wasm, 128, 768 * 3072)).toBe(128);
    expect(affordable(software, 128, 768 * 3072)).toBe(84);
    expect(affordable(software, 128, 1e12)).toBe(1);
  });
});
