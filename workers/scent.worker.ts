/** The scent strips of one layer, and what other formats give: a thin shell around the evaluator. */
import type { WeightSource } from '../src/core/accuracy/weight-energy.ts';
import { InputError } from '../src/core/base/checks.ts';
import type { LinearLayer } from '../src/core/workload/model.ts';
import { accuracyModelOf } from '../src/core/accuracy/own-model.ts';
import type { Mapper, MapperEntry } from '../src/core/cost/mapper.ts';
import { createEvaluator, mapperOf, type Evaluator } from '../src/core/search/evaluate.ts';
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

function evaluatorOf(request: ScentWorkerRequest): Evaluator {
  const { model, workload, accelerator, accounting, quantization, accuracy } = request;
  const whole = { ...request.execution, sharedLoops: false };
  const setting = { accelerator, accounting, execution: whole, quantization };
  const key = JSON.stringify(setting);
  if (machine?.key !== key) {
    machine = { key, mapper: mapperOf(setting) };
    sent = 0;
  }
  const { mapper } = machine;
  const weights = (layer: LinearLayer): WeightSource =>
    request.weights[model.linears.indexOf(layer)] ?? { kind: 'synthetic' };
  return createEvaluator({
    ...setting,
    // A strip asks for dozens of ranks; a format's gain is that of the very design, loops shared where they are.
    execution: request.kind === 'gain' ? request.execution : whole,
    model,
    workload,
    gear: 'exact',
    weights,
    accuracy: accuracyModelOf(accuracy, model, weights, quantization),
    mapper,
  });
}

function scents(request: ScentRequest, evaluator: Evaluator): readonly (Scent | null)[] {
  return request.factorization.ranks.map((_, rank) => {
    try {
      return scentOf(evaluator, everyLayer(request), request.factorization, rank);
    } catch (error) {
      if (error instanceof InputError) return null; // the page tells why from its own evaluation
      throw error;
    }
  });
}

const everyLayer = ({ model }: ScentRequest): readonly number[] => [...model.linears.keys()];

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
