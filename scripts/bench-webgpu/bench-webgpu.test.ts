import { describe, expect, it } from 'vitest';
import { contract, evaluateEinsum } from '../../src/core/einsum/evaluate.ts';
import { parseEinsum } from '../../src/core/einsum/parse.ts';
import { findPath } from '../../src/core/einsum/path.ts';
import { formats } from '../../src/core/factor/factorization.ts';
import { largeCases, smallCases } from './cases.ts';
import { differenceOf, expectedOf, operandsOf, tolerance } from './expected.ts';
import { equationOf, matrixForm, stepsOf } from './steps.ts';
import { markdown, summarize } from './table.ts';

describe('cases', () => {
  it('are many, small on the software adapter, and of every format at two ranks or more', () => {
    expect(smallCases.length).toBeGreaterThanOrEqual(20);
    expect(Math.max(...smallCases.flatMap(({ shapes }) => shapes.flat()))).toBe(128);
    for (const cases of [smallCases, largeCases]) {
      expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
      for (const format of formats)
        expect(cases.filter(({ name }) => name.startsWith(`${format} layer`)).length).toBeGreaterThan(
          format === 'block-term' && cases === largeCases ? 0 : format === 'tr' ? 0 : 1,
        );
    }
  });

  it('share the first axis of the first operand with the output, by which rows are checked', () => {
    for (const { equation, shapes } of [...smallCases, ...largeCases]) {
      const { inputs, output } = parseEinsum(equation, shapes);
      expect(inputs[0]?.[0]).toBe(output[0]);
      expect(inputs.slice(1).some((term) => term.includes(output[0] ?? ''))).toBe(false);
    }
  });
});

describe('what libraries of two operands are given', () => {
  it('is the same einsum, step by step', () => {
    for (const item of smallCases.filter(({ shapes }) => shapes.length > 2)) {
      const { equation, steps, extents } = stepsOf(item);
      expect(equation).toMatch(/^[a-zA-Z,]+->[a-zA-Z]+$/);
      for (const step of steps) {
        const { left, right, labels } = matrixForm(step, extents);
        expect(left.shape[0]).toBe(right.shape[0]);
        const inner = left.shape[left.swapped ? 1 : 2];
        expect(inner).toBe(right.shape[right.swapped ? 2 : 1]);
        expect(labels.toSorted()).toEqual(step.output.toSorted());
        expect(equationOf(step)).toContain('->');
      }
      expect(steps.at(-1)?.output.join('')).toBe(equation.split('->')[1]);
    }
  });
});

describe('the check', () => {
  const item = {
    name: '',
    equation: 'mk,kn->mn',
    shapes: [
      [5, 3],
      [3, 4],
    ],
  };
  const operands = operandsOf(item, 1);
  const right = evaluateEinsum(
    parseEinsum(item.equation, item.shapes),
    operands.map((values) => Float64Array.from(values)),
  ).values;

  it('takes what is right and nothing else', () => {
    const expected = expectedOf(item, operands);
    expect(differenceOf(expected, Float32Array.from(right))).toBeLessThan(tolerance);
    for (const wrong of [NaN, 0, 100]) {
      const given = Float32Array.from(right);
      given[19] = wrong;
      expect(differenceOf(expected, given)).toBeGreaterThan(tolerance);
    }
    expect(differenceOf(expected, new Float32Array(19))).toBe(Infinity);
  });

  it('looks at the first and the last row of what is too large to check whole', () => {
    const large = {
      name: '',
      equation: 'mk,kn->mn',
      shapes: [
        [400, 400],
        [400, 400],
      ],
    };
    const many = operandsOf(large, 2);
    const { rows, rowSize, size, values } = expectedOf(large, many);
    expect([rows[0], rows.at(-1), rowSize, size]).toEqual([0, 399, 400, 160_000]);
    expect(rows.length).toBeLessThan(400);
    const last = parseEinsum(large.equation, [
      [1, 400],
      [400, 400],
    ]);
    const whole = contract(findPath(last), [
      Float64Array.from(many[0]?.slice(399 * 400) ?? []),
      Float64Array.from(many[1] ?? []),
    ]);
    expect(values.slice(-400)).toEqual(whole.values);
  });
});

describe('the table', () => {
  const timing = (ms: number) => ({ timing: { ms, wallMs: ms + 1, passes: 1, way: 'w', tried: {} } });
  const report = {
    adapter: { name: 'some adapter', software: true, timestamps: true },
    missing: {},
    roof: null,
    cases: [
      {
        name: 'one',
        equation: 'i->i',
        shapes: [[1]],
        macs: 1e6,
        outcomes: { rankscape: timing(1), 'jax-js': timing(4), tfjs: timing(9) },
      },
      {
        name: 'two',
        equation: 'i->i',
        shapes: [[1]],
        macs: 1e6,
        outcomes: { rankscape: timing(2), 'jax-js': { timing: null, problem: 'no' }, tfjs: timing(2) },
      },
    ],
  };

  it('compares with the best peer of each case and leaves out who cannot', () => {
    const summary = summarize(report, { versions: { chromium: '1' }, load: 1 });
    expect(summary.geometricMean).toBe(2);
    expect(summary.worst).toEqual({ name: 'two', ratio: 1 });
    expect(summary.cases.map(({ ms, peers, bestPeer, gflops }) => ({ ms, peers, bestPeer, gflops }))).toEqual(
      [
        { ms: 1, peers: { 'onnxruntime-web': null, 'jax-js': 4, tfjs: 9 }, bestPeer: 'jax-js', gflops: 2 },
        { ms: 2, peers: { 'onnxruntime-web': null, 'jax-js': null, tfjs: 2 }, bestPeer: 'tfjs', gflops: 1 },
      ],
    );
    expect(markdown(summary)).toContain('geometric mean 2, worst 1 (two)');
  });
});
