/** Test-only: a person's files by name, and models that take them. */
import { readFileSync } from 'node:fs';
import { encode } from 'fast-png';
import type { GivenFile } from '../../core/onnx/dropped-files.ts';
import { bytesSource } from '../../core/workload/byte-source.ts';

export interface TextGolden {
  readonly tokenizer: unknown;
  readonly config: unknown;
  readonly cases: readonly {
    readonly text: string;
    readonly pair: string | null;
    readonly ids: readonly number[];
    readonly types: readonly number[];
  }[];
}

export const textGoldens = JSON.parse(
  readFileSync(new URL('goldens/texts.json', import.meta.url), 'utf8'),
) as Readonly<Record<'wordpiece' | 'bpe' | 'unigram', TextGolden>>;

const encoder = new TextEncoder();

/** Files as they are given: texts, bytes, or JSON. */
export const filesOf = (
  files: Readonly<Record<string, string | Uint8Array | object>>,
): readonly GivenFile[] =>
  Object.entries(files).map(([name, content]) => ({
    name,
    source: bytesSource(
      content instanceof Uint8Array
        ? content
        : encoder.encode(typeof content === 'string' ? content : JSON.stringify(content)),
    ),
  }));

/** A PNG whose pixels follow a formula; 1 or 3 channels. */
export function pngOf(width: number, height: number, channels: 1 | 3, shift = 0): Uint8Array {
  const data = Uint8Array.from({ length: width * height * channels }, (_, k) => (k * 29 + shift * 71) % 256);
  return encode({ width, height, channels, data, depth: 8 });
}
