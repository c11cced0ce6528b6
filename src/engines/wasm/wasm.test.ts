import { describe, expect, it } from 'vitest';
import { invariant } from '../../core/base/checks.ts';
import type { Engine } from '../../core/einsum/engine.ts';
import { einsumProgram } from '../../core/einsum/program.ts';
import { expectedOf, operandsOf, tolerance, worstError } from '../einsum-case.fixture.ts';
import { einsumTable } from '../einsum-table.fixture.ts';
import { planStep, plansOf } from './plan.ts';
import { openWasm, type WasmOptions } from './wasm.ts';

async function open(options?: WasmOptions): Promise<Engine> {
  const engine = await openWasm(options);
  invariant(engine !== null, 'Node has WebAssembly with SIMD');
  return engine;
}

const table = einsumTable().map((row) => ({
  name: row.name,
  program: einsumProgram(row.equation, row.shapes),
  operands: operandsOf(row),
  expected: expectedOf(row),
}));

/** What is off, and by how much; a run over NaN comes first, so that nothing old can look right. */
async function wrongOf(engine: Engine): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const { name, program, operands, expected } of table) {
    const prepared = await engine.prepare(program);
    operands.forEach((values, k) => prepared.write(k, new Float32Array(values.length).fill(NaN)));
    await prepared.run();
    operands.forEach((values, k) => prepared.write(k, values));
    await prepared.run();
    const error = worstError(expected, await prepared.read());
    prepared.destroy();
    const kernels = prepared.dispatches?.map(({ kernel }) => kernel).join('; ');
    if (error > tolerance.f32) wrong.push(`${name} (${kernels}) is off by ${error}`);
  }
  return wrong;
}

describe('wasm', () => {
  it('computes every einsum of the table', async () => {
    expect(await wrongOf(await open())).toEqual([]);
  });

  it('computes them in every way there is', async () => {
    const wrong: string[] = [];
    const met = new Set<string>();
    // The first way for every step, then the second, ...; products in place in either place are among them.
    for (let way = 0; way < 8; way++) {
      const engine = await open({
        plan: (form) => {
          const plans = plansOf(form);
          const plan = plans[way % plans.length];
          invariant(plan !== undefined, 'there is a way');
          met.add(`${plan.method} ${plan.swapped}`);
          return plan;
        },
      });
      wrong.push(...(await wrongOf(engine)));
    }
    expect(wrong).toEqual([]);
    expect([...met].toSorted()).toEqual([
      'direct false',
      'direct true',
      'dots false',
      'dots true',
      'lanes false',
      'packed false',
      'packed true',
      'words false',
    ]);
  });

  it('computes them on threads that share every step', async () => {
    const engine = await open({
      threads: 3,
      // None is too small to be shared.
      plan: (form) => ({ ...planStep(form), nanoseconds: 1e9 }),
    });
    expect(engine.description).toBe('WebAssembly SIMD, float32, 3 threads');
    expect(await wrongOf(engine)).toEqual([]);
    // By now the helpers are there.
    expect(await wrongOf(engine)).toEqual([]);
    engine.dispose();
  });

  it('shares every way to do a step', async () => {
    const wrong: string[] = [];
    for (let way = 0; way < 8; way++) {
      const engine = await open({
        threads: 2,
        plan: (form) => {
          const plan = plansOf(form).at(way % plansOf(form).length);
          invariant(plan !== undefined, 'there is a way');
          return { ...plan, nanoseconds: 1e9 };
        },
      });
      wrong.push(...(await wrongOf(engine)));
      engine.dispose();
    }
    expect(wrong).toEqual([]);
  });

  it('refuses a number of threads that is none', async () => {
    await expect(openWasm({ threads: 0 })).rejects.toThrow('threads: must be an integer from 1 to 64, got 0');
  });

  it('keeps programs apart, and reuses the memory of those that are gone', async () => {
    const engine = await open();
    const program = einsumProgram('ij,j->i', [[2, 2], [2]]);
    const first = await engine.prepare(program);
    const second = await engine.prepare(program);
    first.write(0, Float32Array.of(1, 2, 3, 4));
    first.write(1, Float32Array.of(1, 10));
    second.write(0, Float32Array.of(5, 6, 7, 8));
    second.write(1, Float32Array.of(1, 1));
    await first.run();
    await second.run();
    expect([...(await first.read())]).toEqual([21, 43]);
    expect([...(await second.read())]).toEqual([11, 15]);
    first.destroy();
    first.destroy();
    const wide = await engine.prepare(einsumProgram('i,j->ij', [[1000], [1000]]));
    const third = await engine.prepare(program);
    expect([...(await second.read())]).toEqual([11, 15]);
    await expect(first.run()).rejects.toThrow('internal: a program that was destroyed is used');
    wide.destroy();
    third.destroy();
    engine.dispose();
  });

  it('refuses what no memory holds', async () => {
    const engine = await open();
    await expect(engine.prepare(einsumProgram('i,j->ij', [[1e5], [1e5]]))).rejects.toThrow(
      /einsum: wasm holds at most 4294901760 bytes, all arrays together must fit, got 4\d{10}/,
    );
  });
});
