/**
 * Token ids as a language model's graph takes them: padded to one length, with the mask, the segments and the positions
 * that it has inputs for. Lengths are the graph's own where it fixes one.
 */
import { InputError, check } from '../base/checks.ts';
import type { OnnxModel } from '../onnx/model.ts';
import { declaredInputs, isPast, typeText, type Declared, type Mask } from '../onnx/user-inputs.ts';
import type { NpyArray } from '../workload/npy.ts';

export interface TokenizedText {
  readonly ids: readonly number[];
  /** Segment of each token; null where nothing tells them. */
  readonly types: readonly number[] | null;
}

/** Inputs of a graph by what they are for. */
export interface TokenGraph {
  readonly ids: Declared;
  readonly others: readonly { readonly input: Declared; readonly role: 'mask' | 'types' | 'positions' }[];
  /** Where the graph fixes it. */
  readonly length: number | null;
}

const isWhole = ({ dtype }: Declared): boolean => dtype === 'I64' || dtype === 'I32';

/** Null where no input takes token ids. @throws InputError for inputs that cannot be made from tokens */
export function tokenGraph(model: OnnxModel): TokenGraph | null {
  const wanted = declaredInputs(model).filter((each) => !isPast(each));
  const rows = wanted.filter((each) => isWhole(each) && (each.shape === null || each.shape.length === 2));
  const ids =
    rows.find(({ name }) => /^input_?ids/i.test(name)) ??
    rows.find(
      ({ name }) =>
        /token(?!_?type)|(?<!position_|type_|token_type_)ids|input/i.test(name) && roleOf(name) === null,
    ) ??
    rows.find(({ name }) => roleOf(name) === null);
  if (ids === undefined) return null;
  const others = wanted
    .filter((each) => each !== ids)
    .map((input) => {
      const role = roleOf(input.name);
      check(
        role !== null,
        'inputs',
        `${input.name} (${typeText(input)}) cannot be made from tokens; give arrays (.npz)`,
      );
      return { input, role };
    });
  const last = ids.shape?.at(-1);
  return { ids, others, length: typeof last === 'number' ? last : null };
}

function roleOf(name: string): TokenGraph['others'][number]['role'] | null {
  if (/mask/i.test(name)) return 'mask';
  if (/type|segment/i.test(name)) return 'types';
  return /position/i.test(name) ? 'positions' : null;
}

export interface TokenArrays {
  /** By the names of the graph's inputs. */
  readonly arrays: ReadonlyMap<string, NpyArray>;
  /** Null where nothing is padded. */
  readonly padding: Mask | null;
  readonly length: number;
}

/**
 * @param pad the id that fills up
 * @throws InputError when a text has no tokens, or more than the graph takes
 */
export function tokenArrays(graph: TokenGraph, texts: readonly TokenizedText[], pad: number): TokenArrays {
  const length = graph.length ?? Math.max(...texts.map(({ ids }) => ids.length));
  const shape = [texts.length, length] as const;
  check(length * texts.length <= mostElements, 'inputs', `must have at most ${mostElements} tokens`, shape);
  texts.forEach(({ ids }, k) => {
    check(ids.length > 0, `example ${k + 1}`, 'must have a token at least');
    check(ids.length <= length, `example ${k + 1}`, `must have at most ${length} tokens`, ids.length);
    const odd = ids.find((id) => !Number.isSafeInteger(id) || id < 0);
    if (odd !== undefined) throw new InputError(`example ${k + 1}`, 'must be of token ids, 0 or more', odd);
  });
  const filled = (at: (text: TokenizedText, k: number) => number): Float64Array => {
    const values = new Float64Array(texts.length * length);
    texts.forEach((text, row) => {
      for (let k = 0; k < length; k++) values[row * length + k] = at(text, k);
    });
    return values;
  };
  const mask = filled(({ ids }, k) => (k < ids.length ? 1 : 0));
  const values = {
    mask: () => mask,
    types: () => filled(({ types }, k) => types?.[k] ?? 0),
    positions: () => filled((_, k) => k),
  };
  const arrays = new Map<string, NpyArray>([
    [graph.ids.name, { dtype: 'I64', shape, values: filled(({ ids }, k) => ids[k] ?? pad) }],
  ]);
  for (const { input, role } of graph.others) {
    const dtype = input.dtype === 'BOOL' ? 'BOOL' : input.dtype.startsWith('F') ? 'F32' : 'I64';
    arrays.set(input.name, { dtype, shape, values: values[role]() });
  }
  return { arrays, padding: mask.includes(0) ? { shape, values: mask } : null, length };
}

const mostElements = 2 ** 25;

/**
 * A text cut to a length: special tokens that end every text (as `bare`, the encoding of an empty one, tells) stay.
 * @param bare ids of an empty text
 */
export function truncated(
  { ids, types }: TokenizedText,
  most: number,
  bare: readonly number[],
): TokenizedText {
  if (ids.length <= most) return { ids, types };
  let ending = 0;
  while (ending < Math.min(bare.length, most) && ids.at(-1 - ending) === bare.at(-1 - ending)) ending += 1;
  const cut = (of: readonly number[]): readonly number[] =>
    ending === 0 ? of.slice(0, most) : [...of.slice(0, most - ending), ...of.slice(-ending)];
  return { ids: cut(ids), types: types === null ? null : cut(types) };
}
