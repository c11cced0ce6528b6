import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { modelById } from '../../core/workload/cards.ts';
import { networkOf, type NetworkId } from './networks.ts';
import { readShipped, shippedModel, splitParameters } from './shipped.ts';
import { batch, runOnce, tinies, tinyParameters } from './tiny.fixture.ts';
import { initialParameters } from './trainer.ts';

const ids: readonly NetworkId[] = ['glyph-vit', 'lexical-qa'];

describe('shipped files', () => {
  it.each(ids)('%s: layers go by the names of the card, weights are [in, out], the batch is open', (id) => {
    const network = networkOf(id);
    const parameters = splitParameters(network, initialParameters(network.parameters, 1));
    const { graph, opsetImport, metadataProps } = shippedModel(network, parameters, { seed: '1' });
    const shapes = new Map(graph?.initializer.map(({ name, dims }) => [name, dims.map(Number)]));
    const card = modelById(id);
    for (const { name, in: inside, out } of card.linears) {
      expect(shapes.get(`${name}.weight`)).toEqual([inside, out]);
      expect(shapes.get(`${name}.bias`)).toEqual([out]);
      const [product] = graph?.node.filter((node) => node.name === `${name}/MatMul`) ?? [];
      expect(product?.opType).toBe('MatMul');
      expect(product?.input[1]).toBe(`${name}.weight`);
      expect(product?.output).toEqual([`${name}/MatMul_output`]);
      const [bias] = graph?.node.filter((node) => node.input.includes(`${name}/MatMul_output`)) ?? [];
      expect(bias?.input).toEqual([`${name}/MatMul_output`, `${name}.bias`]);
    }
    expect(opsetImport.map(({ domain, version }) => [domain, version])).toEqual([['', 18n]]);
    expect(metadataProps.map(({ key, value }) => [key, value])).toEqual([['seed', '1']]);
    const ports = [...(graph?.input ?? []), ...(graph?.output ?? [])];
    expect(ports.map(({ name }) => name)).toEqual(
      id === 'glyph-vit' ? ['image', 'logits'] : ['tokens', 'start_logits', 'end_logits'],
    );
    for (const { type } of ports) {
      const dims = type?.value.case === 'tensorType' ? (type.value.value.shape?.dim ?? []) : [];
      expect(dims.map(({ value }) => value.case)).toEqual(
        dims.map((_, axis) => (axis === 0 ? 'dimParam' : 'dimValue')),
      );
      expect(dims[0]?.value.value).toBe('batch');
    }
  });

  it('give their parameters back, also from a Buffer of Node', () => {
    const network = networkOf('lexical-qa');
    const parameters = splitParameters(network, initialParameters(network.parameters, 2));
    const bytes = toBinary(ModelProtoSchema, shippedModel(network, parameters));
    const back = readShipped(fromBinary(ModelProtoSchema, Buffer.from(bytes)));
    expect(back.network.id).toBe('lexical-qa');
    for (const [name, values] of parameters) {
      const read = back.parameters.get(name);
      expect(read?.length === values.length && values.every((value, i) => value === read[i]), name).toBe(
        true,
      );
    }
  });

  it('refuse files of others by name', () => {
    const network = networkOf('glyph-vit');
    const parameters = splitParameters(network, initialParameters(network.parameters, 1));
    const foreign = shippedModel(network, parameters);
    foreign.graph!.name = 'main_graph';
    expect(() => readShipped(foreign)).toThrow(/trained, got "main_graph"/);
  });

  it.each(tinies)('$title: answers what it was trained to, at any batch', async (tiny) => {
    const { network, inputs, labels, expected } = tiny;
    const model = shippedModel(network, splitParameters(network, tinyParameters(tiny)));
    const results = await runOnce(model, inputs);
    const losses = network.outputs.map(({ name, choices }, i) => {
      const { shape, values } = results[name]!;
      expect(shape).toEqual([batch, choices]);
      const rows = Array.from({ length: batch }, (_, b) => [
        ...(values as Float32Array).subarray(b * choices, (b + 1) * choices),
      ]);
      const terms = rows.map(
        (row, b) => Math.log(row.reduce((sum, v) => sum + Math.exp(v), 0)) - row[labels[i]![b]!]!,
      );
      return terms.reduce((a, b) => a + b, 0) / batch;
    });
    const loss = losses.reduce((a, b) => a + b, 0) / losses.length;
    expect(Math.abs(loss - expected.loss)).toBeLessThan(1e-5);
  });
});
