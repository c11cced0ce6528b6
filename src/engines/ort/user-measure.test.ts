/** Models beside themselves with other matrices, against the measurer of shipped models and against plain loops. */
import { describe, expect, it } from 'vitest';
import { rebuiltWeight } from '../../core/accuracy/rebuild.ts';
import type { Factorization } from '../../core/factor/factorization.ts';
import { denseFactorization } from '../../core/factor/ranks.ts';
import { openModelFile, type ModelFile } from '../../core/onnx/dropped-files.ts';
import { withDenseWeights, type DenseWeight } from '../../core/onnx/edit-dense.ts';
import type { OnnxLayer, OnnxModel } from '../../core/onnx/model.ts';
import { probeInputs } from '../../core/onnx/probe-inputs.ts';
import { readInputs, someInputs, type UserInputs } from '../../core/onnx/user-inputs.ts';
import { readOnnxWeight } from '../../core/onnx/weights.ts';
import { seeds, type Examples } from '../../core/tasks/task.ts';
import { tasks } from '../../core/tasks/tasks.ts';
import { matrix } from '../../core/tensor/dense.ts';
import { bytesSource } from '../../core/workload/byte-source.ts';
import { modelById } from '../../core/workload/cards.ts';
import { npy } from '../../core/workload/npy.fixture.ts';
import { outputsOf } from './compare.ts';
import { wholeModel } from './export.ts';
import { openMeasurer } from './measurer.ts';
import { loadOrt } from './ort.ts';
import { randomModel } from './random-model.fixture.ts';
import { arrayOf, examplesFor, npzOf, openCorpus, shapeText } from './user-inputs.fixture.ts';
import { layerCovariances } from './user-statistics.ts';
import { measureUserModel, type UserMeasurement, type UserRange } from './user-measure.ts';

async function measured(
  model: OnnxModel,
  weights: readonly DenseWeight[],
  inputs: UserInputs,
  range?: UserRange,
): Promise<UserMeasurement> {
  let last: UserMeasurement | null = null;
  for await (const step of measureUserModel(await loadOrt(), model, weights, inputs, range)) last = step;
  return last!;
}

type OnnxFile = Extract<ModelFile, { readonly format: 'onnx' }>;

async function opened(bytes: Uint8Array): Promise<OnnxFile> {
  const file = await openModelFile({ name: 'own.onnx', source: bytesSource(bytes) }, () => null);
  if (file.format !== 'onnx') throw new Error('no graph');
  return file;
}

/** Examples of a task by way of a file. */
function filed(onnx: OnnxModel, { inputs, labels }: Examples): UserInputs {
  const arrays = Object.entries(inputs).map(([name, { shape, values }]) => {
    const dtype = values instanceof Float32Array ? ('F32' as const) : ('I64' as const);
    return [name, arrayOf({ dtype, shape, values: Float64Array.from(values, Number) })] as const;
  });
  const answers = Object.entries(labels).map(
    ([name, values]) => [name, npy('<i4', `${values.length},`, values)] as const,
  );
  return readInputs(onnx, npzOf(Object.fromEntries([...arrays, ...answers])));
}

async function covariances(onnx: OnnxModel, layer: OnnxLayer, inputs: UserInputs) {
  const steps = layerCovariances(await loadOrt(), onnx, [layer], inputs);
  for (;;) {
    const next = await steps.next();
    if (next.done === true) return next.value;
  }
}

describe('a shipped model as if it were somebody’s own', () => {
  it.each(['glyph-vit', 'lexical-qa'] as const)('%s measures alike', async (id) => {
    const bytes = randomModel(id);
    const task = tasks[id];
    const { linears } = modelById(id);
    const at = linears.findIndex(({ role }) => role === 'FFN1');
    const design = linears.map((layer, k): Factorization =>
      k === at
        ? { format: 'svd', outModes: [layer.out], inModes: [layer.in], ranks: [4] }
        : denseFactorization(layer.out, layer.in),
    );
    const measurer = await openMeasurer(await loadOrt(), bytes, linears, task, 32);
    let expected = null;
    const candidate = { design, quantization: { kind: 'none' } } as const;
    for await (const step of measurer.measure(candidate, { examples: 24 }))
      if (step.kind === 'measured') expected = step.measurement;
    await measurer.release();

    const { onnx, model } = await opened(bytes);
    const layer = model.linears.find(({ name }) => name === linears[at]!.name)!;
    const calibration = filed(onnx, task.examples(seeds.calibration, 0, 32));
    const covariance = (await covariances(onnx, layer, calibration)).get(layer.name)!;
    const w = await readOnnxWeight(onnx, layer);
    const weights = [{ layer, weight: rebuiltWeight(w, design[at]!, { covariance }) }];
    const examples = task.examples(seeds.heldOut, 0, 24);
    const inputs = filed(onnx, examples);
    const found = await measured(onnx, weights, inputs);
    expect(found.examples).toBe(24);
    expect(found.all.kl).toBeCloseTo(expected!.kl, 5);
    expect(found.all.kl).toBeGreaterThan(1e-4);
    expect(found.labelled?.n).toBe(24);
    if (id === 'glyph-vit') {
      expect(found.outputs).toEqual(['logits']);
      const { n, dense, flips, paired } = expected!;
      expect(found.labelled).toMatchObject({ n, dense, candidate: expected!.candidate, flips, paired });
    } else expect(found.outputs).toEqual(['start_logits', 'end_logits']);
    const some = await measured(onnx, weights, inputs, { examples: 16 });
    expect([some.examples, some.all.n]).toEqual([16, 16]);
  });
});

describe('a model of tokens', async () => {
  const { onnx, model } = await openCorpus('optimum-distilbert');
  const weights: DenseWeight[] = [];
  for (const layer of model.linears) {
    const { rows, columns, values } = await readOnnxWeight(onnx, layer);
    const other = values.map((value, k) => value * (1 + 2 * Math.sin(k)));
    weights.push({ layer, weight: matrix(rows, columns, other) });
  }
  const [batch, length, choices] = [11, 5, 40];
  const masks = Float64Array.from({ length: batch * length }, (_, k) => (k % length < 2 + (k % 3) ? 1 : 0));
  const tokens = probeInputs(onnx, { batch, length, seed: 4 }).find(({ name }) => name === 'input_ids')!;
  const shape = [batch, length];
  const arrays = {
    input_ids: arrayOf(tokens),
    attention_mask: arrayOf({ dtype: 'I64', shape, values: masks }),
  };
  const plain = readInputs(onnx, npzOf(arrays));
  const all = [someInputs(plain, 0, batch)];
  const [dense] = await outputsOf(await wholeModel(onnx), all);
  const [candidate] = await outputsOf(await wholeModel(withDenseWeights(onnx, weights)), all);
  const rowOf = (outputs: typeof dense, row: number): readonly number[] => [
    ...outputs!['logits']!.subarray(row * choices, (row + 1) * choices),
  ];
  const answerOf = (row: readonly number[]): number => row.indexOf(Math.max(...row));
  const kept = [...masks.keys()].filter((row) => masks[row] === 1);

  it('is compared token by token, padding apart, without labels', async () => {
    const found = await measured(onnx, weights, plain);
    const shares = (row: readonly number[]): readonly number[] => {
      const sum = row.reduce((total, value) => total + Math.exp(value), 0);
      return row.map((value) => Math.exp(value) / sum);
    };
    const kl = kept.reduce((total, row) => {
      const [p, q] = [shares(rowOf(dense, row)), shares(rowOf(candidate, row))];
      return total + p.reduce((sum, each, k) => sum + each * Math.log(each / q[k]!), 0);
    }, 0);
    const flips = kept.filter((row) => answerOf(rowOf(dense, row)) !== answerOf(rowOf(candidate, row)));
    expect(found).toMatchObject({ examples: batch, outputs: ['logits'], labelled: null });
    expect(found.all.n).toBe(kept.length);
    expect(found.all.kl).toBeCloseTo(kl / kept.length, 6);
    expect(found.all.flips).toBeCloseTo(flips.length / kept.length, 12);
    expect(flips.length).toBeGreaterThan(0);
  });

  it('has accuracies of the tokens that have labels', async () => {
    // What the dense model says, but for every fourth token; every seventh is not counted.
    const labels = Int32Array.from(masks.keys(), (row) => {
      const answer = answerOf(rowOf(dense, row));
      return row % 7 === 0 ? -100 : row % 4 === 0 ? (answer + 1) % choices : answer;
    });
    const inputs = readInputs(onnx, npzOf({ ...arrays, labels: npy('<i4', shapeText(shape), labels) }));
    const { labelled, all: every } = await measured(onnx, weights, inputs);
    const known = kept.filter((row) => row % 7 !== 0);
    expect(every.n).toBe(kept.length);
    expect(labelled?.n).toBe(known.length);
    expect(labelled?.dense.value).toBeCloseTo(known.filter((row) => row % 4 !== 0).length / known.length, 12);
    const right = known.filter((row) => answerOf(rowOf(candidate, row)) === labels[row]);
    expect(labelled?.candidate.value).toBeCloseTo(right.length / known.length, 12);
  });

  it('is itself when nothing changes', async () => {
    const { all: none } = await measured(onnx, [], plain);
    expect([none.kl, none.flips]).toEqual([0, 0]);
  });

  it('refuses labels and outputs that do not fit, by name', async () => {
    const labelled = (text: string, values: Int32Array): UserInputs =>
      readInputs(onnx, npzOf({ ...arrays, labels: npy('<i4', text, values) }));
    await expect(measured(onnx, weights, labelled('11,', new Int32Array(11)))).rejects.toThrow(
      'inputs: labels of logits must be 55, one for each row, got [11]',
    );
    const high = labelled('11, 5', new Int32Array(55).fill(40));
    await expect(measured(onnx, weights, high)).rejects.toThrow(
      'inputs: labels of logits must be below 40, got 40',
    );
    await expect(measured(onnx, weights, plain, { outputs: ['none'] })).rejects.toThrow(
      'outputs: must be of logits, got "none"',
    );
  });
});

describe('a decoder', () => {
  it('runs without a past, and its caches are not compared', async () => {
    const { onnx } = await openCorpus('optimum-gpt2');
    const wanted = /^(?:input_ids|attention_mask|position_ids)$/;
    const arrays = probeInputs(onnx, { batch: 3, length: 4, seed: 1 }).filter(({ name }) =>
      wanted.test(name),
    );
    const bytes = npzOf(Object.fromEntries(arrays.map((each) => [each.name, arrayOf(each)])));
    const { outputs, all } = await measured(onnx, [], readInputs(onnx, bytes));
    expect(outputs).toEqual(['logits']);
    expect(all).toMatchObject({ n: 12, kl: 0 });
    const both = measured(onnx, [], readInputs(onnx, bytes), { outputs: ['logits', 'present.0.key'] });
    await expect(both).rejects.toThrow(
      /^outputs: present.0.key must have \d+ rows, as logits has; choose what/,
    );
  });

  it('cannot be run above 1 GB', async () => {
    const { onnx } = await openCorpus('optimum-bert');
    const inputs = readInputs(onnx, examplesFor(onnx, { batch: 1, length: 2, seed: 1 }));
    await expect(measured({ ...onnx, bytes: 2e9 }, [], inputs)).rejects.toThrow(
      'model: must have at most 1 GB',
    );
  });
});
