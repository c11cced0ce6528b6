/**
 * What a linear layer does in its transformer, told from the graph alone (Vaswani et al. 2017, "Attention Is All You
 * Need", 3.2 and 3.3): queries and keys are those whose product meets the softmax, values meet its result, the output
 * projection takes what comes of that; a feed-forward network is two layers around an activation, of one width outside.
 * Walks go through operators that rearrange, scale or mask, and end at the next linear layer.
 */
import type { Graph, Op, Value } from './graph.ts';
import type { Site } from './sites.ts';

export type Role = 'Q' | 'K' | 'V' | 'QKV' | 'KV' | 'O' | 'Gate' | 'Up' | 'Down' | 'FFN1' | 'FFN2';

export interface Part {
  readonly role: Role;
  /** Which attention of the graph, in its order; a feed-forward network belongs to the one before it. */
  readonly attention: number;
  /** Keys and values come from elsewhere than the queries. */
  readonly isCross: boolean;
}

/** Longest walk, in values; those of real layers take some dozens. */
const mostVisited = 1000;
/** Walks of one graph together: a bound on hostile files. */
const mostWork = 2_000_000;

/** Whether an operator passes on the data of an input slot. */
function carries(op: Op, slot: number): boolean {
  if (everySlot.has(op.type)) return true;
  if (firstSlot.has(op.type)) return slot === 0;
  switch (op.type) {
    case 'Where':
      return slot === 1 || slot === 2;
    case 'ScatterND':
    case 'ScatterElements':
      return slot === 0 || slot === 2;
    case 'com.microsoft.BiasGelu':
    case 'com.microsoft.FastGelu':
      return slot === 0;
    default:
      return false;
  }
}

const everySlot = new Set([
  'Add',
  'Sub',
  'Mul',
  'Div',
  'Concat',
  'Sum',
  'Min',
  'Max',
  'com.microsoft.BiasAdd',
]);
const firstSlot = new Set(
  (
    'Reshape Expand Tile Slice Gather GatherND GatherElements Squeeze Unsqueeze Flatten Split SplitToSequence ' +
    'SequenceAt Transpose Cast CastLike Identity Dropout Pad Clip Neg Abs Sqrt Reciprocal Exp Log Erf Tanh Sigmoid Sin ' +
    'Cos Pow QuantizeLinear DequantizeLinear DynamicQuantizeLinear Relu LeakyRelu PRelu Elu Selu Celu Gelu Mish ' +
    'HardSwish HardSigmoid Softplus Softsign ThresholdedRelu Swish RotaryEmbedding Trilu IsNaN ' +
    'com.microsoft.RotaryEmbedding com.microsoft.QuickGelu com.microsoft.Gelu com.microsoft.QuantizeLinear ' +
    'com.microsoft.DequantizeLinear'
  ).split(' '),
);
/** Norms are passed between projection and product only (query-key norms), not in feed-forward networks. */
const norms = new Set(
  (
    'LayerNormalization RMSNormalization GroupNormalization InstanceNormalization BatchNormalization ReduceMean ' +
    'ReduceSum ReduceSumSquare ReduceL2 LpNormalization SimplifiedLayerNormalization ' +
    'com.microsoft.SimplifiedLayerNormalization com.microsoft.LayerNormalization'
  ).split(' '),
);
const products = new Set(['MatMul', 'Einsum', 'Gemm', 'com.microsoft.FusedMatMul', 'MatMulInteger']);
const activations = new Set(
  (
    'Erf Tanh Sigmoid Relu LeakyRelu PRelu Elu Selu Celu Gelu Mish HardSwish HardSigmoid Softplus Softsign ' +
    'ThresholdedRelu Swish Clip com.microsoft.QuickGelu com.microsoft.Gelu com.microsoft.BiasGelu com.microsoft.FastGelu'
  ).split(' '),
);
/** These are gates unless multiplied by what they came from: a pooler's tanh is no feed-forward network. */
const needProduct = new Set(['Tanh', 'Sigmoid', 'HardSigmoid', 'Erf', 'Softplus']);
/** Query, key, value as the first three inputs. */
const attentionOps = new Set([
  'Attention',
  'com.microsoft.MultiHeadAttention',
  'com.microsoft.GroupQueryAttention',
  'com.microsoft.SparseAttention',
  'com.microsoft.PagedAttention',
  'com.microsoft.DecoderMaskedMultiHeadAttention',
]);

interface Attention {
  readonly queries: ReadonlySet<Site>;
  readonly keys: ReadonlySet<Site>;
  readonly values: ReadonlySet<Site>;
  readonly outputs: ReadonlySet<Site>;
  readonly order: number;
}

/** The part of each site that has one. */
export function partsOf(
  graph: Graph,
  sites: readonly Site[],
  isConstant: (value: Value) => boolean,
): ReadonlyMap<Site, Part> {
  const walker = createWalker(sites, isConstant);
  const attentions = graph.ops.flatMap((op, at) => {
    if (op.type === 'Softmax') return softmaxAttention(op, at, walker) ?? [];
    return attentionOps.has(op.type) ? [fusedAttention(op, at, walker)] : [];
  });
  const parts = new Map<Site, Part>();
  const put = (set: ReadonlySet<Site>, role: Role, attention: number, isCross: boolean): void => {
    for (const site of set) if (!parts.has(site)) parts.set(site, { role, attention, isCross });
  };
  attentions.forEach(({ queries, keys, values, outputs }, at) => {
    const shared = [...queries].find((site) => keys.has(site));
    const isCross = shared === undefined && isElsewhere(queries, keys, walker);
    if (shared !== undefined) put(new Set([shared]), 'QKV', at, false);
    else {
      const both = [...keys].filter((site) => values.has(site));
      put(queries, 'Q', at, isCross);
      put(new Set(both), 'KV', at, isCross);
      put(keys, 'K', at, isCross);
      put(values, 'V', at, isCross);
    }
    put(outputs, 'O', at, isCross);
  });
  let before = -1;
  for (const [at, op] of graph.ops.entries()) {
    while ((attentions[before + 1]?.order ?? Infinity) < at) before += 1;
    if (!activations.has(op.type)) continue;
    for (const [site, role] of feedForward(op, walker, (each) => parts.get(each)))
      put(new Set([site]), role, Math.max(before, 0), false);
  }
  return parts;
}

function softmaxAttention(op: Op, order: number, walker: Walker): Attention | null {
  const [input] = op.inputs;
  const [output] = op.outputs;
  if (input === null || input === undefined || output === undefined) return null;
  const pairs = walker.productsBefore(input).map((product) => ({
    queries: walker.before(product.inputs[0]),
    keys: walker.before(product.inputs[1]),
  }));
  const sound = pairs.filter(({ queries, keys }) => queries.size > 0 && keys.size > 0);
  // Position terms multiply queries too (Transformer-XL, DeBERTa); the content's keys see what the queries see.
  const scores = sound.find(({ queries, keys }) => !isElsewhere(queries, keys, walker)) ?? sound[0];
  if (scores === undefined) return null;
  const contexts = walker.productsAfter(output);
  const values = new Set(
    contexts.flatMap(({ product, slot }) => [...walker.before(product.inputs[1 - slot])]),
  );
  const outputs = new Set(contexts.flatMap(({ product }) => [...walker.after(product.outputs[0])]));
  return { ...scores, values, outputs, order };
}

function fusedAttention(op: Op, order: number, walker: Walker): Attention {
  const [queries, keys, values] = [0, 1, 2].map((slot) => walker.before(op.inputs[slot])) as [
    ReadonlySet<Site>,
    ReadonlySet<Site>,
    ReadonlySet<Site>,
  ];
  // A packed query input stands for all three.
  return {
    queries,
    keys: (op.inputs[1] ?? null) === null ? queries : keys,
    values: (op.inputs[2] ?? null) === null ? queries : values,
    outputs: walker.after(op.outputs[0]),
    order,
  };
}

/** Whether two sets of layers read different values. */
function isElsewhere(queries: ReadonlySet<Site>, keys: ReadonlySet<Site>, walker: Walker): boolean {
  const read = new Set([...queries].map((site) => walker.origin(site.inputValue)));
  return keys.size > 0 && ![...keys].some((site) => read.has(walker.origin(site.inputValue)));
}

/** The layers before and after one activation, if they make a feed-forward network. */
function feedForward(
  op: Op,
  walker: Walker,
  partOf: (site: Site) => Part | undefined,
): readonly (readonly [Site, Role])[] {
  const first = walker.before(op.inputs[0], false);
  const { sites: last, partners, isMultiplied } = walker.afterActivation(op.outputs[0], first);
  const [gate, ...moreGates] = first;
  const [down, ...moreDowns] = last;
  const [up, ...moreUps] = partners;
  const isPair =
    gate !== undefined && down !== undefined && moreGates.length + moreDowns.length + moreUps.length === 0;
  if (!isPair || gate === down) return [];
  if (needProduct.has(op.type) && !isMultiplied) return [];
  const isRound = gate.in === down.out && (up === undefined || up.in === gate.in);
  const isFree = [gate, down, ...partners].every((site) => partOf(site) === undefined);
  if (!isRound || !isFree) return [];
  return up === undefined
    ? [
        [gate, 'FFN1'],
        [down, 'FFN2'],
      ]
    : [
        [gate, 'Gate'],
        [up, 'Up'],
        [down, 'Down'],
      ];
}

interface Walker {
  /** The nearest layers that a value is made of. */
  readonly before: (value: Value | null | undefined, acrossNorms?: boolean) => ReadonlySet<Site>;
  /** The nearest layers that a value goes into. */
  readonly after: (value: Value | undefined) => ReadonlySet<Site>;
  /** As `after`, with the layers whose results it is multiplied by on the way. */
  readonly afterActivation: (
    value: Value | undefined,
    own: ReadonlySet<Site>,
  ) => {
    readonly sites: ReadonlySet<Site>;
    readonly partners: ReadonlySet<Site>;
    readonly isMultiplied: boolean;
  };
  /** The nearest products of two values that depend on the input. */
  readonly productsBefore: (value: Value) => readonly Op[];
  readonly productsAfter: (value: Value) => readonly { readonly product: Op; readonly slot: number }[];
  /** The value itself, before casts and quantization. */
  readonly origin: (value: Value) => Value;
}

function createWalker(sites: readonly Site[], isConstant: (value: Value) => boolean): Walker {
  const siteOf = new Map(sites.map((site) => [site.outputValue, site]));
  const siteOps = new Map(sites.map((site) => [site.op, site]));
  const sitesReading = new Map<Value, Site[]>();
  for (const site of sites) {
    const readers = sitesReading.get(site.inputValue);
    if (readers === undefined) sitesReading.set(site.inputValue, [site]);
    else readers.push(site);
  }
  const layers = new Set(sites.map((site) => site.op));
  let work = 0;
  const reading = (value: Value): readonly Site[] => {
    const readers = sitesReading.get(value) ?? [];
    work += readers.length;
    return work > mostWork ? [] : readers;
  };

  /** Breadth first; `step` gives the next values. */
  const walk = (
    start: Value | null | undefined,
    step: (value: Value) => readonly (Value | null | undefined)[],
  ): void => {
    if (start === null || start === undefined) return;
    const seen = new Set([start]);
    for (const value of seen) {
      work += 1;
      if (seen.size > mostVisited || work > mostWork) return;
      const nexts = step(value);
      work += nexts.length;
      for (const next of nexts) if (next !== null && next !== undefined) seen.add(next);
    }
  };
  /** The values that a value is directly made of, as far as data go. */
  const parents = (value: Value, acrossNorms: boolean): readonly (Value | null | undefined)[] => {
    const op = value.producer;
    if (op === null || layers.has(op)) return [];
    if (value !== op.outputs[0] && op.type.endsWith('QuantizeLinear')) return [];
    work += op.inputs.length;
    if (acrossNorms && norms.has(op.type)) return [op.inputs[0]];
    return op.inputs.filter((_, slot) => carries(op, slot));
  };
  const before: Walker['before'] = (value, acrossNorms = true) => {
    const found = new Set<Site>();
    walk(value, (each) => {
      const site = siteOf.get(each) ?? (each.producer === null ? undefined : siteOps.get(each.producer));
      if (site === undefined) return parents(each, acrossNorms);
      found.add(site);
      return [];
    });
    return found;
  };
  const isProduct = (op: Op): boolean => products.has(op.type) && !layers.has(op);
  /** Where data go on from a value; a sum of two activations is a residual and ends the walk. */
  const children = (value: Value, acrossNorms: boolean): readonly Value[] => {
    work += value.uses.length;
    return value.uses.flatMap(({ op, slot }) => {
      if (layers.has(op)) return [];
      if (acrossNorms && norms.has(op.type) && slot === 0) return op.outputs;
      if (!carries(op, slot)) return [];
      return op.type.endsWith('QuantizeLinear') ? op.outputs.slice(0, 1) : op.outputs;
    });
  };
  /** A sum with what does not come from the walk itself, nor from the layers `own` before it. */
  const isResidual = (op: Op | null, from: ReadonlySet<Value>, own: ReadonlySet<Site>): boolean =>
    op !== null &&
    ['Add', 'Sum'].includes(op.type) &&
    op.inputs.some((value) => {
      work += 1;
      if (value === null || isConstant(value) || from.has(value) || work > mostWork) return false;
      const made = [...before(value, false)];
      return made.length === 0 || made.some((site) => !own.has(site));
    });
  const none: ReadonlySet<Site> = new Set();

  return {
    before,
    after: (value) => {
      const found = new Set<Site>();
      const path = new Set<Value>();
      walk(value, (each) => {
        path.add(each);
        for (const site of reading(each)) found.add(site);
        return children(each, true).filter((next) => !isResidual(next.producer, path, none));
      });
      return found;
    },
    afterActivation: (value, own) => {
      const found = new Set<Site>();
      const partners = new Set<Site>();
      const path = new Set<Value>();
      let isMultiplied = false;
      walk(value, (each) => {
        path.add(each);
        for (const site of reading(each)) found.add(site);
        return children(each, false).filter((next) => {
          const op = next.producer;
          if (isResidual(op, path, own)) return false;
          if (op?.type === 'Mul') {
            for (const other of op.inputs) {
              if (other === null || path.has(other)) continue;
              for (const site of before(other, false)) {
                if (own.has(site)) isMultiplied = true;
                else partners.add(site);
              }
            }
          }
          return true;
        });
      });
      return { sites: found, partners, isMultiplied };
    },
    productsBefore: (value) => {
      const found = new Set<Op>();
      walk(value, (each) => {
        const op = each.producer;
        if (op === null || !isProduct(op)) return parents(each, false);
        found.add(op);
        return [];
      });
      return [...found];
    },
    productsAfter: (value) => {
      const found = new Map<Op, number>();
      walk(value, (each) => {
        const nexts = children(each, false);
        for (const { op, slot } of each.uses) if (isProduct(op) && slot < 2) found.set(op, slot);
        return nexts;
      });
      return [...found].map(([product, slot]) => ({ product, slot }));
    },
    origin: (value) => {
      let at = value;
      for (let steps = 0; steps < 8; steps++) {
        const op = at.producer;
        const isSame = op !== null && /^(?:Cast|Identity|(?:Dynamic)?(?:Deq|Q)uantizeLinear)$/i.test(op.type);
        const next = isSame ? op.inputs[0] : null;
        if (next === null || next === undefined) return at;
        at = next;
      }
      return at;
    },
  };
}
