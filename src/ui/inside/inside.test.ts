import { describe, expect, it } from 'vitest';
import { findPath } from '../../core/einsum/path.ts';
import type { Factorization } from '../../core/factor/factorization.ts';
import { forwardEinsum, operandNames } from '../../core/factor/forward.ts';
import { costLayer } from '../../core/cost/layer.ts';
import { createMapper } from '../../core/cost/mapper.ts';
import { presets } from '../../core/hardware/presets.ts';
import { levelColour, loopsText, nestLines } from './nest.ts';
import { networkMarks } from './network.ts';
import { apart, orderMarks } from './order.ts';
import { standing, whyLayer } from './why.ts';

const factorizations: readonly Factorization[] = [
  { format: 'dense', outModes: [64], inModes: [32], ranks: [] },
  { format: 'svd', outModes: [64], inModes: [32], ranks: [8] },
  { format: 'tt', outModes: [8, 8], inModes: [4, 8], ranks: [4, 16, 4] },
  { format: 'ttm', outModes: [4, 4, 4], inModes: [2, 4, 4], ranks: [4, 4] },
  { format: 'tr', outModes: [8, 8], inModes: [4, 8], ranks: [3, 4, 5, 6] },
  { format: 'tucker', outModes: [8, 8], inModes: [4, 8], ranks: [4, 5, 3, 4] },
  { format: 'cp', outModes: [8, 8], inModes: [4, 8], ranks: [12] },
  { format: 'kronecker', outModes: [8, 8], inModes: [4, 8], ranks: [6] },
  { format: 'block-term', outModes: [8, 8], inModes: [4, 8], ranks: [2, 3, 3, 3, 3] },
];
const network = (f: Factorization, width = 240, height = 112) =>
  networkMarks(forwardEinsum(f, 16), operandNames(f), width, height);

describe('networkMarks', () => {
  it.each(factorizations.flatMap((f) => [112, 88].map((height) => [f.format, height, f] as const)))(
    'draws %s %d px high: every mode a leg, all in the frame',
    (_, height, f) => {
      const { legs, nodes, radius } = network(f, 240, height);
      const modes = (side: string): number[] =>
        legs
          .filter((leg) => leg.side === side)
          .map((leg) => leg.mode)
          .toSorted((a, b) => a - b);
      expect(modes('out')).toEqual([...f.outModes].sort((a, b) => a - b));
      expect(modes('in')).toEqual([...f.inModes].sort((a, b) => a - b));
      for (const { x, y } of nodes) {
        expect(x >= radius && x <= 240 - radius).toBe(true);
        expect(y >= radius && y <= height - radius).toBe(true);
      }
      for (const { y2 } of legs) expect(y2 >= 0 && y2 <= height).toBe(true);
      for (const [i, a] of nodes.entries())
        for (const b of nodes.slice(i + 1)) expect(Math.hypot(a.x - b.x, a.y - b.y)).toBeGreaterThan(radius);
    },
  );

  it('draws a chain in the order of its bonds, outputs first', () => {
    const { nodes, bonds } = network(factorizations[2]!);
    const xs = nodes.map((node) => node.x);
    expect(xs).toEqual(xs.toSorted((a, b) => a - b));
    expect(bonds.map((bond) => bond.rank)).toEqual([4, 16, 4]);
  });

  it('makes a bond thicker with the logarithm of its rank', () => {
    const { bonds } = network(factorizations[2]!);
    expect(bonds[1]?.width).toBeCloseTo(4);
    expect(bonds[0]?.width).toBeCloseTo(2.5);
  });

  it('closes a ring and gives tucker its core, cp its meeting point', () => {
    expect(network(factorizations[4]!).bonds).toHaveLength(4);
    expect(network(factorizations[5]!).nodes.filter((node) => node.kind === 'core')).toHaveLength(1);
    expect(network(factorizations[6]!).nodes.filter((node) => node.kind === 'hub')).toHaveLength(1);
  });
});

const accelerator = presets['simba']!;
const mapper = createMapper(accelerator);
const cost = (f: Factorization) => costLayer(mapper, f, 16, 'exact');

describe('orderMarks', () => {
  it.each(factorizations.map((f) => [f.format, f] as const))('draws each step of %s once', (_, f) => {
    const layer = cost(f);
    const marks = orderMarks(layer.path, layer.steps, operandNames(f), 280, 112);
    expect(marks.dots).toHaveLength(layer.steps.length);
    expect(marks.factors).toHaveLength(operandNames(f).length - 1);
    expect(marks.dots.reduce((sum, dot) => sum + dot.macShare, 0)).toBeCloseTo(1);
    expect(marks.dots.reduce((sum, dot) => sum + dot.energyShare, 0)).toBeCloseTo(1);
    expect(marks.dots.at(-1)?.trunk).toBe(true);
    for (const { x } of marks.dots) expect(x > 14 && x < 266).toBe(true);
  });

  it('lifts factors that are joined first above the trunk', () => {
    const f = factorizations[1]!;
    const einsum = forwardEinsum(f, 4096);
    const rebuilt = findPath(einsum, 'size');
    const layer = costLayer(mapper, f, 4096, 'exact');
    const marks = orderMarks(rebuilt, layer.steps, operandNames(f), 280, 112);
    expect(marks.dots.some((dot) => !dot.trunk)).toBe(
      rebuilt.steps.some((step) => !step.inputs.some((labels) => labels.includes('b'))),
    );
  });
});

describe('apart', () => {
  it('moves only what is too close, and keeps the order', () => {
    expect(apart([10, 12, 50], 18, 0, 100)).toEqual([10, 28, 50]);
    expect(apart([98, 99], 18, 0, 100)).toEqual([82, 100]);
  });
  it('shrinks the gap when there is no room', () => {
    expect(apart([5, 5, 5], 18, 0, 20)).toEqual([0, 10, 20]);
  });
});

describe('nestLines', () => {
  const gemm = { batch: 1, m: 128, n: 3072, k: 192 };
  const mapped = mapper.mapping(gemm, 'exact');
  const lines = nestLines({ mapped, machine: accelerator, gemm, swapped: false, place: null });

  it('has every loop above 1 exactly once: the bounds multiply to the extents', () => {
    const product: Record<string, number> = { M: 1, N: 1, K: 1 };
    for (const { loops } of lines)
      for (const [dim, bound] of loops) product[dim] = (product[dim] ?? 1) * bound;
    expect(product).toEqual({ M: mapped.padded.m, N: mapped.padded.n, K: mapped.padded.k });
  });

  it('names every level once, outermost first, and ends at the MACs', () => {
    const names = lines.map((line) => line.name).filter((name) => name !== '');
    expect(names).toHaveLength(accelerator.levels.length + 1);
    expect(names[0]).toContain('DRAM');
    expect(lines.at(-1)?.holds).toMatch(/^\d+% busy$/);
  });

  it('shows tiles within their capacity', () => {
    for (const { full } of lines) if (full !== null) expect(full).toBeLessThanOrEqual(1);
    expect(lines.some((line) => line.holds.includes(' of '))).toBe(true);
  });

  it('writes loops as code', () => {
    expect(
      loopsText({
        level: 0,
        name: '',
        kind: 'par',
        loops: [
          ['M', 4],
          ['N', 2],
        ],
        depth: 0,
        holds: '',
        full: null,
      }),
    ).toBe('par m in 4, n in 2');
  });

  it('gives the outermost level the strongest colour', () => {
    expect(levelColour(0, 3)).toBe('var(--rs-cost-4)');
    expect(levelColour(3, 3)).toBe('var(--rs-cost-1)');
  });
});

describe('whyLayer', () => {
  it('says what bounds the step and where the energy goes', () => {
    const f = factorizations[1]!;
    const layer = cost(f);
    const step = layer.steps[0]!;
    const mapped = mapper.mapping(step.gemm, 'exact');
    const text = whyLayer(accelerator, layer, 0, mapped, ['V', 'U']);
    expect(text).toMatch(
      /^step 1 \(V\) does \d+% of the MACs; .*(bound).*; DRAM takes \d+% of the energy\.$/,
    );
  });

  it('states the proof and the padding', () => {
    const gemm = { batch: 1, m: 128, n: 3072, k: 192 };
    expect(standing(mapper.mapping(gemm, 'exact'), 'exact')).toMatch(
      /^exact mapper: (proven optimal at these extents|best found)/,
    );
    const odd = { ...gemm, k: 191 };
    const mapped = {
      ...mapper.mapping(gemm, 'exact'),
      gemm: odd,
      bound: { kind: 'best-found', gap: null } as const,
    };
    expect(standing(mapped, 'fast')).toBe('fast mapper: best found, k 191 padded to 192');
    expect(standing(mapped, 'exact', { kind: 'gap', gap: 0.0312 })).toBe(
      'exact mapper: best found, within 3.1% of the least possible, k 191 padded to 192',
    );
  });
});
