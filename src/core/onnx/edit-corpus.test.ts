/** Every model of the corpus with all its layers replaced, beside the source with the same matrices in its own nodes. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { env } from 'node:process';
import { describe, expect, it } from 'vitest';
import { largestDistance, outputsOf } from '../../engines/ort/compare.ts';
import { createRandom } from '../base/random.ts';
import { findPath } from '../einsum/path.ts';
import { reconstruct } from '../factor/decompose/reconstruct.ts';
import type { Factorization, Format } from '../factor/factorization.ts';
import { factorShapes, forwardEinsum } from '../factor/forward.ts';
import { clipRanks, rankCount } from '../factor/ranks.ts';
import { norm, tensor, type Tensor } from '../tensor/dense.ts';
import { bytesSource } from '../workload/byte-source.ts';
import { withDenseWeights } from './edit-dense.ts';
import { collect } from './edit.fixture.ts';
import { replaceLayers, type LayerReplacement } from './edit.ts';
import { createConstants } from './constants.ts';
import { linkGraph } from './graph.ts';
import { onnxLayers } from './layers.ts';
import type { OnnxLayer, OnnxModel } from './model.ts';
import { openOnnx } from './open.ts';
import { probeInputs, type ProbeInput } from './probe-inputs.ts';
import { readOnnxWeight } from './weights.ts';
import { writeOnnx } from './write.ts';

const folder = new URL('corpus/', import.meta.url);
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.onnx'))
  .map((file) => file.replace(/\.onnx$/, ''));
/** One of each kind of node unless there is time for all. */
const some =
  /^(?:hand-(?:einsum|f16|functions|if|gemm|shared)|quantized-(?:dynamic|nbits)|optimum-bert|torchscript-encoder-14)$/;
const tried = env['RANKSCAPE_LONG'] === undefined ? names.filter((name) => some.test(name)) : names;

const open = (name: string): Promise<OnnxModel> =>
  openOnnx(bytesSource(readFileSync(new URL(`${name}.onnx`, folder))), (location) => {
    const file = new URL(location, folder);
    return existsSync(file) ? bytesSource(readFileSync(file)) : null;
  });

const formats: readonly Format[] = ['svd', 'ttm', 'tt', 'kronecker', 'tucker', 'cp', 'tr', 'block-term'];

/** A smallest divisor and what is left. */
function split(extent: number): readonly number[] {
  const divisor = [2, 3, 5, 7].find((prime) => extent % prime === 0) ?? 1;
  return [divisor, extent / divisor];
}

async function replacementOf(model: OnnxModel, layer: OnnxLayer, at: number): Promise<LayerReplacement> {
  const format = formats[at % formats.length]!;
  const matrix = format === 'svd';
  const [outModes, inModes] = [layer.out, layer.in].map((side) => (matrix ? [side] : split(side)));
  const ranks = Array.from({ length: rankCount(format, outModes!.length, inModes!.length) }, () => 3);
  const f: Factorization = clipRanks({ format, outModes: outModes!, inModes: inModes!, ranks });
  const random = createRandom(at);
  const factors = factorShapes(f).map((shape): Tensor => {
    const count = shape.reduce((product, extent) => product * extent, 1);
    return tensor(
      shape,
      Float64Array.from({ length: count }, () => Math.fround(random.normal())),
    );
  });
  // As large as the weight, so that what follows stays in its range.
  const scale = norm((await readOnnxWeight(model, layer)).values) / norm(reconstruct(f, factors).values);
  const scaled = factors.map((factor, k) =>
    k === 0
      ? tensor(
          factor.shape,
          factor.values.map((value) => Math.fround(value * scale)),
        )
      : factor,
  );
  return { layer, factorization: f, factors: scaled, path: findPath(forwardEinsum(f, 12)) };
}

const runs = (bytes: Uint8Array, inputs: readonly ProbeInput[]): Promise<boolean> =>
  outputsOf(bytes, [inputs]).then(
    () => true,
    () => false,
  );

/** Values of the source that depend on its inputs and are not in the export; integer products are inside their layer. */
function lostValues(source: OnnxModel, made: OnnxModel): readonly string[] {
  const graph = linkGraph(source.proto);
  const { isConstant } = createConstants(source, graph);
  const kept = new Set(linkGraph(made.proto).ops.flatMap(({ outputs }) => outputs.map(({ name }) => name)));
  const within = /^(?:DynamicQuantizeLinear|MatMulInteger)$/;
  return graph.ops.flatMap(({ type, inputs, outputs }) =>
    outputs
      .filter((value) => value.name !== '' && !isConstant(value) && !kept.has(value.name))
      .filter(() => !within.test(type) && !inputs.some((each) => within.test(each?.producer?.type ?? '')))
      .map(({ name }) => name),
  );
}

/** What computes in 8-bit activations throughout: exported in another form first. */
const refused = /computes in integers|must have the .* axes/;

describe('every model of the corpus', () => {
  it.each(tried)('%s', { timeout: 60_000 }, async (name) => {
    const model = await open(name);
    const { linears } = onnxLayers(model, { name });
    const replacements: LayerReplacement[] = [];
    for (const [at, layer] of linears.entries()) {
      const made = await replacementOf(model, layer, at + name.length);
      try {
        replaceLayers(model, [made], { version: '0' });
        replacements.push(made);
      } catch (error) {
        expect((error as Error).message).toMatch(refused);
      }
    }
    const edit = replaceLayers(model, replacements, { version: '0' });
    const reference = withDenseWeights(
      model,
      edit.layers.map(({ layer, factorization, stored }) => ({
        layer,
        weight: reconstruct(factorization, stored),
      })),
    );
    // TorchScript wrote the traced batch into two models: the source itself runs no other.
    const whole = await collect(writeOnnx(model));
    const inputs = [];
    for (const size of [
      { batch: 2, length: 6, seed: 1 },
      { batch: 1, length: 3, seed: 2 },
    ]) {
      const feed = probeInputs(model, size);
      if (await runs(whole, feed)) inputs.push(feed);
    }
    expect(inputs.length).toBeGreaterThan(0);
    const source = await outputsOf(await collect(writeOnnx(reference)), inputs);
    const bytes = await collect(writeOnnx(edit.model));
    // fp16 keeps 11 bits of every intermediate; onnxruntime computes bf16 in fp32.
    const half = linears.some(({ dtype }) => dtype === 'F16') ? 20 : 1;
    expect(largestDistance(source, await outputsOf(bytes, inputs))).toBeLessThan(1e-4 * half);
    expect(largestDistance(source, await outputsOf(bytes, inputs, { optimized: true }))).toBeLessThan(
      1e-3 * half,
    );
    const again = await openOnnx(bytesSource(bytes));
    expect(lostValues(model, again)).toEqual([]);
    const { graph } = model.proto;
    expect(again.proto.graph?.input).toEqual(
      graph?.input.filter(({ name: n }) => again.proto.graph?.input.some((i) => i.name === n)),
    );
    expect(again.proto.graph?.output).toEqual(graph?.output);
  });
});
