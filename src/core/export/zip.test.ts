import { strFromU8, unzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { InputError } from '../base/checks.ts';
import { createRandom } from '../base/random.ts';
import { textFile, type ExportFile } from './file.ts';
import { zipChunks } from './zip.ts';

async function whole(files: readonly ExportFile[]): Promise<Uint8Array> {
  const parts: number[] = [];
  for await (const chunk of zipChunks(files)) parts.push(...chunk);
  return Uint8Array.from(parts);
}

const random = createRandom(7);
const pieces = Array.from({ length: 5 }, () => Uint8Array.from({ length: 1000 }, () => random.below(256)));
const numbers: ExportFile = {
  name: 'model.onnx',
  bytes: 5000,
  chunks: async function* chunks() {
    yield* pieces;
  },
};

describe('a zip of several files', () => {
  it('holds each of them as it was, texts smaller', async () => {
    const table = 'layer,rank\r\n'.repeat(500);
    const bytes = await whole([numbers, textFile('layers.csv', table), textFile('empty.txt', '')]);
    const files = unzipSync(bytes);
    expect(Object.keys(files)).toEqual(['model.onnx', 'layers.csv', 'empty.txt']);
    expect([...(files['model.onnx'] ?? [])]).toEqual(pieces.flatMap((piece) => [...piece]));
    expect(strFromU8(files['layers.csv'] ?? new Uint8Array())).toBe(table);
    expect(bytes.length).toBeLessThan(5000 + 1000);
  });

  it('is the same whenever it is made, and refuses what a zip cannot say', async () => {
    const files = [numbers, textFile('a.txt', 'a')];
    expect(await whole(files)).toEqual(await whole(files));
    await expect(whole([{ ...numbers, bytes: 2 ** 32 }])).rejects.toThrow(InputError);
  });
});
