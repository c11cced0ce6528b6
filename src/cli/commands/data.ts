/** `data`: examples of a trained model's task as arrays, for other runtimes. */
import { closeSync, existsSync, openSync, writeSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { check } from '../../core/base/checks.ts';
import { seeds, type Task } from '../../core/tasks/task.ts';
import { defineCommand } from '../command.ts';
import { onFile } from '../files.ts';
import { writeNpz, type NpzArray } from '../npz.ts';
import { otherwise, positional, required, text, whole } from '../options.ts';
import { shippedModelPath, taskNamed } from '../shipped.ts';
import { facts } from '../table.ts';

/** A file of so many images has 2.3 GB, within what a zip without extensions holds. */
const mostExamples = 1_000_000;
const piece = 1024;

interface Result {
  /** Path of the model's ONNX file. */
  readonly onnx: string;
  readonly examples: number;
}

export const dataCommand = defineCommand({
  name: 'data',
  summary: "examples of a trained model's task",
  usage: 'data MODEL --examples N --output FILE.npz [--seed N]',
  notes: [
    'MODEL is glyph-vit or lexical-qa. Result: {onnx, examples}, onnx the path of its file.',
    "The arrays are named as the model's inputs (image; tokens), plus labels, or start and end (inclusive) of the",
    'answer. Example i of a seed is always the same.',
  ],
  options: {
    model: required(positional(text('MODEL', 'the model'))),
    examples: required(whole('how many')),
    output: required(text('FILE', 'the .npz to write')),
    seed: otherwise(whole('stream of examples; training used 1, calibration 2', 0), seeds.heldOut),
  },
  run: ({ model, examples, output, seed }, { folder }): Result => {
    const task = taskNamed(model, 'data');
    check(examples <= mostExamples, 'data', `--examples must be at most ${mostExamples}`, examples);
    const onnx = shippedModelPath(task.id, 'data');
    const path = resolve(folder, output);
    check(existsSync(dirname(path)), 'data', '--output must be in a folder that exists', output);
    const arrays = arraysOf(task, seed, examples);
    onFile('data', output, () => {
      const file = openSync(path, 'w');
      try {
        writeNpz(arrays, (bytes) => writeAll(file, bytes));
      } finally {
        closeSync(file);
      }
    });
    return { onnx, examples };
  },
  print: ({ onnx, examples }) =>
    facts([
      ['examples', examples],
      ['model', onnx],
    ]),
});

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
}

/** Inputs, then labels; each is made again from the seed when its turn comes, so that nothing is held. */
function arraysOf(task: Task, seed: number, count: number): readonly NpzArray[] {
  const one = task.examples(seed, 0, 1);
  function* batches(): Generator<ReturnType<Task['examples']>> {
    for (let from = 0; from < count; from += piece)
      yield task.examples(seed, from, Math.min(piece, count - from));
  }
  const inputs = Object.entries(one.inputs).map(([name, { shape, values }]): NpzArray => {
    function* pieces(): Generator<Float32Array | BigInt64Array> {
      for (const batch of batches()) yield batch.inputs[name]?.values ?? new Float32Array();
    }
    const dtype = values instanceof Float32Array ? 'float32' : 'int64';
    return { name, dtype, shape: [count, ...shape.slice(1)], pieces: pieces() };
  });
  const labels = Object.keys(one.labels).map((name): NpzArray => {
    function* pieces(): Generator<BigInt64Array> {
      for (const batch of batches()) yield BigInt64Array.from(batch.labels[name] ?? [], BigInt);
    }
    return { name, dtype: 'int64', shape: [count], pieces: pieces() };
  });
  return [...inputs, ...labels];
}
