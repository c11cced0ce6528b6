/**
 * WebAssembly beside the core's own product (float64, JavaScript), in turns within one run: shares of its time. A dense
 * layer as torch stores it, a square product, a skinny one, a matrix by a vector.
 */
import type { Bench } from '../../core/base/bench.ts';
import { invariant } from '../../core/base/checks.ts';
import { createRandom } from '../../core/base/random.ts';
import { einsumProgram } from '../../core/einsum/program.ts';
import { matrix, type Matrix } from '../../core/tensor/dense.ts';
import { timesTransposed } from '../../core/tensor/matmul.ts';
import { openWasm } from './wasm.ts';

const { normal } = createRandom(1);

const gaussian = (rows: number, columns: number): Matrix =>
  matrix(rows, columns, Float64Array.from({ length: rows * columns }, normal));

const turns = 5;

/** Of the least of `turns` times each. */
async function share(m: number, n: number, k: number, threads: number, now: () => number): Promise<number> {
  const [a, b] = [gaussian(m, k), gaussian(n, k)];
  const engine = await openWasm({ threads });
  invariant(engine !== null, 'Node has WebAssembly with SIMD');
  const prepared = await engine.prepare(
    einsumProgram('mk,nk->mn', [
      [m, k],
      [n, k],
    ]),
  );
  prepared.write(0, Float32Array.from(a.values));
  prepared.write(1, Float32Array.from(b.values));
  const repeats = Math.max(1, Math.round(2e7 / (m * n * k)));
  let [ours, core] = [Infinity, Infinity];
  for (let turn = 0; turn < turns; turn++) {
    const start = now();
    for (let r = 0; r < repeats; r++) timesTransposed(a, b);
    const between = now();
    for (let r = 0; r < repeats; r++) await prepared.run();
    const end = now();
    core = Math.min(core, between - start);
    ours = Math.min(ours, end - between);
  }
  engine.dispose();
  return ours / core;
}

const beside = (m: number, n: number, k: number, budget: number, threads = 1): Bench => ({
  name: `WebAssembly product ${m} x ${n} x ${k}${threads > 1 ? `, ${threads} threads` : ''}, share of core/tensor's time`,
  unit: 'ratio',
  budget,
  run: (now) => share(m, n, k, threads, now),
});

export const benches: readonly Bench[] = [
  beside(128, 768, 768, 0.15),
  beside(256, 256, 256, 0.15),
  beside(128, 8, 768, 0.2),
  beside(1, 768, 768, 0.2),
  beside(768, 768, 768, 0.15, 2),
];
