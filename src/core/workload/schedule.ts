/**
 * One step of a transformer in the order in which its blocks run: every operation with the activations that it reads and
 * makes. Per block
 *   norm -> Q, K, V -> scores -> softmax -> context -> O -> residual -> norm -> FFN1 (Gate, Up) -> activation -> FFN2 -> residual
 * (pre-norm order; post-norm moves the same words). Told from the layers: an attention half needs one each of Q, K, V and O
 * and its two products, a feed-forward half FFN1 (or Gate and Up) and FFN2; what a block lacks is left out, and layers
 * outside blocks stand alone. Keys and values of earlier tokens (q < S) come from the cache, whose place is the outermost
 * memory; those of this step are written there as the results of K and V, in a decoder always.
 */
import type { Words } from '../base/units.ts';
import type { AttentionProduct, Group, LinearLayer, TransformerModel, Workload } from './model.ts';
import { linearRows } from './workload.ts';

/** Operations without a matrix. */
export const vectorKinds = ['norm', 'softmax', 'activation', 'gate', 'residual'] as const;
export type VectorKind = (typeof vectorKinds)[number];

/** An array between two operations; equal names in one block are one array. */
export interface Activation {
  readonly name: string;
  readonly words: Words;
  /** Lives in the outermost memory whatever is free elsewhere: the cache, and what layers outside blocks take and make. */
  readonly outside: boolean;
}

export interface Operation {
  readonly kind: 'linear' | 'attention' | VectorKind;
  /** Position in `model.linears` or `model.attention`; for vector work its place in the block. */
  readonly index: number;
  readonly name: string;
  readonly block: number | null;
  /** Matrix products: the input slot first. */
  readonly reads: readonly Activation[];
  readonly writes: Activation;
  /** Parameters that vector work reads, once per step: scale and shift of a norm. */
  readonly parameters: Words;
}

/** The operations of every block, then the layers outside blocks and the last norm. */
export function schedule(model: TransformerModel, workload: Workload): readonly Operation[] {
  const blocks = [...new Set(model.linears.flatMap(({ block }) => (block === null ? [] : [block])))];
  const halves = blocks.map((block) => blockOperations(model, workload, block));
  const placed = new Set(halves.flat().flatMap(({ kind, index }) => (kind === 'linear' ? [index] : [])));
  const taken = new Set(halves.flat().flatMap(({ kind, index }) => (kind === 'attention' ? [index] : [])));
  const alone = [
    ...model.linears.flatMap((layer, index) =>
      placed.has(index) ? [] : [standalone('linear', index, layer.name, linearSizes(layer, workload))],
    ),
    ...model.attention.flatMap((product, index) =>
      taken.has(index)
        ? []
        : [standalone('attention', index, product.name, attentionSizes(product, workload))],
    ),
  ];
  const last = halves.flat().findLast(({ kind }) => kind === 'norm');
  const norm: readonly Operation[] =
    last === undefined
      ? []
      : [
          {
            ...last,
            name: 'norm',
            block: null,
            reads: last.reads.map((each) => ({ ...each, name: 'last', outside: true })),
            writes: { ...last.writes, name: 'last', outside: true },
          },
        ];
  return [...halves.flat(), ...alone, ...norm];
}

interface Sizes {
  readonly reads: readonly Words[];
  readonly writes: Words;
}

const linearSizes = (layer: LinearLayer, workload: Workload): Sizes => {
  const rows = linearRows(layer, workload);
  return { reads: [rows * layer.in], writes: rows * layer.out };
};

function attentionSizes(product: AttentionProduct, { tokens, batch, sequence }: Workload): Sizes {
  const { heads, kvHeads, headWidth, which } = product;
  const vectors = tokens * heads * headWidth;
  const scores = tokens * heads * sequence;
  const cache = batch * sequence * kvHeads * headWidth;
  return which === 'scores'
    ? { reads: [vectors, cache], writes: scores }
    : { reads: [scores, cache], writes: vectors };
}

const standalone = (
  kind: 'linear' | 'attention',
  index: number,
  name: string,
  { reads, writes }: Sizes,
): Operation => ({
  kind,
  index,
  name,
  block: null,
  reads: reads.map((words, i) => ({ name: `${name} operand ${i}`, words, outside: true })),
  writes: { name: `${name} result`, words: writes, outside: true },
  parameters: 0,
});

/** Whether steps follow one another token by token: told by a head over the vocabulary. */
const isDecoder = (model: TransformerModel): boolean =>
  model.linears.some(({ name, rows }) => rows === 'sequences' && /(?:^|\.)(?:lm_head|embed_out)$/.test(name));

interface Indexed {
  readonly layer: LinearLayer;
  readonly index: number;
}

function blockOperations(model: TransformerModel, workload: Workload, block: number): readonly Operation[] {
  const own = model.linears.flatMap((layer, index): Indexed[] =>
    layer.block === block ? [{ layer, index }] : [],
  );
  const of = (group: Group): readonly Indexed[] => own.filter(({ layer }) => layer.group === group);
  const product = (which: AttentionProduct['which']) =>
    model.attention.findIndex((each) => each.block === block && each.which === which);
  const path = `block ${block}`;
  const width = Math.max(0, ...[...of('O'), ...of('FFN2')].map(({ layer }) => layer.out));
  const stream = activation('stream', workload.tokens * width);
  const normed = activation('normed', stream.words);
  const operations: Operation[] = [];
  const vector = (
    kind: VectorKind,
    reads: readonly Activation[],
    writes: Activation,
    parameters: Words = 0,
  ): void => {
    operations.push({
      kind,
      index: operations.length,
      name: `${path} ${kind}`,
      block,
      reads,
      writes,
      parameters,
    });
  };
  const linear = ({ layer, index }: Indexed, reads: Activation, writes: Activation): void => {
    operations.push({
      kind: 'linear',
      index,
      name: layer.name,
      block,
      reads: [reads],
      writes,
      parameters: 0,
    });
  };
  const result = ({ layer }: Indexed, name: string): Activation =>
    activation(name, linearRows(layer, workload) * layer.out);
  /** A scale per column, and a shift where layers have one. */
  const norm = (): void => {
    const shifted = own.some(({ layer }) => layer.bias);
    vector('norm', [stream], normed, (shifted ? 2 : 1) * width);
  };

  const [q, k, v, o] = (['Q', 'K', 'V', 'O'] as const).map((group) => of(group));
  const [scores, context] = [product('scores'), product('context')];
  const whole = [q, k, v, o].every((list) => list?.length === 1) && scores >= 0 && context >= 0;
  const [toQ, toK, toV, toO] = [q?.[0], k?.[0], v?.[0], o?.[0]];
  const [first, second] = [model.attention[scores], model.attention[context]];
  if (whole && toQ && toK && toV && toO && first && second) {
    const cached = isDecoder(model) || workload.tokens / workload.batch < workload.sequence;
    const keep = (made: Activation): Activation => ({ ...made, outside: cached });
    const [query, key, value] = [result(toQ, 'query'), keep(result(toK, 'key')), keep(result(toV, 'value'))];
    const sizes = attentionSizes(first, workload);
    const all = (made: Activation): Activation => ({ ...made, words: sizes.reads[1] ?? made.words });
    const made = activation('scores', sizes.writes);
    const mixed = activation('context', attentionSizes(second, workload).writes);
    const out = result(toO, 'attention');
    const attend = (index: number, name: string, reads: readonly Activation[], writes: Activation): void => {
      operations.push({ kind: 'attention', index, name, block, reads, writes, parameters: 0 });
    };
    norm();
    linear(toQ, normed, query);
    linear(toK, normed, key);
    linear(toV, normed, value);
    attend(scores, first.name, [query, all(key)], made);
    vector('softmax', [made], made);
    attend(context, second.name, [made, all(value)], mixed);
    linear(toO, mixed, out);
    vector('residual', [stream, out], stream);
  }
  const ups = of('FFN1');
  const [down] = of('FFN2');
  if (down !== undefined && of('FFN2').length === 1 && ups.length >= 1 && ups.length <= 2) {
    const hidden = ups.map((each, i) => result(each, i === 0 ? 'hidden' : 'gated'));
    const up = hidden[0] as Activation;
    const out = result(down, 'feed-forward');
    norm();
    ups.forEach((each, i) => linear(each, normed, hidden[i] as Activation));
    vector(ups.length > 1 ? 'gate' : 'activation', hidden, up);
    linear(down, up, out);
    vector('residual', [stream, out], stream);
  }
  return operations;
}

const activation = (name: string, words: Words): Activation => ({ name, words, outside: false });
