/** @tensorflow/tfjs-backend-webgpu: along our path, its einsum of two operands or transposes and matrix products. */
import * as tf from '@tensorflow/tfjs-core';
import { webgpu_util, type WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { BenchCase } from '../cases.ts';
import type { Contestant, Way } from '../contestant.ts';
import { equationOf, isIdentity, matrixForm, stepsOf, type Side, type Step } from '../steps.ts';

/**
 * Its einsum writes every product into memory and adds them up by a second kernel: faster for one row, 20 to 900 times
 * slower than its matMul from some 33 x 65 x 17 products on (measured on SwiftShader).
 */
const mostSpread = 2 ** 15;

type Join = (left: tf.Tensor, right: tf.Tensor, step: Step) => tf.Tensor;

const asMatrix = (operand: tf.Tensor, { permutation, shape }: Side): tf.Tensor =>
  tf.reshape(isIdentity(permutation) ? operand : tf.transpose(operand, [...permutation]), [...shape]);

function matrixProduct(extents: ReadonlyMap<string, number>): Join {
  return (left, right, step) => {
    const form = matrixForm(step, extents);
    const product = tf.matMul(
      asMatrix(left, form.left),
      asMatrix(right, form.right),
      form.left.swapped,
      form.right.swapped,
    );
    const shape = form.labels.map((label) => extents.get(label) ?? 1);
    const spread = tf.reshape(product, shape);
    return isIdentity(form.permutation) ? spread : tf.transpose(spread, [...form.permutation]);
  };
}

export async function openTfjs(): Promise<Contestant> {
  if (!webgpu_util.isWebGPUSupported()) throw new Error('tfjs sees no WebGPU here');
  tf.enableProdMode();
  if (!(await tf.setBackend('webgpu'))) throw new Error('tfjs has no WebGPU here');
  await tf.ready();
  const backend = tf.backend() as WebGPUBackend;

  async function finish(): Promise<void> {
    backend.ensureCommandEncoderReady();
    backend.endComputePassEncoder();
    backend.submitQueue();
    await backend.queue.onSubmittedWorkDone();
  }

  async function way(
    name: string,
    join: Join,
    item: BenchCase,
    operands: readonly Float32Array[],
  ): Promise<Way> {
    const { steps } = stepsOf(item);
    const given = operands.map((values, k) => tf.tensor(values, [...(item.shapes[k] ?? [])], 'float32'));
    for (const operand of given) backend.uploadToGPU(operand.dataId);
    let result: tf.Tensor | null = null;
    return {
      name,
      run: async () => {
        result?.dispose();
        result = tf.tidy(() => {
          const values: tf.Tensor[] = [...given];
          for (const step of steps) {
            const [left, right] = [values[step.left], values[step.right]];
            if (left === undefined || right === undefined)
              throw new Error('internal: a step before its operands');
            values.push(join(left, right, step));
          }
          return values.at(-1) as tf.Tensor;
        });
        await finish();
      },
      read: async () => Float32Array.from((await result?.data()) ?? []),
      dispose: () => {
        result?.dispose();
        for (const operand of given) operand.dispose();
      },
    };
  }

  return {
    name: 'tfjs',
    device: backend.device,
    ways: (item, operands) => {
      const { steps, extents } = stepsOf(item);
      const products = () => way('matMul', matrixProduct(extents), item, operands);
      const einsums = () =>
        way('einsum', (left, right, step) => tf.einsum(equationOf(step), left, right), item, operands);
      const macs = [...extents.values()].reduce((count, extent) => count * extent, 1);
      return steps.length === 1 && macs <= mostSpread ? [products, einsums] : [products];
    },
  };
}
