/** Contraction steps as GEMMs. */
import { describe, expect, it } from 'vitest';
import { InputError } from '../base/checks.ts';
import type { Einsum } from '../einsum/einsum.ts';
import { checkGemm, gemmContraction, stepGemm } from './gemm.ts';

const extents = new Map(Object.entries({ a: 2, b: 3, c: 5, d: 7, e: 11, f: 13 }));
const step = (text: string): ReturnType<typeof stepGemm> => {
  const [left = '', output = ''] = text.split('->');
  const inputs = left.split(',').map((labels) => [...labels]);
  const einsum: Einsum = { inputs, output: [...output], extents };
  return stepGemm(einsum, { inputs, output: [...output] });
};

describe('stepGemm', () => {
  it.each([
    ['ab,bc->ac', { batch: 1, m: 2, n: 5, k: 3 }],
    ['abc,cbd->ad', { batch: 1, m: 2, n: 7, k: 15 }],
    ['abe,aec->abc', { batch: 2, m: 3, n: 5, k: 11 }],
    ['abcd,cdef->abef', { batch: 1, m: 6, n: 143, k: 35 }],
    ['a,b->ab', { batch: 1, m: 2, n: 3, k: 1 }],
    ['ab,b->a', { batch: 1, m: 2, n: 1, k: 3 }],
    ['b,ab->a', { batch: 1, m: 1, n: 2, k: 3 }],
    ['ab,ab->ab', { batch: 6, m: 1, n: 1, k: 1 }],
    ['ab,ab->', { batch: 1, m: 1, n: 1, k: 6 }],
    [',ab->ab', { batch: 1, m: 1, n: 6, k: 1 }],
  ])('%s', (text, gemm) => {
    expect(step(text)).toEqual(gemm);
  });
});

describe('gemmContraction', () => {
  it('has a batch dim only when there is a batch', () => {
    expect(gemmContraction({ batch: 1, m: 2, n: 3, k: 4 })).toEqual({
      dims: { I: ['M', 'K'], W: ['K', 'N'], O: ['M', 'N'] },
      extents: { M: 2, N: 3, K: 4 },
    });
    expect(gemmContraction({ batch: 5, m: 2, n: 3, k: 4 })).toEqual({
      dims: { I: ['B', 'M', 'K'], W: ['B', 'K', 'N'], O: ['B', 'M', 'N'] },
      extents: { B: 5, M: 2, N: 3, K: 4 },
    });
  });

  it.each([
    [{ batch: 1, m: 0, n: 1, k: 1 }, 'gemm M: must be a whole number of at least 1, got 0'],
    [{ batch: 1, m: 1, n: 1.5, k: 1 }, 'gemm N: must be a whole number of at least 1, got 1.5'],
    [{ batch: 1, m: 1, n: 1, k: Number.NaN }, 'gemm K: must be a whole number of at least 1, got NaN'],
    [
      { batch: 2 ** 20, m: 2 ** 20, n: 2 ** 20, k: 1 },
      'gemm: must have fewer than 2^53 multiply-accumulates',
    ],
  ])('refuses %o', (gemm, message) => {
    expect(() => checkGemm(gemm)).toThrow(InputError);
    expect(() => checkGemm(gemm)).toThrow(message);
  });
});
