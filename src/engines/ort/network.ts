/**
 * A shipped model whose weights are inputs of its graph, so that one session serves every candidate of any format, and
 * what the dense model answers, which is kept.
 */
import { toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, type ModelProto } from 'onnx-buf';
import type { Answered } from '../../core/accuracy/tally.ts';
import { weightsAsInputs } from '../../core/onnx/expose.ts';
import type { Column, Examples, Task } from '../../core/tasks/task.ts';
import { transpose, type Matrix } from '../../core/tensor/dense.ts';
import type { LinearLayer } from '../../core/workload/model.ts';
import { layerSites, parseModel, readWeight, type LayerSite } from './layers.ts';
import type { Feeds, Ort, OrtSession } from './ort.ts';

/** Examples, their right answers and the dense model's. */
export interface Lesson {
  readonly examples: Examples;
  readonly truth: Int32Array;
  readonly dense: Answered;
}

/** Answers with these weights in place of the dense ones, by layer name. */
export type Student = (weights: ReadonlyMap<string, Matrix>, examples: Examples) => Promise<Answered>;

export interface TaskNetwork {
  readonly task: Task;
  readonly proto: ModelProto;
  /** One per linear layer, in order, with its weight [out, in]. */
  readonly layers: readonly (LayerSite & { readonly matrix: Matrix })[];
  readonly student: Student;
  /** The same network after a change of its graph that keeps the weights' names. */
  readonly variant: (change: (proto: ModelProto) => ModelProto) => Promise<{
    readonly student: Student;
    readonly release: () => Promise<void>;
  }>;
  /** Examples `from` to `from + count` of a stream; the dense model answers them once. */
  readonly lesson: (seed: number, from: number, count: number) => Promise<Lesson>;
  readonly release: () => Promise<void>;
}

/** Lessons kept: of 32 examples each 10 MB of images. */
const mostKept = 128;

/**
 * @param bytes ONNX file whose linear layers are these, in this order
 * @throws InputError when the file is not that model or does not run
 */
export async function openNetwork(
  ort: Ort,
  bytes: Uint8Array,
  linears: readonly LinearLayer[],
  task: Task,
): Promise<TaskNetwork> {
  const proto = parseModel(bytes);
  const layers = layerSites(proto, linears).map((site) => ({ ...site, matrix: readWeight(proto, site) }));
  const names = layers.map(({ weight }) => weight);
  const columns = new WeakMap<Matrix, Column>();
  const columnOf = (w: Matrix): Column => {
    const known = columns.get(w) ?? columnMade(w);
    columns.set(w, known);
    return known;
  };
  const studentOf =
    (session: OrtSession): Student =>
    async (weights, examples) => {
      const feeds: Feeds = Object.fromEntries(
        layers.map(({ name, weight, matrix }) => [weight, columnOf(weights.get(name) ?? matrix)]),
      );
      return answer(session, feeds, task, examples);
    };
  const open = (model: ModelProto): Promise<OrtSession> =>
    ort.createSession(toBinary(ModelProtoSchema, weightsAsInputs(model, names)));

  const session = await open(proto);
  const student = studentOf(session);
  const known = new Map<string, Lesson>();
  return {
    task,
    proto,
    layers,
    student,
    variant: async (change) => {
      const changed = await open(change(proto));
      return { student: studentOf(changed), release: changed.release };
    },
    lesson: async (seed, from, count) => {
      const key = `${seed} ${from} ${count}`;
      const found = known.get(key);
      if (found !== undefined) return found;
      const examples = task.examples(seed, from, count);
      const made = { examples, truth: task.truth(examples), dense: await student(new Map(), examples) };
      if (known.size >= mostKept) known.delete(known.keys().next().value ?? '');
      known.set(key, made);
      return made;
    },
    release: session.release,
  };
}

async function answer(session: OrtSession, feeds: Feeds, task: Task, examples: Examples): Promise<Answered> {
  const results = await session.run({ ...feeds, ...examples.inputs });
  const outputs = Object.fromEntries(
    Object.entries(results).flatMap(([name, { values }]) =>
      values instanceof Float32Array ? [[name, values] as const] : [],
    ),
  );
  return { outputs, answers: task.answers(outputs, examples.count) };
}

/** [out, in] as the graph has it: [in, out] in float32. */
const columnMade = (w: Matrix): Column => ({
  shape: [w.columns, w.rows],
  values: Float32Array.from(transpose(w).values),
});
