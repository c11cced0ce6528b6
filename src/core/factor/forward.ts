/**
 * The forward einsum of a factorized layer, Y [rows, ...outModes] = X [rows, ...inModes] with its factors. Letters: b
 * rows, i j k .. input modes, w x y .. output modes (i and o where there is one a side and no tensor), r and c common
 * ranks, capitals bonds; Greek where Latin ends.
 *
 *   dense bi,oi->bo   svd bi,ir,ro->bo   kronecker bij,rwi,rxj->bwx   cp bij,wr,xr,ir,jr->bwx
 *   tucker bij,ABEF,wA,xB,iE,jF->bwx   block-term bij,cABEF,cwA,cxB,ciE,cjF->bwx
 *   tt bij,wB,BxC,CiD,Dj->bwx   ttm bijk,wiB,BxjC,Cyk->bwxy   tr bij,AwB,BxC,CiD,DjA->bwx
 */
import { check } from '../base/checks.ts';
import type { Einsum } from '../einsum/einsum.ts';
import type { Factorization } from './factorization.ts';

const inLetters = Array.from('ijklmnopqstuvadefgh');
const outLetters = Array.from('wxyzαβγδεζηθικλμ');
const bondLetters = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZΓΔΘΛΞΠΣΦΨΩЖ');
/** Tucker's input bonds start at E, so that up to four modes a side read alike. */
const inBondsFrom = 4;

/** @param rows positive integer: batch x tokens */
export function forwardEinsum(f: Factorization, rows: number): Einsum {
  check(Number.isSafeInteger(rows) && rows >= 1, 'rows', 'must be a positive integer', rows);
  const { outs, ins, factors } = layout(f);
  const extents = new Map<string, number>([['b', rows]]);
  for (const term of [ins, outs, ...factors.map((factor) => factor.labels)])
    for (const { label, extent } of term) extents.set(label, extent);
  return {
    inputs: [['b', ...labelsOf(ins)], ...factors.map(({ labels }) => labelsOf(labels))],
    output: ['b', ...labelsOf(outs)],
    extents,
  };
}

/** X, then the factors in the einsum's order: W; V U; K1 ..; U1 ..; G U1 ..; G1 .. */
export function operandNames(f: Factorization): readonly string[] {
  return ['X', ...layout(f).factors.map(({ name }) => name)];
}

/** Shape of each factor, in the einsum's order. */
export function factorShapes(f: Factorization): readonly (readonly number[])[] {
  return layout(f).factors.map(({ labels }) => labels.map(({ extent }) => extent));
}

/** `bij,wB,BxC,CiD,Dj->bwx` */
export function printForward(f: Factorization): string {
  const { outs, ins, factors } = layout(f);
  const terms = [ins, ...factors.map(({ labels }) => labels)].map((term) => labelsOf(term).join(''));
  return `b${terms.join(',')}->b${labelsOf(outs).join('')}`;
}

/** The einsum of the factors alone, W [...outModes, ...inModes]. */
export function weightEinsum(f: Factorization): Einsum {
  const { outs, ins, factors } = layout(f);
  const extents = new Map<string, number>();
  for (const { labels } of factors) for (const { label, extent } of labels) extents.set(label, extent);
  return {
    inputs: factors.map(({ labels }) => labelsOf(labels)),
    output: [...labelsOf(outs), ...labelsOf(ins)],
    extents,
  };
}

interface Label {
  readonly label: string;
  readonly extent: number;
}

interface Factor {
  readonly name: string;
  readonly labels: readonly Label[];
}

interface Layout {
  readonly outs: readonly Label[];
  readonly ins: readonly Label[];
  readonly factors: readonly Factor[];
}

const labelsOf = (term: readonly Label[]): string[] => term.map(({ label }) => label);

const label = (name: string, extent: number): Label => ({ label: name, extent });

function layout(f: Factorization): Layout {
  const matrix = f.format === 'dense' || f.format === 'svd';
  const outs = f.outModes.map((mode, k) => label(matrix ? 'o' : (outLetters[k] ?? ''), mode));
  const ins = f.inModes.map((mode, k) => label(inLetters[k] ?? '', mode));
  return { outs, ins, factors: factorsOf(f, outs, ins) };
}

function factorsOf(f: Factorization, outs: readonly Label[], ins: readonly Label[]): readonly Factor[] {
  const modes = [...outs, ...ins];
  const [first = 1] = f.ranks;
  switch (f.format) {
    case 'dense':
      return [{ name: 'W', labels: modes }];
    case 'svd': {
      const r = label('r', first);
      return [
        { name: 'V', labels: [...ins, r] },
        { name: 'U', labels: [r, ...outs] },
      ];
    }
    case 'kronecker': {
      const r = label('r', first);
      return outs.map((mode, k) => ({ name: `K${k + 1}`, labels: [r, mode, ...ins.slice(k, k + 1)] }));
    }
    case 'cp': {
      const r = label('r', first);
      return modes.map((mode, k) => ({ name: `U${k + 1}`, labels: [mode, r] }));
    }
    case 'tucker':
      return boxFactors(modes, f.ranks, outs.length, []);
    case 'block-term':
      return boxFactors(modes, f.ranks.slice(1), outs.length, [label('c', first)]);
    case 'tt':
      return trainFactors(
        modes.map((mode) => [mode]),
        bonds(f.ranks, 1),
      );
    case 'ttm':
      return trainFactors(
        outs.map((mode, k) => [mode, ...ins.slice(k, k + 1)]),
        bonds(f.ranks, 1),
      );
    case 'tr': {
      const ring = bonds(f.ranks, 0);
      return modes.map((mode, k) => ({
        name: `G${k + 1}`,
        labels: [...ring.slice(k, k + 1), mode, ...ring.slice((k + 1) % ring.length).slice(0, 1)],
      }));
    }
    default:
      return f.format satisfies never;
  }
}

const bonds = (ranks: readonly number[], from: number): readonly Label[] =>
  ranks.map((rank, k) => label(bondLetters[from + k] ?? '', rank));

/** Cores [left bond, ...modes, right bond]; the two outer bonds, of rank one, are not there. */
function trainFactors(modes: readonly (readonly Label[])[], between: readonly Label[]): readonly Factor[] {
  return modes.map((own, k) => ({
    name: `G${k + 1}`,
    labels: [...(k === 0 ? [] : between.slice(k - 1, k)), ...own, ...between.slice(k, k + 1)],
  }));
}

function boxFactors(
  modes: readonly Label[],
  ranks: readonly number[],
  outOrder: number,
  block: readonly Label[],
): readonly Factor[] {
  const core = ranks.map((rank, k) =>
    label(bondLetters[k < outOrder ? k : k - outOrder + Math.max(inBondsFrom, outOrder)] ?? '', rank),
  );
  return [
    { name: 'G', labels: [...block, ...core] },
    ...modes.map((mode, k) => ({ name: `U${k + 1}`, labels: [...block, mode, ...core.slice(k, k + 1)] })),
  ];
}
