/**
 * The engine of plain JavaScript: the slow evaluator's arithmetic step by step, in float64 until the result is read. It
 * runs everywhere, and the others are held against it.
 */
import { invariant } from '../../core/base/checks.ts';
import type { Engine, Prepared } from '../../core/einsum/engine.ts';
import { evaluateForm } from '../../core/einsum/evaluate-form.ts';
import type { Program } from '../../core/einsum/program.ts';
import { checkBytes, checkOperand, checkPrecision, timeRuns } from '../on-processor.ts';

/** What one tab of a browser surely has. */
const mostBytes = 2 ** 31;

export function openJs(): Engine {
  return {
    backend: 'js',
    description: 'JavaScript, float64, one thread',
    prepare: async (program, options = {}) => {
      checkPrecision('js', options);
      return prepare(program);
    },
    dispose: () => undefined,
  };
}

function prepare(program: Program): Prepared {
  const sizes = [...program.shapes, ...program.steps.map(({ shape }) => shape)].map((shape) =>
    shape.reduce((words, extent) => words * extent, 1),
  );
  checkBytes(
    'js',
    sizes.reduce((words, size) => words + size, 0) * Float64Array.BYTES_PER_ELEMENT,
    mostBytes,
  );
  const values = sizes.map((size) => new Float64Array(size));
  const valueOf = (number: number): Float64Array => {
    const found = values[number];
    invariant(found !== undefined, `the program has a value ${number}`);
    return found;
  };
  const run = (): void => {
    program.steps.forEach(({ form, left, right }, k) =>
      evaluateForm(
        form,
        valueOf(left),
        right === null ? null : valueOf(right),
        valueOf(program.shapes.length + k),
      ),
    );
  };
  return {
    program,
    write: (operand, given) => {
      checkOperand(program, operand, given);
      valueOf(operand).set(given);
    },
    run: async () => run(),
    read: async () => Float32Array.from(valueOf(values.length - 1)),
    time: (runs, signal) => timeRuns(run, runs, signal),
    destroy: () => {
      values.length = 0;
    },
  };
}
