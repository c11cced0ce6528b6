import { toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../core/base/random.ts';
import type { Column } from '../../core/tasks/task.ts';
import { loadOrt } from '../ort/ort.ts';
import { gradients } from './gradients.ts';
import { createGraph, sizeOf, type Value } from './graph.ts';
import {
  add,
  affine,
  gelu,
  layerNorm,
  logSoftmax,
  lookUp,
  matmul,
  mean,
  multiply,
  reshape,
  scale,
  slice,
  softmax,
  sum,
  transpose,
} from './ops.ts';

type Flat = readonly number[];

/**
 * An operation beside a plain float64 account of it. The oracle of the gradients is that account, differentiated
 * numerically: nothing of it is shared with the graph.
 */
interface Case {
  readonly name: string;
  readonly shapes: readonly (readonly number[])[];
  readonly build: (...x: Value[]) => Value;
  readonly exact: (...x: Flat[]) => Flat;
}

const range = (n: number): number[] => [...Array(n).keys()];
const at = (x: Flat, i: number): number => x[i]!;
const total = (x: Flat): number => x.reduce((a, b) => a + b, 0);

/** Rows of `width` numbers, each mapped. */
const byRow = (x: Flat, width: number, map: (row: Flat) => Flat): Flat =>
  range(x.length / width).flatMap((r) => map(x.slice(r * width, (r + 1) * width)));

/** [m, k] times [k, n]. */
const product = (x: Flat, w: Flat, k: number, n: number): Flat =>
  byRow(x, k, (row) => range(n).map((j) => total(row.map((v, i) => v * at(w, i * n + j)))));

const shares = (row: Flat): Flat => {
  const powers = row.map(Math.exp);
  return powers.map((p) => p / total(powers));
};

/** Power series of the error function, exact to float64 for |x| < 3. */
function erf(x: number): number {
  let term = x;
  let value = x;
  for (let n = 1; n < 80; n++) {
    term *= (-x * x) / n;
    value += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * value;
}

const cases: readonly Case[] = [
  {
    name: 'add, broadcast over leading axes',
    shapes: [
      [2, 3, 4],
      [3, 4],
    ],
    build: (a, b) => add(a!, b!),
    exact: (a, b) => a!.map((v, i) => v + at(b!, i % 12)),
  },
  {
    name: 'multiply, broadcast within',
    shapes: [
      [2, 3, 4],
      [2, 1, 4],
    ],
    build: (a, b) => multiply(a!, b!),
    exact: (a, b) => a!.map((v, i) => v * at(b!, Math.floor(i / 12) * 4 + (i % 4))),
  },
  {
    name: 'a value used twice',
    shapes: [[3, 4]],
    build: (a) => multiply(a!, scale(a!, -2)),
    exact: (a) => a!.map((v) => -2 * v * v),
  },
  {
    name: 'reshape and transpose',
    shapes: [[2, 6]],
    build: (a) =>
      multiply(transpose(reshape(a!, [2, 3, 2]), [2, 0, 1]), a!.graph.floats(range(12), [2, 2, 3])),
    exact: (a) =>
      range(12).map((i) => {
        const [p, q, r] = [Math.floor(i / 6), Math.floor(i / 3) % 2, i % 3];
        return at(a!, q * 6 + r * 2 + p) * i;
      }),
  },
  {
    name: 'slice',
    shapes: [[2, 5]],
    build: (a) => slice(a!, 1, 1, 4),
    exact: (a) => byRow(a!, 5, (row) => row.slice(1, 4)),
  },
  {
    name: 'sum',
    shapes: [[2, 5]],
    build: (a) => reshape(sum(a!), [1]),
    exact: (a) => [total(a!)],
  },
  {
    name: 'mean over tokens',
    shapes: [[2, 3, 2]],
    build: (a) => mean(a!, 1),
    exact: (a) => byRow(a!, 6, (x) => range(2).map((j) => (at(x, j) + at(x, 2 + j) + at(x, 4 + j)) / 3)),
  },
  {
    name: 'matmul with a matrix',
    shapes: [
      [2, 3, 4],
      [4, 5],
    ],
    build: (x, w) => matmul(x!, w!),
    exact: (x, w) => product(x!, w!, 4, 5),
  },
  {
    name: 'matmul of stacks',
    shapes: [
      [2, 3, 4],
      [2, 4, 5],
    ],
    build: (x, w) => matmul(x!, w!),
    exact: (x, w) =>
      [0, 1].flatMap((s) => product(x!.slice(s * 12, s * 12 + 12), w!.slice(s * 20, s * 20 + 20), 4, 5)),
  },
  {
    name: 'affine',
    shapes: [[2, 3, 4], [4, 5], [5]],
    build: (x, w, b) => affine(x!, w!, b!),
    exact: (x, w, b) => product(x!, w!, 4, 5).map((v, i) => v + at(b!, i % 5)),
  },
  {
    name: 'lookUp of repeated rows',
    shapes: [[4, 3]],
    build: (table) => {
      const { graph } = table!;
      const indices = graph.initializer('indices', [2, 2], BigInt64Array.of(2n, 0n, 2n, 3n));
      return lookUp(table!, indices);
    },
    exact: (table) => [2, 0, 2, 3].flatMap((row) => table!.slice(row * 3, row * 3 + 3)),
  },
  {
    name: 'layerNorm',
    shapes: [[2, 3, 6], [6], [6]],
    build: (x, gain, shift) => layerNorm(x!, gain!, shift!, 1e-5),
    exact: (x, gain, shift) =>
      byRow(x!, 6, (row) => {
        const average = total(row) / 6;
        const variance = total(row.map((v) => (v - average) ** 2)) / 6;
        return row.map((v, j) => ((v - average) / Math.sqrt(variance + 1e-5)) * at(gain!, j) + at(shift!, j));
      }),
  },
  { name: 'softmax', shapes: [[3, 5]], build: (x) => softmax(x!), exact: (x) => byRow(x!, 5, shares) },
  {
    name: 'logSoftmax',
    shapes: [[3, 5]],
    build: (x) => logSoftmax(x!),
    exact: (x) => byRow(x!, 5, (row) => shares(row).map(Math.log)),
  },
  {
    name: 'gelu',
    shapes: [[4, 5]],
    build: (x) => gelu(x!),
    exact: (x) => x!.map((v) => (v / 2) * (1 + erf(v / Math.SQRT2))),
  },
];

const scaleOf = (values: Flat): number => Math.max(...values.map(Math.abs));

describe('operations', () => {
  it.each(cases)('$name: value and gradients', async ({ shapes, build, exact }) => {
    const random = createRandom(7);
    const numbers = shapes.map((shape) => range(sizeOf(shape)).map(() => Math.fround(random.normal())));
    const graph = createGraph();
    const inputs = shapes.map((shape, i) => graph.input(`x${i}`, 'float32', shape));
    const y = build(...inputs);
    const pull = range(sizeOf(y.shape)).map(() => Math.fround(random.normal()));
    const parts = gradients([{ value: y, cotangent: graph.floats(pull, y.shape) }], inputs);
    graph.output('y', y);
    parts.forEach((part, i) => {
      expect(part.shape).toEqual(shapes[i]);
      graph.output(`dx${i}`, part);
    });
    const ort = await loadOrt();
    const session = await ort.createSession(toBinary(ModelProtoSchema, graph.model('test')));
    const feeds = Object.fromEntries(
      numbers.map((values, i): [string, Column] => [
        `x${i}`,
        { shape: shapes[i]!, values: Float32Array.from(values) },
      ]),
    );
    const results = await session.run(feeds);
    await session.release();

    const expected = exact(...numbers);
    const close = (name: string, want: Flat): void => {
      const got = [...(results[name]!.values as Float32Array)];
      expect(got).toHaveLength(want.length);
      const worst = scaleOf(got.map((v, i) => v - at(want, i))) / Math.max(1, scaleOf(want));
      expect(worst).toBeLessThan(2e-6);
    };
    close('y', expected);
    numbers.forEach((values, k) => {
      const step = 1e-5;
      const slopes = values.map((v, i) => {
        const shifted = (by: number): number => {
          const moved = numbers.map((of, j) => (j === k ? of.with(i, v + by) : of));
          return total(exact(...moved).map((out, j) => out * at(pull, j)));
        };
        return (shifted(step) - shifted(-step)) / (2 * step);
      });
      close(`dx${k}`, slopes);
    });
  });
});
