/** `info` and `factorize` on ONNX files of real exporters. */
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { doorInFolder } from './door.fixture.ts';

const { folder, run, json } = doorInFolder();

describe('an ONNX file on the command line', () => {
  it('has its layers by its graph, says what stays, and factorizes', async () => {
    const corpus = new URL('../core/onnx/corpus/', import.meta.url);
    mkdirSync(join(folder, 'onnx'));
    for (const [name, place] of [
      ['optimum-bert', 'onnx/model.onnx'],
      ['hand-conv', 'conv.onnx'],
      ['hand-external', 'alone.onnx'],
    ] as const)
      writeFileSync(join(folder, place), readFileSync(new URL(`${name}.onnx`, corpus)));
    const found = await json<{ layers: { name: string }[]; embeddings: unknown[] }>('info', 'onnx');
    expect(found).toMatchObject({ format: 'onnx', bytes: statSync(join(folder, 'onnx/model.onnx')).size });
    expect(found.layers.find(({ name }) => name === 'bert.encoder.layer.1.attention.self.query')).toEqual({
      name: 'bert.encoder.layer.1.attention.self.query',
      out: 24,
      in: 24,
      bias: true,
      group: 'Q',
      dtype: 'F32',
      weight: expect.stringMatching(/^onnx::MatMul_/),
      node: '/bert/encoder/layer.1/attention/self/query/MatMul',
      uses: 1,
    });
    expect(found.embeddings).toContainEqual({ name: 'bert.embeddings.word_embeddings', shape: [40, 24] });
    const { code, notes } = await run('info', 'conv.onnx', '--json');
    expect({ code, notes: notes.length }).toEqual({ code: 0, notes: 2 });
    expect(notes[1]).toMatch(/is left: a convolution in 40 groups/);
    expect((await run('info', 'alone.onnx')).notes[0]).toMatch(/missing is, got "hand-external.bin"$/);
    const args = ['--layer', 'bert.pooler.dense', '--format', 'svd', '--ranks', '24'];
    const exact = await json<{ relativeError: number }>('factorize', '--model', 'onnx', ...args);
    expect(exact.relativeError).toBeLessThan(1e-6);
  });
});
