import { describe, expect, it } from 'vitest';

import { cardIds, modelById } from './cards.ts';
import { groups } from './model.ts';
import { countParameters } from './workload.ts';

describe('shape cards', () => {
  // Exact totals of the released checkpoints; norms are the only parameters a card does not list.
  const released: readonly (readonly [id: string, total: number, norms: number, inBlocks: number])[] = [
    ['bert-base', 109_482_240, 25 * 2 * 768, 85_017_600],
    ['bert-large', 335_141_888, 49 * 2 * 1024, 302_211_072],
    ['vit-b16', 86_567_656, 25 * 2 * 768, 85_017_600],
    ['deit-s', 22_050_664, 25 * 2 * 384, 21_275_136],
    ['gpt2', 124_439_808, 25 * 2 * 768, 85_017_600],
    ['llama-7b', 6_738_415_616, 65 * 4096, 6_476_005_376],
    ['llama-3-8b', 8_030_261_248, 65 * 4096, 6_979_321_856],
  ];

  it.each(released)('%s has the %i parameters of the released model', (id, total, norms, inBlocks) => {
    const model = modelById(id);
    const { linear, embedding } = countParameters(model);
    expect(linear + embedding + norms).toBe(total);
    const blocks = { ...model, linears: model.linears.filter((layer) => layer.block !== null) };
    expect(countParameters(blocks).linear).toBe(inBlocks);
  });

  it('names layers by the module paths of the usual checkpoints', () => {
    const first = (id: string): readonly string[] =>
      modelById(id)
        .linears.filter((layer) => layer.block === 0)
        .map((layer) => `${layer.role} ${layer.group} ${layer.name} ${layer.out}x${layer.in}`);
    expect(first('bert-base')).toEqual([
      'Q Q encoder.layer.0.attention.self.query 768x768',
      'K K encoder.layer.0.attention.self.key 768x768',
      'V V encoder.layer.0.attention.self.value 768x768',
      'O O encoder.layer.0.attention.output.dense 768x768',
      'FFN1 FFN1 encoder.layer.0.intermediate.dense 3072x768',
      'FFN2 FFN2 encoder.layer.0.output.dense 768x3072',
    ]);
    expect(first('vit-b16')[0]).toBe('Q Q encoder.layer.0.attention.attention.query 768x768');
    expect(first('gpt2').map((line) => line.split(' ')[2])).toEqual([
      'h.0.attn.c_attn.q',
      'h.0.attn.c_attn.k',
      'h.0.attn.c_attn.v',
      'h.0.attn.c_proj',
      'h.0.mlp.c_fc',
      'h.0.mlp.c_proj',
    ]);
    expect(first('llama-3-8b')).toEqual([
      'Q Q model.layers.0.self_attn.q_proj 4096x4096',
      'K K model.layers.0.self_attn.k_proj 1024x4096',
      'V V model.layers.0.self_attn.v_proj 1024x4096',
      'O O model.layers.0.self_attn.o_proj 4096x4096',
      'Gate FFN1 model.layers.0.mlp.gate_proj 14336x4096',
      'Up FFN1 model.layers.0.mlp.up_proj 14336x4096',
      'Down FFN2 model.layers.0.mlp.down_proj 4096x14336',
    ]);
  });

  it('shipped models are 96 wide with 18 matrices of 331,776 weights', () => {
    for (const id of ['glyph-vit', 'lexical-qa']) {
      const inside = modelById(id).linears.filter((layer) => layer.factorize);
      expect(inside).toHaveLength(18);
      expect(inside.reduce((sum, layer) => sum + layer.out * layer.in, 0)).toBe(331_776);
      expect(modelById(id).attention.every((product) => product.headWidth === 24)).toBe(true);
    }
  });

  it.each(cardIds)(
    '%s is sound: unique names, layers outside the blocks are not factorized, a source',
    (id) => {
      const model = modelById(id);
      expect(modelById(id)).toBe(model);
      expect(model.id).toBe(id);
      expect(model.source.length).toBeGreaterThan(20);
      const names = [...model.linears, ...model.attention, ...model.embeddings].map((part) => part.name);
      expect(new Set(names).size).toBe(names.length);
      for (const layer of model.linears) {
        expect(groups).toContain(layer.group);
        expect(layer.factorize).toBe(layer.block !== null);
      }
      const blocks = 1 + Math.max(...model.linears.map((layer) => layer.block ?? 0));
      expect(model.attention).toHaveLength(2 * blocks);
      expect(model.defaultSequence).toBeLessThanOrEqual(model.maxSequence);
      for (const { tiedTo, shape } of model.embeddings) {
        if (tiedTo === undefined) continue;
        const head = model.linears.find((layer) => layer.name === tiedTo);
        expect([head?.out, head?.in]).toEqual(shape);
      }
    },
  );

  it('an unknown id is refused with the ids there are', () => {
    expect(() => modelById('bert')).toThrow('model: must be one of bert-base, bert-large,');
    expect(() => modelById('__proto__')).toThrow('got "__proto__"');
  });
});
