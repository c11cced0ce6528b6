/**
 * Two models on the same inputs through onnxruntime-web: how far their outputs are apart. Graph optimizations are off, so
 * that what is compared is the graphs themselves.
 */
import type { InferenceSession, Tensor } from 'onnxruntime-web/wasm';
import { InputError } from '../../core/base/checks.ts';
import { halfValue } from '../../core/onnx/edit-elements.ts';
import type { ProbeInput } from '../../core/onnx/probe-inputs.ts';
import { relativeDistance } from '../../core/tensor/dense.ts';
import { failure, loadLibrary, tensorOf, type Library } from './ort.ts';

export type Outputs = Readonly<Record<string, Float64Array>>;

export interface RunOptions {
  readonly optimized?: boolean;
}

/** @throws InputError when the model does not open, or does not run on one of the inputs */
export async function outputsOf(
  model: Uint8Array,
  inputs: readonly (readonly ProbeInput[])[],
  options: RunOptions = {},
): Promise<readonly Outputs[]> {
  return (await outcomesOf(model, inputs, options)).map((outcome) => {
    if (outcome instanceof InputError) throw outcome;
    return outcome;
  });
}

/**
 * As `outputsOf`, with the reason in place of the outputs where the model does not run: a graph that was traced at one
 * size runs at no other.
 * @throws InputError when the model does not open
 */
export async function outcomesOf(
  model: Uint8Array,
  inputs: readonly (readonly ProbeInput[])[],
  { optimized = false }: RunOptions = {},
): Promise<readonly (Outputs | InputError)[]> {
  const library = await loadLibrary();
  let session: InferenceSession;
  try {
    session = await library.InferenceSession.create(model, {
      executionProviders: ['wasm'],
      graphOptimizationLevel: optimized ? 'all' : 'disabled',
      logSeverityLevel: 3,
    });
  } catch (error) {
    throw failure('could not open the model', error);
  }
  try {
    const outcomes: (Outputs | InputError)[] = [];
    for (const feed of inputs) outcomes.push(await outcomeOf(library, session, feed));
    return outcomes;
  } finally {
    await session.release();
  }
}

async function outcomeOf(
  library: Library,
  session: InferenceSession,
  feed: readonly ProbeInput[],
): Promise<Outputs | InputError> {
  try {
    const given = Object.fromEntries(feed.map((input) => [input.name, tensorOf(library, input)]));
    const outputs = await session.run(given);
    return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, numbersOf(name, value)]));
  } catch (error) {
    return error instanceof InputError ? error : failure('could not run the model', error);
  }
}

/** Largest ||a - b|| / ||a|| of any output of any run; outputs that are all zero in both are equal. */
export function largestDistance(a: readonly Outputs[], b: readonly Outputs[]): number {
  let largest = 0;
  a.forEach((outputs, run) => {
    for (const [name, values] of Object.entries(outputs)) {
      const other = b[run]?.[name];
      if (other === undefined || other.length !== values.length)
        throw new InputError('onnxruntime', `output ${name} must have the same shape in both models`);
      const distance = relativeDistance(values, other);
      if (!Number.isFinite(distance))
        throw new InputError('onnxruntime', `output ${name} must be finite to be compared`);
      largest = Math.max(largest, distance);
    }
  });
  return largest;
}

/** float16 comes as its bits where the engine has no Float16Array. */
function numbersOf(name: string, { data }: Tensor): Float64Array {
  if (data instanceof Uint16Array) return Float64Array.from(data, halfValue);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return Float64Array.from(data, Number);
  if (!Array.isArray(data)) return Float64Array.from(data as Float32Array);
  throw new InputError('onnxruntime', `output ${name} must be numbers`);
}
