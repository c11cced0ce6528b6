/**
 * Mutated files, both parsers: whatever the bytes, the answer is a model or an InputError, within seconds, with bounded
 * memory. Some hundred files here; 10,000 a parser with RANKSCAPE_LONG.
 */
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { env, memoryUsage } from 'node:process';
import { describe, expect, it } from 'vitest';
import { InputError } from '../base/checks.ts';
import { createRandom, type Random } from '../base/random.ts';
import { bytesSource } from '../workload/byte-source.ts';
import { safetensorsBytes } from '../workload/safetensors.fixture.ts';
import { openModelFile, readModelWeight } from './dropped-files.ts';
import { onnxLayers } from './layers.ts';
import { openOnnx } from './open.ts';
import { floats, joined, modelBytes, tensorBytes, type FixtureNode } from './wire.fixture.ts';

const isLong = env['RANKSCAPE_LONG'] !== undefined;
const runs = isLong ? 10_000 : 300;
const mostMs = 10_000;
const mostMemory = 2 ** 30;

const corpus = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`corpus/${name}.onnx`, import.meta.url)));

const safetensors = safetensorsBytes(
  ['encoder.layer.0.attention.self.query', 'encoder.layer.0.output.dense', 'pooler.dense'].flatMap((path) => [
    { name: `${path}.weight`, dtype: 'F32', shape: [4, 6], bytes: new Uint8Array(96).fill(1) },
    { name: `${path}.bias`, dtype: 'F16', shape: [4], bytes: new Uint8Array(8).fill(1) },
  ]),
);

/** One to four mutations: a byte, a bit, a cut, a hole, a doubled or moved piece, a piece of another file, a large varint. */
function mutated(random: Random, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  let now = bytes;
  const count = 1 + random.below(4);
  for (let i = 0; i < count; i++) {
    const at = random.below(Math.max(now.length, 1));
    const length = random.below(Math.min(64, now.length + 1));
    const piece = now.slice(at, at + length);
    const before = now.subarray(0, at);
    switch (random.below(9)) {
      case 0:
        now = joined(before, Uint8Array.of(random.below(256)), now.subarray(at + 1));
        break;
      case 1:
        now = joined(before, Uint8Array.of((now[at] ?? 0) ^ (1 << random.below(8))), now.subarray(at + 1));
        break;
      case 2:
        now = now.slice(0, at);
        break;
      case 3:
        now = joined(before, now.subarray(at + length));
        break;
      case 4:
        now = joined(before, piece, now.subarray(at));
        break;
      case 5: {
        const to = random.below(now.length + 1);
        now = joined(now.subarray(0, to), piece, now.subarray(to));
        break;
      }
      case 6: {
        const from = random.below(Math.max(other.length, 1));
        now = joined(before, other.subarray(from, from + length), now.subarray(at + length));
        break;
      }
      case 7:
        now = joined(before, Uint8Array.of(255, 255, 255, 255, random.below(256)), now.subarray(at + 5));
        break;
      default:
        now = joined(
          before,
          Uint8Array.of(0x80 | random.below(128), random.below(128)),
          now.subarray(at + 2),
        );
    }
  }
  return now;
}

/** Where the graph is, and not the weights: most mutations of weights change a number. */
const small = [
  'hand-gemm',
  'hand-if',
  'hand-functions',
  'hand-shared',
  'quantized-nbits',
  'quantized-dynamic',
  'hand-qkv-gather',
];

async function survives(name: string, bytes: Uint8Array): Promise<'opened' | 'refused'> {
  try {
    const file = await openModelFile({ name, source: bytesSource(bytes) }, () => null);
    for (const { name: layer } of file.model.linears) await readModelWeight(file, layer);
    return 'opened';
  } catch (error) {
    if (error instanceof InputError && !error.message.includes('\n')) return 'refused';
    throw error;
  }
}

describe('mutated files', () => {
  it.each([
    ['ONNX', 'm.onnx', small.map(corpus)],
    ['safetensors', 'm.safetensors', [safetensors]],
  ] as const)(
    'of %s are read or refused',
    async (format, name, sources) => {
      const random = createRandom(20250301);
      const seen = { opened: 0, refused: 0 };
      const before = memoryUsage().rss;
      for (let run = 0; run < runs; run++) {
        const bytes = sources[run % sources.length] ?? new Uint8Array();
        const other = sources[random.below(sources.length)] ?? bytes;
        const start = performance.now();
        const mutant = mutated(random, bytes, other);
        try {
          seen[await survives(name, mutant)] += 1;
        } catch (error) {
          throw new Error(`${format} run ${run}: ${String(error)}`, { cause: error });
        }
        expect(performance.now() - start, `run ${run}`).toBeLessThan(mostMs);
      }
      expect(memoryUsage().rss - before).toBeLessThan(mostMemory);
      // Neither all refused (nothing behind the door was tried) nor all opened (nothing was harmed).
      expect(seen.refused).toBeGreaterThan(runs / 20);
      expect(seen.opened).toBeGreaterThan(runs / 50);
    },
    isLong ? 3_600_000 : 30_000,
  );
});

describe('graphs that invite a walk without end', () => {
  const many = isLong ? 60_000 : 500;
  const each = <T>(make: (i: number) => T): readonly T[] => Array.from({ length: many }, (_, i) => make(i));
  const one = (name: string): Uint8Array => tensorBytes(name, [1, 1], 1, floats([1]));
  const matmul = (a: string, b: string, y: string): FixtureNode => ({
    op: 'MatMul',
    inputs: [a, b],
    outputs: [y],
  });
  const graphs: [string, readonly FixtureNode[], readonly Uint8Array[], number][] = [
    [
      'layers of one value',
      each((i) => matmul('x', `a.weight:${i}`, `y${i}`)),
      each((i) => one(`a.weight:${i}`)),
      many,
    ],
    [
      'softmaxes of one product',
      [
        matmul('x', 'w', 'h'),
        matmul('h', 'h', 's'),
        ...each((i) => ({ op: 'Softmax', inputs: ['s'], outputs: [`p${i}`] })),
        ...each((i) => matmul(`p${i}`, 'h', `c${i}`)),
      ],
      [one('w')],
      1,
    ],
    [
      'activations of a sum of all layers',
      [
        ...each((i) => matmul('x', `w${i}`, `y${i}`)),
        { op: 'Sum', inputs: each((i) => `y${i}`), outputs: ['z'] },
        ...each((i) => ({ op: 'Relu', inputs: ['z'], outputs: [`r${i}`] })),
      ],
      each((i) => one(`w${i}`)),
      many,
    ],
    [
      'a chain',
      [matmul('x', 'w', 'v0'), ...each((i) => ({ op: 'Relu', inputs: [`v${i}`], outputs: [`v${i + 1}`] }))],
      [one('w')],
      1,
    ],
  ];
  it.each(graphs)('%s', { timeout: isLong ? 120_000 : 20_000 }, async (_, nodes, tensors, layers) => {
    const model = await openOnnx(bytesSource(modelBytes(nodes, tensors)));
    expect(onnxLayers(model).linears).toHaveLength(layers);
  });
});
