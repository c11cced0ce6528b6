/** Runs einsums of the table on one engine and says which are wrong. */
import type { Backend, Engine } from '../../src/core/einsum/engine.ts';
import { einsumProgram } from '../../src/core/einsum/program.ts';
import {
  expectedOf,
  operandsOf,
  tolerance,
  worstError,
  type EinsumCase,
} from '../../src/engines/einsum-case.fixture.ts';
import { openJs } from '../../src/engines/js/js.ts';
import { planStep } from '../../src/engines/wasm/plan.ts';
import { openWasm } from '../../src/engines/wasm/wasm.ts';
import { openWebGpu } from '../../src/engines/webgpu/engine.ts';

export interface Question {
  readonly backend: Backend;
  /** Of wasm: every step is shared among them, however small. */
  readonly threads: number;
  readonly cases: readonly EinsumCase[];
}

export interface Answer {
  /** Null: there is no such engine here. */
  readonly engine: string | null;
  readonly right: number;
  readonly wrong: readonly string[];
}

const open = async ({ backend, threads }: Question): Promise<Engine | null> => {
  switch (backend) {
    case 'js':
      return openJs();
    case 'wasm':
      return openWasm({ threads, plan: (form) => ({ ...planStep(form), nanoseconds: 1e9 }) });
    case 'webgpu':
      return openWebGpu({ tuneMs: 0, poison: true });
    default:
      return backend satisfies never;
  }
};

async function answer(question: Question): Promise<Answer> {
  const { backend, cases } = question;
  const engine = await open(question);
  if (engine === null) return { engine: null, right: 0, wrong: [] };
  const most = backend === 'js' ? tolerance.f64 : tolerance.f32;
  const wrong: string[] = [];
  for (const row of cases) {
    const prepared = await engine.prepare(einsumProgram(row.equation, row.shapes));
    operandsOf(row).forEach((values, k) => prepared.write(k, values));
    await prepared.run();
    const error = worstError(expectedOf(row), await prepared.read());
    prepared.destroy();
    if (error > most) wrong.push(`${row.name} is off by ${error}`);
  }
  const { description } = engine;
  engine.dispose();
  return { engine: description, right: cases.length - wrong.length, wrong };
}

self.addEventListener('message', ({ data }: MessageEvent<Question>) => {
  answer(data).then(
    (found) => self.postMessage(found),
    (error: unknown) => self.postMessage({ engine: 'failed', right: 0, wrong: [String(error)] }),
  );
});
