/**
 * Linear layers in a list of named tensors: every two-dimensional `*.weight` that is no lookup table, with its bias.
 * `out` and `in` are those of torch.nn.Linear; a GPT-2 Conv1D or a Flax kernel is stored [in, out] and says so.
 * Embeddings are listed beside; an LM head is a layer. A weight that several modules share is one row with its uses.
 * Attention products need the head count: from `config.json`, from the tensors where they tell, or given. Left out:
 * convolutions, experts stacked in three dimensions, cross-attention products.
 */
import { InputError, check } from '../base/checks.ts';
import { attentionProducts } from './blocks.ts';
import { headsOf, positionsOf } from './config-json.ts';
import type { HeadCounts } from './config-json.ts';
import type { AttentionProduct, Embedding, LinearLayer, TransformerModel } from './model.ts';
import { isEmbedding, placeOf } from './names.ts';
import type { Place } from './names.ts';
import { readFloat64 } from './safetensors.ts';
import type { TensorStore } from './safetensors.ts';
import { applyScale, needsScale, refusePacked, scaleBeside, type StoredScale } from './scaled-weights.ts';

/** What is needed of a tensor to tell what it is. */
export interface NamedTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** A linear layer of a file. */
export interface FileLayer extends LinearLayer {
  /** The tensor's name in the file. */
  readonly weight: string;
  readonly dtype: string;
  /** Stored [in, out]. */
  readonly transposed: boolean;
  /** How many modules share the weight. */
  readonly uses: number;
  /** What stored numbers are multiplied by; absent when they are the weights. */
  readonly scale?: StoredScale;
}

export interface FileEmbedding {
  readonly name: string;
  readonly shape: readonly number[];
}

export interface FileModel extends TransformerModel {
  readonly linears: readonly FileLayer[];
  /** With their stored shapes, whatever their dimensions. */
  readonly tables: readonly FileEmbedding[];
}

export interface ModelHints {
  /** The parsed `config.json` beside the file. */
  readonly config?: unknown;
  /** Names that share another tensor's weight, as safetensors' `__metadata__` records them. */
  readonly aliases?: ReadonlyMap<string, string>;
  readonly heads?: number;
}

const weightName = /^(?:(.*)[._])?(weight|kernel)$/;
const unreadable: readonly string[] = ['BOOL', 'C64', 'F4', 'F6_E2M3', 'F6_E3M2'];

/**
 * The model that a file's tensors describe.
 * @throws InputError when there is no linear layer.
 */
export function modelFromTensors(
  name: string,
  tensors: readonly NamedTensor[],
  hints: ModelHints = {},
): FileModel {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  refusePacked(byName.keys());
  const aliases = [...(hints.aliases ?? [])].filter(
    ([alias, kept]) => !byName.has(alias) && byName.has(kept),
  );
  const drafts = tensors.flatMap((tensor) => draftOf(tensor, byName) ?? []);
  const found = [...drafts, ...tiedHeads(byName, aliases, hints.config)];
  check(found.length > 0, 'model', 'must have at least one linear layer, a two-dimensional *.weight', name);
  const uses = countUses(found, aliases);
  const linears = finish(found, uses, byName);
  const heads = headsOf(linears, tensors, hints.config, hints.heads);
  const tables = tensors.flatMap((tensor) => tableOf(tensor, byName) ?? []);
  const positions = positionsOf(tables, hints.config);
  return {
    id: 'file',
    title: name,
    source: `shapes read from ${name}`,
    linears,
    attention: heads === null ? [] : attentionOf(linears, heads),
    embeddings: tables.map((each) => flat(each, linears)),
    tables,
    defaultSequence: Math.min(positions.usual, positions.most),
    maxSequence: positions.most,
  };
}

/** A layer before its block numbers, orientation and uses are settled among all layers. */
interface Draft {
  readonly path: string;
  readonly place: Place;
  readonly tensor: NamedTensor;
  readonly bias: boolean;
  /** Null when neither bias nor suffix tells: a square matrix, or no bias. */
  readonly transposed: boolean | null;
}

function draftOf(tensor: NamedTensor, byName: ReadonlyMap<string, NamedTensor>): Draft | null {
  const match = weightName.exec(tensor.name);
  const [first = 0, second = 0] = tensor.shape;
  const isMatrix = tensor.shape.length === 2 && first > 0 && second > 0;
  if (match === null || !isMatrix || unreadable.includes(tensor.dtype)) return null;
  const [, path = '', suffix] = match;
  const bias = biasOf(tensor.name, byName);
  if (bias === null && isEmbedding(path)) return null;
  const isBias = bias === first || bias === second;
  const told = isBias && first !== second ? bias === second : null;
  return {
    path,
    place: placeOf(path),
    tensor,
    bias: isBias,
    transposed: suffix === 'kernel' ? true : told,
  };
}

/** Length of the bias that goes with a weight, or null. */
function biasOf(weight: string, byName: ReadonlyMap<string, NamedTensor>): number | null {
  const bias = byName.get(weight.replace(/(?:weight|kernel)$/, 'bias'));
  return bias?.shape.length === 1 ? (bias.shape[0] ?? null) : null;
}

function tableOf(tensor: NamedTensor, byName: ReadonlyMap<string, NamedTensor>): FileEmbedding | null {
  const path = weightName.exec(tensor.name)?.[1] ?? tensor.name;
  if (tensor.shape.length < 2 || !isEmbedding(path)) return null;
  return draftOf(tensor, byName) === null ? { name: path, shape: tensor.shape } : null;
}

/** An LM head that shares the word table: named by the file's metadata, or implied by `config.json`. */
function tiedHeads(
  byName: ReadonlyMap<string, NamedTensor>,
  aliases: readonly (readonly [string, string])[],
  config: unknown,
): readonly Draft[] {
  const told = aliases.flatMap(([alias, kept]) => {
    const path = weightName.exec(alias)?.[1];
    return path !== undefined && placeOf(path).role === 'Head' ? [{ path, kept }] : [];
  });
  const implied = told.length > 0 || byName.has('lm_head.weight') ? [] : impliedHead(byName, config);
  return [...told, ...implied].flatMap(({ path, kept }) => {
    const tensor = byName.get(kept);
    const isTable = tensor?.shape.length === 2 && isEmbedding(weightName.exec(kept)?.[1] ?? '');
    return isTable ? [{ path, place: placeOf(path), tensor, bias: false, transposed: false }] : [];
  });
}

function impliedHead(
  byName: ReadonlyMap<string, NamedTensor>,
  config: unknown,
): readonly { readonly path: string; readonly kept: string }[] {
  if (typeof config !== 'object' || config === null) return [];
  const { tie_word_embeddings: tied, architectures } = config as Readonly<Record<string, unknown>>;
  const makesWords =
    Array.isArray(architectures) && architectures.some((each) => /LMHead|CausalLM/.test(String(each)));
  const words = [...byName.keys()].find((name) =>
    /(?:^|\.)(?:wte|embed_tokens|word_embeddings|tok_embeddings)\.weight$/.test(name),
  );
  // GPT-2's config leaves the tie to its default.
  const isTied = tied === true || (tied === undefined && words !== undefined && words.endsWith('wte.weight'));
  return makesWords && isTied && words !== undefined ? [{ path: 'lm_head', kept: words }] : [];
}

function countUses(
  drafts: readonly Draft[],
  aliases: readonly (readonly [string, string])[],
): ReadonlyMap<string, number> {
  const uses = new Map<string, number>();
  for (const { tensor } of drafts) {
    const shared = aliases.filter(([, kept]) => kept === tensor.name).length;
    const isTable = isEmbedding(weightName.exec(tensor.name)?.[1] ?? '');
    // A tied head uses its table a second time even where no alias says so.
    uses.set(tensor.name, Math.max(1 + shared, isTable ? 2 : 1));
  }
  return uses;
}

/** Orders layers by block and role, numbers the blocks of all stacks in one row, settles orientation and names. */
function finish(
  drafts: readonly Draft[],
  uses: ReadonlyMap<string, number>,
  byName: ReadonlyMap<string, NamedTensor>,
): readonly FileLayer[] {
  const blocks = blockNumbers(drafts.map(({ place }) => place));
  const gpt2 = storesConv1d(drafts);
  const taken = new Set<string>();
  const everyOther = drafts.every((draft) => isAside(draft.place));
  const layers = drafts.map((draft): FileLayer => {
    const { path, place, tensor, bias } = draft;
    const [first = 0, second = 0] = tensor.shape;
    const transposed = draft.transposed ?? (gpt2 && conv1dName.test(path));
    const name = path === '' || taken.has(path) ? tensor.name : path;
    taken.add(name);
    const scale = needsScale(tensor.dtype) ? scaleBeside(tensor.name, byName) : null;
    return {
      name,
      role: place.role,
      group: place.group,
      block: blocks(place),
      out: transposed ? second : first,
      in: transposed ? first : second,
      bias,
      factorize: everyOther || !isAside(place),
      ...(place.perSequence ? { rows: 'sequences' as const } : {}),
      weight: tensor.name,
      dtype: tensor.dtype,
      transposed,
      uses: uses.get(tensor.name) ?? 1,
      ...(scale === null ? {} : { scale }),
    };
  });
  return layers.sort(byPlace);
}

/** Blocks in order, then roles in theirs. */
export function byPlace(a: LinearLayer, b: LinearLayer): number {
  return (
    (a.block ?? Infinity) - (b.block ?? Infinity) || roleOrder(a) - roleOrder(b) || (a.name < b.name ? -1 : 1)
  );
}

/** Layers that are factorized on request only. */
export const isAside = (place: Pick<Place, 'role'>): boolean =>
  ['Head', 'Pooler', 'Patch'].includes(place.role);

const roles: readonly string[] = [
  'Q',
  'K',
  'V',
  'QKV',
  'KV',
  'O',
  'Cross Q',
  'Cross K',
  'Cross V',
  'Cross QKV',
  'Cross KV',
  'Cross O',
];
const laterRoles: readonly string[] = ['Gate', 'Up', 'Down', 'FFN1', 'FFN2', 'Layer', 'Pooler', 'Head'];
const allRoles = [...roles, ...laterRoles];
const roleOrder = (layer: LinearLayer): number => allRoles.indexOf(layer.role);

const blockKey = (block: NonNullable<Place['block']>): string => `${block.container} ${block.index}`;

/** Stacks one after the other, decoders last; within a stack the numbers that occur, closed up. */
export function blockNumbers(
  places: readonly Pick<Place, 'block'>[],
): (place: Pick<Place, 'block'>) => number | null {
  const stacks = new Map<string, Set<number>>();
  for (const { block } of places) {
    if (block === null) continue;
    const { container, index } = block;
    stacks.set(container, (stacks.get(container) ?? new Set()).add(index));
  }
  const isDecoder = (container: string): number => (/decoder/i.test(container) ? 1 : 0);
  const ordered = [...stacks].sort(([a], [b]) => isDecoder(a) - isDecoder(b) || (a < b ? -1 : 1));
  const numbers = new Map<string, number>();
  for (const [container, indices] of ordered) {
    for (const index of [...indices].sort((a, b) => a - b)) {
      numbers.set(blockKey({ container, index }), numbers.size);
    }
  }
  return ({ block }) => (block === null ? null : (numbers.get(blockKey(block)) ?? null));
}

const conv1dName = /(?:^|\.)(?:c_attn|c_fc|c_proj|q_attn)$/;

/** GPT-2's Conv1D keeps [in, out]; forks of it with the same names keep [out, in]. The fused or wide matrix tells. */
function storesConv1d(drafts: readonly Draft[]): boolean {
  const named = drafts.filter((draft) => conv1dName.test(draft.path));
  const told = named.find((draft) => draft.transposed !== null);
  if (told !== undefined) return told.transposed === true;
  return named.some(({ path, tensor: { shape } }) => {
    const ratio = path.endsWith('c_attn') ? 3 : path.endsWith('c_fc') ? 4 : 0;
    return ratio > 0 && shape[1] === ratio * (shape[0] ?? 0);
  });
}

/** Scores and context of every block that has its own queries and keys, separate or fused. */
export function attentionOf(
  linears: readonly LinearLayer[],
  { heads, kvHeads, headWidth }: HeadCounts,
): readonly AttentionProduct[] {
  const blocks = new Set(
    linears.flatMap((layer) =>
      layer.block !== null && ['Q', 'QKV'].includes(layer.role) ? [layer.block] : [],
    ),
  );
  return [...blocks]
    .sort((a, b) => a - b)
    .flatMap((block) => attentionProducts(`block.${block}`, block, heads, kvHeads, headWidth));
}

function flat({ name, shape }: FileEmbedding, linears: readonly FileLayer[]): Embedding {
  const width = shape.at(-1) ?? 1;
  const rows = shape.slice(0, -1).reduce((product, extent) => product * extent, 1);
  const head = linears.find((layer) => layer.uses > 1 && weightName.exec(layer.weight)?.[1] === name);
  return head === undefined
    ? { name, shape: [rows, width] }
    : { name, shape: [rows, width], tiedTo: head.name };
}

/**
 * The weight of a layer as torch.nn.Linear has it: [out, in], row-major.
 * @throws InputError when the tensor is not in the store or cannot be read.
 */
export async function readWeight(
  store: TensorStore,
  layer: FileLayer,
): Promise<{ readonly rows: number; readonly columns: number; readonly values: Float64Array }> {
  const tensor = store.tensors.find((each) => each.name === layer.weight);
  if (tensor === undefined)
    throw new InputError('model', 'the file must hold the weight of the layer', layer.weight);
  check(
    layer.scale !== undefined || !needsScale(layer.dtype),
    'model',
    `weight ${layer.weight} must be of floats, or have a scale beside it (${layer.weight}_scale, SCB)`,
    layer.dtype,
  );
  const values = await readFloat64(store, tensor);
  if (layer.scale !== undefined) await applyScale(store, tensor, values, layer.scale);
  const { out, in: inside } = layer;
  if (!layer.transposed) return { rows: out, columns: inside, values };
  const turned = new Float64Array(values.length);
  for (let i = 0; i < inside; i++) {
    for (let o = 0; o < out; o++) turned[o * inside + i] = values[i * out + o] ?? 0;
  }
  return { rows: out, columns: inside, values: turned };
}
