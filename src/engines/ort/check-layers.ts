/**
 * The check of an export that is too large to be run whole: each replaced layer by itself, its nodes as they stand in the
 * export beside those of the source with the same matrix, on random inputs. Memory is that of the largest layer.
 */
import { create, toBinary } from '@bufbuild/protobuf';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  ValueInfoProtoSchema,
  type NodeProto,
  type TensorProto,
} from 'onnx-buf';
import { InputError } from '../../core/base/checks.ts';
import { createRandom } from '../../core/base/random.ts';
import { product } from '../../core/factor/tensorization.ts';
import { reconstruct } from '../../core/factor/decompose/reconstruct.ts';
import { withDenseWeights } from '../../core/onnx/edit-dense.ts';
import { mainGraph } from '../../core/onnx/edit-graph.ts';
import { changed, rawTensor, tensorValue } from '../../core/onnx/edit-messages.ts';
import type { OnnxEdit } from '../../core/onnx/edit.ts';
import type { OnnxModel, OnnxSite } from '../../core/onnx/model.ts';
import type { ProbeInput } from '../../core/onnx/probe-inputs.ts';
import { largestDistance, outcomesOf, outputsOf, type Outputs } from './compare.ts';

/** What layers of any operator take: rows with leading axes, rows, channels first, columns. */
const shapesOf = (inside: number): readonly (readonly number[])[] => [
  [2, 3, inside],
  [4, inside],
  [2, inside, 2, 2],
  [inside, 4],
];

const dtypes: readonly ProbeInput['dtype'][] = ['F32', 'F16', 'F64'];

/** Largest relative distance of a layer's output; null when no layer runs by itself. */
export async function largestLayerDistance(
  onnx: OnnxModel,
  edit: OnnxEdit,
  seed: number,
): Promise<number | null> {
  let largest: number | null = null;
  const after = cutter(edit.model);
  for (const { layer, factorization, stored } of edit.layers) {
    const [site] = layer.sites;
    if (site === undefined) continue;
    // One matrix at a time: all of them are as large as the model.
    const weight = reconstruct(factorization, stored);
    const before = cutter(withDenseWeights(onnx, [{ layer, weight }]));
    const inside = site.reversed ? layer.out : layer.in;
    for (const feed of feedsOf(site.input, inside, seed)) {
      const source = await before(site, feed);
      const made = await after(site, feed);
      if (source === null || made === null) break;
      const outcome = await outcomeOf(source, feed);
      if (outcome === null) continue;
      const distance = largestDistance([outcome], await outputsOf(made, [[feed]]));
      largest = Math.max(largest ?? 0, distance);
      break;
    }
  }
  return largest;
}

/** Null where the layer takes inputs of another shape or type. */
async function outcomeOf(model: Uint8Array, feed: ProbeInput): Promise<Outputs | null> {
  try {
    const [outcome] = await outcomesOf(model, [[feed]]);
    return outcome === undefined || outcome instanceof InputError ? null : outcome;
  } catch (error) {
    if (error instanceof InputError) return null;
    throw error;
  }
}

function feedsOf(name: string, inside: number, seed: number): readonly ProbeInput[] {
  return dtypes.flatMap((dtype) =>
    shapesOf(inside).map((shape): ProbeInput => {
      const random = createRandom(seed);
      const values = Float64Array.from({ length: product(shape) }, random.normal);
      return { name, dtype, shape, values };
    }),
  );
}

/** Cuts the nodes between a site's input and its output out of the main graph; null where they need more. */
function cutter(
  model: OnnxModel,
): (site: OnnxSite, feed: ProbeInput) => Promise<Uint8Array<ArrayBuffer> | null> {
  const graph = mainGraph(model.proto);
  const madeBy = new Map(graph.node.flatMap((node) => node.output.map((name) => [name, node] as const)));
  const tensors = new Map(graph.initializer.map((tensor) => [tensor.name, tensor] as const));
  const whole = async (tensor: TensorProto): Promise<TensorProto> => {
    const { name, dtype, shape, readBytes } = model.tensorOf(tensor);
    return rawTensor(name, dtype, shape, await readBytes());
  };
  return async ({ input, output }, feed) => {
    const wanted = new Set<NodeProto>();
    const used = new Set<TensorProto>();
    const seen = new Set([input, '']);
    const queue = [output];
    for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
      if (seen.has(name)) continue;
      seen.add(name);
      const [node, tensor] = [madeBy.get(name), tensors.get(name)];
      if (tensor !== undefined) used.add(tensor);
      else if (node === undefined) return null;
      else {
        wanted.add(node);
        queue.push(...node.input);
      }
    }
    const initializer: TensorProto[] = [];
    for (const tensor of used) initializer.push(await whole(tensor));
    const node: NodeProto[] = [];
    for (const each of graph.node.filter((own) => wanted.has(own))) {
      const attribute = [];
      for (const own of each.attribute)
        attribute.push(own.t === undefined ? own : changed(own, { t: await whole(own.t) }));
      node.push(changed(each, { attribute }));
    }
    const parts = {
      name: 'layer',
      node,
      initializer,
      input: [tensorValue(input, feed.dtype, feed.shape)],
      output: [create(ValueInfoProtoSchema, { name: output })],
    };
    const { irVersion, opsetImport } = model.proto;
    return toBinary(
      ModelProtoSchema,
      create(ModelProtoSchema, { irVersion, opsetImport, graph: create(GraphProtoSchema, parts) }),
    );
  };
}
