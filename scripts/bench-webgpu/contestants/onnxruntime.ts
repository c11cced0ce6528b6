/**
 * onnxruntime-web on its WebGPU provider: the einsum as a model of its own whose operands are inputs in GPU memory.
 * Along our path as Einsum nodes of two operands, as transposes with MatMul, or with Gemm, which reads transposed
 * matrices in place.
 */
import type { NodeProto, TensorProto } from 'onnx-buf';
import type * as OrtModule from 'onnxruntime-web/webgpu';
import type { InferenceSession, Tensor } from 'onnxruntime-web/webgpu';
import { integers, tensorValue } from '../../../src/core/onnx/edit-messages.ts';
import { graphBytes, nodeOf } from '../../../src/engines/ort/nodes.ts';
import type { BenchCase } from '../cases.ts';
import type { Contestant, Way } from '../contestant.ts';
import { equationOf, isIdentity, matrixForm, stepsOf, type Side, type Step, type Steps } from '../steps.ts';

type Form = 'einsum' | 'MatMul' | 'Gemm';

interface Graph {
  readonly nodes: NodeProto[];
  readonly tensors: TensorProto[];
}

const nameOf = (value: number): string => `v${value}`;

function reshaped({ nodes, tensors }: Graph, from: string, shape: readonly number[], to: string): string {
  tensors.push(integers(`${to}_shape`, shape));
  nodes.push(nodeOf('Reshape', [from, `${to}_shape`], to));
  return to;
}

function transposed({ nodes }: Graph, from: string, permutation: readonly number[], to: string): string {
  if (isIdentity(permutation)) return from;
  nodes.push(nodeOf('Transpose', [from], to, { perm: permutation }));
  return to;
}

/** [rows, columns] where there is one batch, else [batch, rows, columns]; transposed in place where Gemm cannot. */
function matrixOf(graph: Graph, value: string, to: string, side: Side, gemm: boolean): string {
  const flat = side.shape[0] === 1;
  const ordered = transposed(graph, value, side.permutation, `${to}_ordered`);
  const matrix = reshaped(graph, ordered, flat ? side.shape.slice(1) : side.shape, `${to}_matrix`);
  if (!side.swapped || (gemm && flat)) return matrix;
  return transposed(graph, matrix, flat ? [1, 0] : [0, 2, 1], `${to}_turned`);
}

function emitProduct(
  graph: Graph,
  step: Step,
  extents: Steps['extents'],
  gemm: boolean,
  output: string,
): void {
  const form = matrixForm(step, extents);
  const flat = form.left.shape[0] === 1;
  const left = matrixOf(graph, nameOf(step.left), `${output}_l`, form.left, gemm);
  const right = matrixOf(graph, nameOf(step.right), `${output}_r`, form.right, gemm);
  const product = `${output}_product`;
  graph.nodes.push(
    gemm && flat
      ? nodeOf('Gemm', [left, right], product, {
          transA: form.left.swapped ? 1 : 0,
          transB: form.right.swapped ? 1 : 0,
        })
      : nodeOf('MatMul', [left, right], product),
  );
  const shape = form.labels.map((label) => extents.get(label) ?? 1);
  if (isIdentity(form.permutation)) reshaped(graph, product, shape, output);
  else transposed(graph, reshaped(graph, product, shape, `${output}_spread`), form.permutation, output);
}

function modelOf(item: BenchCase, form: Form): { readonly bytes: Uint8Array; readonly output: string } {
  const { steps, extents } = stepsOf(item);
  const graph: Graph = { nodes: [], tensors: [] };
  steps.forEach((step, k) => {
    const output = nameOf(item.shapes.length + k);
    if (form === 'einsum') {
      const operands = [nameOf(step.left), nameOf(step.right)];
      graph.nodes.push(nodeOf('Einsum', operands, output, { equation: equationOf(step) }));
    } else emitProduct(graph, step, extents, form === 'Gemm', output);
  });
  const output = nameOf(item.shapes.length + steps.length - 1);
  const shape = steps.at(-1)?.output.map((label) => extents.get(label) ?? 1) ?? [];
  const bytes = graphBytes({
    name: 'einsum',
    ...graph,
    inputs: item.shapes.map((operand, k) => tensorValue(nameOf(k), 'F32', operand)),
    outputs: [tensorValue(output, 'F32', shape)],
  });
  return { bytes, output };
}

type Library = typeof OrtModule;

const sessionOptions: InferenceSession.SessionOptions = {
  executionProviders: ['webgpu'],
  graphOptimizationLevel: 'all',
  preferredOutputLocation: 'gpu-buffer',
  logSeverityLevel: 3,
};

async function way(
  ort: Library,
  device: GPUDevice,
  item: BenchCase,
  operands: readonly Float32Array[],
  form: Form,
): Promise<Way> {
  const { bytes, output } = modelOf(item, form);
  const session = await ort.InferenceSession.create(bytes, sessionOptions);
  const buffers = operands.map((values) => {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const buffer = device.createBuffer({ size: Math.ceil(values.byteLength / 16) * 16, usage });
    device.queue.writeBuffer(buffer, 0, Float32Array.from(values));
    return buffer;
  });
  const feeds = Object.fromEntries(
    buffers.map((buffer, k) => [
      nameOf(k),
      ort.Tensor.fromGpuBuffer(buffer, { dataType: 'float32', dims: [...(item.shapes[k] ?? [])] }),
    ]),
  );
  let result: Tensor | undefined;
  return {
    name: form,
    run: async () => {
      result?.dispose();
      result = (await session.run(feeds))[output];
      await device.queue.onSubmittedWorkDone();
    },
    read: async () => {
      if (result === undefined) throw new Error('internal: read before a run');
      return Float32Array.from((await result.getData()) as Float32Array);
    },
    dispose: async () => {
      result?.dispose();
      await session.release();
      for (const buffer of buffers) buffer.destroy();
    },
  };
}

export async function openOnnxruntime(): Promise<Contestant> {
  const ort = await import('onnxruntime-web/webgpu');
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'error';
  // Its device exists from the first session to the last: this one stays open.
  const first = modelOf(
    {
      name: '',
      equation: 'mk,kn->mn',
      shapes: [
        [4, 4],
        [4, 4],
      ],
    },
    'MatMul',
  );
  await ort.InferenceSession.create(first.bytes, sessionOptions);
  const device: GPUDevice = await ort.env.webgpu.device;
  return {
    name: 'onnxruntime-web',
    device,
    ways: (item, operands) =>
      (['MatMul', 'Gemm', 'einsum'] as const).map((form) => () => way(ort, device, item, operands, form)),
  };
}
