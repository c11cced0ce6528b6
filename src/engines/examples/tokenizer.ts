/** A person's tokenizer.json, through Hugging Face's tokenizers.js, loaded when there is one. */
import { InputError, check } from '../../core/base/checks.ts';
import { truncated, type TokenizedText } from '../../core/examples/tokens.ts';

export interface TextTokenizer {
  /** Special tokens included; cut to `most`. */
  readonly encode: (
    text: string,
    pair: string | null,
    most: number,
  ) => TokenizedText & { readonly cut: boolean };
  /** The id that fills up. */
  readonly pad: number;
  /** Tokens that it cuts texts to by itself; Infinity where it does not say. */
  readonly most: number;
}

type Fields = Readonly<Record<string, unknown>>;

const subject = 'tokenizer.json';
const usualPads = ['[PAD]', '<pad>', '<|endoftext|>', '</s>'] as const;

/**
 * @param json parsed tokenizer.json
 * @param config parsed tokenizer_config.json, or undefined
 * @throws InputError for what is no tokenizer that can be read
 */
export async function openTokenizer(json: unknown, config: unknown): Promise<TextTokenizer> {
  check(isFields(json) && isFields(json['model']), subject, 'must hold a tokenizer with its model');
  const settings = isFields(config) ? config : {};
  const { Tokenizer } = await import('@huggingface/tokenizers');
  const tokenizer = sound('must be a tokenizer that can be read', () => new Tokenizer(json, settings));
  const idsOf = (text: string, pair: string | null): TokenizedText =>
    sound('could not take a text apart', () => {
      const { ids, token_type_ids: types = null } = tokenizer.encode(text, {
        text_pair: pair,
        return_token_type_ids: true,
      });
      return { ids, types };
    });
  // Read anew at each run: what a text without words is made of.
  const bare = idsOf('', null).ids;
  return {
    encode: (text, pair, most) => {
      const all = idsOf(text, pair);
      // Of some kinds of tokenizers the library leaves the second text out.
      const joined = pair === null || pair.trim() === '' || all.ids.length > idsOf(text, null).ids.length;
      check(joined, subject, 'must join pairs of texts by a template; give one column', pair);
      check(all.ids.every(Number.isSafeInteger), subject, 'must know every token it makes', text);
      return { ...truncated(all, most, bare), cut: all.ids.length > most };
    },
    pad: padOf(json, settings, (token) => tokenizer.token_to_id(token)),
    most: Math.min(lengthOf(json['truncation'], 'max_length'), lengthOf(settings, 'model_max_length')),
  };
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The library throws plain errors at what it does not know. */
function sound<T>(rule: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new InputError(subject, rule, error instanceof Error ? error.message : String(error));
  }
}

function lengthOf(fields: unknown, name: string): number {
  const value = isFields(fields) ? fields[name] : undefined;
  return typeof value === 'number' && value >= 1 ? value : Infinity;
}

function padOf(json: Fields, settings: Fields, idOf: (token: string) => number | undefined): number {
  const padding = isFields(json['padding']) ? json['padding']['pad_id'] : undefined;
  if (typeof padding === 'number' && Number.isSafeInteger(padding) && padding >= 0) return padding;
  const { pad_token: token } = settings;
  const own = isFields(token) ? token['content'] : token;
  const known = [...(typeof own === 'string' ? [own] : []), ...usualPads].map(idOf);
  return known.find((id) => id !== undefined) ?? 0;
}
