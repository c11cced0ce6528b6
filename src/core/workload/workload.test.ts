import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { InputError } from '../base/checks.ts';
import { cardIds, modelById } from './cards.ts';
import { gemmModel } from './custom.ts';
import type { Workload } from './model.ts';
import { attentionGemms, linearRows, resolveWorkload, soundBatches, soundTokens } from './workload.ts';
import type { WorkloadRequest } from './workload.ts';

const bert = modelById('bert-base');
const anyCard = fc.constantFrom(...cardIds).map((id) => modelById(id));
const near = fc.oneof(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 4096 }));

describe('a workload', () => {
  const sound: readonly (readonly [id: string, request: WorkloadRequest, n: number, b: number, s: number])[] =
    [
      ['bert-base', {}, 128, 1, 128],
      ['bert-base', { tokens: 1 }, 1, 1, 128],
      ['bert-base', { tokens: 8, batch: 8 }, 8, 8, 128],
      ['bert-base', { tokens: 200 }, 200, 2, 128],
      ['bert-base', { tokens: 512 }, 512, 4, 128],
      ['bert-base', { sequence: 384 }, 384, 1, 384],
      ['bert-base', { batch: 4 }, 512, 4, 128],
      ['bert-base', { batch: 4, sequence: 16 }, 64, 4, 16],
      ['bert-base', { tokens: 64, sequence: 512 }, 64, 1, 512],
      ['bert-base', { tokens: undefined, batch: undefined }, 128, 1, 128],
      ['vit-b16', {}, 197, 1, 197],
      ['glyph-vit', {}, 144, 9, 16],
      ['lexical-qa', {}, 144, 6, 24],
      ['lexical-qa', { tokens: 24 }, 24, 1, 24],
      ['llama-7b', { tokens: 16, batch: 16, sequence: 2048 }, 16, 16, 2048],
    ];

  it.each(sound)('%s %j: %i tokens, batch %i, sequence %i', (id, request, tokens, batch, sequence) => {
    expect(resolveWorkload(modelById(id), request)).toEqual({ tokens, batch, sequence });
  });

  const refused: readonly (readonly [request: WorkloadRequest, reason: string])[] = [
    [{ tokens: 0 }, 'workload: tokens must be a whole number from 1 to 1048576, got 0'],
    [{ tokens: 1.5 }, 'workload: tokens must be a whole number'],
    [{ tokens: Number.NaN }, 'workload: tokens must be a whole number'],
    [{ batch: 0 }, 'workload: batch must be a whole number'],
    [{ batch: 1_048_576 }, 'workload: tokens must be a whole number from 1 to 1048576, got 134217728'],
    [{ sequence: 513 }, 'workload: sequence of BERT-base must be a whole number from 1 to 512, got 513'],
    [{ tokens: 10, batch: 4 }, 'workload: tokens must be a multiple of the batch of 4, got 10'],
    [{ tokens: 383 }, 'workload: tokens must be a multiple of the batch of 3, got 383'],
    [
      { tokens: 300, batch: 2 },
      'workload: tokens / batch must be at most the sequence of 128 (300 tokens in a batch of 2), got 150',
    ],
  ];

  it.each(refused)('%j is refused: %s', (request, reason) => {
    expect(() => resolveWorkload(bert, request)).toThrow(InputError);
    expect(() => resolveWorkload(bert, request)).toThrow(reason);
  });

  it('is sound or refused, whatever is asked; a sound one asked again is the same', () => {
    fc.assert(
      fc.property(
        anyCard,
        fc.record({ tokens: near, batch: near, sequence: near }, { requiredKeys: [] }),
        (model, request) => {
          let workload: Workload;
          try {
            workload = resolveWorkload(model, request);
          } catch (error) {
            expect(error).toBeInstanceOf(InputError);
            return;
          }
          const { tokens, batch, sequence } = workload;
          expect(tokens % batch).toBe(0);
          expect(tokens / batch).toBeLessThanOrEqual(sequence);
          expect(sequence).toBeLessThanOrEqual(model.maxSequence);
          expect(workload).toMatchObject(request);
          expect(resolveWorkload(model, workload)).toEqual(workload);
        },
      ),
    );
  });

  it('of a single layer takes any number of rows', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 65_536 }), (tokens) => {
        expect(resolveWorkload(gemmModel(64, 64), { tokens }).tokens).toBe(tokens);
      }),
    );
  });
});

describe('what sliders offer', () => {
  it('is round, sound and holds the present value', () => {
    const tokens = soundTokens(bert, resolveWorkload(bert, { tokens: 200 }));
    for (const value of [1, 8, 16, 36, 128, 200, 256, 512, 2048]) expect(tokens).toContain(value);
    // 144 tokens are one sequence by the default rule, which is longer than S = 128.
    expect(tokens).not.toContain(144);
    expect(soundTokens(modelById('glyph-vit'), resolveWorkload(modelById('glyph-vit'), {}))).toContain(144);
    expect(soundBatches(bert, resolveWorkload(bert, { tokens: 8 }))).toEqual([1, 2, 4, 8]);
    expect(soundBatches(bert, resolveWorkload(bert, { tokens: 256 }))).not.toContain(1);
  });

  it('never offers what would be refused', () => {
    fc.assert(
      fc.property(anyCard, near, near, (model, tokens, sequence) => {
        fc.pre(sequence <= model.maxSequence);
        let workload: Workload;
        try {
          workload = resolveWorkload(model, { tokens, sequence });
        } catch {
          return fc.pre(false);
        }
        const offered = soundTokens(model, workload);
        for (const value of offered) {
          expect(resolveWorkload(model, { tokens: value, sequence }).tokens).toBe(value);
        }
        expect(offered).toEqual([...offered].sort((a, b) => a - b));
        const batches = soundBatches(model, workload);
        for (const batch of batches)
          expect(resolveWorkload(model, { tokens, batch, sequence }).batch).toBe(batch);
        expect(batches).toContain(workload.batch);
      }),
    );
  });
});

describe('the work of one step', () => {
  it('attention is batch x heads products of q queries with S keys', () => {
    const [scores, context] = bert.attention;
    const workload = { tokens: 64, batch: 4, sequence: 128 };
    expect(scores && attentionGemms(scores, workload)).toEqual({
      batch: 48,
      m: 16,
      n: 128,
      k: 64,
      slots: 'ac',
    });
    expect(context && attentionGemms(context, workload)).toEqual({
      batch: 48,
      m: 16,
      n: 64,
      k: 128,
      slots: 'ac',
    });
  });

  it('takes keys from the cache only where there are more keys than queries', () => {
    const [scores] = bert.attention;
    expect(scores && attentionGemms(scores, { tokens: 128, batch: 1, sequence: 128 }).slots).toBe('aa');
    expect(scores && attentionGemms(scores, { tokens: 127, batch: 1, sequence: 128 }).slots).toBe('ac');
  });

  it('stacks the queries of heads that share keys', () => {
    const [scores, context] = modelById('llama-3-8b').attention;
    const workload = { tokens: 4, batch: 4, sequence: 128 };
    expect(scores && attentionGemms(scores, workload, { sharedKeys: true })).toEqual({
      batch: 32,
      m: 4,
      n: 128,
      k: 128,
      slots: 'ac',
    });
    expect(context && attentionGemms(context, workload, { sharedKeys: true })).toEqual({
      batch: 32,
      m: 4,
      n: 128,
      k: 128,
      slots: 'ac',
    });
  });

  it('both products of a block take 2 n S d MACs, however the tokens are batched', () => {
    fc.assert(
      fc.property(anyCard, near, near, (model, queries, batch) => {
        fc.pre(queries <= model.maxSequence);
        const workload = { tokens: queries * batch, batch, sequence: model.maxSequence };
        const [scores, context] = model.attention;
        if (scores === undefined || context === undefined)
          throw new Error('internal: a card without attention');
        const macs = [scores, context]
          .map((product) => attentionGemms(product, workload))
          .reduce((sum, gemm) => sum + gemm.batch * gemm.m * gemm.n * gemm.k, 0);
        expect(macs).toBe(2 * workload.tokens * workload.sequence * scores.heads * scores.headWidth);
      }),
    );
  });

  it('layers see every token, poolers, classifiers and LM heads one row per sequence', () => {
    const workload = { tokens: 64, batch: 4, sequence: 128 };
    const rows = (id: string): readonly (readonly [string, number])[] =>
      modelById(id)
        .linears.filter((layer) => layer.block === null || layer.name.endsWith('.0.output.dense'))
        .map((layer) => [layer.role, linearRows(layer, workload)]);
    expect(rows('bert-base')).toEqual([
      ['FFN2', 64],
      ['Pooler', 4],
    ]);
    expect(rows('gpt2')).toEqual([['Head', 4]]);
    expect(rows('lexical-qa')).toEqual([
      ['FFN2', 64],
      ['Head', 64],
    ]);
  });
});
