/** The worker itself, in this process: `self` is stood in for. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { safetensorsBytes } from '../src/core/workload/safetensors.fixture.ts';
import type { FileReply, FileRequest } from './protocol.ts';
import { workerHere } from './worker.fixture.ts';

const worker = workerHere<FileRequest, FileReply>(() => import('./file.worker.ts'), { in: true });

const answer = async (request: FileRequest): Promise<readonly FileReply[]> => {
  await worker.answer(request, ({ kind }) => ['file-opened', 'spectra-done', 'file-failed'].includes(kind));
  return [...worker.replies];
};

/** diag(3, 2, 1, 0) beside a zero column. */
const values = new Float32Array(20);
[3, 2, 1, 0].forEach((value, i) => (values[i * 5 + i] = value));
const name = 'encoder.layer.0.attention.self.query.weight';
const bytes = safetensorsBytes([{ name, dtype: 'F32', shape: [4, 5], bytes: new Uint8Array(values.buffer) }]);
const file = new File([bytes.slice()], 'tiny.safetensors');

describe('the file worker', () => {
  it('refuses weights before a file is open', async () => {
    const [reply] = await answer({ kind: 'read-spectra', run: 1, layers: ['x'] });
    expect(reply).toMatchObject({
      kind: 'file-failed',
      run: 1,
      message: expect.stringMatching(/must be opened/),
    });
  });

  it('opens a file by its header and gives shapes only', async () => {
    const [reply] = await answer({ kind: 'open-files', run: 2, files: [file] });
    expect(reply).toEqual({
      kind: 'file-opened',
      run: 2,
      name: 'tiny.safetensors',
      bytes: bytes.length,
      linears: [
        {
          name: 'encoder.layer.0.attention.self.query',
          role: 'Q',
          group: 'Q',
          block: 0,
          out: 4,
          in: 5,
          bias: false,
          factorize: true,
        },
      ],
      heads: null,
      sequence: expect.objectContaining({ usual: expect.any(Number), most: expect.any(Number) }),
      tokens: null,
      design: null,
    });
  });

  it('gives the squared shares of the singular values', async () => {
    const layers = ['encoder.layer.0.attention.self.query'];
    const [spectrum, done] = await answer({ kind: 'read-spectra', run: 3, layers });
    expect(done).toEqual({ kind: 'spectra-done', run: 3 });
    if (spectrum?.kind !== 'spectrum' || spectrum.weights.kind !== 'spectrum') throw new Error('no spectrum');
    [9, 4, 1, 0].forEach((square, i) =>
      expect(spectrum.weights.kind === 'spectrum' && spectrum.weights.spectrum[i]).toBeCloseTo(
        square / 14,
        10,
      ),
    );
  });

  it('says which file is wrong', async () => {
    const cut = new File([bytes.slice(0, 40)], 'cut.safetensors');
    const [reply] = await answer({ kind: 'open-files', run: 4, files: [cut] });
    expect(reply).toMatchObject({
      kind: 'file-failed',
      run: 4,
      message: expect.stringMatching(/^safetensors: /),
    });
  });

  it('opens an ONNX file with its external data and reads its weights', async () => {
    const corpus = new URL('../src/core/onnx/corpus/', import.meta.url);
    const given = ['hand-external.bin', 'hand-external.onnx', 'hand-external/ffn.bin'].map(
      (path) => new File([readFileSync(new URL(path, corpus))], path.replace(/^.*\//, '')),
    );
    const [reply] = await answer({ kind: 'open-files', run: 6, files: given });
    if (reply?.kind !== 'file-opened') throw new Error(JSON.stringify(reply));
    expect(reply).toMatchObject({
      name: 'hand-external.onnx',
      bytes: given.reduce((sum, { size }) => sum + size, 0),
      heads: { heads: 2, kvHeads: 2, headWidth: 12 },
    });
    expect(reply.linears.map(({ group }) => group)).toEqual(['Q', 'K', 'V', 'O', 'FFN1', 'FFN2']);
    const layers = reply.linears.map(({ name: layer }) => layer);
    const spectra = await answer({ kind: 'read-spectra', run: 7, layers });
    expect(spectra.map(({ kind }) => kind)).toEqual([...layers.map(() => 'spectrum'), 'spectra-done']);
    const [alone] = await answer({ kind: 'open-files', run: 8, files: given.slice(1, 2) });
    expect(alone).toMatchObject({ kind: 'file-failed', message: expect.stringMatching(/hand-external.bin/) });
  });
});
