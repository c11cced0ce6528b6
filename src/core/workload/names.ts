/**
 * What a layer is, told from its module path. The rules cover the naming of BERT, RoBERTa, DistilBERT, ViT, DeiT, CLIP,
 * GPT-2, GPT-NeoX, OPT, BART, T5, Llama and its kin, torch.nn.Transformer, and fall back to `other`.
 * A fused query-key-value matrix is one layer of role QKV and group other: it is one matrix in the file.
 */
import type { Group } from './model.ts';

export interface Place {
  readonly role: string;
  readonly group: Group;
  /** One row per sequence is enough. */
  readonly perSequence: boolean;
  /** What repeats (`encoder.layer`) and which one of them; null outside blocks. */
  readonly block: { readonly container: string; readonly index: number } | null;
}

const blockWord = /^(?:layers?|h|blocks?|resblocks|encoderblock|layer_modules?)$/i;
const numbered = /^(layers?|h|blocks?|encoderblock|resblock)_?(\d{1,9})$/i;
const number = /^\d{1,9}$/;

const attentionWord = /attn|attention|^mha$/i;
const crossWord = /cross_?att|encdecattention|encoder_attn|multihead_attn/i;

const attentionOutput =
  /^(?:o|wo|o_proj|out_proj|out_lin|c_proj|proj|dense|out|output|to_out|linear_out|0)$/i;

type Rule = readonly [last: RegExp, role: string, group: Group];

const projections: readonly Rule[] = [
  [/^(?:q|query|wq|c_q)$|^(?:q|query)_(?:proj|lin|linear|attn|layer)$|^(?:to|linear|attn)_q$/i, 'Q', 'Q'],
  [/^(?:k|key|wk|c_k)$|^(?:k|key)_(?:proj|lin|linear|attn|layer)$|^(?:to|linear|attn)_k$/i, 'K', 'K'],
  [/^(?:v|value|wv|c_v)$|^(?:v|value)_(?:proj|lin|linear|attn|layer)$|^(?:to|linear|attn)_v$/i, 'V', 'V'],
  [/^(?:c_attn|w?qkv|w?qkv_proj|attn_qkv|to_qkv|query_key_value|w_pack)$/i, 'QKV', 'other'],
];

const feedForward: readonly Rule[] = [
  [/^(?:gate_proj|w1|wi_0)$/i, 'Gate', 'FFN1'],
  [/^(?:up_proj|w3|wi_1)$/i, 'Up', 'FFN1'],
  [/^(?:down_proj|w2)$/i, 'Down', 'FFN2'],
  [/^(?:fc1|c_fc|lin1|linear1|linear_1|wi|dense_h_to_4h|fc_in|gate_up_proj|ffn)$/i, 'FFN1', 'FFN1'],
  [/^(?:fc2|lin2|linear2|linear_2|wo|dense_4h_to_h|fc_out|ffn_output)$/i, 'FFN2', 'FFN2'],
];

/** Names that mean something below a certain parent only; a plain `gate` is a router elsewhere. */
const below: readonly (readonly [parent: RegExp, ...rule: Rule])[] = [
  [/^(?:mlp|ffn)$/i, /^c_proj$/i, 'FFN2', 'FFN2'],
  [/^intermediate$/i, /^dense$/i, 'FFN1', 'FFN1'],
  [/^output$/i, /^dense$/i, 'FFN2', 'FFN2'],
  [/^(?:ffn|feed_forward)$/i, /^gate$/i, 'Gate', 'FFN1'],
  [/^(?:ffn|feed_forward)$/i, /^up$/i, 'Up', 'FFN1'],
  [/^(?:ffn|feed_forward)$/i, /^down$/i, 'Down', 'FFN2'],
  [/^(?:mlp|ffn|feed_forward)$/i, /^0$/, 'FFN1', 'FFN1'],
  [/^(?:mlp|ffn|feed_forward)$/i, /^3$/, 'FFN2', 'FFN2'],
];

const headWord =
  /^(?:lm_head|embed_out|cls|classifier|head|heads|score|qa_outputs|logits|predictions|seq_relationship)$/i;
const everyToken = /^(?:qa_outputs|predictions)$/i;

/** The place of a layer by its module path, for example `encoder.layer.0.attention.self.query`. */
export function placeOf(path: string): Place {
  const parts = path.split(/[./]/).filter((part) => part !== '');
  const block = blockOf(parts);
  if (block === null) {
    const outside = placeOutside(parts);
    if (outside !== null) return outside;
  }
  return { ...kindOf(parts), perSequence: false, block };
}

function blockOf(parts: readonly string[]): Place['block'] {
  const isPlace = (at: number): boolean => at < parts.length - 1;
  const named = parts.findIndex(
    (part, at) => isPlace(at) && number.test(part) && blockWord.test(parts[at - 1] ?? ''),
  );
  if (named > 0) return { container: parts.slice(0, named).join('.'), index: Number(parts[named]) };
  const joined = parts.findIndex((part, at) => isPlace(at) && numbered.test(part));
  if (joined >= 0) {
    const [, word = '', index = '0'] = numbered.exec(parts[joined] ?? '') ?? [];
    return { container: [...parts.slice(0, joined), word].join('.'), index: Number(index) };
  }
  const bare = parts.findIndex((part, at) => at > 0 && isPlace(at) && number.test(part));
  return bare < 0 ? null : { container: parts.slice(0, bare).join('.'), index: Number(parts[bare]) };
}

function placeOutside(parts: readonly string[]): Place | null {
  const place = (role: string, perSequence: boolean): Place => ({
    role,
    group: 'other',
    perSequence,
    block: null,
  });
  if (parts.some((part) => patches.test(part))) return place('Patch', false);
  if (parts.some((part) => /^pooler$/i.test(part))) return place('Pooler', true);
  const last = parts.at(-1) ?? '';
  if (parts.some((part) => headWord.test(part)) || (parts.length === 1 && last === 'output')) {
    return place('Head', !parts.some((part) => everyToken.test(part)));
  }
  return null;
}

function kindOf(parts: readonly string[]): Pick<Place, 'role' | 'group'> {
  const last = parts.at(-1) ?? '';
  const inside = parts.slice(0, -1);
  const cross = inside.some((part) => crossWord.test(part)) ? 'Cross ' : '';
  const projection = projections.find(([word]) => word.test(last));
  if (projection !== undefined) return { role: cross + projection[1], group: projection[2] };
  if (inside.some((part) => attentionWord.test(part))) {
    if (/^in_proj$/i.test(last)) return { role: `${cross}QKV`, group: 'other' };
    if (attentionOutput.test(last)) return { role: `${cross}O`, group: 'O' };
  }
  const forward = feedForward.find(([word]) => word.test(last));
  if (forward !== undefined) return { role: forward[1], group: forward[2] };
  const parent = inside.at(-1) ?? '';
  const own = below.find(([above, word]) => above.test(parent) && word.test(last));
  if (own !== undefined) return { role: own[2], group: own[3] };
  return { role: 'Layer', group: 'other' };
}

const table =
  /^(?:wte|wpe|shared|tok_embeddings|embed_tokens|embed_positions|embed_in|embed|pos_embed|tok_emb|pos_emb|emb|cls_token|relative_attention_bias|embeddings?|\w+_embeddings?)$/i;
const patches = /patch_embed/i;

/** Whether a tensor's module path is that of a lookup table, a position table or a patch embedding. */
export function isEmbedding(path: string): boolean {
  const parts = path.split(/[./]/);
  return table.test(parts.at(-1) ?? '') || parts.some((part) => patches.test(part));
}
