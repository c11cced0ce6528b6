/** Test-only: every mapping whose loops cover the extents and less than twice as much. */
import type { Accelerator } from '../hardware/accelerator.ts';
import { everyMapping } from './every-mapping.fixture.ts';
import { gemmContraction } from './gemm.ts';
import type { Gemm, Mapping } from './mapping.ts';
import { compileMachine } from './tables.ts';

/** Null when there are more than `most`, none, or the machine cannot be. */
export function everyRagged(machine: Accelerator, gemm: Gemm, most: number): Mapping[] | null {
  try {
    compileMachine(machine, 'timeloop');
  } catch {
    return null;
  }
  const found: Mapping[] = [];
  const { batch, m, n, k } = gemm;
  for (let pm = m; pm < 2 * m; pm += 1)
    for (let pn = n; pn < 2 * n; pn += 1)
      for (let pk = k; pk < 2 * k; pk += 1) {
        const own = everyMapping(machine, gemmContraction({ batch, m: pm, n: pn, k: pk }), most);
        if (own === null) return null;
        for (const mapping of own) found.push(mapping);
        if (found.length > most) return null;
      }
  return found.length > 0 ? found : null;
}
