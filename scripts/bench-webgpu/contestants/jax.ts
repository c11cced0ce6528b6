/** @jax-js/jax: one jitted einsum of all operands, or einsums of two along our path, jitted together. */
import { getWebGPUDevice, init, defaultDevice, jit, numpy, type Array as JaxArray } from '@jax-js/jax';
import type { BenchCase } from '../cases.ts';
import type { Contestant, Way } from '../contestant.ts';
import { equationOf, stepsOf } from '../steps.ts';

/** It joins more than five operands from left to right: some ten seconds for a block-term layer. */
const mostOrdered = 5;

type Function = (...operands: JaxArray[]) => JaxArray;

function alongPath(item: BenchCase): Function {
  const { steps } = stepsOf(item);
  return (...operands) => {
    const values = [...operands];
    for (const step of steps) {
      const [left, right] = [values[step.left], values[step.right]];
      if (left === undefined || right === undefined) throw new Error('internal: a step before its operands');
      values.push(numpy.einsum(equationOf(step), left, right));
    }
    return values.at(-1) as JaxArray;
  };
}

export async function openJax(): Promise<Contestant> {
  if (!(await init('webgpu')).includes('webgpu')) throw new Error('jax-js has no WebGPU here');
  defaultDevice('webgpu');
  const device = getWebGPUDevice();

  async function way(
    name: string,
    call: Function,
    { shapes }: BenchCase,
    operands: readonly Float32Array[],
  ): Promise<Way> {
    const given = operands.map((values, k) =>
      numpy.array(Float32Array.from(values)).reshape([...(shapes[k] ?? [])]),
    );
    for (const array of given) await array.blockUntilReady();
    const compiled = jit(call);
    let result: JaxArray | null = null;
    return {
      name,
      run: async () => {
        result?.dispose();
        result = compiled(...given.map((array) => array.ref));
        await result.blockUntilReady();
        await device.queue.onSubmittedWorkDone();
      },
      read: async () => {
        if (result === null) throw new Error('internal: read before a run');
        const values = await result.ref.data();
        return Float32Array.from(values);
      },
      dispose: () => {
        result?.dispose();
        for (const array of given) array.dispose();
        compiled.dispose();
      },
    };
  }

  return {
    name: 'jax-js',
    device,
    ways: (item, operands) => {
      const { equation, steps } = stepsOf(item);
      const whole = () => way('einsum', (...all) => numpy.einsum(equation, ...all), item, operands);
      const byTwo = () => way('einsums of two', alongPath(item), item, operands);
      if (steps.length === 1) return [whole];
      return steps.length < mostOrdered ? [byTwo, whole] : [byTwo];
    },
  };
}
