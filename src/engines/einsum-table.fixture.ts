/**
 * Test-only: the one table of einsums that every engine is held against, in Node and in Chromium. Numeric reference (where
 * it lies beside the clone), sizes that divide by nothing, skinny ones, empty ones, diagonals, broadcasts, sums over one
 * operand, every format's forward einsum, and random ones. At most 128 a side: a software GPU computes them too.
 */
import { createRandom } from '../core/base/random.ts';
import { reference } from '../core/base/reference.ts';
import { randomEinsum } from '../core/einsum/random-einsum.fixture.ts';
import type { Factorization } from '../core/factor/factorization.ts';
import { factorShapes, printForward } from '../core/factor/forward.ts';
import { clipRanks } from '../core/factor/ranks.ts';
import type { EinsumCase } from './einsum-case.fixture.ts';

type Row = readonly [equation: string, shapes: readonly (readonly number[])[]];

/** One einsum a line: the equation, then its shapes; `.` is a scalar. */
function rows(text: string): readonly Row[] {
  return text
    .trim()
    .split(/\s*\n\s*/)
    .map((line) => {
      const [equation = '', ...shapes] = line.split(/\s+/);
      return [equation, shapes.map((shape) => (shape === '.' ? [] : shape.split('x').map(Number)))];
    });
}

const sides = [1, 2, 3, 4, 5, 7, 8, 13, 16, 17, 31, 32, 33, 61, 64, 65, 97, 127, 128];

/** m x n x k */
const skinny = [
  '1x128x128 128x1x128 128x128x1 1x1x128 1x1x1 2x127x31 127x3x64 5x5x128',
  '128x4x96 4x96x128 17x8x101 96x96x8 37x41x43 128x12x5 3x128x113',
]
  .join(' ')
  .split(' ')
  .map((size) => size.split('x'));

const products = [
  ...sides.map((n) => `ij,jk->ik ${n}x${n} ${n}x${n}`),
  ...skinny.map(([m, n, k]) => `mk,kn->mn ${m}x${k} ${k}x${n}`),
  // as torch.nn.Linear stores its weight
  ...skinny.map(([m, n, k]) => `mk,nk->mn ${m}x${k} ${n}x${k}`),
].join('\n');

/** Axes in other orders; products with a vector. */
const otherOrders = `
  km,kn->mn  53x29 53x47
  km,nk->nm  64x18 35x64
  mk,kn->nm  33x20 20x50
  mk,k->m  128x100 100
  km,k->m  100x128 100
  k,kn->n  77 77x127
  k,k->  128 128
  m,n->mn  127 65
  m,n->nm  16 128
`;

/** Attention, other batches, and elementwise products. */
const batched = `
  bmk,bkn->bmn  3x20x17 3x17x11
  bmk,bkn->bmn  64x8x8 64x8x8
  mkb,knb->mnb  9x7x33 7x10x33
  mkb,bkn->nbm  9x7x5 5x7x10
  bthd,bshd->bhts  2x17x4x16 2x19x4x16
  bhts,bshd->bthd  2x4x17x19 2x19x4x16
  acmk,ackn->amcn  2x3x5x6 2x3x6x7
  xr,yr->xyr  24x40 31x40
  xr,yr->rxy  24x5 31x5
  r,xr->xr  37 64x37
  x,xr->xr  64 64x37
  x,xr->rx  64 64x37
  ijk,ijk->ijk  7x11x13 7x11x13
  ijk,kji->jik  7x11x13 13x11x7
  ijk,ijk->  7x11x13 7x11x13
`;

/** Several axes a role, none of which merge. */
const manyAxes = `
  abcd,cedf->aebf  5x4x6x7 6x9x7x3
  abcd,fced->fbae  5x4x6x7 2x6x11x7
  aibj,jcid->acbd  3x8x5x6 6x4x8x7
  ijab,kjal->blik  6x5x4x9 7x5x4x8
`;

/** One operand: copied and permuted. */
const permuted = `
  ij->ji  65x37
  ijk->kji  9x16x11
  ijk->jik  9x16x11
  ijkl->ljki  5x6x7x8
  i->i  128
`;

/** Sums over one operand. */
const sums = `
  ij->i  100x77
  ij->j  100x77
  ij->  100x77
  ijk->j  9x50x11
  ijk->ki  9x50x11
  ij,jk->i  30x20 20x25
  ij,jk->  30x20 20x25
  ij,kl->jl  12x20 13x25
  ij,kl->  12x20 13x25
  i,j->  100 90
`;

/** Diagonals. */
const diagonals = `
  ii->i  67x67
  ii->  67x67
  iij->ji  17x17x9
  iii->i  13x13x13
  ijij->ji  7x5x7x5
  ii,ij->ij  33x33 33x21
  iki,kj->ij  12x20x12 20x31
  mkk,kn->mn  19x23x23 23x29
`;

/** Broadcast axes, ellipses. */
const broadcast = `
  ij,jk->ik  20x1 30x25
  bmk,bkn->bmn  1x9x12 6x12x10
  bmk,bkn->bmn  6x9x1 1x12x10
  ...ij,jk->...ik  3x4x9x10 10x11
  ...ij,...jk->...ik  3x1x9x10 4x10x11
  i...,i...->...  20x6x5 20x1x5
`;

/** Extents of 0 and 1. */
const emptyAndOne = `
  ij,jk->ik  0x5 5x6
  ij,jk->ik  4x0 0x6
  ij,jk->ik  4x5 5x0
  bmk,bkn->bmn  0x2x3 0x3x4
  bmk,bkn->bmn  5x2x0 5x0x4
  ij->j  0x5
  ij->  3x0
  i->i  0
  ij,jk,kl->il  3x0 0x4 4x5
  ,->  . .
  ->  .
  ,i->i  . 19
  i,->  19 .
  abc,cbd->ad  1x1x1 1x1x1
  abcd,dcbe->ae  1x7x1x5 5x1x7x1
`;

/** Three operands and more. */
const chains = `
  bi,ir,ro->bo  97x113 113x7 7x101
  ij,jk,kl,lm->im  31x17 17x64 64x5 5x90
  i,i,i,i->i  71 71 71 71
  i,i,i,i->  71 71 71 71
  a,b,c,d->abcd  7 6 5 9
  ir,jr,kr->ijk  14x9 15x9 16x9
  ir,jr,kr,lr->  14x9 15x9 16x9 3x9
  ijk,ia,jb,kc->abc  12x13x14 12x5 13x6 14x7
  ij,jk,ki->  23x29 29x31 31x23
  ii,ij,jj->j  21x21 21x22 22x22
  ab,bc,cd,de,ef,fg->ag  9x8 8x7 7x12 12x3 3x20 20x6
  ab,c,cd->ad  9x8 7 7x12
  bhtd,bhsd,bhsv->bhtv  2x3x11x8 2x3x13x8 2x3x13x9
`;

/** Modes and wished ranks; clipped to realizable ones. */
const factorizations: readonly Factorization[] = [
  { format: 'dense', outModes: [96], inModes: [113], ranks: [] },
  { format: 'svd', outModes: [101], inModes: [96], ranks: [1] },
  { format: 'svd', outModes: [97], inModes: [128], ranks: [13] },
  { format: 'svd', outModes: [128], inModes: [64], ranks: [32] },
  { format: 'kronecker', outModes: [8, 12], inModes: [12, 8], ranks: [1] },
  { format: 'kronecker', outModes: [7, 11], inModes: [5, 13], ranks: [5] },
  { format: 'kronecker', outModes: [3, 4, 5], inModes: [5, 4, 3], ranks: [3] },
  { format: 'cp', outModes: [8, 12], inModes: [12, 8], ranks: [16] },
  { format: 'cp', outModes: [4, 5, 6], inModes: [6, 5, 4], ranks: [19] },
  { format: 'cp', outModes: [7, 13], inModes: [11, 5], ranks: [1] },
  { format: 'tucker', outModes: [8, 12], inModes: [12, 8], ranks: [4, 5, 6, 7] },
  { format: 'tucker', outModes: [4, 5, 6], inModes: [6, 5, 4], ranks: [2, 3, 4, 4, 3, 2] },
  { format: 'tucker', outModes: [7, 13], inModes: [13, 7], ranks: [7, 3, 1, 7] },
  { format: 'tt', outModes: [8, 12], inModes: [12, 8], ranks: [5, 16, 7] },
  { format: 'tt', outModes: [4, 5, 6], inModes: [6, 5, 4], ranks: [3, 9, 20, 9, 3] },
  { format: 'tt', outModes: [7, 13], inModes: [11, 5], ranks: [1, 1, 1] },
  { format: 'ttm', outModes: [8, 12], inModes: [12, 8], ranks: [16] },
  { format: 'ttm', outModes: [4, 5, 6], inModes: [6, 5, 4], ranks: [7, 11] },
  { format: 'ttm', outModes: [7, 13], inModes: [11, 5], ranks: [1] },
  { format: 'tr', outModes: [8, 12], inModes: [12, 8], ranks: [3, 5, 7, 4] },
  { format: 'tr', outModes: [4, 5], inModes: [6, 5], ranks: [4, 4, 4, 4] },
  { format: 'tr', outModes: [7, 13], inModes: [11, 5], ranks: [1, 2, 1, 2] },
  { format: 'block-term', outModes: [8, 12], inModes: [12, 8], ranks: [3, 4, 4, 5, 5] },
  { format: 'block-term', outModes: [4, 5, 6], inModes: [6, 5, 4], ranks: [2, 2, 3, 3, 3, 3, 2] },
  { format: 'block-term', outModes: [7, 13], inModes: [11, 5], ranks: [1, 2, 3, 2, 3] },
];

const tokens = [1, 17, 64];

function formatCases(): Row[] {
  return factorizations.flatMap((wished) => {
    const f = clipRanks(wished);
    return tokens.map((count): Row => [printForward(f), [[count, ...f.inModes], ...factorShapes(f)]]);
  });
}

interface NumericReference {
  readonly cases: readonly { readonly eq: string; readonly shapes: readonly (readonly number[])[] }[];
}

const randomCount = 80;

/** Every case, named by its equation and shapes; the random ones come from one seed. */
export function einsumTable(): readonly EinsumCase[] {
  const numeric = reference<NumericReference>('einsum_numeric.json')?.cases ?? [];
  const random = createRandom(20);
  const all: Row[] = [
    ...[
      products,
      otherOrders,
      batched,
      manyAxes,
      permuted,
      sums,
      diagonals,
      broadcast,
      emptyAndOne,
      chains,
    ].flatMap(rows),
    ...formatCases(),
    ...numeric.map(({ eq, shapes }): Row => [eq, shapes]),
    ...Array.from({ length: randomCount }, (): Row => {
      const { equation, shapes } = randomEinsum(random, 4);
      return [equation, shapes];
    }),
  ];
  return all.map(([equation, shapes], seed) => ({
    name: `${seed}: ${equation} ${JSON.stringify(shapes)}`,
    equation,
    shapes,
    seed,
  }));
}
