import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { InputError } from '../base/checks.ts';
import { bytesSource } from './byte-source.ts';
import { cardIds, modelById } from './cards.ts';
import { modelFromTensors, readWeight } from './layers.ts';
import type { FileModel, NamedTensor } from './layers.ts';
import { safetensorsBytes } from './safetensors.fixture.ts';
import { openSafetensors } from './safetensors.ts';
import { resolveWorkload } from './workload.ts';

type Shapes = Readonly<Record<string, readonly number[]>>;

const tensors = (shapes: Shapes, dtype = 'F32'): readonly NamedTensor[] =>
  Object.entries(shapes).map(([name, shape]) => ({ name, dtype, shape }));

/** `role group out x in`, with marks for bias, transposed storage, uses and rows, by name. */
const shown = (model: FileModel): Readonly<Record<string, string>> =>
  Object.fromEntries(
    model.linears.map((layer) => [
      layer.name,
      [
        layer.block ?? '-',
        layer.role,
        layer.group,
        `${layer.out}x${layer.in}`,
        ...(layer.bias ? ['bias'] : []),
        ...(layer.transposed ? ['transposed'] : []),
        ...(layer.uses > 1 ? [`uses ${layer.uses}`] : []),
        ...(layer.rows === 'sequences' ? ['once'] : []),
        ...(layer.factorize ? [] : ['aside']),
      ].join(' '),
    ]),
  );

const linear = (path: string, out: number, inside: number): Shapes => ({
  [`${path}.weight`]: [out, inside],
  [`${path}.bias`]: [out],
});
const bare = (path: string, out: number, inside: number): Shapes => ({ [`${path}.weight`]: [out, inside] });
const norm = (path: string, width: number): Shapes => ({
  [`${path}.weight`]: [width],
  [`${path}.bias`]: [width],
});

describe('the linear layers of a file', () => {
  it('of BERT', () => {
    const model = modelFromTensors(
      'bert.safetensors',
      tensors({
        ...bare('bert.embeddings.word_embeddings', 100, 8),
        ...bare('bert.embeddings.position_embeddings', 64, 8),
        ...bare('bert.embeddings.token_type_embeddings', 2, 8),
        'bert.embeddings.position_ids': [1, 64],
        ...norm('bert.embeddings.LayerNorm', 8),
        ...linear('bert.encoder.layer.0.output.dense', 8, 32),
        ...linear('bert.encoder.layer.0.intermediate.dense', 32, 8),
        ...linear('bert.encoder.layer.0.attention.output.dense', 8, 8),
        ...linear('bert.encoder.layer.0.attention.self.value', 8, 8),
        ...linear('bert.encoder.layer.0.attention.self.query', 8, 8),
        ...linear('bert.encoder.layer.0.attention.self.key', 8, 8),
        ...norm('bert.encoder.layer.0.attention.output.LayerNorm', 8),
        ...linear('bert.pooler.dense', 8, 8),
        ...linear('cls.predictions.transform.dense', 8, 8),
        ...linear('cls.seq_relationship', 2, 8),
        ...linear('qa_outputs', 2, 8),
      }),
      { config: { num_attention_heads: 2, max_position_embeddings: 64 } },
    );
    expect(shown(model)).toEqual({
      'bert.encoder.layer.0.attention.self.query': '0 Q Q 8x8 bias',
      'bert.encoder.layer.0.attention.self.key': '0 K K 8x8 bias',
      'bert.encoder.layer.0.attention.self.value': '0 V V 8x8 bias',
      'bert.encoder.layer.0.attention.output.dense': '0 O O 8x8 bias',
      'bert.encoder.layer.0.intermediate.dense': '0 FFN1 FFN1 32x8 bias',
      'bert.encoder.layer.0.output.dense': '0 FFN2 FFN2 8x32 bias',
      'bert.pooler.dense': '- Pooler other 8x8 bias once aside',
      'cls.predictions.transform.dense': '- Head other 8x8 bias aside',
      'cls.seq_relationship': '- Head other 2x8 bias once aside',
      qa_outputs: '- Head other 2x8 bias aside',
    });
    expect(model.linears.map((layer) => layer.role).slice(0, 7)).toEqual([
      'Q',
      'K',
      'V',
      'O',
      'FFN1',
      'FFN2',
      'Pooler',
    ]);
    expect(model.embeddings).toEqual([
      { name: 'bert.embeddings.word_embeddings', shape: [100, 8] },
      { name: 'bert.embeddings.position_embeddings', shape: [64, 8] },
      { name: 'bert.embeddings.token_type_embeddings', shape: [2, 8] },
    ]);
    expect(model.attention).toMatchObject([
      { block: 0, which: 'scores', heads: 2, kvHeads: 2, headWidth: 4 },
      { block: 0, which: 'context', heads: 2, kvHeads: 2, headWidth: 4 },
    ]);
    expect([model.defaultSequence, model.maxSequence]).toEqual([64, 64]);
  });

  const gptBlock: Shapes = {
    'transformer.h.0.attn.bias': [1, 1, 64, 64],
    ...norm('transformer.h.0.ln_1', 8),
    'transformer.h.0.attn.c_attn.weight': [8, 24],
    'transformer.h.0.attn.c_attn.bias': [24],
    'transformer.h.0.attn.c_proj.weight': [8, 8],
    'transformer.h.0.attn.c_proj.bias': [8],
    'transformer.h.0.mlp.c_fc.weight': [8, 32],
    'transformer.h.0.mlp.c_fc.bias': [32],
    'transformer.h.0.mlp.c_proj.weight': [32, 8],
    'transformer.h.0.mlp.c_proj.bias': [8],
  };
  const gptTables: Shapes = { ...bare('transformer.wte', 50, 8), ...bare('transformer.wpe', 64, 8) };
  const gptRows = {
    'transformer.h.0.attn.c_attn': '0 QKV other 24x8 bias transposed',
    'transformer.h.0.attn.c_proj': '0 O O 8x8 bias transposed',
    'transformer.h.0.mlp.c_fc': '0 FFN1 FFN1 32x8 bias transposed',
    'transformer.h.0.mlp.c_proj': '0 FFN2 FFN2 8x32 bias transposed',
  };

  it('of GPT-2, whose Conv1D is stored [in, out] and whose head shares the word table', () => {
    const all = tensors({ ...gptTables, ...gptBlock });
    expect(shown(modelFromTensors('gpt2', all))).toEqual(gptRows);
    const config = { architectures: ['GPT2LMHeadModel'], n_head: 2 };
    const tied = modelFromTensors('gpt2', all, { config });
    expect(shown(tied)).toEqual({ ...gptRows, lm_head: '- Head other 50x8 uses 2 once aside' });
    expect(tied.linears.at(-1)?.weight).toBe('transformer.wte.weight');
    expect(tied.embeddings[0]).toEqual({ name: 'transformer.wte', shape: [50, 8], tiedTo: 'lm_head' });
    expect(tied.attention[0]).toMatchObject({ heads: 2, headWidth: 4 });
    const aliases = new Map([['lm_head.weight', 'transformer.wte.weight']]);
    expect(shown(modelFromTensors('gpt2', all, { aliases }))).toEqual(shown(tied));
    expect(shown(modelFromTensors('gpt2', all, { aliases, config }))).toEqual(shown(tied));
    const own = modelFromTensors('gpt2', [...all, ...tensors(bare('lm_head', 50, 8))], { config });
    expect(shown(own)).toEqual({ ...gptRows, lm_head: '- Head other 50x8 once aside' });
  });

  it('of a GPT-2 fork that stores [out, in], with and without biases', () => {
    const fork: Shapes = {
      ...bare('transformer.h.0.attn.c_attn', 24, 8),
      ...bare('transformer.h.0.attn.c_proj', 8, 8),
      ...bare('transformer.h.0.mlp.c_fc', 32, 8),
      ...bare('transformer.h.0.mlp.c_proj', 8, 32),
    };
    const plain = Object.fromEntries(
      Object.entries(gptRows).map(([name, row]) => [name, row.replace(' bias transposed', '')]),
    );
    expect(shown(modelFromTensors('nano', tensors(fork)))).toEqual(plain);
    const unbiased = Object.fromEntries(Object.entries(gptBlock).filter(([name]) => !name.endsWith('.bias')));
    const rows = Object.fromEntries(
      Object.entries(gptRows).map(([name, row]) => [name, row.replace(' bias', '')]),
    );
    expect(shown(modelFromTensors('gpt2', tensors(unbiased)))).toEqual(rows);
  });

  it('of Llama with grouped queries, its heads told by the rotary frequencies', () => {
    const model = modelFromTensors(
      'llama',
      tensors(
        {
          ...bare('model.embed_tokens', 50, 16),
          ...bare('model.layers.10.mlp.up_proj', 40, 16),
          ...bare('model.layers.2.self_attn.q_proj', 16, 16),
          ...bare('model.layers.2.self_attn.k_proj', 8, 16),
          ...bare('model.layers.2.self_attn.v_proj', 8, 16),
          ...bare('model.layers.2.self_attn.o_proj', 16, 16),
          'model.layers.2.self_attn.rotary_emb.inv_freq': [2],
          ...bare('model.layers.2.mlp.gate_proj', 40, 16),
          ...bare('model.layers.2.mlp.down_proj', 16, 40),
          ...bare('lm_head', 50, 16),
        },
        'BF16',
      ),
    );
    expect(shown(model)).toEqual({
      'model.layers.2.self_attn.q_proj': '0 Q Q 16x16',
      'model.layers.2.self_attn.k_proj': '0 K K 8x16',
      'model.layers.2.self_attn.v_proj': '0 V V 8x16',
      'model.layers.2.self_attn.o_proj': '0 O O 16x16',
      'model.layers.2.mlp.gate_proj': '0 Gate FFN1 40x16',
      'model.layers.2.mlp.down_proj': '0 Down FFN2 16x40',
      'model.layers.10.mlp.up_proj': '1 Up FFN1 40x16',
      lm_head: '- Head other 50x16 once aside',
    });
    expect(model.attention[0]).toMatchObject({ heads: 4, kvHeads: 2, headWidth: 4 });
    expect(model.linears[0]?.dtype).toBe('BF16');
  });

  it('of T5, encoder blocks before decoder blocks, its heads told by the bias table', () => {
    const model = modelFromTensors(
      't5',
      tensors({
        ...bare('shared', 50, 8),
        ...bare('decoder.block.0.layer.0.SelfAttention.q', 8, 8),
        ...bare('decoder.block.0.layer.1.EncDecAttention.k', 8, 8),
        ...bare('decoder.block.0.layer.2.DenseReluDense.wo', 8, 32),
        ...bare('encoder.block.0.layer.0.SelfAttention.relative_attention_bias', 32, 4),
        ...bare('encoder.block.0.layer.0.SelfAttention.q', 8, 8),
        ...bare('encoder.block.0.layer.0.SelfAttention.k', 8, 8),
        ...bare('encoder.block.0.layer.0.SelfAttention.o', 8, 8),
        ...bare('encoder.block.0.layer.1.DenseReluDense.wi_0', 32, 8),
      }),
      {
        aliases: new Map([
          ['encoder.embed_tokens.weight', 'shared.weight'],
          ['lm_head.weight', 'shared.weight'],
        ]),
      },
    );
    expect(shown(model)).toEqual({
      'encoder.block.0.layer.0.SelfAttention.q': '0 Q Q 8x8',
      'encoder.block.0.layer.0.SelfAttention.k': '0 K K 8x8',
      'encoder.block.0.layer.0.SelfAttention.o': '0 O O 8x8',
      'encoder.block.0.layer.1.DenseReluDense.wi_0': '0 Gate FFN1 32x8',
      'decoder.block.0.layer.0.SelfAttention.q': '1 Q Q 8x8',
      'decoder.block.0.layer.1.EncDecAttention.k': '1 Cross K K 8x8',
      'decoder.block.0.layer.2.DenseReluDense.wo': '1 FFN2 FFN2 8x32',
      lm_head: '- Head other 50x8 uses 3 once aside',
    });
    expect(model.attention[0]).toMatchObject({ heads: 4, headWidth: 2 });
    expect(model.tables.map((table) => table.name)).toEqual([
      'shared',
      'encoder.block.0.layer.0.SelfAttention.relative_attention_bias',
    ]);
  });

  it('of ViT, OPT, timm, torch.nn and nameless ones', () => {
    const rows = (shapes: Shapes): Readonly<Record<string, string>> =>
      shown(modelFromTensors('file', tensors(shapes)));
    expect(
      rows({
        'vit.embeddings.cls_token': [1, 1, 8],
        'vit.embeddings.position_embeddings': [1, 17, 8],
        'vit.embeddings.patch_embeddings.projection.weight': [8, 3, 4, 4],
        'vit.embeddings.patch_embeddings.projection.bias': [8],
        ...linear('vit.encoder.layer.3.attention.attention.query', 8, 8),
        ...linear('classifier', 10, 8),
      }),
    ).toEqual({
      'vit.encoder.layer.3.attention.attention.query': '0 Q Q 8x8 bias',
      classifier: '- Head other 10x8 bias once aside',
    });
    expect(
      rows({
        ...bare('model.decoder.embed_positions', 66, 8),
        ...linear('model.decoder.layers.0.self_attn.out_proj', 8, 8),
        ...linear('model.decoder.layers.0.fc1', 32, 8),
        ...linear('model.decoder.layers.0.fc2', 8, 32),
        ...bare('model.decoder.project_in', 8, 4),
      }),
    ).toEqual({
      'model.decoder.layers.0.self_attn.out_proj': '0 O O 8x8 bias',
      'model.decoder.layers.0.fc1': '0 FFN1 FFN1 32x8 bias',
      'model.decoder.layers.0.fc2': '0 FFN2 FFN2 8x32 bias',
      'model.decoder.project_in': '- Layer other 8x4',
    });
    expect(
      rows({
        ...linear('blocks.0.attn.qkv', 24, 8),
        ...linear('blocks.0.attn.proj', 8, 8),
        ...linear('head', 5, 8),
      }),
    ).toEqual({
      'blocks.0.attn.qkv': '0 QKV other 24x8 bias',
      'blocks.0.attn.proj': '0 O O 8x8 bias',
      head: '- Head other 5x8 bias once aside',
    });
    expect(
      rows({
        'layers.1.self_attn.in_proj_weight': [24, 8],
        'layers.1.self_attn.in_proj_bias': [24],
        ...linear('layers.1.linear1', 32, 8),
      }),
    ).toEqual({
      'layers.1.self_attn.in_proj': '0 QKV other 24x8 bias',
      'layers.1.linear1': '0 FFN1 FFN1 32x8 bias',
    });
    expect(rows({ weight: [4, 6], bias: [4] })).toEqual({ weight: '- Layer other 4x6 bias' });
    expect(rows({ ...linear('0', 4, 6), ...linear('2', 2, 4) })).toEqual({
      '0': '- Layer other 4x6 bias',
      '2': '- Layer other 2x4 bias',
    });
    expect(rows({ 'dense.kernel': [6, 4], 'dense.bias': [4] })).toEqual({
      dense: '- Layer other 4x6 bias transposed',
    });
    expect(rows(linear('classifier', 2, 8))).toEqual({ classifier: '- Head other 2x8 bias once' });
  });

  it('opens with an image model at its full sequence', () => {
    const model = modelFromTensors(
      'vit',
      tensors({ pos_embed: [1, 197, 8], ...linear('blocks.0.attn.qkv', 24, 8) }),
    );
    expect(resolveWorkload(model, {})).toEqual({ tokens: 197, batch: 1, sequence: 197 });
  });

  it.each(cardIds.filter((id) => id !== 'gpt2'))('is the card again for the tensors of %s', (id) => {
    const card = modelById(id);
    const shapes = Object.fromEntries(
      card.linears
        .filter((layer) => layer.role !== 'Patch')
        .flatMap(({ name, out, in: inside, bias }) =>
          Object.entries(bias ? linear(name, out, inside) : bare(name, out, inside)),
        ),
    );
    const file = modelFromTensors(id, tensors(shapes), { heads: card.attention[0]?.heads ?? 1 });
    const told = file.linears.map(({ weight, dtype, transposed, uses, ...layer }) => {
      expect([weight, dtype, transposed, uses]).toEqual([`${layer.name}.weight`, 'F32', false, 1]);
      return layer;
    });
    expect(told).toEqual(card.linears.filter((layer) => layer.role !== 'Patch'));
    expect(file.attention.map((product) => ({ ...product, name: '' }))).toEqual(
      card.attention.map((product) => ({ ...product, name: '' })),
    );
  });

  it('without any is refused', () => {
    expect(() => modelFromTensors('empty.safetensors', [])).toThrow(
      'model: must have at least one linear layer, a two-dimensional *.weight, got "empty.safetensors"',
    );
    expect(() =>
      modelFromTensors('x', tensors({ ...norm('ln', 8), ...bare('wte', 5, 8), 'conv.weight': [8, 3, 3, 3] })),
    ).toThrow(InputError);
  });

  it('passes over head counts that do not fit', () => {
    const query = tensors(linear('layers.0.attention.query', 8, 8));
    for (const config of [
      null,
      7,
      [],
      {},
      { num_attention_heads: 3 },
      { num_attention_heads: '2' },
      { num_attention_heads: 0 },
    ]) {
      expect(modelFromTensors('x', query, { config }).attention).toEqual([]);
    }
    expect(modelFromTensors('x', query, { heads: 4 }).attention).toHaveLength(2);
  });

  it('of any tensors is a model with unique names, or refused', () => {
    const part = fc.constantFrom(
      'layer',
      '0',
      '12',
      '999999999',
      'attention',
      'query',
      'c_attn',
      'dense',
      'wte',
      'decoder',
      'lm_head',
      '',
      '__proto__',
      'é',
    );
    const suffix = fc.constantFrom('.weight', '.bias', '_weight', '.kernel', '');
    const name = fc
      .tuple(fc.array(part, { maxLength: 5 }), suffix)
      .map(([parts, end]) => parts.join('.') + end);
    const tensor = fc.record({
      name,
      dtype: fc.constantFrom('F32', 'BOOL', 'F4'),
      shape: fc.array(fc.nat(64), { maxLength: 4 }),
    });
    const config = fc.option(
      fc.dictionary(
        fc.constantFrom('num_attention_heads', 'n_head', 'head_dim', 'tie_word_embeddings', 'architectures'),
        fc.jsonValue(),
      ),
    );
    fc.assert(
      fc.property(
        fc.uniqueArray(tensor, { selector: (each) => each.name, maxLength: 20 }),
        config,
        (given, settings) => {
          try {
            const model = modelFromTensors('any', given, { config: settings });
            expect(new Set(model.linears.map((layer) => layer.name)).size).toBe(model.linears.length);
            for (const layer of model.linears) {
              expect(layer.out * layer.in).toBeGreaterThan(0);
              expect(layer.block ?? 0).toBeLessThan(given.length);
            }
            expect(resolveWorkload(model, {}).batch).toBe(1);
          } catch (error) {
            if (!(error instanceof InputError)) throw error;
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('the weight of a layer', () => {
  it('is [out, in], however it is stored', async () => {
    const data = (values: readonly number[]): Uint8Array => new Uint8Array(new Float32Array(values).buffer);
    const store = await openSafetensors(
      bytesSource(
        safetensorsBytes([
          { name: 'h.0.mlp.c_fc.weight', dtype: 'F32', shape: [2, 3], bytes: data([1, 2, 3, 4, 5, 6]) },
          { name: 'h.0.mlp.c_fc.bias', dtype: 'F32', shape: [3], bytes: data([0, 0, 0]) },
          { name: 'head.weight', dtype: 'F32', shape: [1, 2], bytes: data([7, 8]) },
        ]),
      ),
    );
    const model = modelFromTensors('tiny', store.tensors, { aliases: store.metadata });
    const weights = await Promise.all(model.linears.map((layer) => readWeight(store, layer)));
    expect(weights.map(({ rows, columns, values }) => [rows, columns, [...values]])).toEqual([
      [3, 2, [1, 4, 2, 5, 3, 6]],
      [1, 2, [7, 8]],
    ]);
    const [layer] = model.linears;
    if (layer === undefined) throw new Error('internal: no layer');
    await expect(readWeight(store, { ...layer, weight: 'gone' })).rejects.toThrow(
      'model: the file must hold the weight of the layer, got "gone"',
    );
  });
});
