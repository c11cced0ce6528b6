import { describe, expect, it } from 'vitest';
import type { Factorization } from '../factor/factorization.ts';
import { node, tensorValue } from './edit-messages.ts';
import { distance, normal, replacement } from './edit-run.fixture.ts';
import { floats, inMemory, layerOf, modelProto } from './edit.fixture.ts';
import { replaceLayers, type ReplaceOptions } from './edit.ts';
import type { OnnxLayer, OnnxModel } from './model.ts';

const options: ReplaceOptions = { version: '0.1.0' };

const designs: readonly Factorization[] = [
  { format: 'svd', outModes: [24], inModes: [12], ranks: [4] },
  { format: 'kronecker', outModes: [4, 6], inModes: [3, 4], ranks: [3] },
  { format: 'kronecker', outModes: [24], inModes: [12], ranks: [1] },
  { format: 'cp', outModes: [4, 6], inModes: [3, 4], ranks: [5] },
  { format: 'cp', outModes: [24], inModes: [3, 2, 2], ranks: [5] },
  { format: 'tucker', outModes: [4, 6], inModes: [3, 4], ranks: [3, 4, 2, 3] },
  { format: 'tt', outModes: [4, 6], inModes: [3, 4], ranks: [3, 5, 3] },
  { format: 'ttm', outModes: [4, 6], inModes: [3, 4], ranks: [5] },
  { format: 'ttm', outModes: [2, 3, 4], inModes: [3, 2, 2], ranks: [4, 5] },
  { format: 'tr', outModes: [4, 6], inModes: [3, 4], ranks: [2, 3, 2, 3] },
  { format: 'block-term', outModes: [4, 6], inModes: [3, 4], ranks: [2, 2, 3, 2, 3] },
  { format: 'dense', outModes: [24], inModes: [12], ranks: [] },
];

const named = designs.map(
  (f) => [`${f.format} ${f.outModes.join('x')} / ${f.inModes.join('x')}`, f] as const,
);

type Shape = readonly (number | string)[] | null;

/** Relu, layer, bias Add, Relu: what is outside the layer has names of its own. */
const plain = (shape: Shape, opset = 18, ir = 8): OnnxModel =>
  inMemory(
    modelProto({
      nodes: [
        node('Relu', 'before', ['x'], 'h'),
        node('MatMul', 'm', ['h', 'w'], 'p'),
        node('Add', 'a', ['p', 'b'], 'q'),
        node('Relu', 'after', ['q'], 'y'),
      ],
      initializers: [floats('w', [12, 24], 1), floats('b', [24], 2)],
      inputs: [
        tensorValue('x', 'F32', shape),
        ...(ir < 4 ? [tensorValue('w', 'F32', [12, 24]), tensorValue('b', 'F32', [24])] : []),
      ],
      outputs: [tensorValue('y', 'F32', shape?.with(-1, 24) ?? null)],
      values: shape === null ? [] : [tensorValue('h', 'F32', shape)],
      opset,
      ir,
    }),
  );

const fc = (model: OnnxModel): OnnxLayer => layerOf(model, 'block.0.fc', ['m'], { out: 24, in: 12 });
const feeds = [{ x: normal([2, 5, 12], 3) }, { x: normal([1, 1, 12], 4) }, { x: normal([3, 7, 12], 5) }];
const anyRank = [...feeds, { x: normal([6, 12], 6) }, { x: normal([2, 1, 3, 12], 7) }];

describe('replaceLayers', () => {
  it.each(named)('%s', async (_, f) => {
    for (const [shape, opset] of [
      [['b', 's', 12], 18],
      [null, 13],
      [null, 9],
    ] as const) {
      const model = plain(shape, opset);
      const edit = replaceLayers(model, [replacement(fc(model), f)], options);
      const [off, on] = await distance(model, edit, shape === null ? anyRank : feeds);
      expect(off).toBeLessThan(1e-5);
      expect(on).toBeLessThan(1e-5);
    }
  });

  it('leaves every name outside the layer, graph inputs, outputs and versions; takes the weight', () => {
    const model = plain(['b', 's', 12], 12);
    const [, ttm] = named.find(([name]) => name.startsWith('ttm 4')) ?? named[0] ?? [];
    const edit = replaceLayers(model, ttm === undefined ? [] : [replacement(fc(model), ttm)], {
      ...options,
      link: '#v1.abc',
    });
    const { graph, metadataProps, opsetImport, irVersion } = edit.model.proto;
    const before = model.proto;
    expect([graph?.input, graph?.output, opsetImport, irVersion]).toEqual([
      before.graph?.input,
      before.graph?.output,
      before.opsetImport,
      before.irVersion,
    ]);
    const made = graph?.node.flatMap(({ output }) => output) ?? [];
    for (const name of ['h', 'p', 'q', 'y']) expect(made).toContain(name);
    expect(graph?.initializer.map(({ name }) => name)).not.toContain('w');
    expect(graph?.initializer.map(({ name }) => name)).toContain('block.0.fc.G1');
    const names = graph?.node.map(({ name }) => name) ?? [];
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => !name.startsWith('block.0.fc/'))).toEqual(['before', 'a', 'after']);
    expect(metadataProps.map(({ key, value }) => [key, JSON.parse(value) as unknown])).toEqual([
      [
        'rankscape',
        {
          version: '0.1.0',
          link: '#v1.abc',
          layers: [{ name: 'block.0.fc', format: 'ttm', outModes: [4, 6], inModes: [3, 4], ranks: [5] }],
        },
      ],
    ]);
    expect(model.proto.graph?.initializer.map(({ name }) => name)).toEqual(['w', 'b']);
  });

  it('writes factors as Constant nodes before IR version 4, so that graph inputs stay', async () => {
    const model = plain(['b', 's', 12], 9, 3);
    const edit = replaceLayers(model, [replacement(fc(model), designs[1] ?? designs[0]!)], options);
    expect(edit.model.proto.graph?.input.map(({ name }) => name)).toEqual(['x', 'b']);
    expect(edit.model.proto.graph?.initializer.map(({ name }) => name)).toEqual(['b']);
    expect((await distance(model, edit, feeds))[0]).toBeLessThan(1e-5);
  });

  it('refuses opsets and nodes that it cannot write, by name', () => {
    const old = plain(null, 6);
    expect(() => replaceLayers(old, [replacement(fc(old), designs[0]!)], options)).toThrow(
      /ONNX: opset must be at least 7 \(convert the model with onnx.version_converter\), got 6/,
    );
    const odd = inMemory(
      modelProto({
        nodes: [node('Mul', 'm', ['x', 'w'], 'y')],
        initializers: [floats('w', [12, 24], 1)],
        inputs: [tensorValue('x', 'F32', null)],
        outputs: [tensorValue('y', 'F32', null)],
      }),
    );
    expect(() => replaceLayers(odd, [replacement(fc(odd), designs[0]!)], options)).toThrow(
      /layer block.0.fc: node m computes in integers .* export the model in QDQ format.*, got "Mul"/,
    );
  });
});
