/**
 * Head counts and sequence lengths: from the `config.json` beside a checkpoint (Hugging Face's keys), from the tensors
 * where they tell, or not at all. Nothing here is required: what is missing or does not fit the shapes is passed over.
 */
import type { LinearLayer } from './model.ts';

export interface HeadCounts {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headWidth: number;
}

interface Shaped {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Head counts that fit the query's and key's rows, or null. @param given a count from the user, which goes first. */
export function headsOf(
  linears: readonly LinearLayer[],
  tensors: readonly Shaped[],
  config: unknown,
  given: number | undefined,
): HeadCounts | null {
  const inBlock = (role: string): LinearLayer | undefined =>
    linears.find((layer) => layer.block !== null && layer.role === role);
  const query = inBlock('Q');
  const fused = inBlock('QKV');
  const keyRows = inBlock('K')?.out;
  const told =
    given ??
    setting(config, ['num_attention_heads', 'n_head', 'num_heads', 'n_heads', 'encoder_attention_heads']);
  const width = setting(config, ['head_dim', 'd_kv']) ?? widthFromTensors(tensors);
  if (query !== undefined)
    return fit(query.out, keyRows ?? query.out, told ?? headsFromTensors(tensors), width);
  if (fused === undefined) return null;
  const queryRows = told === null ? fused.out / 3 : told * (width ?? fused.in / told);
  return fit(queryRows, (fused.out - queryRows) / 2, told ?? headsFromTensors(tensors), width);
}

function fit(
  queryRows: number,
  keyRows: number,
  told: number | null,
  width: number | null,
): HeadCounts | null {
  const headWidth = told === null ? width : queryRows / told;
  if (headWidth === null) return null;
  const heads = queryRows / headWidth;
  const kvHeads = keyRows / headWidth;
  const isWhole = [headWidth, heads, kvHeads].every((value) => Number.isSafeInteger(value) && value >= 1);
  return isWhole && heads % kvHeads === 0 ? { heads, kvHeads, headWidth } : null;
}

/** T5's table of relative position biases has a column per head. */
function headsFromTensors(tensors: readonly Shaped[]): number | null {
  return tensors.find(({ name }) => name.endsWith('relative_attention_bias.weight'))?.shape[1] ?? null;
}

/** Rotary frequencies come in pairs; per-head norms are as wide as a head. */
function widthFromTensors(tensors: readonly Shaped[]): number | null {
  const frequencies = tensors.find(
    ({ name, shape }) => name.endsWith('rotary_emb.inv_freq') && shape.length === 1,
  );
  if (frequencies?.shape[0] !== undefined) return 2 * frequencies.shape[0];
  const norm = tensors.find(({ name, shape }) => name.endsWith('.q_norm.weight') && shape.length === 1);
  return norm?.shape[0] ?? null;
}

const longest = 131_072;
const usual = 128;

/** The longest sequence and the one to open with. */
export function positionsOf(
  tables: readonly Shaped[],
  config: unknown,
): { readonly usual: number; readonly most: number } {
  const told = setting(config, ['max_position_embeddings', 'n_positions', 'n_ctx', 'seq_length']);
  if (told !== null) return { usual, most: Math.min(told, longest) };
  const positions = tables.find(({ name }) =>
    /(?:wpe|position_embeddings?|embed_positions|pos_embed)$/.test(name),
  );
  const rows = positions?.shape.at(-2);
  if (rows === undefined || rows < 1) return { usual, most: longest };
  // Images come as one table [1, S, width], and always fill it.
  return { usual: positions?.shape.length === 3 ? rows : usual, most: Math.min(rows, longest) };
}

/** The first of the keys that holds a positive whole number. */
function setting(config: unknown, keys: readonly string[]): number | null {
  if (typeof config !== 'object' || config === null) return null;
  const record = config as Readonly<Record<string, unknown>>;
  const values = keys.map((key) => (Object.hasOwn(record, key) ? record[key] : undefined));
  const found = values.find((value) => Number.isSafeInteger(value) && Number(value) >= 1);
  return found === undefined ? null : Number(found);
}
