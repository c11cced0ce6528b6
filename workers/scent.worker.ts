/** The scent strips of one layer, and what other formats give: a thin shell around the evaluator. */
import { InputError } from '../src/core/base/checks.ts';
import { createMapper, type Mapper, type MapperEntry } from '../src/core/cost/mapper.ts';
import { createEvaluator, type Evaluator } from '../src/core/search/evaluate.ts';
import { scentOf, type Scent } from '../src/core/search/scent.ts';
import type {
  GainReply,
  GainRequest,
  ScentRequest,
  ScentWorkerReply,
  ScentWorkerRequest,
} from './protocol.ts';

/** The newest machine's mapper lives on: most GEMMs of the next request are known to it. */
let machine: { readonly key: string; readonly mapper: Mapper } | null = null;
/** Entries that the page has already been sent. */
let sent = 0;

function evaluatorOf({ model, workload, accelerator, accounting, weights }: ScentWorkerRequest): Evaluator {
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

function gain(request: GainRequest, evaluator: Evaluator): Pick<GainReply, 'gain' | 'problem'> {
  try {
    const dense = evaluator.layer(0, evaluator.denseFactorization(0));
    const cost = evaluator.layer(0, request.factorization);
    const reduction = (dense.energyPj * dense.latencyCycles) / (cost.energyPj * cost.latencyCycles);
    return { gain: { reduction, kept: evaluator.kept(0, request.factorization).value }, problem: null };
  } catch (error) {
    if (error instanceof InputError) return { gain: null, problem: error.message };
    throw error;
  }
}

/** Mappings found since the last reply. */
function fresh({ mapper }: Evaluator): readonly MapperEntry[] {
  const entries = mapper.entries().slice(sent);
  sent += entries.length;
  return entries;
}

function answer(request: ScentWorkerRequest): ScentWorkerReply {
  const evaluator = evaluatorOf(request);
  const { run } = request;
  if (request.kind === 'gain')
    return { kind: 'gain', run, ...gain(request, evaluator), entries: fresh(evaluator) };
  return { kind: 'scent', run, scents: scents(request, evaluator), entries: fresh(evaluator) };
}

self.addEventListener('message', ({ data }: MessageEvent<ScentWorkerRequest>) => {
  self.postMessage(answer(data));
});
