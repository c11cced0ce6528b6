/** Vector work: its table, and what a schedule must have. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cardIds, modelById } from './cards.ts';
import { customModel } from './custom.ts';
import { schedule, vectorKinds } from './schedule.ts';
import type { VectorKind } from './schedule.ts';
import { cacheTraffic, vectorWork } from './vector.ts';
import { resolveWorkload } from './workload.ts';

const step = { tokens: 256, batch: 2, sequence: 128 };

interface Row {
  readonly count: number;
  readonly reads: number;
  readonly writes: number;
  readonly parameters: number;
}

/** Words by kind, of the whole model. */
function tableOf(id: string, workload = step): Partial<Record<VectorKind, Row>> {
  const table: Partial<Record<VectorKind, Row>> = {};
  for (const { kind, reads, writes, parameters } of vectorWork(modelById(id), workload)) {
    const row = table[kind] ?? { count: 0, reads: 0, writes: 0, parameters: 0 };
    table[kind] = {
      count: row.count + 1,
      reads: row.reads + reads.reduce((sum, { words }) => sum + words, 0),
      writes: row.writes + writes.words,
      parameters: row.parameters + parameters,
    };
  }
  return table;
}

describe('vector work', () => {
  it('of BERT-base: two norms a block and one more, softmax over every score', () => {
    const d = 256 * 768;
    expect(tableOf('bert-base')).toEqual({
      norm: { count: 25, reads: 25 * d, writes: 25 * d, parameters: 25 * 2 * 768 },
      softmax: { count: 12, reads: 12 * 256 * 12 * 128, writes: 12 * 256 * 12 * 128, parameters: 0 },
      activation: { count: 12, reads: 12 * 4 * d, writes: 12 * 4 * d, parameters: 0 },
      residual: { count: 24, reads: 24 * 2 * d, writes: 24 * d, parameters: 0 },
    });
  });

  it('of Llama 3: gates of two arrays, norms without shifts', () => {
    const { norm, gate, activation } = tableOf('llama-3-8b');
    expect(activation).toBe(undefined);
    expect(gate).toEqual({
      count: 32,
      reads: 32 * 2 * 256 * 14_336,
      writes: 32 * 256 * 14_336,
      parameters: 0,
    });
    expect(norm?.parameters).toBe(65 * 4096);
  });

  it('is nothing for a layer without a block', () => {
    const model = { ...modelById('bert-base'), attention: [] };
    const alone = { ...model, linears: model.linears.filter(({ block }) => block === null) };
    expect(vectorWork(alone, step)).toEqual([]);
    expect(schedule(alone, step).map(({ kind }) => kind)).toEqual(['linear']);
  });

  it('without attention products is the feed-forward half', () => {
    const model = { ...modelById('bert-base'), attention: [] };
    const kinds = new Set(vectorWork(model, step).map(({ kind }) => kind));
    expect([...kinds].toSorted()).toEqual(['activation', 'norm', 'residual']);
  });

  it('grows with the tokens, softmax with the keys too', () => {
    fc.assert(
      fc.property(fc.constantFrom(...cardIds), fc.integer({ min: 1, max: 8 }), (id, times) => {
        const model = modelById(id);
        const sequence = model.maxSequence;
        const at = (tokens: number): number =>
          vectorWork(model, { tokens, batch: tokens, sequence }).reduce(
            (sum, { writes }) => sum + writes.words,
            0,
          );
        expect(at(times)).toBe(times * at(1));
      }),
    );
  });
});

describe('a schedule', () => {
  it.each(cardIds)('%s: every layer and product once; what is read was made before', (id) => {
    const model = modelById(id);
    const operations = schedule(model, resolveWorkload(model, {}));
    const of = (kind: string): number[] =>
      operations.flatMap((each) => (each.kind === kind ? [each.index] : [])).toSorted((a, b) => a - b);
    expect(of('linear')).toEqual(model.linears.map((_, i) => i));
    expect(of('attention')).toEqual(model.attention.map((_, i) => i));
    const made = new Set<string>();
    for (const { block, kind, reads, writes } of operations) {
      if (block === null) continue;
      for (const { name } of reads) expect(name === 'stream' || made.has(`${block} ${name}`)).toBe(true);
      if (!(vectorKinds as readonly string[]).includes(kind) || writes.name !== 'stream')
        made.add(`${block} ${writes.name}`);
    }
  });

  it('keeps keys outside where earlier ones are cached, in a decoder always', () => {
    const model = customModel({
      width: 64,
      layers: 1,
      ffn: 128,
      heads: 4,
      kvHeads: 2,
      gatedMlp: true,
      vocabulary: 0,
    });
    const keys = (tokens: number): boolean | undefined =>
      schedule(model, { tokens, batch: 1, sequence: 32 }).find(({ writes }) => writes.name === 'key')?.writes
        .outside;
    expect(keys(32)).toBe(false);
    expect(keys(1)).toBe(true);
    const gpt2 = schedule(modelById('gpt2'), { tokens: 32, batch: 1, sequence: 32 });
    expect(gpt2.find(({ writes }) => writes.name === 'key')?.writes.outside).toBe(true);
  });
});

describe('cache traffic', () => {
  it('one-token decode reads every key and value and adds one of each', () => {
    const llama = modelById('llama-3-8b');
    const perToken = 32 * 2 * 8 * 128;
    expect(cacheTraffic(llama, { tokens: 1, batch: 1, sequence: 128 })).toEqual({
      reads: 128 * perToken,
      writes: perToken,
      words: 128 * perToken,
    });
    expect(cacheTraffic(llama, { tokens: 128, batch: 1, sequence: 128 })).toEqual({
      reads: 0,
      writes: 128 * perToken,
      words: 128 * perToken,
    });
  });
});
