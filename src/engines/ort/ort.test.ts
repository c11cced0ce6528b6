/** The runtime itself, and what is built on it, against plain loops over the same small networks. */
import { create, toBinary } from '@bufbuild/protobuf';
import { GraphProtoSchema, ModelProtoSchema, TensorProto_DataType } from 'onnx-buf';
import { beforeAll, describe, expect, it } from 'vitest';
import { exposeValues } from '../../core/onnx/expose.ts';
import { tasks } from '../../core/tasks/tasks.ts';
import { modelById } from '../../core/workload/cards.ts';
import { layerSites, parseModel, readWeight } from './layers.ts';
import { loadOrt, type Ort } from './ort.ts';
import { randomModel } from './random-model.fixture.ts';
import { withRoundedInputs } from './rounding.ts';
import { layerStatistics } from './statistics.ts';

let ort: Ort;
beforeAll(async () => {
  ort = await loadOrt();
});

const bytes = randomModel('glyph-vit');
const proto = parseModel(bytes);
const { linears } = modelById('glyph-vit');
const sites = layerSites(proto, linears);
const site = (name: string) => sites.find((each) => each.name === name)!;
const task = tasks['glyph-vit'];
const few = task.examples(5, 0, 6);

describe('the runtime', () => {
  it('is loaded once', async () => {
    expect(await loadOrt()).toBe(ort);
  });

  it('names inputs and outputs, runs any batch, and gives what is asked for', async () => {
    const session = await ort.createSession(bytes);
    expect(session.inputs).toEqual(['image']);
    expect(session.outputs).toEqual(['logits']);
    const { logits } = await session.run(few.inputs, ['logits']);
    expect(logits?.shape).toEqual([6, 32]);
    const alone = await session.run(task.examples(5, 4, 1).inputs);
    const part = (logits?.values ?? []).slice(4 * 32, 5 * 32);
    for (let k = 0; k < 32; k++) expect(alone['logits']?.values[k]).toBeCloseTo(Number(part[k]), 5);
    await session.release();
  });

  it('says what it could not do, and goes on', async () => {
    await expect(ort.createSession(new Uint8Array(100))).rejects.toThrow(
      /^onnxruntime: could not open the model: /,
    );
    const session = await ort.createSession(bytes);
    await expect(session.run({})).rejects.toThrow(/^onnxruntime: could not run the model: .*image/);
    const wrong = { image: { shape: [1, 2, 2], values: new Float32Array(4) } };
    await expect(session.run(wrong)).rejects.toThrow(/^onnxruntime: could not run the model: /);
    expect((await session.run(few.inputs))['logits']?.shape).toEqual([6, 32]);
    await session.release();
  });
});

describe('the layers of a model', () => {
  it('are all found, with their weights as torch has them', () => {
    expect(sites.map(({ name }) => name)).toEqual(linears.map(({ name }) => name));
    const query = site('encoder.layer.0.attention.attention.query');
    expect(query.input).toBe(site('encoder.layer.0.attention.attention.value').input);
    const up = site('encoder.layer.1.intermediate.dense');
    const w = readWeight(proto, up);
    expect([w.rows, w.columns]).toEqual([384, 96]);
    const stored = proto.graph?.initializer.find(({ name }) => name === up.weight);
    const view = new Float32Array(stored?.rawData.slice().buffer ?? new ArrayBuffer(0));
    // [in, out] in the file: entry (o, i) is at i * out + o.
    expect(w.values[5 * 96 + 7]).toBe(view[7 * 384 + 5]);
  });

  it('are read from float_data too', () => {
    const wanted = site('classifier');
    const graph = proto.graph ?? create(GraphProtoSchema);
    const plain = readWeight(proto, wanted);
    const initializer = graph.initializer.map((each) => {
      if (each.name !== wanted.weight) return each;
      const floatData = [...new Float32Array(each.rawData.slice().buffer)];
      return { ...each, floatData, rawData: new Uint8Array() };
    });
    const other = create(ModelProtoSchema, { graph: create(GraphProtoSchema, { ...graph, initializer }) });
    expect(readWeight(other, wanted)).toEqual(plain);
  });

  it('must be there, of their shape, as float32', () => {
    expect(() => parseModel(Uint8Array.of(255, 255, 1))).toThrow(/^onnx: cannot be read/);
    expect(() => layerSites(proto, modelById('lexical-qa').linears)).toThrow(
      /weight: must be an initializer of 96 x 96/,
    );
    const graph = proto.graph ?? create(GraphProtoSchema);
    const initializer = graph.initializer.map((each) => ({
      ...each,
      dataType: TensorProto_DataType.FLOAT16,
    }));
    const other = create(ModelProtoSchema, { graph: create(GraphProtoSchema, { ...graph, initializer }) });
    expect(() => readWeight(other, site('classifier'))).toThrow('classifier.weight: must be float32');
  });
});

/** The values that these layers multiply, for `few`: rows of their width. */
async function inputsOf(names: readonly string[], model = proto) {
  const values = names.map((name) => site(name).input);
  const session = await ort.createSession(toBinary(ModelProtoSchema, exposeValues(model, values)));
  const outputs = await session.run(few.inputs);
  await session.release();
  return values.map((value) => outputs[value]?.values as Float32Array);
}

describe('what layers read', () => {
  it('is summed up over batches as by plain loops', async () => {
    const names = ['encoder.layer.1.attention.attention.query', 'encoder.layer.2.output.dense', 'classifier'];
    const batches = [task.examples(5, 0, 4).inputs, task.examples(5, 4, 2).inputs];
    const statistics = await layerStatistics(ort, proto, names.map(site), batches);
    const inputs = await inputsOf(names);
    for (const [k, name] of names.entries()) {
      const x = inputs[k]!;
      const width = site(name).in;
      const rows = x.length / width;
      const { covariance, largest } = statistics.get(name)!;
      expect(covariance.rows).toBe(width);
      for (const [i, j] of [
        [0, 0],
        [3, 17],
        [95, 40],
      ] as const) {
        let sum = 0;
        for (let row = 0; row < rows; row++) sum += x[row * width + i]! * x[row * width + j]!;
        expect(covariance.values[i * width + j]).toBeCloseTo(sum / rows, 4);
        expect(covariance.values[i * width + j]).toBe(covariance.values[j * width + i]);
      }
      expect(largest).toBeCloseTo(Math.max(...x.map(Math.abs)), 5);
    }
    // The classifier sees one row per example, the others every token.
    expect(inputs.map((x, k) => x.length / site(names[k]!).in)).toEqual([96, 96, 6]);
  });

  it('needs an example', async () => {
    await expect(layerStatistics(ort, proto, sites, [])).rejects.toThrow('calibration: needs examples');
  });
});

describe('activations of 8 bits', () => {
  const query = 'encoder.layer.0.attention.attention.query';

  it('are whole steps of the largest, clipped at it, before every layer that reads them', async () => {
    const [x = new Float32Array()] = await inputsOf([query]);
    const most = Math.max(...x.map(Math.abs));
    // Less than the largest, so that something is clipped.
    const rounded = withRoundedInputs(proto, sites, new Map([[query, most / 2]]));
    const value = `${site(query).input}/rounded`;
    const session = await ort.createSession(toBinary(ModelProtoSchema, exposeValues(rounded, [value])));
    const outputs = await session.run(few.inputs);
    const step = most / 2 / 127;
    const expected = x.map((v) => step * Math.min(127, Math.max(-127, Math.round(v / step))));
    const made = outputs[value]?.values ?? [];
    for (let k = 0; k < x.length; k++)
      expect(Math.abs(Number(made[k]) - expected[k]!)).toBeLessThan(0.51 * step);
    const exact = [...expected.keys()].filter((k) => Math.abs(Number(made[k]) - expected[k]!) < 1e-4 * step);
    // Ties apart.
    expect(exact.length / x.length).toBeGreaterThan(0.99);
    expect(expected.filter((v) => Math.abs(v) > 126.5 * step).length).toBeGreaterThan(0);
    const readers = rounded.graph?.node.filter(({ input }) => input[0] === value) ?? [];
    expect(readers.map(({ opType }) => opType)).toEqual(['MatMul', 'MatMul', 'MatMul']);
    await session.release();
  });

  it('with fine steps change next to nothing, and nothing where no step is given', async () => {
    const before = await ort.createSession(bytes);
    const { logits } = await before.run(few.inputs);
    const plain = (logits?.values ?? []) as Float32Array;
    /** Mean distance of the logits, whose own size is of order one. */
    const apart = async (steps: ReadonlyMap<string, number>): Promise<number> => {
      const session = await ort.createSession(
        toBinary(ModelProtoSchema, withRoundedInputs(proto, sites, steps)),
      );
      const after = await session.run(few.inputs);
      await session.release();
      return (
        plain.reduce((sum, v, k) => sum + Math.abs(v - Number(after['logits']?.values[k])), 0) / plain.length
      );
    };
    const fine = await apart(new Map(sites.map(({ name }) => [name, 8])));
    expect(fine).toBeGreaterThan(1e-4);
    expect(fine).toBeLessThan(0.1);
    expect(await apart(new Map())).toBe(0);
    await before.release();
  });
});
