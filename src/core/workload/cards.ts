/**
 * Shape cards: transformers by their published shapes, without weights. Layers carry the module paths of the usual
 * checkpoints (Hugging Face). Word, position and type tables, patch embeddings, poolers and heads are counted and shown
 * but not factorized. GPT-2 stores query, key and value as one matrix `attn.c_attn` [768, 2304]; the card shows its
 * three parts as `attn.c_attn.q`, `.k`, `.v`, since each may be factorized on its own.
 */
import { InputError } from '../base/checks.ts';
import { transformerBlocks } from './blocks.ts';
import type { BlockNames, BlockShape } from './blocks.ts';
import type { Embedding, LinearLayer, TransformerModel } from './model.ts';

const bertNames: BlockNames = {
  block: (index) => `encoder.layer.${index}`,
  query: 'attention.self.query',
  key: 'attention.self.key',
  value: 'attention.self.value',
  output: 'attention.output.dense',
  gate: 'intermediate.gate',
  up: 'intermediate.dense',
  down: 'output.dense',
};

const vitNames: BlockNames = {
  ...bertNames,
  query: 'attention.attention.query',
  key: 'attention.attention.key',
  value: 'attention.attention.value',
};

const gptNames: BlockNames = {
  block: (index) => `h.${index}`,
  query: 'attn.c_attn.q',
  key: 'attn.c_attn.k',
  value: 'attn.c_attn.v',
  output: 'attn.c_proj',
  gate: 'mlp.c_gate',
  up: 'mlp.c_fc',
  down: 'mlp.c_proj',
};

const llamaNames: BlockNames = {
  block: (index) => `model.layers.${index}`,
  query: 'self_attn.q_proj',
  key: 'self_attn.k_proj',
  value: 'self_attn.v_proj',
  output: 'self_attn.o_proj',
  gate: 'mlp.gate_proj',
  up: 'mlp.up_proj',
  down: 'mlp.down_proj',
};

/** An encoder or GPT-style block: as many key as query heads, a plain feed-forward layer, biases. */
const plain = (layers: number, width: number, ffn: number, heads: number): BlockShape => ({
  layers,
  width,
  ffn,
  heads,
  kvHeads: heads,
  gated: false,
  bias: true,
});

type OutsideShape = Pick<LinearLayer, 'name' | 'role' | 'out' | 'in' | 'bias'>;

/** A layer outside the blocks that sees every token. */
const outside = (shape: OutsideShape): LinearLayer => ({
  ...shape,
  group: 'other',
  block: null,
  factorize: false,
});

/** A layer outside the blocks that sees one row per sequence. */
const once = (shape: OutsideShape): LinearLayer => ({ ...outside(shape), rows: 'sequences' });

const table = (name: string, rows: number, width: number): Embedding => ({ name, shape: [rows, width] });

function bert(id: string, title: string, shape: BlockShape): TransformerModel {
  const { width } = shape;
  const { linears, attention } = transformerBlocks(shape, bertNames);
  return {
    id,
    title,
    source: 'Devlin et al., "BERT", NAACL 2019, section 3 (uncased; vocabulary 30,522)',
    linears: [...linears, once({ name: 'pooler.dense', role: 'Pooler', out: width, in: width, bias: true })],
    attention,
    embeddings: [
      table('embeddings.word_embeddings', 30_522, width),
      table('embeddings.position_embeddings', 512, width),
      table('embeddings.token_type_embeddings', 2, width),
    ],
    defaultSequence: 128,
    maxSequence: 512,
  };
}

function vit(id: string, title: string, source: string, shape: BlockShape): TransformerModel {
  const { width } = shape;
  const { linears, attention } = transformerBlocks(shape, vitNames);
  return {
    id,
    title,
    source,
    linears: [
      outside({
        name: 'embeddings.patch_embeddings.projection',
        role: 'Patch',
        out: width,
        in: 3 * 16 * 16,
        bias: true,
      }),
      ...linears,
      once({ name: 'classifier', role: 'Head', out: 1000, in: width, bias: true }),
    ],
    attention,
    embeddings: [
      table('embeddings.cls_token', 1, width),
      table('embeddings.position_embeddings', 197, width),
    ],
    defaultSequence: 197,
    // 384 px: 24 x 24 patches and the class token, positions interpolated.
    maxSequence: 577,
  };
}

function gpt2(): TransformerModel {
  const { linears, attention } = transformerBlocks(plain(12, 768, 3072, 12), gptNames);
  return {
    id: 'gpt2',
    title: 'GPT-2 small',
    source:
      'Radford et al., "Language Models are Unsupervised Multitask Learners", 2019, table 2 (smallest), as released',
    linears: [...linears, once({ name: 'lm_head', role: 'Head', out: 50_257, in: 768, bias: false })],
    attention,
    embeddings: [{ ...table('wte', 50_257, 768), tiedTo: 'lm_head' }, table('wpe', 1024, 768)],
    defaultSequence: 128,
    maxSequence: 1024,
  };
}

function llama(
  id: string,
  title: string,
  source: string,
  [ffn, kvHeads, vocabulary, maxSequence]: readonly [number, number, number, number],
): TransformerModel {
  const shape: BlockShape = { layers: 32, width: 4096, ffn, heads: 32, kvHeads, gated: true, bias: false };
  const { linears, attention } = transformerBlocks(shape, llamaNames);
  return {
    id,
    title,
    source,
    linears: [...linears, once({ name: 'lm_head', role: 'Head', out: vocabulary, in: 4096, bias: false })],
    attention,
    embeddings: [table('model.embed_tokens', vocabulary, 4096)],
    defaultSequence: 128,
    maxSequence,
  };
}

const smallShape = plain(3, 96, 384, 4);

function glyphVit(): TransformerModel {
  const { linears, attention } = transformerBlocks(smallShape, vitNames);
  return {
    id: 'glyph-vit',
    title: 'Glyph-ViT, 96 wide',
    source:
      "this project's own: a pre-norm encoder, 96 wide, for 32 procedural stroke glyphs of 24 x 24 pixels; trained by scripts/train.mjs, right on 99.88 % of 8,192 fresh images",
    linears: [
      outside({ name: 'embeddings.patch_embeddings.projection', role: 'Patch', out: 96, in: 36, bias: true }),
      ...linears,
      once({ name: 'classifier', role: 'Head', out: 32, in: 96, bias: true }),
    ],
    attention,
    embeddings: [table('embeddings.position_embeddings', 16, 96)],
    defaultSequence: 16,
    maxSequence: 16,
    defaultTokens: 144,
  };
}

function lexicalQa(): TransformerModel {
  const { linears, attention } = transformerBlocks(smallShape, bertNames);
  return {
    id: 'lexical-qa',
    title: 'Lexical QA, 96 wide',
    source:
      "this project's own: a pre-norm encoder, 96 wide, for extractive questions over 24 tokens of 384 words; trained by scripts/train.mjs, exact match 99.98 % on 8,192 fresh questions",
    linears: [...linears, outside({ name: 'qa_outputs', role: 'Head', out: 2, in: 96, bias: true })],
    attention,
    embeddings: [
      table('embeddings.word_embeddings', 384, 96),
      table('embeddings.position_embeddings', 24, 96),
    ],
    defaultSequence: 24,
    maxSequence: 24,
    defaultTokens: 144,
  };
}

const makers = new Map<string, () => TransformerModel>([
  ['bert-base', () => bert('bert-base', 'BERT-base', plain(12, 768, 3072, 12))],
  ['bert-large', () => bert('bert-large', 'BERT-large', plain(24, 1024, 4096, 16))],
  [
    'vit-b16',
    () =>
      vit(
        'vit-b16',
        'ViT-B/16',
        'Dosovitskiy et al., "An Image is Worth 16x16 Words", ICLR 2021, table 1 (224 px, 1,000 classes)',
        plain(12, 768, 3072, 12),
      ),
  ],
  [
    'deit-s',
    () =>
      vit(
        'deit-s',
        'DeiT-S',
        'Touvron et al., "Training data-efficient image transformers", ICML 2021, table 1 (224 px, 1,000 classes)',
        plain(12, 384, 1536, 6),
      ),
  ],
  ['gpt2', gpt2],
  [
    'llama-7b',
    () =>
      llama(
        'llama-7b',
        'Llama 7B',
        'Touvron et al., "LLaMA", 2023, table 2; FFN 11,008 and vocabulary 32,000 as released',
        [11_008, 32, 32_000, 2048],
      ),
  ],
  [
    'llama-3-8b',
    () =>
      llama(
        'llama-3-8b',
        'Llama 3 8B',
        'Dubey et al., "The Llama 3 Herd of Models", 2024, table 3; context as first released',
        [14_336, 8, 128_256, 8192],
      ),
  ],
  ['glyph-vit', glyphVit],
  ['lexical-qa', lexicalQa],
]);

/** Ids of the cards, in the order to offer them. */
export const cardIds: readonly string[] = [...makers.keys()];

const made = new Map<string, TransformerModel>();

/** The card of that id, the same object each time. @throws InputError that lists the ids. */
export function modelById(id: string): TransformerModel {
  const known = made.get(id);
  if (known !== undefined) return known;
  const make = makers.get(id);
  if (make === undefined) throw new InputError('model', `must be one of ${cardIds.join(', ')}`, id);
  const model = make();
  made.set(id, model);
  return model;
}
