/** The scent strips of one layer: a thin shell around `core/search/scent.ts`. */
import { InputError } from '../src/core/base/checks.ts';
import { createMapper, type Mapper } from '../src/core/cost/mapper.ts';
import { createEvaluator, type Evaluator } from '../src/core/search/evaluate.ts';
import { scentOf, type Scent } from '../src/core/search/scent.ts';
import type { ScentReply, ScentRequest } from './protocol.ts';

/** The newest machine's mapper lives on: most GEMMs of the next request are known to it. */
let machine: { readonly key: string; readonly mapper: Mapper } | null = null;
/** Entries that the page has already been sent. */
let sent = 0;

function evaluatorOf({ model, workload, accelerator, accounting, weights }: ScentRequest): Evaluator {
  const key = JSON.stringify([accelerator, accounting]);
  if (machine?.key !== key) {
    machine = { key, mapper: createMapper(accelerator, { accounting }) };
    sent = 0;
  }
  const { mapper } = machine;
  return createEvaluator({
    model,
    workload,
    accelerator,
    accounting,
    gear: 'exact',
    weights: () => weights,
    mapper,
  });
}

function scents(request: ScentRequest, evaluator: Evaluator): readonly (Scent | null)[] {
  return request.factorization.ranks.map((_, rank) => {
    try {
      return scentOf(evaluator, 0, request.factorization, rank);
    } catch (error) {
      if (error instanceof InputError) return null; // the page tells why from its own evaluation
      throw error;
    }
  });
}

self.addEventListener('message', ({ data }: MessageEvent<ScentRequest>) => {
  const evaluator = evaluatorOf(data);
  const strips = scents(data, evaluator);
  const entries = evaluator.mapper.entries().slice(sent);
  sent += entries.length;
  const reply: ScentReply = {
    kind: 'scent',
    run: data.run,
    scents: strips,
    entries,
  };
  self.postMessage(reply);
});
