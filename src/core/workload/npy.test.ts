import { describe, expect, it } from 'vitest';
import { npy } from './npy.fixture.ts';
import { readNpy, readNpyArray } from './npy.ts';

describe('npy', () => {
  const values = [1, -2, 0.5, 4, 5, 6];
  it('reads floats, row- and column-major, of every version', () => {
    const expected = { rows: 2, columns: 3, values: Float64Array.from(values) };
    expect(readNpy(npy('<f8', '2, 3', Float64Array.from(values)))).toEqual(expected);
    expect(readNpy(npy('<f4', '2, 3', Float32Array.from(values), 'False', 2))).toEqual(expected);
    const half = Uint16Array.of(0x3c00, 0xc000, 0x3800, 0x4400, 0x4500, 0x4600);
    expect(readNpy(npy('<f2', '2, 3', half))).toEqual(expected);
    const turned = Float64Array.of(1, 4, -2, 5, 0.5, 6);
    expect(readNpy(npy('<f8', '2, 3', turned, 'True'))).toEqual(expected);
  });

  it('refuses what is no matrix of finite numbers', () => {
    const data = Float64Array.from(values);
    expect(() => readNpy(new Uint8Array(20))).toThrow('npy: file must start as NumPy writes it');
    expect(() => readNpy(npy('>f8', '2, 3', data))).toThrow('npy: dtype must be one of');
    expect(() => readNpy(npy('<f8', '6,', data))).toThrow('npy: array must have two dimensions, got [6]');
    expect(() => readNpy(npy('<f8', '2, 4', data))).toThrow('(is it cut off?)');
    expect(() => readNpy(npy('<f8', '2, 3', data.fill(NaN, 2, 3)))).toThrow('npy: element 2 must be finite');
  });

  it('reads arrays of any rank, whole numbers and truth values', () => {
    const counted = Int32Array.from({ length: 24 }, (_, k) => k);
    const cube = { dtype: 'I32', shape: [2, 3, 4], values: Float64Array.from(counted) };
    expect(readNpyArray(npy('<i4', '2, 3, 4', counted))).toEqual(cube);
    // The same cube, first axis fastest.
    const turned = counted.map((_, k) => 12 * (k % 2) + 4 * (Math.floor(k / 2) % 3) + Math.floor(k / 6));
    expect(readNpyArray(npy('<i4', '2, 3, 4', turned, 'True'))).toEqual(cube);
    expect(readNpyArray(npy('|b1', '3,', Uint8Array.of(1, 0, 1)))).toMatchObject({
      dtype: 'BOOL',
      shape: [3],
    });
    expect(readNpyArray(npy('<i8', '', BigInt64Array.of(-7n)))).toMatchObject({
      shape: [],
      values: Float64Array.of(-7),
    });
    expect(() => readNpyArray(npy('<i4', '0, 3', counted))).toThrow(
      'npy: array must have at least one element, got "(0, 3)"',
    );
  });
});
