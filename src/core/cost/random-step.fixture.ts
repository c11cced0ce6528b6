/** Test-only: steps of factorized and dense layers: ranks of every format, 1 to 2,048 tokens, every preset in turn. */
import { createRandom } from '../base/random.ts';
import type { Random } from '../base/random.ts';
import { presets } from '../hardware/presets.ts';
import type { Gemm } from './mapping.ts';
import { pick } from './random-machine.fixture.ts';

export type Case = readonly [machine: string, gemm: Gemm];

const machines = Object.keys(presets);
const widths = [64, 96, 128, 192, 256, 384, 512, 768, 1024, 3072, 4096];
const modes = [4, 6, 8, 12, 16, 24, 32];

/** Low rank: tokens x width x rank; trains and Tucker cores: merged modes and small ranks; attention: batches of heads. */
function randomGemm(random: Random): Gemm {
  const tokens = random.below(2) === 0 ? 2 ** random.below(12) : 1 + random.below(2048);
  const rank = random.below(2) === 0 ? 1 + random.below(64) : 1 + random.below(768);
  const width = pick(random, widths);
  switch (random.below(5)) {
    case 0:
      return { batch: 1, m: tokens, n: rank, k: width };
    case 1:
      return { batch: 1, m: tokens, n: width, k: rank };
    case 2:
      return { batch: 1, m: tokens, n: width, k: pick(random, widths) };
    case 3: {
      const small = 1 + random.below(64);
      return { batch: 1, m: tokens * pick(random, modes), n: small, k: pick(random, modes) * small };
    }
    default:
      return { batch: 12, m: Math.min(tokens, 512), n: Math.min(tokens, 512), k: 64 };
  }
}

export function randomCases(seed: number, count: number): readonly Case[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, (_, i) => [machines[i % machines.length] ?? '', randomGemm(random)]);
}
