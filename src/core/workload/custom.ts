/**
 * Models given by a few numbers: a transformer of one's own, or a single layer.
 */
import { check } from '../base/checks.ts';
import { transformerBlocks } from './blocks.ts';
import type { BlockNames } from './blocks.ts';
import type { TransformerModel } from './model.ts';

/** A transformer described by its numbers; the shapes follow from them. */
export interface CustomModel {
  readonly width: number;
  readonly layers: number;
  readonly ffn: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly gatedMlp: boolean;
  /** 0 = no word table and no LM head. */
  readonly vocabulary: number;
}

/** The largest value of each number. */
export const customLimits = {
  width: 65_536,
  layers: 200,
  ffn: 262_144,
  heads: 1024,
  kvHeads: 1024,
  vocabulary: 4_194_304,
} as const;

/** Largest out and in of a single layer. */
export const largestGemm = 1_048_576;

const longestSequence = 131_072;

const names: BlockNames = {
  block: (index) => `layers.${index}`,
  query: 'attention.query',
  key: 'attention.key',
  value: 'attention.value',
  output: 'attention.output',
  gate: 'ffn.gate',
  up: 'ffn.up',
  down: 'ffn.down',
};

/**
 * A decoder-like transformer without biases; its LM head shares the word table.
 * @throws InputError that names the number that is wrong.
 */
export function customModel(spec: CustomModel): TransformerModel {
  const { width, layers, ffn, heads, kvHeads, gatedMlp, vocabulary } = spec;
  whole('width', width, 1, customLimits.width);
  whole('layers', layers, 1, customLimits.layers);
  whole('ffn', ffn, 1, customLimits.ffn);
  whole('heads', heads, 1, customLimits.heads);
  whole('kvHeads', kvHeads, 1, customLimits.kvHeads);
  whole('vocabulary', vocabulary, 0, customLimits.vocabulary);
  check(typeof gatedMlp === 'boolean', 'model', 'gatedMlp must be true or false', gatedMlp);
  check(width % heads === 0, 'model', `width must be a multiple of the ${heads} heads`, width);
  check(heads % kvHeads === 0, 'model', `heads must be a multiple of the ${kvHeads} kvHeads`, heads);
  const shape = { layers, width, ffn, heads, kvHeads, gated: gatedMlp, bias: false };
  const { linears, attention } = transformerBlocks(shape, names);
  const hasWords = vocabulary > 0;
  return {
    id: 'custom',
    title: `Custom ${layers} x ${width}`,
    source: 'given by hand',
    linears: hasWords
      ? [
          ...linears,
          {
            name: 'lm_head',
            role: 'Head',
            group: 'other',
            block: null,
            out: vocabulary,
            in: width,
            bias: false,
            factorize: false,
            rows: 'sequences',
          },
        ]
      : linears,
    attention,
    embeddings: hasWords ? [{ name: 'words', shape: [vocabulary, width], tiedTo: 'lm_head' }] : [],
    defaultSequence: 128,
    maxSequence: longestSequence,
  };
}

/** One layer W [n, k]: out = n, in = k; the workload's tokens are the rows. @throws InputError for bad extents. */
export function gemmModel(n: number, k: number): TransformerModel {
  whole('n', n, 1, largestGemm);
  whole('k', k, 1, largestGemm);
  return {
    id: 'gemm',
    title: `One layer ${n} x ${k}`,
    source: 'given by hand',
    linears: [
      {
        name: 'layer',
        role: 'Layer',
        group: 'other',
        block: null,
        out: n,
        in: k,
        bias: false,
        factorize: true,
      },
    ],
    attention: [],
    embeddings: [],
    defaultSequence: 128,
    maxSequence: longestSequence,
  };
}

function whole(name: string, value: number, least: number, most: number): void {
  check(
    Number.isSafeInteger(value) && value >= least && value <= most,
    'model',
    `${name} must be a whole number from ${least} to ${most}`,
    value,
  );
}
