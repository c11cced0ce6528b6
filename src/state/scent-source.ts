/**
 * The scent strips of the layer on screen, computed in a worker. One request is in flight at a time; while a drag goes on
 * only the newest waits, so that a strip is never older than one computation. Costs that come back are remembered by
 * the page's mapper: the next drag frame finds them known.
 */
import type {
  GainReply,
  Scent,
  ScentReply,
  ScentRequest,
  ScentWorkerReply,
  ScentWorkerRequest,
} from '../../workers/protocol.ts';
import type { Accounting } from '../core/cost/mapping.ts';
import type { Accelerator } from '../core/hardware/accelerator.ts';
import { createSource, type DerivedSource, type Source } from './live.ts';
import type { Derived } from './derive.ts';
import type { WorkerPort } from './worker-client.ts';

export interface ScentState {
  /** One per rank of the focus layer; null until computed. */
  readonly scents: readonly (Scent | null)[];
  /** A newer one is on its way. */
  readonly stale: boolean;
}

const none: ScentState = { scents: [], stale: false };

export function followScents(
  derived: DerivedSource,
  port: WorkerPort<ScentWorkerRequest, ScentWorkerReply>,
): Source<ScentState> {
  const source = createSource<ScentState>(none);
  let run = 0;
  let inFlight: { readonly key: string; readonly request: ScentRequest } | null = null;
  let shown = '';

  const next = (): void => {
    const wanted = requestOf(derived.get(), run + 1);
    const key = keyOf(wanted);
    if (key === shown) {
      if (source.get().stale && inFlight === null) source.set({ ...source.get(), stale: false });
      return;
    }
    const { scents } = source.get();
    const length = wanted.factorization.ranks.length;
    if (!source.get().stale || scents.length !== length)
      source.set({
        scents: scents.length === length ? scents : Array.from({ length }, () => null),
        stale: true,
      });
    if (inFlight !== null) return;
    run = wanted.run;
    inFlight = { key, request: wanted };
    port.post(wanted);
  };

  port.listen(
    (reply) => {
      if (reply.kind !== 'scent' || inFlight === null || reply.run !== inFlight.request.run) return;
      const { key, request } = inFlight;
      inFlight = null;
      shown = key;
      takeEntries(derived.get(), request, reply);
      source.set({ scents: reply.scents, stale: false });
      next();
    },
    // A slider without its strip still works; the next change tries again.
    () => {
      inFlight = null;
    },
  );
  derived.subscribe(next);
  next();
  return source;
}

function requestOf({ config, model, linears }: Derived, run: number): ScentRequest {
  const view = linears[config.view.focus] ?? linears[0];
  if (view === undefined) throw new Error('internal: a model has at least one linear layer');
  return {
    kind: 'scent',
    run,
    model: { ...model, linears: [view.layer], attention: [] },
    workload: config.workload,
    accelerator: config.accelerator,
    accounting: config.accounting,
    weights: view.weights,
    factorization: view.factorization,
  };
}

/** The page's mapper takes up what the worker found, unless the page has another machine by now. */
export function takeEntries(
  { config, evaluator }: Derived,
  asked: { readonly accelerator: Accelerator; readonly accounting: Accounting },
  { entries }: ScentReply | GainReply,
): void {
  if (config.accelerator === asked.accelerator && config.accounting === asked.accounting)
    evaluator.mapper.remember(entries);
}

/** Two requests with one key have the same answer. */
function keyOf({ run: _, ...rest }: ScentRequest): string {
  return JSON.stringify({ ...rest, model: rest.model.linears, weights: rest.weights.kind });
}
