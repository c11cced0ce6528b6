/** The accuracy of a model on fresh held-out examples of its task. */
import { toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, type ModelProto } from 'onnx-buf';
import { seeds, type Task } from '../../core/tasks/task.ts';
import type { Ort } from '../ort/ort.ts';

const batch = 256;

/** Examples 0 to `count` of the held-out stream; @returns how many answers are right, and their share. */
export async function measureAccuracy(
  ort: Ort,
  task: Task,
  model: ModelProto,
  count: number,
): Promise<{ readonly right: number; readonly share: number }> {
  const session = await ort.createSession(toBinary(ModelProtoSchema, model));
  let right = 0;
  for (let from = 0; from < count; from += batch) {
    const examples = task.examples(seeds.heldOut, from, Math.min(batch, count - from));
    const results = await session.run(examples.inputs);
    const outputs = Object.fromEntries(
      Object.entries(results).map(([name, { values }]) => [name, values as Float32Array]),
    );
    const truth = task.truth(examples);
    task.answers(outputs, examples.count).forEach((answer, i) => (right += answer === truth[i] ? 1 : 0));
  }
  await session.release();
  return { right, share: right / count };
}
