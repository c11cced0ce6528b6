/** Tokenizers and picture files against Hugging Face's tokenizers and Pillow (scripts/examples-goldens.py). */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../core/base/checks.ts';
import { createRandom } from '../../core/base/random.ts';
import { textGoldens } from './examples.fixture.ts';
import { decodePicture } from './pictures.ts';
import { openTokenizer } from './tokenizer.ts';

describe.each(['wordpiece', 'bpe', 'unigram'] as const)('a %s tokenizer', (kind) => {
  const { tokenizer: json, config, cases } = textGoldens[kind];

  it('gives the ids that Rust’s gives', async () => {
    const { encode } = await openTokenizer(json, config);
    for (const { text, pair, ids } of cases.filter((each) => kind !== 'bpe' || each.pair === null))
      expect({ text, ids: encode(text, pair, 99).ids }).toEqual({ text, ids });
  });

  it('cuts the text and keeps what ends it', async () => {
    const { encode } = await openTokenizer(json, config);
    const whole = encode('the quick brown fox jumps', null, 99);
    expect(whole.cut).toBe(false);
    const { ids, cut } = encode('the quick brown fox jumps', null, 4);
    expect([cut, ids.length]).toEqual([true, 4]);
    const ending = kind === 'bpe' ? 0 : 1;
    expect(ids).toEqual([...whole.ids.slice(0, 4 - ending), ...whole.ids.slice(whole.ids.length - ending)]);
  });
});

describe('a tokenizer', () => {
  const { tokenizer: json, config } = textGoldens.wordpiece;

  it('tells what fills up and how long texts are', async () => {
    expect(await openTokenizer(json, config)).toMatchObject({ pad: 0, most: 32 });
    expect(await openTokenizer(textGoldens.unigram.tokenizer, textGoldens.unigram.config)).toMatchObject({
      pad: 0,
      most: Infinity,
    });
    const own = { ...(json as object), padding: { pad_id: 7 }, truncation: { max_length: 12 } };
    expect(await openTokenizer(own, undefined)).toMatchObject({ pad: 7, most: 12 });
  });

  it('without a template takes no pairs', async () => {
    const { tokenizer: plain, config: own } = textGoldens.bpe;
    const { encode } = await openTokenizer(plain, own);
    expect(() => encode('the quick', 'dog', 99)).toThrow('must join pairs of texts by a template');
    expect(encode('the quick', ' ', 99).ids).toEqual(encode('the quick', null, 99).ids);
  });

  it('tells segments of pairs where it is asked', async () => {
    const { encode } = await openTokenizer(json, config);
    const { types } = textGoldens.wordpiece.cases.find(({ pair }) => pair === 'jumps over')!;
    expect(encode('the quick dog', 'jumps over', 99).types).toEqual(types);
  });

  it.each([
    [undefined, 'must hold a tokenizer with its model'],
    [[], 'must hold a tokenizer with its model'],
    [{ version: '1.0' }, 'must hold a tokenizer with its model'],
    [{ ...(json as object), model: { type: 'Sentence' } }, 'must be a tokenizer that can be read'],
    [{ ...(json as object), model: {} }, 'must be a tokenizer that can be read'],
    [{ ...(json as object), pre_tokenizer: { type: 'Unheard' } }, 'must be a tokenizer that can be read'],
  ])('that is none is refused: %#', async (broken, rule) => {
    await expect(openTokenizer(broken, config)).rejects.toThrow(`tokenizer.json: ${rule}`);
  });
});

interface Golden {
  readonly files: readonly {
    readonly name: string;
    readonly bytes: string;
    readonly size: readonly [number, number];
    readonly channels: number;
    readonly values: readonly number[];
  }[];
}

const { files } = JSON.parse(
  readFileSync(new URL('goldens/pictures.json', import.meta.url), 'utf8'),
) as Golden;
const bytesOf = (base64: string): Uint8Array => Uint8Array.from(Buffer.from(base64, 'base64'));

describe('picture files', () => {
  it.each(files)('$name as Pillow reads it', async ({ name, bytes, size, channels, values }) => {
    const picture = await decodePicture(name, bytesOf(bytes));
    expect([picture.width, picture.height]).toEqual(size);
    const got = [...picture.values];
    // jpeg-js has three channels of grey pictures too.
    const same = picture.channels === channels ? got : got.filter((_, k) => k % 3 === 0);
    const apart = Math.max(...values.map((value, k) => Math.abs(value - same[k]!)));
    expect(same.length).toBe(values.length);
    // Inverse cosine transforms round differently.
    expect(apart).toBeLessThanOrEqual(name.endsWith('.jpg') ? 3 : 0);
  });

  it('that are damaged are refused by name, or read', async () => {
    const random = createRandom(5);
    let refused = 0;
    for (const { name, bytes } of files.filter(({ name: each }) =>
      /^(?:colour|palette|grey|smooth)\./.test(each),
    ))
      for (let round = 0; round < 60; round++) {
        const spoiled = bytesOf(bytes).subarray(0, round % 3 === 0 ? random.below(200) : undefined);
        for (let k = 0; k < 4; k++)
          if (spoiled.length > 0) spoiled[random.below(spoiled.length)] = random.below(256);
        try {
          const { width, height, channels, values } = await decodePicture(name, spoiled);
          expect(values.length).toBe(width * height * channels);
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
          expect((error as InputError).subject).toBe(name);
          refused += 1;
        }
      }
    expect(refused).toBeGreaterThan(100);
  });

  it('that promise more pixels than fit are refused before they are unpacked', async () => {
    const bomb = bytesOf(files[0]!.bytes);
    new DataView(bomb.buffer).setUint32(16, 100_000);
    new DataView(bomb.buffer).setUint32(20, 100_000);
    await expect(decodePicture('bomb.png', bomb)).rejects.toThrow(
      'bomb.png: must have at most 67108864 pixels',
    );
    await expect(decodePicture('notes.png', new Uint8Array(9))).rejects.toThrow(
      'notes.png: must be a PNG or JPEG picture',
    );
  });
});
