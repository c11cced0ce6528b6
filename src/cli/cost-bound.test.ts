/** What `cost` says of its mapping: proven, or by how much it may be above the least possible, in numbers. */
import { describe, expect, it } from 'vitest';
import { doorInFolder } from './door.fixture.ts';

const { answer } = doorInFolder();

interface Said {
  readonly edpPjCycles: number;
  readonly energyPj: number;
  readonly latencyCycles: number;
  readonly bound: { readonly kind: string; readonly gap: number | null };
}

async function cost(gemm: string, ...more: readonly string[]): Promise<Said> {
  const { code, out } = await answer(['cost', '--gemm', gemm, '--json', ...more]);
  expect(code).toBe(0);
  return JSON.parse(out) as Said;
}

describe('cost', () => {
  it.each(['any', 'ragged'])('--factors %s leaves no gap unsaid', async (factors) => {
    for (const accelerator of ['ws8t', 'simba'])
      for (const gemm of ['37,41,43', '127,769,197']) {
        const { bound } = await cost(gemm, '--accelerator', accelerator, '--factors', factors);
        expect(bound.gap).not.toBeNull();
        expect(bound.kind).toBe(bound.gap === 0 ? 'optimal' : 'gap');
        expect(bound.gap).toBeLessThan(0.3);
      }
  });

  it('is no nearer to the optimum with operands exchanged than either way allows', async () => {
    const at = ['--accelerator', 'ws8t', '--factors', 'ragged'];
    const [plain, turned, either] = [
      await cost('127,37,101', ...at),
      await cost('37,127,101', ...at),
      await cost('127,37,101', ...at, '--swap'),
    ];
    const leastOf = ({ edpPjCycles, bound }: Said): number => edpPjCycles / (1 + (bound.gap ?? Infinity));
    expect(leastOf(either) / Math.min(leastOf(plain), leastOf(turned))).toBeCloseTo(1, 9);
  });

  it('answers absurd extents, each objective in seconds', async () => {
    for (const gemm of ['1,1,1', '1,1,1099511627776', '3989,4001,4003'])
      for (const factors of ['any', 'ragged']) {
        const said = await cost(gemm, '--accelerator', 'ws8t', '--factors', factors);
        for (const figure of [said.energyPj, said.latencyCycles]) {
          expect(Number.isFinite(figure)).toBe(true);
          expect(figure).toBeGreaterThan(0);
        }
        expect(said.bound.gap).toBeGreaterThanOrEqual(0);
        expect(said.bound.gap).toBeLessThan(0.2);
      }
  });

  it('says it to people too', async () => {
    const { out } = await answer(['cost', '--gemm', '101,103,107', '--accelerator', 'ws8t']);
    expect(out).toMatch(/best found, at most [\d.]+ % above what no mapping can be below/);
  });
});
