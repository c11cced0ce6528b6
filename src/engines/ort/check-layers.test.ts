import { describe, expect, it } from 'vitest';
import { findPath } from '../../core/einsum/path.ts';
import type { Factorization } from '../../core/factor/factorization.ts';
import { forwardEinsum } from '../../core/factor/forward.ts';
import { openModelFile } from '../../core/onnx/dropped-files.ts';
import { replaceLayers, type OnnxEdit } from '../../core/onnx/edit.ts';
import { tensor } from '../../core/tensor/dense.ts';
import { bytesSource } from '../../core/workload/byte-source.ts';
import { largestLayerDistance } from './check-layers.ts';
import { randomFactors } from './layer-graph.ts';
import { corpusFile } from './user-inputs.fixture.ts';

async function editOf(name: string) {
  const given = await openModelFile({ name: 'm.onnx', source: bytesSource(corpusFile(name)) }, () => null);
  if (given.format !== 'onnx') throw new Error('no graph');
  const replacements = given.model.linears.slice(0, 4).map((layer, k) => {
    const factorization: Factorization = {
      format: 'svd',
      outModes: [layer.out],
      inModes: [layer.in],
      ranks: [2],
    };
    const path = findPath(forwardEinsum(factorization, 8));
    return { layer, factorization, factors: randomFactors(factorization, k), path };
  });
  const edit = replaceLayers(given.onnx, replacements, { version: '0' });
  const scaled = (scale: number): OnnxEdit => ({
    ...edit,
    layers: edit.layers.map((layer) => ({
      ...layer,
      stored: layer.stored.map(({ shape, values }, k) =>
        tensor(shape, k === 0 ? values.map((value) => value * scale) : values),
      ),
    })),
  });
  return { onnx: given.onnx, scaled };
}

describe('the layers of an export, each by itself', () => {
  it.each(['hand-gemm', 'hand-conv', 'hand-einsum', 'hand-functions', 'quantized-dynamic', 'optimum-bert'])(
    'do what the source does with the same matrices, whatever the operator: %s',
    async (name) => {
      const { onnx, scaled } = await editOf(name);
      expect(await largestLayerDistance(onnx, scaled(1), 1)).toBeLessThan(1e-5);
      expect(await largestLayerDistance(onnx, scaled(1.02), 1)).toBeGreaterThan(1e-3);
    },
  );
});
