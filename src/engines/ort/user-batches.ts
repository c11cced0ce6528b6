/** A person's examples in batches that their graph runs. */
import { InputError, check } from '../../core/base/checks.ts';
import { someInputs, type UserInputs } from '../../core/onnx/user-inputs.ts';
import type { AnyFeeds, OrtSession } from './ort.ts';

/** Examples at once where the graph leaves it open, largest first: a traced graph may run one size only. */
const sizes: readonly number[] = [8, 4, 2, 1];

export const feedsOf = (inputs: UserInputs, from: number, count: number): AnyFeeds =>
  Object.fromEntries(someInputs(inputs, from, count).map((each) => [each.name, each]));

interface BatchOptions {
  readonly most?: number | undefined;
  /** What the session takes, the examples' inputs by default. */
  readonly feeds?: (from: number, count: number) => AnyFeeds;
}

/**
 * The largest batch that runs, at most `most`.
 * @throws InputError when none does, or examples would be left over by a graph that runs one size only
 */
export async function batchFor(
  session: OrtSession,
  inputs: UserInputs,
  { most = sizes[0]!, feeds = (from, count) => feedsOf(inputs, from, count) }: BatchOptions = {},
): Promise<number> {
  if (inputs.batch !== null) return inputs.batch;
  const tried = sizes.filter((size) => size <= Math.min(most, inputs.count));
  let failure: InputError | null = null;
  for (const size of tried) {
    try {
      await session.run(feeds(0, size));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      failure ??= error;
      continue;
    }
    check(
      failure === null || inputs.count % size === 0,
      'inputs',
      `examples must be a multiple of ${size}: the graph runs no larger batch`,
      inputs.count,
    );
    return size;
  }
  throw failure ?? new InputError('inputs', 'must have examples');
}
