/** The commands on somebody's own ONNX model and examples. */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { probeInputs } from '../core/onnx/probe-inputs.ts';
import { readInputs, someInputs } from '../core/onnx/user-inputs.ts';
import { npy } from '../core/workload/npy.fixture.ts';
import { outputsOf } from '../engines/ort/compare.ts';
import { pngOf, textGoldens } from '../engines/examples/examples.fixture.ts';
import { arrayOf, corpusFile, examplesFor, npzOf, openCorpus } from '../engines/ort/user-inputs.fixture.ts';
import type { ExportedLayer } from './commands/export.ts';
import { doorInFolder } from './door.fixture.ts';

const { folder, run, json } = doorInFolder();
const { onnx } = await openCorpus('optimum-bert');
const head = 'classifier';
const size = { batch: 24, length: 6 };

beforeAll(() => {
  copyFileSync(
    fileURLToPath(new URL('../core/onnx/corpus/optimum-bert.onnx', import.meta.url)),
    join(folder, 'bert.onnx'),
  );
  const write = (name: string, content: string | Uint8Array): void =>
    writeFileSync(join(folder, name), content);
  write('seen.npz', examplesFor(onnx, { ...size, seed: 2 }));
  write('fresh.npz', examplesFor(onnx, { ...size, seed: 3 }));
  const labels = npy(
    '<i8',
    '24,',
    BigInt64Array.from({ length: 24 }, (_, k) => BigInt(k % 3)),
  );
  write('labelled.npz', examplesFor(onnx, { ...size, seed: 3 }, { labels }));
  const [modes, ranks] = [{ outModes: [3], inModes: [24] }, [1]];
  write('design.json', JSON.stringify({ layers: [{ name: head, format: 'svd', ...modes, ranks }] }));
});

const given = ['--design', 'design.json', '--model', 'bert.onnx'] as const;

interface Evaluated {
  readonly dense: { readonly accuracy: number | null };
  readonly candidate: { readonly accuracy: number | null; readonly kl: number; readonly flips: number };
  readonly paired: { readonly difference: number | null; readonly p: number | null };
  readonly data: { readonly examples: number; readonly labelled: number; readonly outputs: string[] };
}

describe('export --calibration', () => {
  it('changes outputs on these examples less than plain least squares', async () => {
    const to = ['--to', 'onnx', '--output'] as const;
    const seen = ['--calibration', 'seen.npz'] as const;
    interface Exported {
      readonly layers: readonly ExportedLayer[];
      readonly check: { readonly difference: number | null };
    }
    const plain = await json<Exported>('export', ...given, ...to, 'plain.onnx');
    const fitted = await json<Exported>('export', ...given, ...to, 'fitted.onnx', ...seen);
    expect(fitted.check.difference).toBeLessThan(1e-5);
    // Of the matrix itself plain least squares has the least error, of what comes out the other.
    expect(fitted.layers[0]!.relativeError).toBeGreaterThan(plain.layers[0]!.relativeError);
    const file = (name: string): Uint8Array => readFileSync(join(folder, name));
    const feed = [someInputs(readInputs(onnx, file('seen.npz')), 0, size.batch)];
    const [source] = await outputsOf(corpusFile('optimum-bert'), feed);
    const distance = async (name: string): Promise<number> => {
      const [made] = await outputsOf(file(name), feed);
      return source!['logits']!.reduce((sum, value, k) => sum + (value - made!['logits']![k]!) ** 2, 0);
    };
    expect(await distance('fitted.onnx')).toBeLessThan(await distance('plain.onnx'));
  });

  it('needs a graph, and examples for it', async () => {
    const calibrated = [...given, '--to', 'onnx', '--output', 'x.onnx', '--calibration'] as const;
    writeFileSync(join(folder, 'other.npz'), npzOf({ other: npy('<f4', '2, 3', new Float32Array(6)) }));
    const { code, notes } = await run('export', ...calibrated, 'other.npz');
    expect(code).toBe(2);
    expect(notes[0]).toBe(
      'export: inputs: must have the array input_ids (int64 [batch_size, sequence_length]), got ["other"]',
    );
  });
});

describe('factorize --calibration', () => {
  it('takes inputs of the graph as it takes those of the layer', async () => {
    const { onnx: graph } = await openCorpus('hand-einsum');
    writeFileSync(join(folder, 'einsum.onnx'), corpusFile('hand-einsum'));
    const [x] = probeInputs(graph, { batch: 9, length: 7, seed: 5 });
    const { values } = x!;
    writeFileSync(join(folder, 'x.npz'), npzOf({ x: arrayOf(x!) }));
    // Layer attn.q reads x itself.
    const rows = npy('<f4', '63, 24', Float32Array.from(values));
    writeFileSync(join(folder, 'rows.npz'), npzOf({ 'attn.q': rows }));
    const layer = ['--model', 'einsum.onnx', '--layer', 'attn.q', '--format', 'svd', '--ranks', '6'] as const;
    interface Made {
      readonly relativeError: number;
      readonly weightedError: number;
    }
    const through = await json<Made>('factorize', ...layer, '--calibration', 'x.npz');
    const direct = await json<Made>('factorize', ...layer, '--calibration', 'rows.npz');
    expect(through.weightedError).toBeCloseTo(direct.weightedError, 5);
    expect(through.relativeError).toBeCloseTo(direct.relativeError, 5);
    const plain = await json<Made>('factorize', ...layer);
    expect(plain.relativeError).toBeLessThan(through.relativeError);
  });
});

describe('evaluate --data', () => {
  it('measures divergence without labels', async () => {
    const result = await json<Evaluated>('evaluate', ...given, '--data', 'fresh.npz');
    expect(result.dense).toEqual({ accuracy: null, low: null, high: null });
    expect(result.paired).toEqual({ difference: null, low: null, high: null, p: null });
    expect(result.candidate.kl).toBeGreaterThan(0);
    expect(result.data).toEqual({
      kind: 'arrays',
      examples: 24,
      answers: 24,
      labelled: 0,
      outputs: ['logits'],
    });
    const fewer = await json<Evaluated>('evaluate', ...given, '--data', 'fresh.npz', '--examples', '8');
    expect(fewer.data.examples).toBe(8);
    const { out } = await run('evaluate', ...given, '--data', 'fresh.npz');
    expect(out).toMatch(/divergence \(nats\) +\d/);
    expect(out).not.toMatch(/McNemar/);
  });

  it('measures accuracy with labels, and diverges less with factors fitted to other examples', async () => {
    const own = ['evaluate', ...given, '--data', 'labelled.npz'] as const;
    const plain = await json<Evaluated>(...own);
    const fitted = await json<Evaluated>(...own, '--calibration', 'seen.npz');
    expect(plain.data.labelled).toBe(24);
    expect(plain.dense.accuracy).toBe(fitted.dense.accuracy);
    expect(plain.paired.difference).toBeCloseTo(plain.candidate.accuracy! - plain.dense.accuracy!, 12);
    expect(fitted.candidate.kl).toBeLessThan(plain.candidate.kl);
  });

  it('takes texts with the tokenizer beside the model, and says what became of them', async () => {
    const { tokenizer, cases } = textGoldens.wordpiece;
    // Ids beyond the 40 that the model knows are its [UNK].
    const small = structuredClone(tokenizer) as { model: { vocab: Record<string, number> } };
    for (const [word, id] of Object.entries(small.model.vocab)) if (id >= 40) delete small.model.vocab[word];
    writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(small));
    writeFileSync(join(folder, 'a.txt'), cases.map(({ text }) => text).join('\n'));
    writeFileSync(join(folder, 'b.csv'), 'review,label\n"fox, dog",2\nquick zebra,0\n');
    const args = [
      'evaluate',
      ...given,
      '--data',
      'b.csv',
      '--column',
      'review',
      '--calibration',
      'a.txt',
      '--json',
    ];
    const { code, out, notes } = await run(...args);
    expect([code, notes[0]]).toEqual([
      0,
      expect.stringMatching(/^evaluate: 2 texts \(review\) of up to \d+ tokens\.$/),
    ]);
    const { data, candidate } = JSON.parse(out) as Evaluated;
    expect(data).toEqual({ kind: 'text', examples: 2, answers: 2, labelled: 2, outputs: ['logits'] });
    expect(candidate.kl).toBeGreaterThan(0);
    rmSync(join(folder, 'tokenizer.json'));
    const without = await run('evaluate', ...given, '--data', 'b.csv', '--column', 'review');
    expect(without.notes).toEqual([
      "evaluate: b.csv: needs the model's tokenizer.json beside it to become token ids",
    ]);
  });

  it('takes a folder of pictures, classes by folder', async () => {
    writeFileSync(join(folder, 'vit.onnx'), corpusFile('torchscript-vit'));
    for (const [name, shift] of [
      ['ant', 1],
      ['bee', 2],
      ['cow', 3],
    ] as const) {
      mkdirSync(join(folder, 'pictures', name), { recursive: true });
      writeFileSync(join(folder, 'pictures', name, '1.png'), pngOf(20, 18, 3, shift));
    }
    const { model } = await openCorpus('torchscript-vit');
    const { name: layer, out: rows, in: columns } = model.linears.at(-1)!;
    const layers = [{ name: layer, format: 'svd', outModes: [rows], inModes: [columns], ranks: [1] }];
    writeFileSync(join(folder, 'vit.json'), JSON.stringify({ layers }));
    const vit = ['--design', 'vit.json', '--model', 'vit.onnx', '--data', 'pictures', '--json'];
    const { code, out, notes } = await run('evaluate', ...vit);
    expect([code, notes]).toEqual([
      0,
      [expect.stringMatching(/^evaluate: Pictures are resized to 16 x 16 /)],
    ]);
    expect((JSON.parse(out) as Evaluated).data).toMatchObject({ kind: 'pictures', examples: 3, labelled: 3 });
    const fitted = ['factorize', '--model', 'vit.onnx', '--layer', layer, '--format', 'svd', '--ranks', '1'];
    const { out: made } = await run(...fitted, '--calibration', 'pictures', '--json');
    const { weightedError, relativeError } = JSON.parse(made) as Record<string, number>;
    expect(weightedError).toBeLessThan(relativeError!);
  });

  it.each([
    [
      [...given, '--data', 'seen.npz', '--calibration', 'seen.npz'],
      /^evaluate: --calibration must be other examples than --data: .* got "seen.npz"$/,
    ],
    [[...given], /^evaluate: --design needs --data FILES/],
    [[], /^evaluate: needs LINK, or a design with --data FILES$/],
    [[...given, '--data', 'fresh.npz', '--seed', '4'], /^evaluate: --seed is of examples of a task/],
    [[...given, '--data', 'fresh.npz', '--outputs', 'a'], /^evaluate: outputs: must be of logits, got "a"$/],
    [['--design', 'design.json', '--data', 'fresh.npz'], /^evaluate: needs --model FILE/],
    [[...given, '--data', 'none.npz'], /^evaluate: file must exist, got "none.npz"$/],
    [[...given, '--data', 'design.json'], /^evaluate: examples: must be .npz or .npy, .txt, .csv/],
  ])('refuses %j', async (args, message) => {
    const { code, out, notes } = await run('evaluate', ...args);
    expect([code, out]).toEqual([2, '']);
    expect(notes[0]).toMatch(message);
  });
});
